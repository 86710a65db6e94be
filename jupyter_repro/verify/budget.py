"""How long proving may take, over all of its runs."""

from __future__ import annotations

import re
import time

from jupyter_repro.errors import UsageError

_UNITS = {"h": 3600, "m": 60, "min": 60, "s": 1, "": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(h|min|m|s|)\s*")
_LEAST = 0.01  # seconds: a run that gets less is ended at once
_SECOND = 60.0  # seconds that a second run gets at least
_SLOWER = 3  # times as long as the first one


class Budget:
    """Seconds from now on; None is no limit."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds
        self._begun = time.monotonic()

    @property
    def left(self) -> float | None:
        if self.seconds is None:
            return None
        return max(self._begun + self.seconds - time.monotonic(), _LEAST)

    @property
    def is_spent(self) -> bool:
        return self.left == _LEAST

    def for_second(self, first: float) -> float:
        """What a second run may take after one that took `first` seconds: it hangs where the first one did not."""
        most = max(_SECOND, _SLOWER * first)
        return most if self.left is None else min(most, self.left)


def parse_duration(text: str) -> float:
    """Seconds of "90", "90s", "10m", "1h30m"; UsageError for what is none."""
    position, seconds = 0, 0.0
    while position < len(text) and (part := _PART.match(text, position)) is not None:
        seconds += float(part[1]) * _UNITS[part[2]]
        position = part.end()
    if position < len(text) or seconds <= 0:
        raise UsageError(f"{text!r} is no duration.", "Type one like `--prove-budget 90s`, `10m` or `1h30m`.")
    return seconds
