"""How far numbers are from those that they are compared with: absolutely, relatively, in units in the last place."""

from __future__ import annotations

import math

from jupyter_repro.model import Deviation

_MOST_ULPS = 1e12  # beyond, units in the last place say nothing
_ULP_SCALE = {"d": 1.0, "f": 2.0**29, "e": 2.0**42}  # of a double's last place, by format


class Deviations:
    """The largest of each measure over the pairs that were added. What isn't finite is counted, not measured."""

    def __init__(self) -> None:
        self._count = 0
        self._absolute = self._relative = self._ulps = 0.0
        self._is_exact = True  # integers only
        self._widest: tuple[float, float] | None = None

    def add(self, expected: float, found: float, format: str = "d") -> None:
        """Two numbers that differ; `format` is the struct code of their type."""
        if expected != expected and found != found:
            return
        self._count += 1
        if not (math.isfinite(expected) and math.isfinite(found)):
            return
        error = float(abs(found - expected))
        relative = error / abs(expected) if expected else math.inf
        if self._widest is None or relative > self._relative:
            self._widest = (float(expected), float(found))
        self._absolute = max(self._absolute, error)
        self._relative = max(self._relative, relative)
        if isinstance(expected, float):
            self._is_exact = False
            scale = _ULP_SCALE.get(format, 1.0)
            self._ulps = max(self._ulps, min(error / (math.ulp(expected) * scale), _MOST_ULPS))

    def largest(self) -> Deviation | None:
        """None where no two finite numbers differ."""
        if self._widest is None:
            return None
        return Deviation(
            count=self._count,
            low=min(self._widest),
            high=max(self._widest),
            absolute=self._absolute,
            relative=self._relative if math.isfinite(self._relative) else None,
            ulps=None if self._is_exact or self._ulps == _MOST_ULPS else math.ceil(self._ulps),
        )

    def words(self) -> str:
        more = "more than " if self._ulps == _MOST_ULPS else ""
        return (
            f"at most {self._absolute:.2g} absolute, {self._relative:.2g} relative, {more}{math.ceil(self._ulps):,} ULP"
        )
