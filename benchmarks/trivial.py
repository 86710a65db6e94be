"""500 of the smallest cells that people type: a kernel's own overhead is nearly all that they cost."""

from __future__ import annotations

import time

from figures import Figure
from pairs import alternate, compared
from stopwatch import START, Timing, kernel

_COUNT = 500
_WARM_UP = 20  # cells
_IDLE = 1.5  # seconds: the recorder takes a kernel for idle after half a second
_TURN = 50  # cells
_LATENCY, _CPU = 1.25, 2.0  # goals


def measure(pairs: int) -> list[Figure]:
    found = alternate("trivial", pairs, _pair, lambda timing: f"{1000 * timing.total / _COUNT:.2f} ms a cell")
    return [
        compared("500 trivial cells: latency, median cell", "ms", _LATENCY, found, lambda timing: 1000 * timing.median),
        compared("500 trivial cells: latency, all cells", "s", _LATENCY, found, lambda timing: timing.total),
        compared("500 trivial cells: CPU of the kernel", "s", _CPU, found, lambda timing: timing.cpu),
    ]


def _pair(recorded_first: bool) -> tuple[Timing, Timing]:
    """Two kernels take turns of 50 cells back to back: the load of the machine changes from one second to the next."""
    with kernel() as plain, kernel() as recorded:
        recorded.latency(START)
        for stopwatch in (plain, recorded):
            stopwatch.run(_cells(0, _WARM_UP))
        time.sleep(_IDLE)
        for stopwatch in (plain, recorded):
            stopwatch.start()
        for first in range(_WARM_UP, _WARM_UP + _COUNT, _TURN):
            for stopwatch in (recorded, plain) if recorded_first else (plain, recorded):
                stopwatch.run(_cells(first, first + _TURN))
        return plain.stop(), recorded.stop()


def _cells(first: int, end: int) -> list[str]:
    define = "def double(value):\n    return 2 * value"
    return [define, *map(_cell, range(end))][first:end]


def _cell(number: int) -> str:
    turn = number // 5
    return (f"x{turn} = {turn}", f"y = x{turn} + 1", "print(y)", f"z = [y, {turn}]", "w = double(y)")[number % 5]
