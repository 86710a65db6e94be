"""Cron expressions as crontab has them: five fields, numbers or names, lists, ranges, steps, 0 and 7 for Sunday."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jupyter_repro.errors import UsageError
from jupyter_repro.schedule.extra import needs_extra

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# Field -> least, greatest, and the names of its values from the least on.
_FIELDS: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "minute": (0, 59, ()),
    "hour": (0, 23, ()),
    "day of month": (1, 31, ()),
    "month": (1, 12, _MONTHS),
    "day of week": (0, 7, DAYS),
}
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")


@dataclass(frozen=True, slots=True)
class Cron:
    """The values of each field in order; days of the week count from Sunday, 0."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    @property
    def _fields(self) -> list[str]:
        return self.text.split()

    @property
    def every_hour(self) -> bool:
        """Such a schedule goes by the clock that ticks on, any other by the one on the wall."""
        return self._fields[1].startswith("*")

    @property
    def either_day(self) -> bool:
        """Whether a day of the month or one of the week is enough: as in crontab, where both are given."""
        return not (self._fields[2].startswith("*") or self._fields[4].startswith("*"))


def parse_cron(text: str) -> Cron:
    """Raises UsageError, which says what is wrong with which field."""
    expression = _SHORTHANDS.get(text.strip().lower(), text.strip())
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        raise _bad(text, f"it has {len(fields)} fields, not {len(_FIELDS)} ({', '.join(_FIELDS)})")
    values = [_values(text, name, field.lower()) for name, field in zip(_FIELDS, fields, strict=True)]
    values[4] = tuple(sorted({day % 7 for day in values[4]}))
    return Cron(" ".join(fields), *values)


def _values(text: str, name: str, field: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in field.split(","):
        found.update(_part(text, name, part))
    return tuple(sorted(found))


def _part(text: str, name: str, part: str) -> range:
    least, greatest, names = _FIELDS[name]
    match = _PART.fullmatch(part)
    if match is None or (match["first"] == "*" and match["last"]):
        raise _bad(text, f"{part!r} is no {name}")
    step = int(match["step"] or 1)
    if match["first"] == "*":
        first, last = least, 6 if name == "day of week" else greatest
    else:
        first = _number(text, name, match["first"])
        open_end = greatest if match["step"] else first
        last = _number(text, name, match["last"]) if match["last"] else open_end
    if names and last < first and name == "day of week" and last == 0:
        last = 7  # fri-sun
    if step == 0 or last < first:
        raise _bad(text, f"{part!r} is no {name}: " + ("a step of 0" if step == 0 else "it ends before it begins"))
    return range(first, last + 1, step)


def _number(text: str, name: str, word: str) -> int:
    least, greatest, names = _FIELDS[name]
    value = least + names.index(word[:3]) if word[:3] in names else int(word) if word.isdecimal() else -1
    if not least <= value <= greatest:
        raise _bad(text, f"{word!r} is no {name} ({least} to {greatest})")
    return value


def _bad(text: str, why: str) -> UsageError:
    return UsageError(f"{text!r} is no cron expression: {why}.", 'Type, say, `--cron "0 6 * * 1-5"`.')


@needs_extra
def in_words(cron: Cron) -> str:
    """As "At 06:00, Monday through Friday"."""
    from cron_descriptor import Options, get_description

    options = Options()
    options.use_24hour_time_format = True
    return str(get_description(cron.text, options))
