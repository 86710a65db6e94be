"""The process of one export job: `python -m jupyter_repro.server.worker FOLDER NOTEBOOK`.

Exports of one project wait for each other, in the order in which they get the lock: a proof sets files aside that
another one may want.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from jupyter_repro.errors import ReproError
from jupyter_repro.journal import now
from jupyter_repro.server.jobs import CANCELLED, read, write
from jupyter_repro.server.views import Job


def main(home: Path, notebook: Path) -> None:
    import psutil

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a server in the background has it ignored
    job = replace(read(home), pid=os.getpid(), born=psutil.Process().create_time())
    write(home, job)
    try:
        with _turn(home):
            job = replace(job, status="running")
            write(home, job)
            if (home / CANCELLED).exists():
                raise KeyboardInterrupt
            job = _export(job, notebook)
    except KeyboardInterrupt:
        job = replace(job, status="cancelled")
    except ReproError as error:
        job = replace(job, status="failed", error=str(error))
    except Exception as error:  # the panel has no other way to hear of it
        job = replace(job, status="failed", error=f"This is a bug in jupyter_repro: {type(error).__name__}: {error}")
        write(home, replace(job, ended=now()))
        raise
    write(home, replace(job, ended=now()))


def _export(job: Job, notebook: Path) -> Job:
    from jupyter_repro.verify.export import Request, export

    asked, folder = job.request, notebook.with_name(Path(job.folder).name)
    exported = export(
        Request(
            notebook=notebook,
            session=asked.session,
            targets=asked.targets,
            numbers=asked.cells,
            files=tuple(Path(_project(notebook), path) for path in asked.files),
            parameters=asked.parameters or (),
            lifts=asked.parameters != (),
            folder=folder,
            proof=asked.proof,
        ),
        say=_say,
    )
    return replace(
        job,
        status="done",
        verdict=exported.verdict,  # type: ignore[arg-type]
        exported=f"{job.folder}/{exported.pipeline.stages[0].notebook}",
        verification=exported.pipeline.verification,
    )


def _project(notebook: Path) -> Path:
    from jupyter_repro.config import find_project

    return find_project(notebook.parent)


def _say(line: str) -> None:
    print(line, flush=True)


@contextmanager
def _turn(home: Path) -> Iterator[None]:
    """Waits for the other exports of the project."""
    import fcntl

    with (home.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
