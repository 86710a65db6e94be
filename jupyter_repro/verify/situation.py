"""What a run of a pipeline started from: its folder, its record, the parameters and the clock that it was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_repro.model import CellExecution, Clock, Pipeline, Recording
from jupyter_repro.run.runs import project_of
from jupyter_repro.verify.rerun import kept_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """`given`: parameters as they were typed, by name. `recording` is None on a machine that lacks it."""

    folder: Path
    pipeline: Pipeline
    recording: Recording | None
    given: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = "real"

    @property
    def project(self) -> Path:
        return project_of(self.folder, self.pipeline)

    @property
    def kept(self) -> list[CellExecution]:
        return kept_in(self.pipeline, self.recording)
