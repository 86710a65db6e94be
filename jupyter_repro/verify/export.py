"""Exporting: from a recorded session to a notebook that is proven to give the same results, widened until it does."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_repro.config import find_project, relative
from jupyter_repro.errors import NoSession
from jupyter_repro.lineage.slicing import slice_for, widened
from jupyter_repro.lineage.targets import default_targets, file_target, output_target, parse_targets
from jupyter_repro.model import Pipeline, Recording, Slice, Target, Verification
from jupyter_repro.pipeline.manifest import default_folder, describe, write_manifest, write_pipeline
from jupyter_repro.pipeline.notebook import assemble
from jupyter_repro.pipeline.parameters import named_parameters, proposed_parameters
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.store.sessions import session_for
from jupyter_repro.verify.expectation import recorded_values
from jupyter_repro.verify.prove import can_be_mended, prove
from jupyter_repro.verify.tried import Tried, read_tried

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for; empty targets and parameters stand for those that are found."""

    notebook: Path
    targets: tuple[str, ...] = ()  # expressions
    numbers: tuple[int, ...] = ()  # of executions whose output is a target, as their prompts show them
    files: tuple[Path, ...] = ()
    parameters: tuple[str, ...] = ()
    lifts: bool = True  # False: no assignment becomes a parameter
    folder: Path | None = None
    session: str | None = None
    proof: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    folder: Path
    pipeline: Pipeline
    recording: Recording
    tried: Tried | None = None  # where the notebook was never recorded by a person

    @property
    def verdict(self) -> str:
        verification = self.pipeline.verification
        if verification is None:
            return "unproven"
        return "proven" if verification.proven else "not proven"


def export(request: Request, *, say: Say, progress: bool = False) -> Exported:
    """Write the pipeline of a request and prove it, with wider slices until a proof succeeds or nothing is left out.

    `say` gets a line for a person at each step. Raises NotebookError and NoSession where there is nothing to export,
    UnknownTarget, UnknownParameter, StorageError where the folder can't be written, and what `prove` raises.
    """
    project = find_project(request.notebook.absolute().parent)
    recording = read_recording(project, _session(project, request))
    for problem in (*recording.problems, *(recording.session.incomplete or "").splitlines()[-1:]):
        say(f"The record is not whole: {problem}.")
    targets = _targets(request, recording, project)
    chosen: Slice | None = slice_for(recording, targets)
    folder = request.folder or default_folder(request.notebook)
    while chosen is not None:
        exported = _write(request, recording, chosen, folder.absolute(), project)
        if not request.proof:
            break
        say(f"Proving: {_kept(chosen)} of {len(recording.executions)} executions in a fresh kernel.")
        exported, verification = _prove(exported, progress)
        chosen = widened(recording, chosen) if not verification.proven and can_be_mended(verification) else None
        if chosen is not None:
            say(f"Not the same yet: trying again with {_kept(chosen)} executions.")
    return exported


def _targets(request: Request, recording: Recording, project: Path) -> tuple[Target, ...]:
    found = (
        *parse_targets(recording, request.targets),
        *(output_target(recording, number) for number in request.numbers),
        *(file_target(recording, relative(path, project)) for path in request.files),
    )
    return found or default_targets(recording)


def _session(project: Path, request: Request) -> str:
    try:
        return session_for(project, request.notebook, request.session)
    except NoSession:
        from jupyter_repro.run.notebooks import read_notebook

        read_notebook(request.notebook)  # what is wrong with the notebook comes first
        raise


def _write(request: Request, recording: Recording, chosen: Slice, folder: Path, project: Path) -> Exported:
    if request.parameters:
        parameters = named_parameters(recording, chosen, request.parameters)
    else:
        parameters = proposed_parameters(recording, chosen) if request.lifts else ()
    notebook = assemble(recording, chosen, _saved_cells(request.notebook), parameters)
    pipeline = describe(recording, chosen, parameters, folder, project)
    pipeline = replace(pipeline, expected=recorded_values(recording, chosen.targets))
    write_pipeline(folder, pipeline, notebook)
    tried = read_tried(project, recording.session.id)
    return Exported(folder=folder, pipeline=pipeline, recording=recording, tried=tried)


def _prove(exported: Exported, progress: bool) -> tuple[Exported, Verification]:
    verification = prove(exported.folder, exported.pipeline, exported.recording, progress=progress)
    pipeline = replace(exported.pipeline, verification=verification)
    write_manifest(exported.folder, pipeline)
    return replace(exported, pipeline=pipeline), verification


def _kept(chosen: Slice) -> int:
    return len(chosen.kept)


def _saved_cells(notebook: Path) -> Sequence[Any]:
    """None of a notebook that is gone or unreadable by now: the session has all that ran."""
    try:
        cells: Sequence[Any] = json.loads(notebook.read_bytes())["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return cells
