"""What changed since a session was recorded: its data, its packages, Python, and the project's own modules."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from jupyter_repro.capture.variables import variable_digests
from jupyter_repro.errors import StorageError
from jupyter_repro.hashing import FileHasher
from jupyter_repro.model import Environment, FileAccess, Pipeline, Recording
from jupyter_repro.verify.findings import Findings
from jupyter_repro.verify.inputs import files_in
from jupyter_repro.verify.outside import changed_responses, changed_rows


def changes(
    pipeline: Pipeline, recording: Recording | None, project: Path, findings: Findings, hasher: FileHasher
) -> tuple[str, ...]:
    """In words, the most telling first; packages and Python are those of the kernel that ran."""
    found = [*_data(pipeline, recording, project, hasher), *_outside(pipeline, recording, findings)]
    found += [*_modules(recording, project), *_variables(pipeline, recording, project)]
    if pipeline.environment is not None:
        found += _packages(pipeline.environment, findings.distributions)
        found += _platform(pipeline.environment, findings.python)
    return tuple(found)


def _data(pipeline: Pipeline, recording: Recording | None, project: Path, hasher: FileHasher) -> Iterator[str]:
    modules = {module.path for module in recording.session.modules} if recording is not None else set()
    for file in dependencies(pipeline, project):
        if file.digest is None or file.path in modules:  # those are code
            continue
        path = project / file.path
        if not path.exists():
            yield f"data: {file.path} is missing"
        elif hasher.digest(path) != file.digest:
            yield f"data: {file.path} differs from the one that was read"


def _outside(pipeline: Pipeline, recording: Recording | None, findings: Findings) -> Iterator[str]:
    """What the network and databases gave in this run, as far as it was listened to, against what they gave then."""
    ordinals = {ordinal for stage in pipeline.stages for ordinal in stage.ordinals}
    for execution in recording.executions if recording is not None else ():
        if execution.ordinal in ordinals & findings.remote.keys():
            yield from changed_responses(execution.remote, findings.remote[execution.ordinal])
            yield from changed_rows(execution.queries, findings.queries[execution.ordinal])


def dependencies(pipeline: Pipeline, project: Path) -> Iterator[FileAccess]:
    """Files: those of a folder one by one, but for what the pipeline writes itself."""
    for stage in pipeline.stages:
        written = {out.path for out in stage.outs}
        for dep in stage.deps:
            with suppress(StorageError):  # an export on another machine has no objects
                yield from (file for file in files_in(dep, project) if file.path not in written)


def _modules(recording: Recording | None, project: Path) -> Iterator[str]:
    hasher = FileHasher()
    for module in recording.session.modules if recording is not None else ():
        path = project / module.path
        if not path.exists():
            yield f"code: {module.path} ({module.name}) is missing"
        elif hasher.digest(path) != module.digest:
            yield f"code: {module.path} ({module.name}) differs from the one that was imported"


def _variables(pipeline: Pipeline, recording: Recording | None, project: Path) -> Iterator[str]:
    """Environment variables by whose name a kept execution may have asked, and which it had not set itself."""
    environment = recording.session.environment if recording is not None else None
    if recording is None or environment is None or not environment.environment_digests:
        return
    ordinals = {ordinal for stage in pipeline.stages for ordinal in stage.ordinals}
    kept = [each for each in recording.executions if each.ordinal in ordinals]
    read = {place[4:] for each in kept for place in each.reads.places if place.startswith("env:")}
    own = {change.key for each in kept for change in each.ambient if change.group == "env"}
    before, after = environment.environment_digests, variable_digests(project)
    for name in sorted((read & (before.keys() | after.keys())) - own):
        if before.get(name) != after.get(name):
            what = (
                "is not set any more" if name not in after else "has another value" if name in before else "is set now"
            )
            yield f"environment: {name} {what}"


def _became(was_set: bool, is_set: bool) -> str:
    if not is_set:
        return "is not set any more"
    return "has another value" if was_set else "is set now"


def _packages(recorded: Environment, distributions: Mapping[str, str | None]) -> Iterator[str]:
    for name, version in recorded.distributions.items():
        if name in distributions and distributions[name] != version:
            yield f"package: {name} {version} is now {distributions[name] or 'missing'}"


def _platform(recorded: Environment, python: str | None) -> Iterator[str]:
    now = {
        "Python": (recorded.python, python or recorded.python),
        "platform": (recorded.platform, f"{sys.platform} {platform.release()}"),
        "machine": (recorded.machine, platform.machine()),
    }
    yield from (f"{what}: {before} is now {after}" for what, (before, after) in now.items() if before != after)
