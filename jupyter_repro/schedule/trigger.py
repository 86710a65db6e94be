"""APScheduler's cron triggers with the two rules that crontab adds: either day is enough, and a night that has an hour
twice has a fixed time once. Imported only where APScheduler is installed: its store names this class.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from apscheduler.triggers.base import BaseTrigger

_TICK = timedelta(microseconds=1)


class WallClock(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """The earliest of several cron triggers. `repeats`: a time that a clock shows twice is due twice."""

    def __init__(self, crons: list[Any], *, repeats: bool) -> None:
        self.crons = crons
        self.repeats = repeats

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        after = now.astimezone(timezone.utc)
        if previous_fire_time is not None:
            after = max(after, _just_after(previous_fire_time))
        found = [due for cron in self.crons if (due := self._next(cron, after)) is not None]
        return min(found, default=None)

    def _next(self, cron: Any, after: datetime) -> datetime | None:
        due: datetime | None = cron.get_next_fire_time(None, after)
        while due is not None and due.fold and not self.repeats and _is_shown_twice(due):
            due = cron.get_next_fire_time(None, _just_after(due))
        return due

    def __getstate__(self) -> dict[str, Any]:
        return {"version": 1, "crons": self.crons, "repeats": self.repeats}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.crons, self.repeats = state["crons"], state["repeats"]

    def __str__(self) -> str:
        return " or ".join(str(cron) for cron in self.crons)


def _just_after(moment: datetime) -> datetime:
    """In UTC: on the wall, a sum forgets which of two equal times it began with."""
    return moment.astimezone(timezone.utc) + _TICK


def _is_shown_twice(moment: datetime) -> bool:
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()
