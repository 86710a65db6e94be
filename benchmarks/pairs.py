"""Measuring by turns, with the recorder and without it: the machine's moods hit both alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from figures import Figure

T = TypeVar("T")


def alternate(
    name: str, pairs: int, measure: Callable[[bool], tuple[T, T]], shown: Callable[[T], str]
) -> list[tuple[T, T]]:
    """`pairs` pairs of (plain, recorded), which `measure(recorded_first)` gives.

    A first pair isn't counted: it compiles bytecode. Every second one is measured in the opposite order. `shown` says
    how a measurement reads in a line of progress.
    """
    found = []
    for number in range(pairs + 1):
        plain, recorded = measure(number % 2 == 0)
        say(name, number, pairs, f"plain {shown(plain)}, recorded {shown(recorded)}")
        if number:
            found.append((plain, recorded))
    return found


def repeat(name: str, times: int, measure: Callable[[], float]) -> tuple[float, ...]:
    """What `measure` gives, in milliseconds, `times` times after a first time that isn't counted."""
    found = []
    for number in range(times + 1):
        milliseconds = measure()
        say(name, number, times, f"{milliseconds:.0f} ms")
        if number:
            found.append(milliseconds)
    return tuple(found)


def compared(
    label: str, unit: str, goal: float | None, found: Sequence[tuple[T, T]], value: Callable[[T], float]
) -> Figure:
    """One `value` of what was measured, in pairs."""
    plain, recorded = (tuple(value(pair[side]) for pair in found) for side in (0, 1))
    return Figure(label=label, unit=unit, goal=goal, plain=plain, recorded=recorded)


def say(name: str, number: int, count: int, text: str) -> None:
    print(f"{name}, {f'{number} of {count}' if number else 'warming up'}: {text}", flush=True)
