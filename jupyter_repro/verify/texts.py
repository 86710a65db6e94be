"""Comparing texts that were shown or written: exactly, then without what no two runs share, then number by number."""

from __future__ import annotations

import re
from itertools import takewhile, zip_longest

from jupyter_repro.capture.comparison import TOLERANCE, Tolerance
from jupyter_repro.capture.deviations import Deviations
from jupyter_repro.model import Deviation
from jupyter_repro.verify.difference import Difference, different, equivalent, identical

# What a run says of itself and not of its result. Addresses aren't part of a value; times are, but of another kind.
_ADDRESSES = (
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"\bsk-(container|estimator)-id-\d+"), r"sk-\1-id"),  # scikit-learn counts its diagrams
    (re.compile(r"\bT_[0-9a-f]{5}(?=[\s\"_#{,.])"), "T_"),  # pandas' styled tables
    (re.compile(r'"shared_object_id": \d+'), '"shared_object_id"'),  # an address, in a .keras file
    (re.compile(r"(?<=[#\"])[a-z][0-9a-f]{10}(?=[\")])"), "id"),  # in matplotlib's SVG
)
_TIMES = (
    (re.compile(r"(?m)^(CPU times|Wall time): .*$"), r"\1"),
    (re.compile(r"(?m)^.* per loop \(mean.*$"), "per loop"),
    (re.compile(r"\b\d+s\s+[\d.]+(?:[mµu]?s|min)/(?:step|epoch|sample)"), "step"),  # Keras
    (re.compile(r"\[\d+:\d\d(?::\d\d)?<[^\]]*\]"), "[]"),  # tqdm
    (re.compile(r"<dc:date>[^<]*</dc:date>"), "<dc:date/>"),
    (re.compile(r'"date_saved": "[^"]*"'), '"date_saved"'),  # in a .keras file
)
_BEFORE, _SHOWN = 20, 100  # characters of a line: before the difference, and in all
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BACKSPACE = re.compile(r"[^\n\x08]\x08")
_OVERWRITTEN = re.compile(r"(?m)^[^\n]*\r(?!\n|$)")  # what a carriage return puts something else over
_NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?")


def compare_texts(expected: str, found: str, tolerance: Tolerance = TOLERANCE) -> Difference:
    if expected == found:
        return identical()
    expected, found = (_without_addresses(_visible(text)) for text in (expected, found))
    if expected == found:
        return identical()
    untimed = (_replace(expected, _TIMES), _replace(found, _TIMES))
    if untimed[0] == untimed[1]:
        return equivalent("times of the runs aside")
    return _compare_numbers(*untimed, tolerance)


def _visible(text: str) -> str:
    """What is left to see on a terminal: progress bars write over themselves."""
    text = _ANSI.sub("", text)
    while "\x08" in text and (shorter := _BACKSPACE.sub("", text)) != text:
        text = shorter
    return _OVERWRITTEN.sub("", text)


def _without_addresses(text: str) -> str:
    return _replace(text, _ADDRESSES)


def _replace(text: str, patterns: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, replacement in patterns:
        text = pattern.sub(replacement, text)
    return text


def _compare_numbers(expected: str, found: str, tolerance: Tolerance) -> Difference:
    """Decimal numbers within the tolerance; integers count letter by letter."""
    if _NUMBER.sub("#", expected) != _NUMBER.sub("#", found):
        return _first_line(expected, found)
    ours, theirs = (list(map(float, _NUMBER.findall(text))) for text in (expected, found))
    deviations = Deviations()
    for pair in zip(ours, theirs, strict=True):
        if pair[0] != pair[1]:
            deviations.add(*pair)
    largest = deviations.largest()
    if not all(map(tolerance.allows, ours, theirs)):
        return _first_line(expected, found, largest)
    return equivalent(f"numbers in the text differ by {deviations.words()}", largest)


def _first_line(expected: str, found: str, deviation: Deviation | None = None) -> Difference:
    for number, (one, other) in enumerate(zip_longest(expected.splitlines(), found.splitlines()), start=1):
        if one != other:
            return different(_excerpt(one, other, number), _excerpt(other, one, number), deviation)
    return different(f"{len(expected):,} characters", f"{len(found):,} characters", deviation)


def _excerpt(line: str | None, other: str | None, number: int) -> str:
    """The part of a line from shortly before where it differs."""
    if line is None:
        return f"nothing in line {number}"
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(line, other or "", strict=False)))
    start = max(0, same - _BEFORE)
    text = f"{line[start : start + _SHOWN]!r}"
    return f"{'…' if start else ''}{text}{'…' if len(line) > start + _SHOWN else ''} in line {number}"
