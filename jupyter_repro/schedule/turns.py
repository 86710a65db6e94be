"""The turns that a server has begun: each `jrepro schedule run-now` in a process that outlives the server's end by
kill -9, and writes its own history. APScheduler's store names `run_due`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from jupyter_repro.schedule.history import Cause

log = logging.getLogger("jupyter_repro.schedule")
_GRACE = 45.0  # seconds: longer than a turn takes to end what it runs


class Turns:
    def __init__(self) -> None:
        self._running: dict[int, tuple[str, subprocess.Popen[str]]] = {}
        self._lock = threading.Lock()
        self._ending = False
        self.count = 0

    def open(self) -> None:
        with self._lock:
            self._ending = False

    @property
    def names(self) -> list[str]:
        return [name for name, _ in list(self._running.values())]

    def run(self, project: Path, name: str, cause: Cause) -> None:
        """Start one and wait for it."""
        with self._lock:
            if self._ending:
                return
            process = self._start(project, name, cause)
        try:
            with process:
                for line in process.stderr or ():
                    log.info("%s", line.rstrip())
        finally:
            self._running.pop(process.pid, None)

    def _start(self, project: Path, name: str, cause: Cause) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "jupyter_repro.cli", "schedule", "run-now", name, "--cause", cause]
        process = subprocess.Popen(
            command,
            cwd=project,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._running[process.pid] = (name, process)
        self.count += 1
        log.info("%s: begun (%s), process %s", name, cause, process.pid)
        return process

    def skip(self, project: Path, name: str, reason: str) -> None:
        from jupyter_repro.schedule.running import note_skipped

        log.info("%s: skipped: %s", name, reason)
        try:
            note_skipped(project, name, "due", reason)
        except OSError as error:
            log.error("%s: %s", name, error)

    def close(self) -> None:
        """End those that run, and begin no more."""
        with self._lock:
            self._ending = True
        deadline = time.monotonic() + _GRACE
        running = [process for _, process in list(self._running.values())]
        for process in running:
            process.terminate()
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            if process.poll() is None:
                process.kill()


TURNS = Turns()


def run_due(project: str, name: str, _: str) -> None:
    """What the store calls; the last argument tells whether the schedule's times have changed since."""
    if not os.path.isdir(project):
        log.error("%s is not there", project)
        return
    TURNS.run(Path(project), name, "due")
