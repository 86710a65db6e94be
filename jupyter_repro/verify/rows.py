"""Which rows or lines of a text differ, in words."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import islice, zip_longest
from pathlib import PurePosixPath

_SHOWN = 4
_MOST_LINES = 4000  # that are matched with each other; the time grows with their square
_WIDTH = 80  # characters
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


def differing_rows(path: str, before: bytes, after: bytes) -> tuple[str, ...]:
    """The first few, and how many more; sizes where the content is no text."""
    try:
        old, new = before.decode("utf-8"), after.decode("utf-8")
    except UnicodeDecodeError:
        old = new = "\0"
    if "\0" in old or "\0" in new:
        return (f"{len(before):,} bytes were recorded, {len(after):,} are there now",)
    delimiter = _DELIMITERS.get(PurePosixPath(path).suffix.lower())
    found = list(_cells(old, new, delimiter)) if delimiter else []
    return _cut(found or list(_lines(old.splitlines(), new.splitlines())))


def _cut(found: Sequence[str]) -> tuple[str, ...]:
    more = len(found) - _SHOWN
    return (*found[:_SHOWN], *([f"and {more} more"] if more > 0 else []))


def _cells(old: str, new: str, delimiter: str) -> Iterator[str]:
    """Of two tables with the same columns and as many rows; rows count from 1, below the header."""
    before, after = (list(csv.reader(text.splitlines(), delimiter=delimiter)) for text in (old, new))
    if len(before) != len(after) or not before or before[0] != after[0]:
        return
    for number, (then, now) in enumerate(zip(before, after, strict=True)):
        if then != now:
            columns = zip_longest(before[0], then, now, fillvalue="")
            values = [f"{name} {_short(a)} is now {_short(b)}" for name, a, b in columns if a != b]
            yield f"row {number}: {', '.join(islice(values, _SHOWN))}"


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    start = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(map(len, (before, after)))
    )
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if max(len(old), len(new)) > _MOST_LINES:
        yield f"lines {start + 1} to {start + len(new)} differ"
        return
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            for then, now, number in zip_longest(old[i1:i2], new[j1:j2], range(start + j1 + 1, start + j2 + 1)):
                yield _line(then, now, number if number is not None else start + i2)


def _line(then: str | None, now: str | None, number: int) -> str:
    if then is None:
        return f"line {number} is new: {_short(now or '')}"
    if now is None:
        return f"line {number} of the recorded file is gone: {_short(then)}"
    return f"line {number}: {_short(then)} is now {_short(now)}"


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
