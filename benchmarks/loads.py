"""Single loads that could cost more to watch than others: full namespaces, many files, loops that Python reports on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from figures import Figure
from pairs import alternate, compared, say
from stopwatch import START, Stopwatch, Timing, kernel

_IDLE = 1.5  # seconds: the recorder takes a kernel for idle after half a second


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    name: str
    label: str
    setup: tuple[str, ...] = ()
    cell: str
    turns: int  # how often each kernel runs the cell, by turns
    goal: float


_MANY_OBJECTS = "objects = [[number, str(number)] for number in range(30_000)]"
_LARGE_FRAME = (
    "import numpy as np, pandas as pd\n"
    "frame = pd.DataFrame({f'c{column}': np.arange(12_500_000.0) + column for column in range(10)})"
)
_FILES = (
    "import os\nos.makedirs('many', exist_ok=True)\n"
    "for number in range(2_000):\n    with open(f'many/{number}.txt', 'w') as file:\n        file.write(str(number))"
)
_READ = "for number in range(2_000):\n    with open(f'many/{number}.txt') as file:\n        text = file.read()"
_LOOP = "total = 0\nfor number in range(3_000_000):\n    total += number * number % 7"
_IDS = "thing = object()\nfor _ in range(1_000_000):\n    id(thing)"
_COPY = "import copy\nfor _ in range(3):\n    copied = copy.deepcopy(data)"
_DATA = "data = [[number, (number, str(number)), {'key': number}] for number in range(5_000)]"
_LOADS = (
    _Load(
        name="namespace",
        label="a trivial cell beside 60,000 small objects and a frame of 1 GB",
        setup=(_MANY_OBJECTS, _LARGE_FRAME),
        cell="x = 1",
        turns=200,
        goal=1.05,
    ),
    _Load(name="reads", label="2,000 small files read", setup=(_FILES, _READ), cell=_READ, turns=10, goal=1.10),
    _Load(name="loop", label="a loop in pure Python", cell=_LOOP, turns=10, goal=1.01),
    _Load(name="id", label="a loop of id()", cell=_IDS, turns=10, goal=1.10),
    _Load(name="deepcopy", label="a loop of deepcopy()", setup=(_DATA,), cell=_COPY, turns=10, goal=1.10),
)


def measure(pairs: int) -> list[Figure]:
    return [_measure(load, pairs) for load in _LOADS]


def _measure(load: _Load, pairs: int) -> Figure:
    found = alternate(load.name, pairs, lambda first: _pair(load, first), lambda timing: f"{timing.total:.2f} s")
    return compared(f"{load.label}: time until the reply", "s", load.goal, found, lambda timing: timing.total)


def _pair(load: _Load, recorded_first: bool) -> tuple[Timing, Timing]:
    with _kernels(load) as (plain, recorded):
        for _ in range(load.turns):
            for stopwatch in (recorded, plain) if recorded_first else (plain, recorded):
                stopwatch.run([load.cell])
        return plain.stop(), recorded.stop()


@contextmanager
def _kernels(load: _Load) -> Iterator[tuple[Stopwatch, Stopwatch]]:
    with kernel() as plain, kernel() as recorded:
        recorded.latency(START)
        for stopwatch in (plain, recorded):
            stopwatch.run([*load.setup, load.cell])
        time.sleep(_IDLE)
        for stopwatch in (plain, recorded):
            stopwatch.start()
        yield plain, recorded


_EXECUTIONS = 10_000
_STEP = 1_000
_MOST = 20.0  # MB more than the plain kernel


def memory(pairs: int) -> list[Figure]:
    """What a recorded kernel holds more than a plain one after 10,000 executions, and what the second half added."""
    halves, totals = [], []
    with kernel() as plain, kernel() as recorded:
        recorded.latency(START)
        for stopwatch in (plain, recorded):
            stopwatch.run([f"x{number % 50} = {number}" for number in range(_STEP)])
        for done in range(_STEP, _EXECUTIONS + 1, _STEP):
            for stopwatch in (plain, recorded):
                stopwatch.run([f"x{number % 50} = {number}" for number in range(_STEP)])
            totals.append(recorded.memory() - plain.memory())
            say("memory", done // _STEP, _EXECUTIONS // _STEP, f"{totals[-1]:.1f} MB more than the plain kernel")
        halves.append(totals[-1] - totals[len(totals) // 2])
    return [
        Figure(label="10,000 executions: extra memory", unit="MB", goal=_MOST, recorded=(totals[-1],)),
        Figure(label="10,000 executions: of it since half of them", unit="MB", goal=2.0, recorded=tuple(halves)),
    ]
