"""Whole numbers to values, range by range: what holds for 60,000 objects at once costs as much as for one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

Value = TypeVar("Value")


def within(ordered: list[int], first: int, last: int) -> list[int]:
    """Those from `first` to `last`."""
    return ordered[bisect_left(ordered, first) : bisect_right(ordered, last)]


class Ranges(Generic[Value]):
    """Ranges are inclusive, disjoint and in order."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._values: list[Value] = []

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def values(self) -> Iterator[Value]:
        return iter(self._values)

    def meet(self, first: int, last: int) -> tuple[int, Value] | None:
        """The lowest number from `first` to `last` that has a value, with it."""
        index = bisect_left(self._lasts, first)
        if index == len(self._firsts) or self._firsts[index] > last:
            return None
        return max(first, self._firsts[index]), self._values[index]

    def get(self, number: int) -> Value | None:
        found = self.meet(number, number)
        return None if found is None else found[1]

    def put(self, first: int, last: int, value: Value) -> None:
        """Whatever these numbers had before, this is their value now."""
        index = self.remove(first, last)
        self._firsts.insert(index, first)
        self._lasts.insert(index, last)
        self._values.insert(index, value)

    def remove(self, first: int, last: int) -> int:
        """Where a range from `first` to `last` would be put now."""
        low, high = bisect_left(self._lasts, first), bisect_right(self._firsts, last)
        if low >= high:
            return low
        left = [(self._firsts[low], first - 1, self._values[low])] if self._firsts[low] < first else []
        right = [(last + 1, self._lasts[high - 1], self._values[high - 1])] if self._lasts[high - 1] > last else []
        rest = left + right
        self._firsts[low:high] = [each[0] for each in rest]
        self._lasts[low:high] = [each[1] for each in rest]
        self._values[low:high] = [each[2] for each in rest]
        return low + len(left)
