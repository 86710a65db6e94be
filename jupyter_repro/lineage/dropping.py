"""Why an execution is dropped, in words: what becomes of what it left."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from jupyter_repro.lineage.results import can_be_result
from jupyter_repro.model import CellExecution, Recording, Slice

_NAMED = 3  # names, files or readers
_NOTHING = "leaves nothing that a later execution could use"
_ENDED = {"running": "has not ended", "lost": "the kernel died in it"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    ordinal: int
    reason: str


def why_dropped(recording: Recording, found: Slice) -> tuple[Dropped, ...]:
    """In true order."""
    uses = _Uses.of(recording.executions)
    dropped = set(found.dropped)
    return tuple(
        Dropped(ordinal=each.ordinal, reason=_reason(each, uses))
        for each in recording.executions
        if each.ordinal in dropped
    )


@dataclass(frozen=True, slots=True)
class _Uses:
    """Ordinals, ascending, by name or place."""

    readers: dict[str, list[int]] = field(default_factory=dict)
    binders: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, executions: Iterable[CellExecution]) -> _Uses:
        uses = cls()
        for execution in executions:
            for name in (*execution.names_read, *execution.reads.places):
                uses.readers.setdefault(name, []).append(execution.ordinal)
            for name in _bound(execution):
                uses.binders.setdefault(name, []).append(execution.ordinal)
        return uses

    def next_binder(self, name: str, ordinal: int) -> int | None:
        return next(iter(_after(self.binders.get(name, []), ordinal)), None)

    def readers_of(self, name: str, ordinal: int) -> list[int]:
        """Those that read what this execution bound the name to, at the latest the one that binds it anew."""
        following = self.next_binder(name, ordinal)
        return [each for each in _after(self.readers.get(name, []), ordinal) if following is None or each <= following]


def _after(ordinals: list[int], ordinal: int) -> list[int]:
    return ordinals[bisect_right(ordinals, ordinal) :]


def _bound(execution: CellExecution) -> tuple[str, ...]:
    return (*execution.bound, *execution.rebound, *execution.deleted)


def _reason(execution: CellExecution, uses: _Uses) -> str:
    if execution.status in _ENDED:
        return _ENDED[execution.status]
    found = "; ".join(_effects(execution, uses))
    failed = "failed, and " if execution.status in ("error", "interrupted") else ""
    return failed + (found or _NOTHING)


def _effects(execution: CellExecution, uses: _Uses) -> Iterator[str]:
    yield from _together("binds", (*execution.bound, *execution.rebound), lambda name: _fate(name, execution, uses))
    yield from _together("deletes", execution.deleted, lambda name: _fate(name, execution, uses))
    if execution.mutated:
        yield f"changes {_some(map(_code, execution.mutated))} in a way that nothing kept depends on"
    files = [file for file in execution.own_files if "write" in file.mode and can_be_result(file)]
    if files:
        yield f"writes {_some(file.path for file in files)}, which nothing kept reads"
    drawn = [state.library for state in execution.random]
    if drawn:
        yield f"draws from {_some(drawn)}'s global stream, on which nothing kept depends"
    if execution.ambient:
        yield "changes settings on which nothing kept depends"


def _together(verb: str, names: Iterable[str], fate: Callable[[str], str]) -> Iterator[str]:
    """Names with the same fate in one phrase."""
    by_fate: dict[str, list[str]] = {}
    for name in names:
        by_fate.setdefault(fate(name), []).append(_code(name))
    yield from (f"{verb} {_some(found)}, {words}" for words, found in by_fate.items())


def _fate(name: str, execution: CellExecution, uses: _Uses) -> str:
    readers = uses.readers_of(name, execution.ordinal)
    if readers:
        who, verb = ("execution", "reads") if len(readers) == 1 else ("executions", "read")
        return f"which only {who} {_some(map(str, readers))} {verb}, for nothing that is kept"
    following = uses.next_binder(name, execution.ordinal)
    return "which nothing reads" if following is None else f"which execution {following} sets anew before it is read"


def _code(name: str) -> str:
    return f"`{name}`"


def _some(items: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(items))
    rest = len(distinct) - _NAMED
    return ", ".join(distinct[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
