"""Schedules: what is to run, when, and who is told. Each is a file of its own, `.jrepro/schedules/NAME/schedule.json`.

NAME/schedule.json     the record, replaced as a whole
NAME/history.jsonl     what became of its runs, appended
NAME/lock              held by whoever runs it
NAME/inputs.json       the content that was seen last of what it reads, with --on-data-change
jobs.sqlite            APScheduler's store, of `jrepro schedule serve` alone
server.json            how the server does; server.lock, server.log
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from jupyter_repro.config import store_of
from jupyter_repro.errors import StorageError, UsageError
from jupyter_repro.journal import prepare_store

RECORD = "schedule.json"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    name: str
    pipeline: str  # its folder, relative to the project where inside it
    created: str
    cron: str | None = None
    every: float | None = None  # seconds
    timezone: str = "UTC"
    on_data_change: bool = False
    parameters: dict[str, str] = field(default_factory=dict)
    time_limit: float | None = None  # seconds, for each attempt
    retries: int = 0
    retry_delay: float = 60.0  # seconds before the first retry; each further one waits twice as long
    notify: tuple[str, ...] = ()
    notify_on: Literal["problems", "always"] = "problems"
    paused: bool = False
    installed: Literal["systemd", "cron"] | None = None  # then the server leaves it to that


def schedules_folder(project: Path) -> Path:
    return store_of(project) / "schedules"


def home_of(project: Path, name: str) -> Path:
    return schedules_folder(project) / name


def check_name(name: str) -> None:
    """UsageError where it could not be the name of a file, or of a unit of systemd."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a schedule.", "Type `--name` with letters, digits, `.`, `_` and `-`."
        )


def write_schedule(project: Path, schedule: Schedule) -> None:
    """Whole or not at all, and for its owner only: it may name who is told. Raises StorageError."""
    from jupyter_repro.store.conversion import to_json

    with told(schedules_folder(project)):
        prepare_store(project)
        home = home_of(project, schedule.name)
        home.mkdir(parents=True, exist_ok=True)
        replace_text(home / RECORD, f"{to_json(schedule, indent=2)}\n")


def replace_text(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_schedule(project: Path, name: str) -> Schedule:
    """Raises UsageError where there is none of that name, StorageError where it can't be read."""
    import msgspec

    from jupyter_repro.store.conversion import from_json

    path = home_of(project, name) / RECORD
    try:
        return from_json(path.read_bytes(), Schedule)
    except (FileNotFoundError, NotADirectoryError):
        raise _unknown(project, name) from None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StorageError(f"{path} can't be read: {error}.", f"Type `jrepro schedule remove {name}`.") from error


def list_schedules(project: Path) -> tuple[list[Schedule], list[StorageError]]:
    """In the order of their names; and what is wrong with those that can't be read."""
    found, problems = [], []
    for record in sorted(schedules_folder(project).glob(f"*/{RECORD}")):
        try:
            found.append(read_schedule(project, record.parent.name))
        except StorageError as error:
            problems.append(error)
        except UsageError:  # removed just now
            continue
    return found, problems


def remove_schedule(project: Path, name: str) -> None:
    """With its history. Runs stay. Raises UsageError where there is none of that name."""
    home = home_of(project, name)
    if not (home / RECORD).exists():
        raise _unknown(project, name)
    with told(home):
        (home / RECORD).unlink()
        shutil.rmtree(home)


def _unknown(project: Path, name: str) -> UsageError:
    names = [schedule.name for schedule in list_schedules(project)[0]]
    problem = f"There is no schedule {name}."
    if names:
        return UsageError(problem, f"There are {', '.join(names)}: type `jrepro schedule list`.")
    return UsageError(problem, 'Type `jrepro schedule add DIR --cron "0 6 * * *"` to make one.')


@contextmanager
def told(place: Path) -> Iterator[None]:
    """What the system refuses becomes a StorageError."""
    try:
        yield
    except OSError as error:
        step = f"Look with `ls -ld {place.parent}` and `df -h {place.parent}`, then type the command again."
        raise StorageError(f"{place} can't be written: {error.strerror or error}.", step) from error


def remembered(path: Path) -> str | None:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8")
    return None
