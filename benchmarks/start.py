"""How long it takes until a fresh kernel is recorded."""

from __future__ import annotations

from figures import Figure
from pairs import repeat
from stopwatch import START, kernel

_GOAL = 150  # milliseconds


def measure(pairs: int) -> list[Figure]:
    label = "%load_ext jupyter_repro and %repro start"
    return [Figure(label=label, unit="ms", goal=_GOAL, recorded=repeat("start", pairs, _run))]


def _run() -> float:
    with kernel() as stopwatch:
        return 1000 * stopwatch.latency(START)
