"""What a schedule's pipeline reads, and whether its content is another one than when it was last run for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_repro.errors import ReproError, UsageError
from jupyter_repro.hashing import FileHasher, digest
from jupyter_repro.model import Pipeline
from jupyter_repro.pipeline.manifest import read_pipeline
from jupyter_repro.schedule.schedule import Schedule, home_of, remembered, replace_text

SEEN = "inputs.json"
_QUIET = 2.0  # seconds without a further change before a run begins

Contents = dict[str, str]  # path as the pipeline names it -> digest


def inputs_of(project: Path, schedule: Schedule) -> dict[str, Path]:
    """The files and folders that it reads and doesn't write: by the name that the pipeline has for them.

    Raises PipelineError where the pipeline is not there, UsageError where it reads nothing.
    """
    pipeline = read_pipeline(project / schedule.pipeline)
    found = dict(_inputs(project, pipeline, schedule.parameters))
    if not found:
        step = "Type `jrepro schedule add` with `--cron` or `--every` instead."
        raise UsageError(f"{pipeline.name} reads no files whose change could start it.", step)
    return found


def _inputs(project: Path, pipeline: Pipeline, parameters: dict[str, str]) -> Iterator[tuple[str, Path]]:
    written = {out.path for stage in pipeline.stages for out in stage.outs}
    elsewhere = {_text(each.default): parameters[each.name] for each in pipeline.parameters if each.name in parameters}
    for dep in (dep for stage in pipeline.stages for dep in stage.deps):
        if dep.path not in written:
            path = elsewhere.get(dep.path, dep.path)
            yield path, project / path


def _text(default: str) -> str:
    return default[1:-1] if default[:1] in ("'", '"') else default


def contents(inputs: dict[str, Path], hasher: FileHasher) -> Contents | None:
    """None while something is missing, or just being written."""
    found: Contents = {}
    for name, path in inputs.items():
        content = _folder(path, hasher) if path.is_dir() else hasher.digest(path)
        if content is None:
            return None
        found[name] = content
    return found


def _folder(path: Path, hasher: FileHasher) -> str | None:
    lines = []
    for file in sorted(path.rglob("*")):
        content = hasher.digest(file) if file.is_file() else ""
        if content is None:
            return None
        lines.append(f"{file.relative_to(path).as_posix()}\0{content}\n")
    return digest("".join(lines).encode("utf-8", "surrogateescape"))


def remember(project: Path, schedule: Schedule, found: Contents) -> None:
    """OSError where it can't be written."""
    replace_text(home_of(project, schedule.name) / SEEN, json.dumps(found))


def seen_before(project: Path, schedule: Schedule) -> Contents | None:
    try:
        found = json.loads(remembered(home_of(project, schedule.name) / SEEN) or "null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@dataclass(slots=True)
class DataWatch:
    """Tells, once for each change, that what a schedule reads holds something else. Asked again and again."""

    project: Path
    clock: Callable[[], float] = time.monotonic
    _hasher: FileHasher = field(default_factory=FileHasher)
    _candidates: dict[str, tuple[Contents, float]] = field(default_factory=dict)

    def folders(self, schedules: list[Schedule]) -> frozenset[Path]:
        """Where something may change: those that are there."""
        found: set[Path] = set()
        for schedule in schedules:
            try:
                paths = inputs_of(self.project, schedule).values()
            except ReproError:
                continue
            found.update(path if path.is_dir() else path.parent for path in paths)
        return frozenset(folder for folder in found if folder.is_dir())

    def changed(self, schedule: Schedule) -> list[str]:
        """What has changed and stayed so for a while; remembered, so that it is told once. Raises ReproError where the
        pipeline can't be read, OSError where it can't be remembered.
        """
        found = contents(inputs_of(self.project, schedule), self._hasher)
        if found is None:
            self._candidates.pop(schedule.name, None)
            return []
        before = seen_before(self.project, schedule)
        if before == found:
            self._candidates.pop(schedule.name, None)
            return []
        candidate, since = self._candidates.get(schedule.name, (None, 0.0))
        if candidate != found:
            self._candidates[schedule.name] = (found, self.clock())
            return []
        if self.clock() - since < _QUIET:
            return []
        del self._candidates[schedule.name]
        remember(self.project, schedule, found)
        before = before or {}
        return sorted(name for name in {*before, *found} if before.get(name) != found.get(name))

    @property
    def is_waiting(self) -> bool:
        """Whether something changed that may still change."""
        return bool(self._candidates)
