"""What became of a schedule's runs: `history.jsonl`, two lines for each attempt, appended by whoever holds its lock.

The first is written before the run begins, so that one whose process was killed is seen as killed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from jupyter_repro.schedule.locks import holder_of
from jupyter_repro.schedule.schedule import home_of

Cause = Literal["due", "data", "hand"]
UNDECIDED = ("running", "skipped", "cancelled")
_ALARMING = ("drifted",)  # it ended well, and yet somebody should look
LOG = "history.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """`verdict` is what `jrepro run` says, or one of: running, killed, timed out, refused, skipped, cancelled."""

    id: str
    cause: Cause
    started: str
    attempt: int = 1
    ended: str | None = None
    verdict: str = "running"
    reason: str | None = None
    run: str | None = None  # the id in .jrepro/runs
    notebook: str | None = None  # the executed one
    exit_code: int | None = None

    @property
    def is_good(self) -> bool:
        return self.exit_code == 0 and self.verdict not in _ALARMING

    @property
    def is_problem(self) -> bool:
        return not self.is_good and self.verdict not in UNDECIDED


def append(project: Path, name: str, attempt: Attempt) -> None:
    """On disk before this returns. OSError where it can't be written."""
    from jupyter_repro.store.conversion import to_json

    path = home_of(project, name) / LOG
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        line = f"{to_json(attempt)}\n".encode()
        os.write(descriptor, line if _ends_whole(descriptor) else b"\n" + line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ends_whole(descriptor: int) -> bool:
    """Whether the last line is whole: a crash can tear it."""
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def read_history(project: Path, name: str) -> list[Attempt]:
    """The oldest first. An attempt without an end is running while the schedule is locked, else it was killed."""
    try:
        lines = (home_of(project, name) / LOG).read_bytes().splitlines()
    except OSError:
        return []
    found = {attempt.id: attempt for attempt in _read(lines)}
    open_ones = [attempt for attempt in found.values() if attempt.verdict == "running"]
    running = open_ones[-1:] if open_ones and holder_of(home_of(project, name) / "lock") is not None else []
    for attempt in open_ones:
        if attempt not in running:
            found[attempt.id] = replace(attempt, verdict="killed", reason="its process ended without a word")
    return list(found.values())


def _read(lines: Iterable[bytes]) -> Iterable[Attempt]:
    import msgspec

    from jupyter_repro.store.conversion import from_json

    for line in lines:
        try:
            yield from_json(line, Attempt)
        except (msgspec.DecodeError, UnicodeDecodeError):  # torn
            continue
