"""Export jobs: each a process of its own with a folder of its own, `.jrepro/jobs/<id>/`, so it outlives the server.

`job.json` is written by the server once, then by the job's process alone; `log.txt` is appended to by the process, and
a file `cancelled` is how the server asks it to end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from jupyter_repro.config import STORE, find_project, store_of
from jupyter_repro.errors import NoSession, StorageError
from jupyter_repro.journal import new_session_id, now, prepare_store
from jupyter_repro.server.views import ExportRequest, Job
from jupyter_repro.store.conversion import from_json, to_json
from jupyter_repro.store.journal_reader import is_session_id

RECORD, LOG, CANCELLED = "job.json", "log.txt", "cancelled"
OVER = ("done", "failed", "cancelled", "lost")
_LINES = 200  # of a log, from its end
_START = 60.0  # seconds that a process may take to write down who it is
_MERCY = 20.0  # seconds that it has to put the user's files back
_SHOWN = 20  # jobs of a notebook

_processes: list[subprocess.Popen[bytes]] = []  # to be reaped


def start(notebook: Path, api_path: str, request: ExportRequest, folder: str) -> Job:
    """Start the export of a notebook; `folder` and `api_path` are relative to the server's root."""
    project = find_project(notebook.parent)
    job = Job(id=new_session_id(), notebook=api_path, request=request, status="queued", created=now(), folder=folder)
    home = _home(project, job.id)
    try:
        prepare_store(project)
        home.mkdir(parents=True)
        write(home, job)
    except OSError as error:
        step = f"Look with `ls -ld {project}`."
        raise StorageError(f"{home} can't be written: {error.strerror or error}.", step) from error
    with (home / LOG).open("ab") as log:
        command = [sys.executable, "-m", "jupyter_repro.server.worker", str(home), str(notebook)]
        _reap()
        _processes.append(
            subprocess.Popen(
                command, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        )
    return job


def jobs_of(notebook: Path, api_path: str) -> tuple[Job, ...]:
    """The newest first; of those that are read no log."""
    _reap()
    folder = store_of(find_project(notebook.parent)) / "jobs"
    found = []
    for record in sorted(folder.glob(f"*/{RECORD}"), reverse=True):
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            job = _read(record.parent)
            if job.notebook == api_path:
                found.append(replace(job, log=(), verification=None))
        if len(found) == _SHOWN:
            break
    return tuple(found)


def job_of(notebook: Path, api_path: str, job_id: str) -> Job:
    """NoSession where there is none of that id, or it is another notebook's."""
    _reap()
    if is_session_id(job_id):
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            home = _home(find_project(notebook.parent), job_id)
            job = _read(home)
            if job.notebook == api_path:
                return replace(job, log=_log(home))
    raise NoSession(f"There is no export {job_id} of {notebook.name}.", f"Type `jrepro export {notebook.name}`.")


def cancel(notebook: Path, api_path: str, job_id: str) -> Job:
    """Ask it to end, wait until it has put the user's files back, and end it if it doesn't."""
    job = job_of(notebook, api_path, job_id)
    if job.status in OVER:
        return job
    home = _home(find_project(notebook.parent), job_id)
    (home / CANCELLED).touch()
    deadline = time.monotonic() + _MERCY
    asked = False
    while (job := _read(home)).status not in OVER:
        if job.pid is not None and not asked:
            asked = True
            _signal(job, signal.SIGINT)
        if time.monotonic() > deadline:
            _signal(job, signal.SIGKILL)
            break
        _reap()
        time.sleep(0.05)
    return job_of(notebook, api_path, job_id)


def write(home: Path, job: Job) -> None:
    """Whole or not at all."""
    partial = home / f".{RECORD}"
    partial.write_text(to_json(job))
    partial.replace(home / RECORD)


def read(home: Path) -> Job:
    return from_json((home / RECORD).read_bytes(), Job)


def _read(home: Path) -> Job:
    """As its process left it: one that is gone without a word was cancelled or lost."""
    job = read(home)
    if job.status in OVER or _lives(job):
        return job
    job = read(home)  # it may have ended in between
    if job.status in OVER:
        return job
    return replace(job, status="cancelled" if (home / CANCELLED).exists() else "lost")


def _lives(job: Job) -> bool:
    import psutil

    if job.pid is None:
        age = datetime.now(timezone.utc) - datetime.fromisoformat(job.created.replace("Z", "+00:00"))
        return age.total_seconds() < _START
    try:
        process = psutil.Process(job.pid)
        return process.create_time() == job.born and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _signal(job: Job, number: signal.Signals) -> None:
    """To its whole group, as Ctrl-C on a terminal would go."""
    if job.pid is not None and _lives(job):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(job.pid, number)


def _log(home: Path) -> tuple[str, ...]:
    try:
        lines = (home / LOG).read_text(errors="replace").splitlines()
    except OSError:
        return ()
    return tuple(lines[-_LINES:])


def _reap() -> None:
    _processes[:] = [process for process in _processes if process.poll() is None]


def _home(project: Path, job_id: str) -> Path:
    return project / STORE / "jobs" / job_id
