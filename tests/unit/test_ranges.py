"""Ranges against a plain dict, whatever is put and removed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyter_repro.lineage.ranges import Ranges, within

numbers = st.integers(0, 30)
steps = st.lists(st.tuples(numbers, numbers, st.sampled_from(["put", "remove"])), max_size=20)


@given(steps)
def test_ranges_hold_what_a_dict_of_numbers_would(steps: list[tuple[int, int, str]]) -> None:
    ranges, plain = Ranges[int](), dict[int, int]()
    for step, (one, other, what) in enumerate(steps):
        first, last = sorted((one, other))
        for number in range(first, last + 1):
            if what == "put":
                plain[number] = step
            else:
                plain.pop(number, None)
        ranges.put(first, last, step) if what == "put" else ranges.remove(first, last)

    assert {number: ranges.get(number) for number in range(31)} == {number: plain.get(number) for number in range(31)}
    assert bool(ranges) is bool(plain)
    assert set(ranges.values()) == set(plain.values())
    for first in range(0, 31, 3):
        lowest = min((number for number in plain if first <= number <= first + 7), default=None)
        assert ranges.meet(first, first + 7) == (None if lowest is None else (lowest, plain[lowest]))


def test_numbers_within() -> None:
    assert within([1, 3, 5, 9], 2, 5) == [3, 5]
    assert within([], 2, 5) == []
