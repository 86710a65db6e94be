"""One turn of a schedule: `jrepro run` in a process of its own, within its time, again where it failed; then the word
to those who want to know. The server, systemd, cron and people all come here.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_repro.errors import PipelineError, RunFailed, UsageError
from jupyter_repro.journal import new_session_id, now
from jupyter_repro.redact import redact_text
from jupyter_repro.schedule.history import Attempt, Cause, append
from jupyter_repro.schedule.locks import Held, locked
from jupyter_repro.schedule.notices import tell
from jupyter_repro.schedule.schedule import Schedule, home_of, read_schedule, told

_LONGEST_DELAY = 3600.0  # seconds
_GRACE = 15.0  # seconds that a run has to end its kernel
_REASON = 500  # characters
_INTERRUPTED = 130


class Cancelled(Exception):
    """Somebody wants this turn to end."""


class Ending:
    """Whether somebody wants the turn to end, which wakes whatever waits."""

    def __init__(self) -> None:
        self._wanted = threading.Event()

    def want(self, *_: object) -> None:
        self._wanted.set()

    def wait(self, seconds: float) -> None:
        """Raises Cancelled."""
        if self._wanted.wait(seconds):
            raise Cancelled


@dataclass(frozen=True, slots=True)
class Turn:
    """A schedule as it is now, whose lock is held."""

    project: Path
    schedule: Schedule
    cause: Cause
    lock: int
    ending: Ending
    say: Callable[[str], object]


def run_turn(
    project: Path, name: str, cause: Cause, *, wait: bool = False, say: Callable[[str], object] = lambda _: None
) -> Attempt:
    """The last attempt. Raises UsageError where there is no such schedule, or where it runs already and a person asked;
    otherwise that is an attempt that was skipped.
    """
    home, ending = home_of(project, name), Ending()
    read_schedule(project, name)
    pause = ending.wait if wait else None
    with told(home), _ended_by_signals(ending):
        try:
            with locked(home / "lock", {"pid": os.getpid(), "started": now()}, pause=pause) as lock:
                schedule = read_schedule(project, name)  # it may have changed while another one ran
                last = _attempts(Turn(project, schedule, cause, lock, ending, say))
                say(f"{name}: {last.verdict}" + (f": {last.reason}" if last.reason else ""))
                for problem in tell(project, schedule, last):
                    say(f"{name}: {problem}")
                return last
        except Held as held:
            return _skipped(project, name, cause, held)
        except Cancelled:
            return note_skipped(project, name, cause, "it was told to end while another run went on")


def _skipped(project: Path, name: str, cause: Cause, held: Held) -> Attempt:
    since = f"the run that began at {held.holder.get('started', 'an unknown time')} had not ended"
    if cause == "hand":
        step = f"Type `jrepro schedule history {name}` to see how it goes."
        raise UsageError(f"{name} runs already (process {held.holder.get('pid', 'unknown')}).", step)
    return note_skipped(project, name, cause, since)


def note_skipped(project: Path, name: str, cause: Cause, reason: str) -> Attempt:
    moment = now()
    skipped = Attempt(id=new_session_id(), cause=cause, started=moment, ended=moment, verdict="skipped", reason=reason)
    append(project, name, skipped)
    return skipped


def _attempts(turn: Turn) -> Attempt:
    project, schedule, number = turn.project, turn.schedule, 1
    while True:
        begun = Attempt(id=new_session_id(), cause=turn.cause, started=now(), attempt=number)
        append(project, schedule.name, begun)
        last = replace(_attempt(turn, begun), ended=now())
        append(project, schedule.name, last)
        if number > schedule.retries or not _may_succeed(last):
            return last
        delay = min(schedule.retry_delay * 2 ** (number - 1), _LONGEST_DELAY)
        turn.say(f"{schedule.name}: {last.verdict}: {last.reason}; attempt {number + 1} in {delay:g} s")
        try:
            turn.ending.wait(delay)
        except Cancelled:
            return last
        number += 1


def _may_succeed(attempt: Attempt) -> bool:
    """Another attempt helps against what is out of order for now, not against other results or a wrong call."""
    return attempt.verdict in ("timed out", "killed") or attempt.exit_code == RunFailed.exit_code


def _attempt(turn: Turn, begun: Attempt) -> Attempt:
    with subprocess.Popen(
        _command(turn.schedule),
        cwd=turn.project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # it is we whom the terminal interrupts
        pass_fds=[turn.lock],  # while it lives no other run begins, even if we are killed
    ) as process:
        texts, limit = _Texts(process), turn.schedule.time_limit
        try:
            ended = _wait(process, turn.ending, limit)
        except Cancelled:
            _end(process)
            return replace(begun, verdict="cancelled", reason="it was told to end", exit_code=_INTERRUPTED)
        if not ended:
            _end(process)
            reason = f"it took longer than its time limit of {limit:g} s"
            return replace(begun, verdict="timed out", reason=reason, exit_code=RunFailed.exit_code)
        out, errors = texts.read()
    return judge(begun, process.returncode, out, errors)


def _command(schedule: Schedule) -> list[str]:
    given = [text for pair in schedule.parameters.items() for text in ("-p", *pair)]
    return [sys.executable, "-m", "jupyter_repro.cli", "run", schedule.pipeline, "--json", *given]


class _Texts:
    """What a process prints, read while it runs. A grandchild may hold the pipes open when it has ended."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._parts: tuple[list[bytes], list[bytes]] = ([], [])
        pipes = zip((process.stdout, process.stderr), self._parts, strict=True)
        self._threads = [threading.Thread(target=self._read, args=pipe, daemon=True) for pipe in pipes]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _read(pipe: Any, parts: list[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed meanwhile
            while data := pipe.read1(1 << 16):
                parts.append(data)

    def read(self) -> tuple[str, str]:
        for thread in self._threads:
            thread.join(_GRACE)
        out, errors = (b"".join(parts).decode("utf-8", "replace") for parts in self._parts)
        return out, errors


def _wait(process: subprocess.Popen[bytes], ending: Ending, limit: float | None) -> bool:
    """Whether it ended within `limit` seconds. Raises Cancelled."""
    left = limit if limit is not None else float("inf")
    while left > 0:
        tick = min(0.1, left)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(tick)
            return True
        ending.wait(0)
        left -= tick
    return process.poll() is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does, which ends its kernel, too; then by force."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
            return


def judge(begun: Attempt, exit_code: int, out: str, errors: str) -> Attempt:
    """The attempt with what `jrepro run --json` said."""
    said = _record(out)
    verdict, reason = (
        said.get("verdict") or said.get("status"),
        said.get("error") or "; ".join(said.get("reasons") or ()),
    )
    if exit_code < 0:
        verdict, reason = "killed", f"`jrepro run` was ended by signal {-exit_code}"
    elif exit_code == PipelineError.exit_code:
        verdict, reason = "refused", _last_words(errors)
    elif exit_code:
        reason = reason or _last_words(errors)
    return replace(
        begun,
        verdict=str(verdict or "failed"),
        reason=redact_text(str(reason))[:_REASON] if reason else None,
        run=said.get("id"),
        notebook=said.get("path"),
        exit_code=RunFailed.exit_code if exit_code < 0 else exit_code,
    )


def _record(out: str) -> dict[str, Any]:
    try:
        found = json.loads(out)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _last_words(errors: str) -> str:
    """The message of `jrepro`, which is its last two lines."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return " ".join(lines[-2:]).removeprefix("Error: ") or "it said nothing"


@contextmanager
def _ended_by_signals(ending: Ending) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, ending.want) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
