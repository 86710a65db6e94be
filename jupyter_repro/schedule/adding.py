"""A schedule from what was typed: checked as a whole before anything is written."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from jupyter_repro.config import relative
from jupyter_repro.errors import ReproError, UsageError
from jupyter_repro.hashing import FileHasher
from jupyter_repro.journal import now
from jupyter_repro.model import Pipeline
from jupyter_repro.pipeline.manifest import read_pipeline
from jupyter_repro.run.parameters import Given, parse_parameters
from jupyter_repro.run.runs import project_of, working_folder
from jupyter_repro.schedule import cron as cron_expressions
from jupyter_repro.schedule.inputs import contents, inputs_of, remember
from jupyter_repro.schedule.notices import check_address
from jupyter_repro.schedule.schedule import RECORD, Schedule, check_name, home_of, told, write_schedule
from jupyter_repro.schedule.times import duration_in_words, find_zone, local_zone, next_times

_SHORTEST = 1.0  # seconds between two runs
_NEXT = 3


def make_schedule(
    folder: Path, name: str | None, *, given: tuple[tuple[str, str], ...] = (), timezone: str | None, **options: Any
) -> tuple[Path, Schedule, list[str]]:
    """The project, the schedule, and what should be known of it. Raises UsageError and its kin for what is wrong."""
    pipeline = read_pipeline(folder)
    working_folder(folder, pipeline)
    typed_parameters(pipeline, dict(given))
    project = project_of(folder, pipeline)
    schedule = Schedule(
        name=name or folder.resolve().name,
        pipeline=relative(folder.resolve(), project),
        created=now(),
        timezone=timezone or local_zone(),
        parameters=dict(given),
        **options,
    )
    check_name(schedule.name)
    warnings = [] if _proven(pipeline) else [f"{pipeline.name} is not proven: type `jrepro verify {folder}`."]
    return project, schedule, warnings


def check_schedule(project: Path, schedule: Schedule) -> list[datetime]:
    """Its next three times. Raises UsageError."""
    if (schedule.cron is None) == (schedule.every is None) and not (schedule.on_data_change and schedule.cron is None):
        problem = "A schedule needs one of --cron and --every, or --on-data-change."
        raise UsageError(problem, f'Type `jrepro schedule add {schedule.pipeline} --cron "0 6 * * *"`.')
    if schedule.every is not None and schedule.every < _SHORTEST:
        raise UsageError(f"Every {schedule.every:g} s is too often.", "Type `--every` with a second or more.")
    find_zone(schedule.timezone)
    for address in schedule.notify:
        check_address(address)
    if schedule.on_data_change:
        inputs_of(project, schedule)
    following = next_times(schedule, _NEXT)
    if schedule.cron is not None and not following:
        raise UsageError(f"{schedule.cron!r} never comes.", 'Type, say, `--cron "0 6 * * 1-5"`.')
    if (home_of(project, schedule.name) / RECORD).exists():
        step = f"Type `--name` with another one, or `jrepro schedule remove {schedule.name}` first."
        raise UsageError(f"There is a schedule {schedule.name} already.", step)
    return following


def store_schedule(project: Path, schedule: Schedule) -> None:
    """With the content of its inputs, from which changes count. Raises StorageError."""
    write_schedule(project, schedule)
    if schedule.on_data_change:
        found = contents(inputs_of(project, schedule), FileHasher())
        if found is not None:
            with told(home_of(project, schedule.name)):
                remember(project, schedule, found)


def in_words(schedule: Schedule) -> str:
    parts = []
    if schedule.cron is not None:
        parts.append(f"{cron_expressions.in_words(cron_expressions.parse_cron(schedule.cron))} ({schedule.timezone})")
    if schedule.every is not None:
        parts.append(f"Every {duration_in_words(schedule.every)}")
    if schedule.on_data_change:
        parts.append("when its data change")
    text = ", and ".join(parts)
    return text[:1].upper() + text[1:]


def is_proven(project: Path, schedule: Schedule) -> bool:
    """False also where the pipeline can't be read any more."""
    try:
        return _proven(read_pipeline(project / schedule.pipeline))
    except ReproError:
        return False


def typed_parameters(pipeline: Pipeline, given: dict[str, str]) -> dict[str, Any]:
    """Raises UnknownParameter, and UsageError for a text of another type."""
    return parse_parameters(pipeline, Given(texts=tuple(given.items())))


def _proven(pipeline: Pipeline) -> bool:
    return pipeline.verification is not None and pipeline.verification.proven
