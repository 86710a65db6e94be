"""What is not as it was recorded, as far as can be told without a run: data, code, variables, parameters, the clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from jupyter_repro.capture.variables import variable_digests
from jupyter_repro.hashing import FileHasher
from jupyter_repro.lineage.names import read_cell
from jupyter_repro.lineage.nondeterminism import CLOCK
from jupyter_repro.model import CellExecution, Module, Pipeline
from jupyter_repro.verify.contents import Contents
from jupyter_repro.verify.data import FileState, data_status
from jupyter_repro.verify.edits import Edits
from jupyter_repro.verify.explanation import Factor, State
from jupyter_repro.verify.inputs import dependencies, inputs_of
from jupyter_repro.verify.libraries import libraries_used, users
from jupyter_repro.verify.rows import differing_rows
from jupyter_repro.verify.situation import Situation

_TEXTS: dict[State, str] = {
    "changed": "differs from the one that was read",
    "removed": "is missing",
    "added": "is new: it was not there",
}
_STATES: dict[str, State] = {"changed": "changed", "removed": "removed", "added": "added"}
_LARGEST = 16 << 20  # bytes of a file whose rows are compared


def outer_factors(situation: Situation, *, quick: bool = False) -> tuple[Factor, ...]:
    """`quick` takes a file of the same size and time for the same, without reading it."""
    return (
        *_data(situation, quick),
        *_modules(situation),
        *Edits(situation.folder, situation.pipeline, situation.project).factors(),
        *_variables(situation),
        *_parameters(situation),
        *_clock(situation),
    )


# --- files ------------------------------------------------------------------------------------------------------------


def _data(situation: Situation, quick: bool) -> Iterator[Factor]:
    project, contents = situation.project, Contents(situation.project)
    session = situation.recording.session if situation.recording is not None else None
    modules = {module.path for module in session.modules} if session is not None else set()
    for found in _states(situation, quick):
        if found.state in _STATES and found.path not in modules:  # those are code
            yield _file(found, situation.kept, project, contents)


def _states(situation: Situation, quick: bool) -> Iterable[FileState]:
    if situation.recording is None or not situation.kept:
        return list(_by_manifest(situation.pipeline, situation.project))
    kept = replace(situation.recording, executions=tuple(situation.kept))
    found = data_status(inputs_of(kept, situation.project), situation.project, quick=quick).files
    return [each for each in found if not each.reason.endswith(("wrote it", "only listed"))]


def _by_manifest(pipeline: Pipeline, project: Path) -> Iterator[FileState]:
    """Without the recording: files that the pipeline reads, those of a folder one by one."""
    hasher = FileHasher()
    for file in dependencies(pipeline, project):
        now = hasher.digest(project / file.path)
        if file.digest is not None and now != file.digest:
            state: State = "changed" if (project / file.path).exists() else "removed"
            yield FileState(path=file.path, state=state, digest=file.digest)


def _file(found: FileState, kept: Sequence[CellExecution], project: Path, contents: Contents) -> Factor:
    state = _STATES[found.state]
    content = contents.of(found.path, found.digest)
    return Factor(
        kind="data",
        name=found.path,
        text=f"{found.path} {_TEXTS[state]}",
        state=state,
        recorded=found.digest,
        ordinals=tuple(each.ordinal for each in kept if _reads(each, found.path)),
        details=_rows(project / found.path, found, content),
        obstacle=None if content is not None or state == "added" else _lost(found.digest),
    )


def _reads(execution: CellExecution, path: str) -> bool:
    for access in execution.own_files:
        if access.path == path and access.mode != "write":
            return True
        folder = access.mode == "list" or access.manifest is not None
        if folder and (access.path == "." or path.startswith(f"{access.path.rstrip('/')}/")):
            return True
    return False


def _rows(path: Path, found: FileState, content: bytes | None) -> tuple[str, ...]:
    if found.state != "changed" or content is None or len(content) > _LARGEST:
        return ()
    try:
        return differing_rows(found.path, content, path.read_bytes()) if path.stat().st_size <= _LARGEST else ()
    except OSError:
        return ()


def _lost(digest: str | None) -> str:
    what = f"what was recorded has sha256 {digest[:12]}" if digest is not None else "its content was not recorded"
    return f"{what}, and neither .jrepro nor git holds it"


def _modules(situation: Situation) -> Iterator[Factor]:
    hasher, contents, project = FileHasher(), Contents(situation.project), situation.project
    used = libraries_used(situation.kept, None)
    for module in situation.recording.session.modules if situation.recording is not None else ():
        path = project / module.path
        if hasher.digest(path) == module.digest:
            continue
        missing = not path.exists()
        content = contents.of(module.path, module.digest)
        what = "is missing" if missing else "differs from the one that was imported"
        yield Factor(
            kind="code",
            name=module.path,
            text=f"{module.path} ({module.name}) {what}",
            state="removed" if missing else "changed",
            recorded=module.digest,
            ordinals=_users(situation.kept, module, used),
            details=() if content is None or missing else differing_rows(module.path, content, path.read_bytes()),
            obstacle=None if content is not None else _lost(module.digest),
        )


def _users(kept: Sequence[CellExecution], module: Module, used: Mapping[int, frozenset[str]]) -> tuple[int, ...]:
    """By what their names reach, by names that were imported from it, or by the file that they read."""
    found = set(users([module.name.partition(".")[0]], used))
    for execution in kept:
        if f"module {module.name}" in execution.reads.names or _reads(execution, module.path):
            found.add(execution.ordinal)
    return tuple(sorted(found))


# --- what a run is given ----------------------------------------------------------------------------------------------


def _variables(situation: Situation) -> Iterator[Factor]:
    """Environment variables by whose name a kept execution may have asked, and which it had not set itself."""
    recording, kept = situation.recording, situation.kept
    environment = recording.session.environment if recording is not None else None
    if environment is None or not environment.environment_digests:
        return
    read = {place[4:] for each in kept for place in each.reads.places if place.startswith("env:")}
    own = {change.key for each in kept for change in each.ambient if change.group == "env"}
    before, after = environment.environment_digests, variable_digests(situation.project)
    for name in sorted((read & (before.keys() | after.keys())) - own - environment.threads.keys()):
        if before.get(name) != after.get(name):
            state: State = "removed" if name not in after else "changed" if name in before else "added"
            yield Factor(
                kind="environment",
                name=name,
                text=f"{name} {_BECAME[state]}",
                state=state,
                recorded=before.get(name),
                ordinals=tuple(each.ordinal for each in kept if f"env:{name}" in each.reads.places),
                obstacle=None if state == "added" else f"values are never kept: `--env {name}=VALUE` gives it back",
            )


_BECAME: dict[State, str] = {
    "removed": "is not set any more",
    "changed": "has another value",
    "added": "is set now",
}


def _parameters(situation: Situation) -> Iterator[Factor]:
    for parameter in situation.pipeline.parameters:
        given = situation.given.get(parameter.name)
        if given is not None and given not in (parameter.default, parameter.default.strip("'\"")):
            is_seed = parameter.ordinal is None and "seed" in parameter.name
            readers = [each.ordinal for each in situation.kept if _reads_parameter(each, parameter.name, is_seed)]
            own = [parameter.ordinal] if parameter.ordinal is not None else []
            yield Factor(
                kind="parameter",
                name=parameter.name,
                text=f"{parameter.name} is {given}, it was {parameter.default}",
                recorded=parameter.default,
                now=given,
                ordinals=tuple(sorted({*own, *readers})),
            )


def _reads_parameter(execution: CellExecution, name: str, is_seed: bool) -> bool:
    """The seed is read by the code around executions that draw from it."""
    if is_seed and (execution.random or execution.entropy):
        return True
    return name in read_cell(execution.source).loads


def _clock(situation: Situation) -> Iterator[Factor]:
    uses = [use for use in situation.pipeline.nondeterminism if use.kind == CLOCK and use.matters]
    if not uses or situation.clock == "recorded":
        return
    able = bool(situation.pipeline.times) and find_spec("time_machine") is not None
    yield Factor(
        kind="clock",
        name="clock",
        text=f"the run read today's time: {', '.join(dict.fromkeys(use.detail for use in uses))}",
        ordinals=tuple(dict.fromkeys(use.ordinal for use in uses)),
        obstacle=None if able else "the recorded clock needs time-machine, and an export that holds the times",
    )
