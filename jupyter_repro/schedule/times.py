"""When a schedule is due: triggers for APScheduler, zones, and durations as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jupyter_repro.errors import UsageError
from jupyter_repro.schedule.cron import DAYS, Cron, parse_cron
from jupyter_repro.schedule.extra import needs_extra

if TYPE_CHECKING:
    from jupyter_repro.schedule.schedule import Schedule

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")


def parse_duration(text: str) -> float:
    """Seconds of "90s", "6h" or "1h30m". Raises UsageError."""
    compact = text.replace(" ", "").lower()
    if not _DURATION.fullmatch(compact):
        raise UsageError(f"{text!r} is no duration.", "Type one such as 90s, 30m, 6h, 1d or 1h30m.")
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)([smhdw])", compact))


def duration_in_words(seconds: float) -> str:
    parts = []
    for unit, size in reversed(_UNITS.items()):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:.0f}{unit}")
    return " ".join(parts) or "0s"


def find_zone(name: str) -> ZoneInfo:
    """Raises UsageError where there is no such zone."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError, "/etc" a ValueError
        step = "Type one by its name, such as `--timezone Europe/Berlin`."
        raise UsageError(f"{name!r} is no time zone.", step) from error


@needs_extra
def local_zone() -> str:
    """The name of this machine's zone; UTC where it has none."""
    from tzlocal import get_localzone_name

    return get_localzone_name() or "UTC"


@needs_extra
def trigger_of(schedule: Schedule) -> Any:
    """APScheduler's trigger; None where only changed data starts it."""
    from apscheduler.triggers.interval import IntervalTrigger

    zone = find_zone(schedule.timezone)
    if schedule.cron is not None:
        return _cron_trigger(parse_cron(schedule.cron), zone)
    if schedule.every is not None:
        created = datetime.fromisoformat(schedule.created.replace("Z", "+00:00"))
        return IntervalTrigger(seconds=schedule.every, start_date=created + timedelta(seconds=schedule.every))
    return None


def _cron_trigger(cron: Cron, zone: tzinfo) -> Any:
    from apscheduler.triggers.cron import CronTrigger

    from jupyter_repro.schedule.trigger import WallClock

    clock = {"second": 0, "minute": _listed(cron.minutes), "hour": _listed(cron.hours), "month": _listed(cron.months)}
    days = {"day": _listed(cron.days)}
    weekdays = {"day_of_week": ",".join(DAYS[day] for day in cron.weekdays)}
    alternatives = ({**clock, **days}, {**clock, **weekdays}) if cron.either_day else ({**clock, **days, **weekdays},)
    crons = [CronTrigger(**fields, timezone=zone) for fields in alternatives]
    return WallClock(crons, repeats=cron.every_hour)


def _listed(values: Sequence[int]) -> str:
    return ",".join(str(value) for value in values)


def next_times(schedule: Schedule, count: int, after: datetime | None = None) -> list[datetime]:
    """The next times in the schedule's zone, fewer where it ends."""
    trigger, zone = trigger_of(schedule), find_zone(schedule.timezone)
    moment, previous = after or datetime.now(timezone.utc), None
    found: list[datetime] = []
    while trigger is not None and len(found) < count:
        due: datetime | None = trigger.get_next_fire_time(previous, moment)
        if due is None:
            break
        found.append(due.astimezone(timezone.utc).astimezone(zone))  # a time that a clock skips becomes the next one
        previous = moment = due
    return found
