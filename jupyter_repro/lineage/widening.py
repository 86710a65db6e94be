"""What a slice that was not proven may lack: what the evidence makes most likely, the cheapest first."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jupyter_repro.lineage.slicing import ended
from jupyter_repro.model import CellExecution, FileAccess, Kept, Recording, Slice

_LIBERAL = 1.0  # seconds that are added without a thought
_MOST_STEPS = 5  # before all that ran is added at once
_UNKNOWN_NAME = re.compile(r"name '(\w+)' is not defined|cannot access \w+ variable '(\w+)'")
_FILE = re.compile(r"""(?:No such file or directory|does not exist|not found):? .*?(['"])(.+?)\1""")
_COMMON = frozenset((*dir(builtins), "get_ipython", "self", "np", "pd", "plt", "shape", "append", "format", "join"))
_Reason = Callable[[CellExecution], "str | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """Where a proof of a slice went wrong: in which execution first, and with which error if it failed."""

    ordinal: int | None = None
    error: str | None = None


def additions(recording: Recording, current: Slice, clue: Clue, steps: int = 0) -> tuple[Kept, ...]:
    """What to add next to a slice to which `steps` were added in vain; empty where all that ran is in it.

    The most likely first. Among what is as likely, what took no longer than the slice itself, else the cheapest one.
    """
    kept = {each.ordinal for each in current.kept}
    left = {each.ordinal: each for each in ended(recording.executions) if each.ordinal not in kept}
    if steps < _MOST_STEPS:
        by_ordinal = {each.ordinal: each for each in recording.executions}
        used = sum(by_ordinal[ordinal].duration or 0 for ordinal in kept if ordinal in by_ordinal)
        for likely in _levels(recording, kept, clue):
            found = {ordinal: why for ordinal, each in left.items() if (why := likely(each)) is not None}
            if found:
                return _cheapest(found, left, max(_LIBERAL, used))
    return tuple(Kept(ordinal=ordinal, reason="ran (added by widening)") for ordinal in left)


def _cheapest(found: Mapping[int, str], left: Mapping[int, CellExecution], most: float) -> tuple[Kept, ...]:
    chosen: list[int] = []
    spent = 0.0
    for ordinal in sorted(found, key=lambda each: left[each].duration or 0):
        spent += left[ordinal].duration or 0
        if chosen and spent > most:
            break
        chosen.append(ordinal)
    return tuple(Kept(ordinal=each, reason=f"{found[each]} (added by widening)") for each in sorted(chosen))


def _levels(recording: Recording, kept: set[int], clue: Clue) -> Iterator[_Reason]:
    """Reasons to add an execution, the strongest first."""
    where = next((each for each in recording.executions if each.ordinal == clue.ordinal), None)
    if clue.error is not None:
        yield _named(clue.error)
    if where is not None:
        yield _before(where, _touching(where))
        yield _before(where, _alike(where))
    yield _related(recording, kept)


def _named(error: str) -> _Reason:
    """What bound the name that was missing, or wrote the file."""
    name = next((group for match in [_UNKNOWN_NAME.search(error)] if match for group in match.groups() if group), None)
    file = match[2] if (match := _FILE.search(error)) is not None else None

    def why(execution: CellExecution) -> str | None:
        if name is not None and name in _changed(execution):
            return f"binds `{name}`, which was missing"
        if file is not None and any(_is_same(access.path, file) for access in _written(execution)):
            return f"writes {file}, which was missing"
        return None

    return why


def _is_same(path: str, name: str) -> bool:
    return path == name or path.endswith(f"/{name.removeprefix('./')}")


def _touching(where: CellExecution) -> _Reason:
    """What changed a name that it reads, wrote a file that it opens, or changed what cells share."""
    opened = {access.path for access in where.own_files}

    def why(execution: CellExecution) -> str | None:
        if names := sorted(set(where.names_read) & set(_changed(execution))):
            return f"changes `{names[0]}`, which execution {where.ordinal} reads"
        if files := sorted(opened & {access.path for access in _written(execution)}):
            return f"writes {files[0]}, which execution {where.ordinal} opens"
        if execution.ambient:
            return f"changes {execution.ambient[0].group} {execution.ambient[0].key}, which all cells share"
        if libraries := sorted({state.library for state in execution.random} & {s.library for s in where.random}):
            return f"draws from {libraries[0]}, as execution {where.ordinal} does"
        return None

    return why


def _alike(where: CellExecution) -> _Reason:
    """What speaks of the same: a library that remembers what it was told."""

    def why(execution: CellExecution) -> str | None:
        shared = (set(where.words) & set(execution.words)) - _COMMON
        if not shared:
            return None
        return f"uses `{max(sorted(shared), key=len)}`, as execution {where.ordinal} does"

    return why


def _before(where: CellExecution, likely: _Reason) -> _Reason:
    return lambda execution: likely(execution) if execution.ordinal < where.ordinal else None


def _related(recording: Recording, ordinals: set[int]) -> _Reason:
    """Executions before the last kept one that changed a name that any kept one uses, and so on."""
    last = max(ordinals, default=0)
    executions = {each.ordinal: each for each in recording.executions if each.ordinal <= last}
    changers: dict[str, list[int]] = {}
    for ordinal, execution in executions.items():
        for name in _changed(execution):
            changers.setdefault(name, []).append(ordinal)
    found, waiting = set(ordinals), list(ordinals)
    while waiting:
        for name in _names_of(executions[waiting.pop()]):
            more = [ordinal for ordinal in changers.pop(name, ()) if ordinal not in found]
            found.update(more)
            waiting += more
    return lambda each: "touches a name that a kept execution uses" if each.ordinal in found else None


def _written(execution: CellExecution) -> Sequence[FileAccess]:
    return [access for access in execution.files if access.mode != "read" and access.mode != "list"]


def _changed(execution: CellExecution) -> tuple[str, ...]:
    return (*execution.bound, *execution.rebound, *execution.mutated, *execution.deleted)


def _names_of(execution: CellExecution) -> tuple[str, ...]:
    return (*execution.names_read, *_changed(execution))
