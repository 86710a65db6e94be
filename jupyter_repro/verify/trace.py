"""Where a file comes from: the execution that wrote it, what that depended on, and the runs that it started from.

A chain of steps. One leads to another where it read a file that the other wrote, or trained on from weights that the
other left.
"""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from jupyter_repro.config import find_project, relative
from jupyter_repro.errors import NoSession, ReproError, UnknownTarget
from jupyter_repro.hashing import FileHasher
from jupyter_repro.lineage.slicing import slice_for
from jupyter_repro.model import (
    CellExecution,
    Environment,
    FileAccess,
    Fit,
    GitState,
    Kept,
    Module,
    Recording,
    Run,
    Target,
)
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.store.sessions import how_to_record
from jupyter_repro.store.trail import instant
from jupyter_repro.verify.origins import Origin, Origins

_MOST = 100  # steps of a chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    ordinal: int
    fit: Fit
    continues: int | None = None  # the execution of the same step whose weights it started from


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What an execution of one step took from another: a file that it read, or the weights that a fit started from."""

    kind: Literal["file", "weights"]
    ordinal: int
    digest: str
    path: str | None
    session: str  # the other step
    of: int  # its execution
    run: str | None = None
    others: int = 0  # that left the same, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One execution that wrote a file or left weights, with all that it depended on."""

    session: str
    notebook: str | None
    ordinal: int
    execution_count: int | None
    source: str
    started: str | None
    path: str | None  # of the file that it wrote; None: it left weights
    digest: str
    run: Run | None  # of its exported notebook, which wrote the file
    kept: tuple[Kept, ...]
    executions: int  # of the session until then
    sources: dict[int, str]  # of the kept ones: ordinal -> code
    data: tuple[FileAccess, ...]  # that they read and had not written
    modules: tuple[Module, ...]
    fits: tuple[Trained, ...]
    environment: Environment | None
    git: GitState | None
    seed: int | None
    started_from: tuple[Source, ...]
    incomplete: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    path: str
    digest: str  # as it is now
    changed: bool  # it isn't what was recorded: the steps are those of the last recorded write to its path
    others: tuple[Origin, ...]  # that wrote the same bytes, too
    steps: tuple[Step, ...]  # the one that wrote it first, then what it started from


def trace(file: Path) -> Trace:
    """The origin of a file. Raises UnknownTarget for one that isn't there or that nobody wrote under recording."""
    project = find_project(file.absolute().parent)
    name, origins = relative(file, project), Origins(project)
    digest = FileHasher().digest(file)
    if digest is None:
        raise _unreadable(file, origins.of_path(name))
    same = origins.of_file(digest, name, file.stat().st_mtime)
    found = same or origins.of_path(name)
    if not found:
        raise _unknown(file, project)
    steps = _Chain(project, origins).steps(found[0])
    return Trace(path=name, digest=digest, changed=not same, others=same[1:], steps=steps)


def _unreadable(file: Path, wrote: Sequence[Origin]) -> UnknownTarget:
    shown = shlex.quote(str(file))
    if file.is_dir():
        return UnknownTarget(f"{file} is a folder.", f"Name a file in it: `ls {shown}` lists them.")
    if not wrote:
        return UnknownTarget(f"There is no file {file}.", "Type `jrepro log` for the sessions and their notebooks.")
    session, ordinal = wrote[0].session, wrote[0].left.ordinal
    problem = f"There is no file {file} any more; execution {ordinal} of session {session} wrote it."
    return UnknownTarget(problem, f"Type `jrepro show {session}`.")


def _unknown(file: Path, project: Path) -> NoSession:
    problem = f"Nobody wrote {file} while a session of {project} was recorded."
    return NoSession(problem, how_to_record("NOTEBOOK.ipynb"))


class _Chain:
    def __init__(self, project: Path, origins: Origins) -> None:
        self._project = project
        self._origins = origins
        self._recordings: dict[str, Recording | None] = {}
        self._waiting: deque[Origin] = deque()
        self._met: set[tuple[str, int, str | None, str | None]] = set()

    def steps(self, first: Origin) -> tuple[Step, ...]:
        """Raises what reading the journal of the first one raises; of the others those that can be read."""
        self._recordings[first.session] = read_recording(self._project, first.session)
        self._want(first)
        found: list[Step] = []
        while self._waiting and len(found) < _MOST:
            origin = self._waiting.popleft()
            recording = self._recording(origin.session)
            if recording is not None and not _is_told(origin, found):
                found.append(self._step(origin, recording))
        return tuple(found)

    def _want(self, origin: Origin) -> None:
        """Files come first: what led to one often tells of the weights in it, too."""
        if origin.key in self._met:
            return
        self._met.add(origin.key)
        if origin.left.path is None:
            self._waiting.append(origin)
        else:
            waiting = sum(each.left.path is not None for each in self._waiting)
            self._waiting.insert(waiting, origin)

    def _recording(self, session: str) -> Recording | None:
        if session not in self._recordings:
            try:
                self._recordings[session] = read_recording(self._project, session)
            except ReproError:
                self._recordings[session] = None
        return self._recordings[session]

    def _step(self, origin: Origin, recording: Recording) -> Step:
        session, ordinal = recording.session, _writer(origin, recording)
        until = tuple(each for each in recording.executions if each.ordinal <= ordinal)
        kept = _kept(replace(recording, executions=until), origin, ordinal)
        ordinals = {each.ordinal for each in kept}
        ran = [each for each in until if each.ordinal in ordinals]
        execution = next(each for each in until if each.ordinal == ordinal)
        data, fits = tuple(_data(ran)), tuple(_trained(ran))
        files = tuple(self._files(origin, data))
        started = {each.ordinal: each.started for each in ran}
        nearest = {origin.session, *(each.session for each in files)}
        return Step(
            session=session.id,
            notebook=session.notebook,
            ordinal=ordinal,
            execution_count=execution.execution_count,
            source=execution.source,
            started=execution.started,
            path=origin.left.path,
            digest=origin.left.digest,
            run=origin.run,
            kept=kept,
            executions=len(until),
            sources={each.ordinal: each.source for each in ran},
            data=tuple(access for _, access in data),
            modules=session.modules,
            fits=fits,
            environment=session.environment,
            git=session.git,
            seed=session.seed,
            started_from=(*files, *self._weights(origin, fits, started, nearest)),
            incomplete=session.incomplete,
        )

    def _files(self, origin: Origin, data: Sequence[tuple[int, FileAccess]]) -> Iterator[Source]:
        """Files that another execution wrote: no earlier one of the step did."""
        for ordinal, access in data:
            if access.digest is None:
                continue
            found = [
                each
                for each in self._origins.of_file(access.digest, access.path, access.mtime)
                if _is_before(each, origin.session, ordinal, access.mtime)
            ]
            if found:
                self._want(found[0])
                yield _source("file", ordinal, access.path, found)

    def _weights(
        self, origin: Origin, fits: Sequence[Trained], started: Mapping[int, str | None], nearest: Collection[str]
    ) -> Iterator[Source]:
        for each in fits:
            if each.continues is not None or each.fit.initial is None:
                continue
            found = [
                other
                for other in self._origins.of_weights(each.fit.initial, nearest)
                if _is_before(other, origin.session, each.ordinal, instant(started[each.ordinal]))
            ]
            if found:
                self._want(found[0])
                yield _source("weights", each.ordinal, None, found)


def _is_told(origin: Origin, steps: Sequence[Step]) -> bool:
    """Whether one of the steps has the execution that left the weights."""
    return origin.left.path is None and any(
        step.session == origin.session and origin.left.ordinal in step.sources for step in steps
    )


def _trained(ran: Sequence[CellExecution]) -> Iterator[Trained]:
    left: dict[str, int] = {}  # digest of weights -> the execution of the step that left them last
    for execution in ran:
        for fit in execution.fits:
            yield Trained(ordinal=execution.ordinal, fit=fit, continues=left.get(fit.initial or ""))
            if fit.final is not None:
                left[fit.final] = execution.ordinal


def _writer(origin: Origin, recording: Recording) -> int:
    """The execution meant: of a run's pipeline, the last kept one that wrote the file when it was recorded."""
    if origin.run is None:
        return origin.left.ordinal
    path, last = origin.left.path, origin.left.ordinal
    wrote = [
        each.ordinal
        for each in recording.executions
        if each.ordinal <= last and any(file.path == path and "write" in file.mode for file in each.own_files)
    ]
    return wrote[-1] if wrote else last


def _kept(recording: Recording, origin: Origin, ordinal: int) -> tuple[Kept, ...]:
    """What the file depends on; for weights, and where it can't be told, what the execution does."""
    if origin.left.path is not None:
        kept = slice_for(recording, (Target(kind="file", text=origin.left.path),)).kept
        if any(each.ordinal == ordinal for each in kept):
            return kept
    target = Target(kind="output", text=f"what execution {ordinal} did", ordinal=ordinal)
    return slice_for(recording, (target,)).kept


def _data(ran: Sequence[CellExecution]) -> Iterator[tuple[int, FileAccess]]:
    """Each file once, as the first execution read it; none that they had written themselves before."""
    known: set[str] = set()
    for execution in ran:
        accesses = execution.own_files
        yield from (
            (execution.ordinal, each)
            for each in accesses
            if each.mode in ("read", "read+write") and each.path not in known
        )
        known |= {each.path for each in accesses if each.mode != "list"}


def _is_before(origin: Origin, session: str, ordinal: int, time: float | None) -> bool:
    """Whether it came before an execution of the session that used what it left, as that was at `time`.

    In one session that is a matter of order. Where a time isn't known: the ids of sessions begin with one.
    """
    if origin.run is None and origin.session == session:
        return origin.left.ordinal < ordinal
    if origin.left.time is not None and time is not None:
        return origin.left.time <= time
    return (origin.run.id if origin.run is not None else origin.session) < session


def _source(kind: Literal["file", "weights"], ordinal: int, path: str | None, found: Sequence[Origin]) -> Source:
    origin = found[0]
    return Source(
        kind=kind,
        ordinal=ordinal,
        digest=origin.left.digest,
        path=path,
        session=origin.session,
        of=origin.left.ordinal,
        run=origin.run.id if origin.run is not None else None,
        others=len(found) - 1,
    )
