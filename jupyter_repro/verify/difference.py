"""What a comparison of two documents came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jupyter_repro.model import Verdict

GOOD: tuple[Verdict, ...] = ("identical", "equivalent")
_ORDER: tuple[Verdict, ...] = (*GOOD, "different", "missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`note` says what "equivalent" needed; `expected` and `found` show where the two differ."""

    verdict: Verdict
    note: str | None = None
    expected: str | None = None
    found: str | None = None


def rank(verdict: Verdict) -> int:
    """0 is the best."""
    return _ORDER.index(verdict)


def identical() -> Difference:
    return Difference(verdict="identical")


def equivalent(note: str) -> Difference:
    return Difference(verdict="equivalent", note=note)


def different(expected: str, found: str) -> Difference:
    return Difference(verdict="different", expected=expected, found=found)


def missing(found: str) -> Difference:
    return Difference(verdict="missing", found=found)


def unknown(reason: str) -> Difference:
    """There is nothing to compare with, and so nothing is found."""
    return Difference(verdict="missing", expected=reason)


def worst(differences: Iterable[Difference]) -> Difference:
    """The first of the worst verdict; identical where there are none. What is equivalent carries the notes of all."""
    found = list(differences)
    first = max(found, key=lambda each: rank(each.verdict), default=identical())
    if first.verdict != "equivalent":
        return first
    return equivalent("; ".join(dict.fromkeys(each.note for each in found if each.note)))
