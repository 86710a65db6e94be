"""Notebooks that work hard: what recording adds until the last reply."""

from __future__ import annotations

from pathlib import Path

from figures import Figure
from pairs import alternate, compared
from stopwatch import START, Timing, kernel

_FOLDER = Path(__file__).with_name("notebooks")
_PAUSE = 0.3  # seconds: a quick person between two cells
_GOAL = 1.03


def pandas(pairs: int) -> list[Figure]:
    return _measure("pandas", "pandas, a million rows", _cells("pandas_million_rows"), pairs)


def sklearn(pairs: int) -> list[Figure]:
    return _measure("sklearn", "scikit-learn training", _cells("sklearn_training"), pairs)


def _measure(name: str, label: str, cells: list[str], pairs: int) -> list[Figure]:
    return [
        *_compared(f"{name}, back to back", f"{label}, cells back to back", cells, 0.0, pairs),
        *_compared(f"{name}, with pauses", f"{label}, {_PAUSE} s between cells", cells, _PAUSE, pairs),
    ]


def _compared(name: str, label: str, cells: list[str], pause: float, pairs: int) -> list[Figure]:
    found = alternate(name, pairs, lambda recorded_first: _pair(cells, pause, recorded_first), _shown)
    return [
        compared(f"{label}: time until replies", "s", _GOAL, found, lambda timing: timing.total),
        compared(f"{label}: CPU of the kernel", "s", None, found, lambda timing: timing.cpu),
    ]


def _pair(cells: list[str], pause: float, recorded_first: bool) -> tuple[Timing, Timing]:
    found = {recorded: _run(cells, pause, recorded) for recorded in (recorded_first, not recorded_first)}
    return found[False], found[True]


def _run(cells: list[str], pause: float, recorded: bool) -> Timing:
    with kernel() as stopwatch:
        stopwatch.latency(START if recorded else "pass")
        stopwatch.run(cells, pause=pause)
        return stopwatch.stop()


def _shown(timing: Timing) -> str:
    return f"{timing.total:.2f} s"


def _cells(name: str) -> list[str]:
    """Of a script in the percent format."""
    text = (_FOLDER / f"{name}.py").read_text(encoding="utf-8")
    return [cell.strip() for cell in text.split("# %%\n")[1:]]
