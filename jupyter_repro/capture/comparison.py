"""Comparing a value with the one that was recorded: by fingerprint, else number by number within a tolerance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from jupyter_repro.capture.deviations import Deviations
from jupyter_repro.capture.fingerprint import fingerprint
from jupyter_repro.capture.values.content import Leaf, Numbers, Record, Text, TooLarge, decode, records_of
from jupyter_repro.capture.values.describe import Describer
from jupyter_repro.capture.values.scalars import SCALARS
from jupyter_repro.model import Check, Value

_SLACK = 2  # a value that is this many times larger than what was recorded isn't looked into


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a floating-point number may be off: |found - expected| <= absolute + relative * |expected|."""

    relative: float = 1e-6
    absolute: float = 1e-9

    def allows(self, expected: float, found: float) -> bool:
        """NaN equals NaN here; infinities only equal themselves."""
        if expected == found or (expected != expected and found != found):
            return True
        return math.isfinite(expected) and abs(found - expected) <= self.absolute + self.relative * abs(expected)


TOLERANCE = Tolerance()
_INEXACT = "parts of it that can only be described were not compared"


class _Difference(Exception):
    """The first leaf that differs: where, and both sides in a few words."""

    def __init__(self, path: str, expected: str, found: str) -> None:
        super().__init__(path)
        where = f" at {path}" if path else ""
        self.expected, self.found = f"{expected:.120}{where}", f"{found:.120}{where}"


def compare(
    value: Any, expected: Value, content: bytes | None, tolerance: Tolerance = TOLERANCE, *, subject: str = "value"
) -> Check:
    """The verdict on a value: identical, equivalent (and how far off), different (and where first), or missing.

    `content` is what `fingerprint.content` gave for the recorded value. "missing" is also the verdict where there is
    nothing to compare by: a generator or an open file can only be described. `found` is None then.
    """
    found = fingerprint(value)
    check = Check(subject=subject, verdict="different", expected=expected.summary, found=found.summary)
    inexact = not (found.exact and expected.exact)
    if found.digest == expected.digest:
        return _inexact(value, check) if inexact else replace(check, verdict="identical")
    if content is None:
        return check
    comparison = _Comparison(tolerance)
    try:
        comparison.run(decode(content), records_of(value, _SLACK * max(len(content), 1 << 16)))
    except _Difference as first:
        measured = comparison.deviations.largest()
        return replace(check, expected=first.expected, found=first.found, deviation=measured)
    except (TooLarge, ValueError):
        return check
    words = comparison.words()
    return replace(
        check,
        verdict="equivalent",
        tolerance=f"{words}; {_INEXACT}" if inexact else words,
        deviation=comparison.deviations.largest(),
    )


def compare_contents(expected: bytes, found: bytes, tolerance: Tolerance = TOLERANCE) -> Check:
    """The verdict on two encoded contents; ValueError where one is none."""
    check, comparison = Check(subject="content", verdict="different"), _Comparison(tolerance)
    try:
        comparison.run(decode(expected), decode(found))
    except _Difference as first:
        measured = comparison.deviations.largest()
        return replace(check, expected=first.expected, found=first.found, deviation=measured)
    return replace(check, verdict="equivalent", tolerance=comparison.words(), deviation=comparison.deviations.largest())


def _inexact(value: Any, check: Check) -> Check:
    if type(value) in SCALARS or Describer().node(value).exact:
        return replace(check, verdict="equivalent", tolerance=_INEXACT)
    return replace(
        check, verdict="missing", expected=f"{check.expected}: can only be described, not compared", found=None
    )


class _Comparison:
    """One comparison within a tolerance, and how far off numbers are. What is no number must be the same."""

    def __init__(self, tolerance: Tolerance) -> None:
        self._tolerance = tolerance
        self._first: _Difference | None = None  # number that is too far off
        self.deviations = Deviations()

    def run(self, expected_records: Iterable[Record], found_records: Iterable[Record]) -> None:
        """Raises the first difference. Numbers are measured to the end, or to where the structure is another."""
        steps: list[str] = []
        for expected, found in zip_longest(expected_records, found_records):
            known = expected or found
            steps[known.depth :] = [known.step]
            path = "".join(steps)
            if expected is None or found is None or _place(expected) != _place(found):
                raise self._first or _Difference(path, _shown(expected), _shown(found))
            self._compare(path, expected, found)
        if self._first is not None:
            raise self._first

    def words(self) -> str:
        tolerance = self._tolerance
        return f"within {tolerance.relative:g} relative or {tolerance.absolute:g} absolute: {self.deviations.words()}"

    def _compare(self, path: str, expected: Record, found: Record) -> None:
        one, other = expected.leaf, found.leaf
        if isinstance(one, Numbers) and isinstance(other, Numbers) and one.format == other.format:
            self._compare_numbers(path, one, other)
        elif isinstance(one, (int, float)) and type(one) is type(other):
            self._compare_number(path, one, other, "d")
        elif _identity(one) != _identity(other):
            raise self._first or _Difference(path, _shown(expected), _shown(found))

    def _compare_numbers(self, path: str, expected: Numbers, found: Numbers) -> None:
        if expected.data == found.data:
            return
        ours, theirs = expected.unpack(), found.unpack()
        if len(ours) != len(theirs):
            raise self._first or _Difference(path, f"{len(ours):,} numbers", f"{len(theirs):,} numbers")
        for position, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            if one != other:
                self._compare_number(f"{path}[{position}]", one, other, expected.format)

    def _compare_number(self, path: str, expected: Any, found: Any, format: str) -> None:
        if expected == found:
            return
        exact = not isinstance(expected, float)
        if self._first is None and (exact or not self._tolerance.allows(expected, found)):
            self._first = _Difference(path, repr(expected), repr(found))
        self.deviations.add(expected, found, format)


def _place(record: Record) -> tuple[int, str, str]:
    return (record.depth, record.step, record.what)


def _shown(record: Record | None) -> str:
    if record is None:
        return "nothing"
    if isinstance(record.leaf, Text):
        return f"{record.what}: {record.leaf.text}" if record.leaf.text else record.what
    return record.what if record.leaf is None or isinstance(record.leaf, Numbers) else repr(record.leaf)


def _identity(leaf: Leaf) -> Any:
    return leaf.digest if isinstance(leaf, Text) else leaf
