"""`jrepro schedule serve`: APScheduler over a SQLite store says when; each turn is a process of its own.

What is scheduled is read from the schedules' files again and again, so that `add`, `pause` and `remove` work while it
serves. The store keeps when each is due next, which is how a turn that was missed is caught up, once.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from jupyter_repro.errors import ReproError, StorageError
from jupyter_repro.journal import now, prepare_store
from jupyter_repro.schedule.extra import needs_extra
from jupyter_repro.schedule.inputs import DataWatch
from jupyter_repro.schedule.locks import Held, holder_of, locked
from jupyter_repro.schedule.schedule import (
    Schedule,
    list_schedules,
    remembered,
    replace_text,
    schedules_folder,
    told,
)
from jupyter_repro.schedule.times import trigger_of
from jupyter_repro.schedule.turns import TURNS, run_due

STATE, LOCK, LOG, STORE = "server.json", "server.lock", "server.log", "jobs.sqlite"
_TICK = 1.0  # seconds
_LOOK = 5.0  # seconds between looks at the clock, at inputs that nobody reports, and the signs of life
_HEALTH = 900.0  # seconds between lines about its health in the log
_LOG_SIZE, _LOGS = 1_000_000, 5  # bytes, files

log = logging.getLogger("jupyter_repro.schedule")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """What `server.json` holds; `seen` is when it was written last."""

    pid: int
    host: str
    started: str
    seen: str
    running: tuple[str, ...] = ()
    next: dict[str, str] = field(default_factory=dict)  # name -> when it is due
    turns: int = 0

    @property
    def line(self) -> str:
        soonest = min(self.next.items(), key=lambda item: item[1], default=None)
        following = f"next {soonest[0]} at {soonest[1]}" if soonest else "nothing is due"
        running = f"running {', '.join(self.running)}" if self.running else "nothing runs"
        return f"process {self.pid} on {self.host} since {self.started}: {self.turns} turns, {running}, {following}"


def server_of(project: Path) -> ServerState | None:
    """Who serves the project's schedules; None where nobody does."""
    import msgspec

    from jupyter_repro.store.conversion import from_json

    folder = schedules_folder(project)
    if holder_of(folder / LOCK) is None:
        return None
    with contextlib.suppress(msgspec.DecodeError):
        return from_json(remembered(folder / STATE) or "", ServerState)
    return None


@needs_extra
def serve(project: Path, *, workers: int = 2, echo: bool = True) -> None:
    """Serve until SIGTERM or SIGINT. Raises StorageError where another process does, or nothing can be written."""
    folder = schedules_folder(project)
    with told(folder):
        prepare_store(project)
        folder.mkdir(exist_ok=True)
        try:
            holder = {"pid": os.getpid(), "host": platform.node(), "started": now()}
            with locked(folder / LOCK, holder), _logging(folder / LOG, echo):
                Server(project, workers).run()
        except Held as held:
            raise _served(project, held.holder) from held


def _served(project: Path, holder: dict[str, Any]) -> StorageError:
    who = f"process {holder.get('pid', 'unknown')} on {holder.get('host', 'this machine')}"
    since = f" since {holder['started']}" if "started" in holder else ""
    step = "Type `jrepro schedule list` to see how it does."
    return StorageError(f"The schedules of {project} are served by {who}{since}.", step)


class Server:
    """One server's scheduler, its watch over data, and its signs of life."""

    def __init__(self, project: Path, workers: int) -> None:
        from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
        from apscheduler.schedulers.background import BackgroundScheduler

        self.project = project
        self.started = now()
        self.stop = threading.Event()
        self._wake = threading.Event()
        self._watch = DataWatch(project)
        self._watcher: Watcher | None = None
        self._problems: set[str] = set()
        self._data_turns: dict[str, threading.Thread] = {}
        store = f"sqlite:///{schedules_folder(project) / STORE}"
        self.scheduler = BackgroundScheduler(
            jobstores={"default": SQLAlchemyJobStore(url=store)},
            executors={"default": ThreadPoolExecutor(workers)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=timezone.utc,
        )
        self.scheduler.add_listener(self._on_overlap, EVENT_JOB_MAX_INSTANCES)
        self.scheduler.add_listener(self._on_error, EVENT_JOB_ERROR)

    def run(self) -> None:
        with self._stopped_by_signals():
            TURNS.open()
            self.scheduler.start(paused=True)
            try:
                self.reconcile()  # before the first turn: what is gone or paused must not be caught up
                self.scheduler.resume()
                log.info("serving %s", self.project)
                self._loop()
            finally:
                self._close()

    def _loop(self) -> None:
        looked = spoke = float("-inf")
        while not self.stop.is_set():
            schedules = self.reconcile()
            woken = self._wake.is_set()
            self._wake.clear()
            if woken or self._watch.is_waiting or time.monotonic() - looked >= _LOOK:
                self.look_at_data(schedules)
            if time.monotonic() - looked >= _LOOK:
                looked = time.monotonic()
                self.scheduler.wakeup()  # it waits by a clock that stands still while the machine sleeps
                self.tell_state()
            if time.monotonic() - spoke >= _HEALTH:
                spoke = time.monotonic()
                log.info("health: %s", self.state().line)
            self.stop.wait(_TICK)

    def reconcile(self) -> list[Schedule]:
        """Give the scheduler what the files say; those schedules that it serves."""
        found, problems = list_schedules(self.project)
        self._tell_problems([str(problem) for problem in problems])
        served = [schedule for schedule in found if not schedule.paused and schedule.installed is None]
        jobs = {job.id: job for job in self.scheduler.get_jobs()}
        for schedule in served:
            self._put(schedule, jobs.pop(schedule.name, None))
        for name in jobs:
            self.scheduler.remove_job(name)
            log.info("%s: no longer served", name)
        return served

    def _put(self, schedule: Schedule, job: Any) -> None:
        arguments = [str(self.project), schedule.name, _timing(schedule)]
        if job is not None and list(job.args) == arguments:
            return
        try:
            trigger = trigger_of(schedule)
        except ReproError as error:
            self._tell_problems([f"{schedule.name}: {error}"])
            return
        if trigger is None:
            if job is not None:
                self.scheduler.remove_job(schedule.name)
            return
        self.scheduler.add_job(run_due, trigger, args=arguments, id=schedule.name, replace_existing=True)
        log.info("%s: served, %s", schedule.name, _timing(schedule))

    def look_at_data(self, schedules: list[Schedule]) -> None:
        watched = [schedule for schedule in schedules if schedule.on_data_change]
        self._follow(self._watch.folders(watched))
        for schedule in watched:
            turn = self._data_turns.get(schedule.name)
            if turn is not None and turn.is_alive():
                continue  # what changes meanwhile is seen afterwards
            try:
                changed = self._watch.changed(schedule)
            except (ReproError, OSError) as error:
                self._tell_problems([f"{schedule.name}: {error}"])
                continue
            if changed:
                log.info("%s: changed: %s", schedule.name, ", ".join(changed))
                turn = threading.Thread(target=TURNS.run, args=(self.project, schedule.name, "data"), daemon=True)
                self._data_turns[schedule.name] = turn
                turn.start()

    def _follow(self, folders: frozenset[Path]) -> None:
        if self._watcher is not None and self._watcher.folders == folders:
            return
        if self._watcher is not None:
            self._watcher.close()
        self._watcher = Watcher(folders, self._wake) if folders else None

    def state(self) -> ServerState:
        due = {job.id: job.next_run_time for job in self.scheduler.get_jobs()}
        return ServerState(
            pid=os.getpid(),
            host=platform.node(),
            started=self.started,
            seen=now(),
            running=tuple(sorted(TURNS.names)),
            next={name: _iso(moment) for name, moment in due.items() if moment is not None},
            turns=TURNS.count,
        )

    def tell_state(self) -> None:
        from jupyter_repro.store.conversion import to_json

        try:
            replace_text(schedules_folder(self.project) / STATE, f"{to_json(self.state())}\n")
        except OSError as error:
            self._tell_problems([f"{STATE} can't be written: {error.strerror or error}"])

    def _tell_problems(self, problems: list[str]) -> None:
        for problem in problems:
            if problem not in self._problems:
                self._problems.add(problem)
                log.error("%s", problem)

    def _on_overlap(self, event: Any) -> None:
        TURNS.skip(self.project, event.job_id, "the turn before had not ended")

    def _on_error(self, event: Any) -> None:
        log.error("%s: %s", event.job_id, event.exception)

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, lambda *_: self.stop.set()) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _close(self) -> None:
        """No new turns, then an end to those that run, which they write down themselves."""
        self.scheduler.pause()
        if self._watcher is not None:
            self._watcher.close()
        TURNS.close()
        self.scheduler.shutdown()
        for turn in self._data_turns.values():
            turn.join()
        (schedules_folder(self.project) / STATE).unlink(missing_ok=True)
        log.info("ended")


class Watcher:
    """Sets an event when something happens in folders, from a thread of its own.

    What happens in folders below is seen by the looks: a project can have too many to watch.
    """

    def __init__(self, folders: frozenset[Path], wake: threading.Event) -> None:
        self.folders = folders
        self._wake = wake
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        import watchfiles

        try:
            for _ in watchfiles.watch(*self.folders, stop_event=self._stop, rust_timeout=500, recursive=False):
                self._wake.set()
        except (OSError, RuntimeError) as error:  # too many watches, say: looks go on without
            log.warning("changes of data are seen within %s s: %s", _LOOK, error)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


def _timing(schedule: Schedule) -> str:
    return json.dumps([schedule.cron, schedule.every, schedule.timezone, schedule.created])


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


@contextmanager
def _logging(path: Path, echo: bool) -> Iterator[None]:
    handlers: list[logging.Handler] = [RotatingFileHandler(path, maxBytes=_LOG_SIZE, backupCount=_LOGS - 1)]
    if echo:
        handlers.append(logging.StreamHandler())
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    levels = {log: logging.INFO, logging.getLogger("apscheduler"): logging.ERROR}
    for logger, level in levels.items():
        logger.setLevel(level)
        for handler in handlers:
            handler.setFormatter(formatter)
            logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in levels:
            for handler in handlers:
                logger.removeHandler(handler)
        for handler in handlers:
            handler.close()
