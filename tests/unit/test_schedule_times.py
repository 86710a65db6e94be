"""Cron expressions, zones, durations, and when a schedule is due where clocks change."""

from __future__ import annotations

import pickle
from datetime import datetime, timezone

import pytest

from jupyter_repro.errors import UsageError
from jupyter_repro.schedule.cron import in_words, parse_cron
from jupyter_repro.schedule.installing import on_calendar
from jupyter_repro.schedule.schedule import Schedule
from jupyter_repro.schedule.times import duration_in_words, find_zone, next_times, parse_duration, trigger_of

# Expression -> hours, days of the week from Sunday on.
FIELDS = {
    "0 6 * * 1-5": ((6,), (1, 2, 3, 4, 5)),
    "0 6 * * 0": ((6,), (0,)),
    "0 6 * * 7": ((6,), (0,)),
    "0 6 * * 5-7": ((6,), (0, 5, 6)),
    "0 6 * * fri-sun": ((6,), (0, 5, 6)),
    "0 6 * * 0-2": ((6,), (0, 1, 2)),
    "0 6 * * */2": ((6,), (0, 2, 4, 6)),
    "0 9-17/4,20 * * MON,wed": ((9, 13, 17, 20), (1, 3)),
    "0 20/2 * * *": ((20, 22), (0, 1, 2, 3, 4, 5, 6)),
    "@daily": ((0,), (0, 1, 2, 3, 4, 5, 6)),
}


@pytest.mark.parametrize("text", FIELDS)
def test_fields(text: str) -> None:
    cron = parse_cron(text)
    assert (cron.hours, cron.weekdays) == FIELDS[text]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0 6 * *", "it has 4 fields, not 5"),
        ("", "it has 0 fields"),
        ("60 6 * * *", "'60' is no minute (0 to 59)"),
        ("0 24 * * *", "'24' is no hour"),
        ("0 6 0 * *", "'0' is no day of month (1 to 31)"),
        ("0 6 * 13 *", "'13' is no month"),
        ("0 6 * * 8", "'8' is no day of week"),
        ("0 6 * * funday", "'funday' is no day of week"),
        ("0 6 L * *", "'L' is no day of month"),
        ("*/0 * * * *", "a step of 0"),
        ("0 17-9 * * *", "it ends before it begins"),
        ("0 6 * * 1#2", "'1#2' is no day of week"),
        ("0 -1 * * *", "'-1' is no hour"),
        ("@reboot", "it has 1 fields"),
    ],
)
def test_bad_expressions(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_cron(text)
    assert problem in caught.value.problem or problem.lower() in caught.value.problem


def test_in_words() -> None:
    assert in_words(parse_cron("0 6 * * 1-5")) == "At 06:00, Monday through Friday"
    assert in_words(parse_cron("0 6 * * 7")) == "At 06:00, only on Sunday"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("6h", 21600), ("1h30m", 5400), ("1.5h", 5400), ("1D 1s", 86401)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(duration_in_words(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "-6h", "6 hours", "1y"])
def test_bad_durations(text: str) -> None:
    with pytest.raises(UsageError, match="no duration"):
        parse_duration(text)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "/etc/localtime", "Europe"])
def test_bad_zones(name: str) -> None:
    with pytest.raises(UsageError, match="no time zone"):
        find_zone(name)


def due(zone: str, after: str, count: int, *, cron: str | None = None, every: float | None = None) -> list[str]:
    created = "2026-01-01T00:00:00Z"
    schedule = Schedule(name="a", pipeline="a", created=created, cron=cron, every=every, timezone=zone)
    moment = datetime.fromisoformat(after).replace(tzinfo=timezone.utc)
    return [each.isoformat(timespec="minutes") for each in next_times(schedule, count, moment)]


def test_a_fixed_time_that_the_clock_skips_is_due_at_the_next_one() -> None:
    found = due("Europe/Berlin", "2026-03-28T00:00", 3, cron="30 2 * * *")
    assert found == ["2026-03-28T02:30+01:00", "2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00"]


def test_a_fixed_time_that_the_clock_shows_twice_is_due_once() -> None:
    found = due("Europe/Berlin", "2026-10-24T01:00", 2, cron="30 2 * * *")
    assert found == ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]
    assert due("America/New_York", "2026-10-31T12:00", 3, cron="0,30 1 * * *") == [
        "2026-11-01T01:00-04:00",
        "2026-11-01T01:30-04:00",
        "2026-11-02T01:00-05:00",
    ]


def test_each_hour_is_due_as_it_passes() -> None:
    assert due("Europe/Berlin", "2026-03-28T23:30", 3, cron="0 * * * *") == [
        "2026-03-29T01:00+01:00",
        "2026-03-29T03:00+02:00",
        "2026-03-29T04:00+02:00",
    ]
    assert due("Europe/Berlin", "2026-10-24T23:30", 4, cron="0 * * * *") == [
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
        "2026-10-25T03:00+01:00",
        "2026-10-25T04:00+01:00",
    ]


def test_an_interval_ignores_clocks() -> None:
    assert due("Europe/Berlin", "2026-03-28T23:30", 2, every=6 * 3600) == [
        "2026-03-29T01:00+01:00",
        "2026-03-29T08:00+02:00",
    ]


def test_either_day_is_enough_where_both_are_given() -> None:
    found = due("UTC", "2026-02-01T00:00", 4, cron="0 0 13 * 1")
    assert found == [f"2026-02-{day:02}T00:00+00:00" for day in (2, 9, 13, 16)]


def test_days_count_from_sunday() -> None:
    assert due("UTC", "2026-02-02T00:00", 2, cron="0 0 * * 0") == ["2026-02-08T00:00+00:00", "2026-02-15T00:00+00:00"]


def test_what_never_comes() -> None:
    assert due("UTC", "2026-02-02T00:00", 1, cron="0 0 30 2 *") == []


def test_a_trigger_survives_the_store() -> None:
    schedule = Schedule(
        name="a", pipeline="a", created="2026-01-01T00:00:00Z", cron="30 2 13 * 5", timezone="Europe/Berlin"
    )
    trigger = trigger_of(schedule)
    moment = datetime(2026, 10, 1, tzinfo=timezone.utc)
    restored = pickle.loads(pickle.dumps(trigger))
    assert restored.get_next_fire_time(None, moment) == trigger.get_next_fire_time(None, moment) is not None


@pytest.mark.parametrize(
    ("text", "calendar"),
    [
        ("0 6 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 06:00:00 Europe/Berlin"]),
        ("*/30 * * * *", ["*-*-* *:00,30:00 Europe/Berlin"]),
        ("5 4 13 2 5", ["*-02-13 04:05:00 Europe/Berlin", "Fri *-02-* 04:05:00 Europe/Berlin"]),
    ],
)
def test_times_as_systemd_has_them(text: str, calendar: list[str]) -> None:
    assert on_calendar(parse_cron(text), "Europe/Berlin") == calendar
