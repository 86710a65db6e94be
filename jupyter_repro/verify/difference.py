"""What a comparison of two documents came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from jupyter_repro.model import Deviation, Verdict

GOOD: tuple[Verdict, ...] = ("identical", "equivalent")
_ORDER: tuple[Verdict, ...] = (*GOOD, "different", "missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`note` says what "equivalent" needed; `expected` and `found` show where the two differ, `deviation` how far."""

    verdict: Verdict
    note: str | None = None
    expected: str | None = None
    found: str | None = None
    deviation: Deviation | None = None


def rank(verdict: Verdict) -> int:
    """0 is the best."""
    return _ORDER.index(verdict)


def identical() -> Difference:
    return Difference(verdict="identical")


def equivalent(note: str, deviation: Deviation | None = None) -> Difference:
    return Difference(verdict="equivalent", note=note, deviation=deviation)


def different(expected: str, found: str, deviation: Deviation | None = None) -> Difference:
    return Difference(verdict="different", expected=expected, found=found, deviation=deviation)


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
    measured = [each.deviation for each in found if each.deviation is not None]
    furthest = max(measured, key=lambda each: each.absolute, default=None)
    return replace(first, note="; ".join(dict.fromkeys(each.note for each in found if each.note)), deviation=furthest)
