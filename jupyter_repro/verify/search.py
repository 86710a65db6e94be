"""The fewest of many that are enough: delta debugging (Zeller and Hildebrandt, 2002)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")


def fewest(items: Sequence[Item], enough: Callable[[Sequence[Item]], bool], likely: int = 1) -> list[Item]:
    """A part of the items that is enough and of which nothing can be left out. All of them must be enough.

    The first ones, the likeliest, are tried by themselves before: one, then `likely` of them.
    """
    current = list(items)
    for count in dict.fromkeys((1, likely)):
        if 0 < count < len(current) and enough(current[:count]):
            current = current[:count]
    pieces = 2
    while len(current) > 1:
        parts = _parts(current, pieces)
        if (part := next(filter(enough, parts), None)) is not None:
            current, pieces = part, 2
        elif (rest := _enough_without(current, parts, enough)) is not None:
            current, pieces = rest, max(pieces - 1, 2)
        elif pieces >= len(current):
            break
        else:
            pieces = min(len(current), pieces * 2)
    return current


def _parts(items: Sequence[Item], pieces: int) -> list[list[Item]]:
    """Of nearly the same size, each of a few neighbours."""
    borders = [len(items) * number // pieces for number in range(pieces + 1)]
    return [list(items[first:last]) for first, last in pairwise(borders) if first < last]


def _enough_without(
    items: Sequence[Item], parts: Sequence[Sequence[Item]], enough: Callable[[Sequence[Item]], bool]
) -> list[Item] | None:
    if len(parts) == 2:  # the rest is the other part
        return None
    rests = ([item for item in items if item not in part] for part in parts)
    return next(filter(enough, rests), None)
