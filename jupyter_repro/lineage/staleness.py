"""Which executions no longer stand for what the notebook would give now, and why.

An execution is stale when its cell ran again, when the saved notebook has other text in its cell, or when a name that
it read has another value since. Pure functions over records; standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jupyter_repro.lineage.saved import Match, SavedCell, match_cells
from jupyter_repro.model import CellExecution

# IPython rebinds them at every execution, which says nothing of what the reader saw.
_HISTORY = frozenset({"_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh", "In", "Out"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    ordinal: int
    reasons: tuple[str, ...]  # in words; empty where all there is to say is that its cell was deleted
    deleted: bool = False  # the saved notebook has no such cell any more


@dataclass(frozen=True, slots=True)
class _Write:
    """The last one to a name so far; `digest` where the value is known exactly."""

    ordinal: int
    verb: str
    digest: str | None


def stale_executions(executions: Sequence[CellExecution], saved: Sequence[SavedCell] | None) -> tuple[Stale, ...]:
    """Those that are stale or whose cell was deleted, in the order of `executions`.

    `saved` holds the code cells of the notebook as it is on disk; None where it can't be read: then edited and deleted
    cells can't be told.
    """
    matches = match_cells(executions, saved)
    reruns = _reruns(executions, matches)
    changes = _changes(executions)
    found = []
    for execution, match, rerun, changed in zip(executions, matches, reruns, changes, strict=True):
        reasons = [f"its cell ran again as execution {rerun}"] if rerun else []
        if match.edited:
            reasons.append("the saved notebook has other text in its cell")
        reasons.extend(changed)
        if reasons or match.deleted:
            found.append(Stale(ordinal=execution.ordinal, reasons=tuple(reasons), deleted=match.deleted))
    return tuple(found)


def _reruns(executions: Sequence[CellExecution], matches: Sequence[Match]) -> list[int | None]:
    """For each execution the latest one of the same cell, where that is another one."""
    latest = {match.key: execution.ordinal for execution, match in zip(executions, matches, strict=True)}
    return [
        latest[match.key] if match.key is not None and latest[match.key] != execution.ordinal else None
        for execution, match in zip(executions, matches, strict=True)
    ]


def _changes(executions: Sequence[CellExecution]) -> list[list[str]]:
    """For each execution what became of the names that it read."""
    writes: dict[str, _Write] = {}
    read: list[dict[str, str | None]] = []  # name -> digest of what was read
    for execution in executions:
        names = [name for name in execution.names_read if name not in _HISTORY]
        read.append({name: writes[name].digest if name in writes else None for name in names})
        writes.update(_writes(execution))
    return [_in_words(execution.ordinal, digests, writes) for execution, digests in zip(executions, read, strict=True)]


def _writes(execution: CellExecution) -> Iterable[tuple[str, _Write]]:
    for verb, names in (
        ("changed", (*execution.mutated, *execution.bound, *execution.rebound)),
        ("deleted", execution.deleted),
    ):
        for name in names:
            value = execution.values.get(name)
            yield name, _Write(execution.ordinal, verb, value.digest if value and value.exact else None)


def _in_words(ordinal: int, digests: dict[str, str | None], last: dict[str, _Write]) -> list[str]:
    names_by_write: dict[tuple[int, str], list[str]] = {}
    for name, digest in digests.items():
        write = last.get(name)
        if write and write.ordinal > ordinal and (digest is None or digest != write.digest):
            names_by_write.setdefault((write.ordinal, write.verb), []).append(f"`{name}`")
    return [
        f"it read {', '.join(names)}, which execution {writer} {verb} since"
        for (writer, verb), names in sorted(names_by_write.items())
    ]
