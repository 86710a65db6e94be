"""Comparing a value with the one that was recorded: by fingerprint, else number by number within a tolerance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from jupyter_repro.capture.fingerprint import fingerprint
from jupyter_repro.capture.values.content import Leaf, Numbers, Record, Text, TooLarge, decode, records_of
from jupyter_repro.capture.values.describe import Describer
from jupyter_repro.capture.values.scalars import SCALARS
from jupyter_repro.model import Check, Value

_SLACK = 2  # a value that is this many times larger than what was recorded isn't looked into
_MOST_ULPS = 1e12  # beyond, units in the last place say nothing
_ULP_SCALE = {"d": 1.0, "f": 2.0**29, "e": 2.0**42}  # of a double's last place, by format


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
    try:
        words = _Comparison(tolerance).run(value, content)
    except _Difference as first:
        return replace(check, expected=first.expected, found=first.found)
    except (TooLarge, ValueError):
        return check
    return replace(check, verdict="equivalent", tolerance=f"{words}; {_INEXACT}" if inexact else words)


def _inexact(value: Any, check: Check) -> Check:
    if type(value) in SCALARS or Describer().node(value).exact:
        return replace(check, verdict="equivalent", tolerance=_INEXACT)
    return replace(
        check, verdict="missing", expected=f"{check.expected}: can only be described, not compared", found=None
    )


class _Comparison:
    """One comparison within a tolerance, and the largest differences that it let pass."""

    def __init__(self, tolerance: Tolerance) -> None:
        self._tolerance = tolerance
        self._absolute = self._relative = self._ulps = 0.0

    def run(self, value: Any, content: bytes) -> str:
        """How far off the value is, in words; raises at the first leaf that differs."""
        steps: list[str] = []
        found_records = records_of(value, _SLACK * max(len(content), 1 << 16))
        for expected, found in zip_longest(decode(content), found_records):
            known = expected or found
            steps[known.depth :] = [known.step]
            path = "".join(steps)
            if expected is None or found is None or _place(expected) != _place(found):
                raise _Difference(path, _shown(expected), _shown(found))
            self._compare(path, expected, found)
        return self._words()

    def _compare(self, path: str, expected: Record, found: Record) -> None:
        one, other = expected.leaf, found.leaf
        if isinstance(one, Numbers) and isinstance(other, Numbers) and one.format == other.format:
            self._compare_numbers(path, one, other)
        elif isinstance(one, float) and isinstance(other, float):
            self._compare_float(path, one, other, "d")
        elif _identity(one) != _identity(other):
            raise _Difference(path, _shown(expected), _shown(found))

    def _compare_numbers(self, path: str, expected: Numbers, found: Numbers) -> None:
        if expected.data == found.data:
            return
        ours, theirs = expected.unpack(), found.unpack()
        if len(ours) != len(theirs):
            raise _Difference(path, f"{len(ours):,} numbers", f"{len(theirs):,} numbers")
        for position, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            if one == other:
                continue
            if not isinstance(one, float):
                raise _Difference(f"{path}[{position}]", str(one), str(other))
            self._compare_float(f"{path}[{position}]", one, other, expected.format)

    def _compare_float(self, path: str, expected: float, found: float, format: str) -> None:
        if not self._tolerance.allows(expected, found):
            raise _Difference(path, repr(expected), repr(found))
        if expected == found or math.isnan(expected):
            return
        error = abs(found - expected)
        self._absolute = max(self._absolute, error)
        self._relative = max(self._relative, error / abs(expected) if expected else math.inf)
        self._ulps = max(self._ulps, min(error / (math.ulp(expected) * _ULP_SCALE[format]), _MOST_ULPS))

    def _words(self) -> str:
        more = "more than " if self._ulps == _MOST_ULPS else ""
        return (
            f"within {self._tolerance.relative:g} relative or {self._tolerance.absolute:g} absolute: at most "
            f"{self._absolute:.2g} absolute, {self._relative:.2g} relative, {more}{math.ceil(self._ulps):,} ULP"
        )


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
