"""What was measured, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

_HEADER = ("benchmark", "plain", "recorded", "ratio", "range", "goal", "")
_VERDICTS = {None: "", True: "met", False: "missed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Measurements of one thing, all in `unit`.

    Where the plain kernel was measured too, in pairs, the result is a ratio to it. The goal is the largest result that
    is good enough; None: it is only reported.
    """

    label: str
    unit: str
    goal: float | None
    recorded: tuple[float, ...]
    plain: tuple[float, ...] = ()

    @property
    def ratios(self) -> tuple[float, ...]:
        pairs = zip(self.plain, self.recorded, strict=True) if self.plain else ()
        return tuple(recorded / plain for plain, recorded in pairs)

    @property
    def result(self) -> float:
        """The median of the pairs' ratios, or else of the measurements."""
        return median(self.ratios or self.recorded)

    @property
    def met(self) -> bool | None:
        return None if self.goal is None else self.result <= self.goal

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ratios": self.ratios, "result": self.result, "met": self.met}

    def to_row(self) -> tuple[str, ...]:
        unit = "" if self.plain else f" {self.unit}"
        spread = self.ratios or self.recorded
        return (
            self.label,
            f"{median(self.plain):.2f} {self.unit}" if self.plain else "",
            f"{median(self.recorded):.2f} {self.unit}",
            f"{self.result:.3f}" if self.plain else "",
            f"{min(spread):.2f} to {max(spread):.2f}{unit}",
            "" if self.goal is None else f"{self.goal:g}{unit}",
            _VERDICTS[self.met],
        )


def table(figures: Iterable[Figure]) -> str:
    """In Markdown, with its columns aligned."""
    rows = [_HEADER, *(figure.to_row() for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(row, widths) for row in (_HEADER, rule, *rows[1:]))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    return f"| {first[0].ljust(first[1])} | " + " | ".join(cell.rjust(width) for cell, width in others) + " |"
