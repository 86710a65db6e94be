"""Opening a recording: where it is kept, which notebook it belongs to, what it starts from."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_repro.capture.determinism import COST
from jupyter_repro.capture.notebook_path import find_notebook
from jupyter_repro.capture.recorder import Recorder
from jupyter_repro.capture.surroundings import current_environment, kernel_name
from jupyter_repro.capture.variables import variable_digests
from jupyter_repro.config import find_project, relative, store_of
from jupyter_repro.errors import NotebookError
from jupyter_repro.journal import new_session_id, now
from jupyter_repro.model import Session

_RECENT = 50  # journals that are looked at for another kernel on the same notebook


def open_recorder(  # noqa: PLR0913  the options of `%repro start`
    shell: Any,
    notebook: Path | None,
    seed: int | None,
    say: Callable[[str], None],
    *,
    deterministic: bool = False,
    keep_data: bool = False,
) -> Recorder:
    """Start recording. OSError where the project can't be written, NotebookError for a path that can't be one."""
    path = _checked(notebook) if notebook is not None else find_notebook(shell)
    project = find_project(Path(path).parent if path is not None else Path.cwd())
    name = relative(path, project) if path is not None else None
    session = Session(
        id=new_session_id(),
        notebook=name,
        started=now(),
        cwd=relative(os.getcwd(), project),
        kernel=kernel_name(shell),
        pid=os.getpid(),
        seed=secrets.randbits(31) if seed is None else seed,
        seed_given=seed is not None,
        deterministic=deterministic,
        environment=replace(current_environment(), environment_digests=variable_digests(project)),
    )
    others = [] if name is None else list(_others(project, name))
    recorder = Recorder(shell, project, session, keep_data)
    try:
        recorder.start()
    except BaseException:  # a full disk, Ctrl-C
        recorder.abandon()
        raise
    _announce(session, project, others, say)
    if recorder.limit is not None:
        say(f"Not every folder of the project is watched: {recorder.limit}. `jrepro doctor` tells what that means.")
    if deterministic:
        say(COST)
    return recorder


def _checked(notebook: Path) -> str:
    """A new notebook need not be saved yet, but its folder is there."""
    path = notebook.expanduser().absolute()
    if path.is_dir() or not path.parent.is_dir():
        problem = f"{path} is a folder" if path.is_dir() else f"There is no folder {path.parent}"
        raise NotebookError(f"{problem}.", "Type `%repro start --notebook PATH` with the path of this notebook.")
    return str(path)


def _announce(session: Session, project: Path, others: list[tuple[str, int]], say: Callable[[str], None]) -> None:
    where = session.notebook or "a notebook of unknown path (`%repro start --notebook PATH` names it)"
    say(f"Recording {where} as session {session.id} in {store_of(project)}.")
    for other, pid in others:
        say(
            f"Kernel {pid} is recording this notebook too, as session {other}. Each has a journal of its own: "
            f"`jrepro export {session.notebook} --session ID` says which one is meant."
        )


def _others(project: Path, notebook: str) -> Iterator[tuple[str, int]]:
    """(session, pid) of living kernels that record the same notebook."""
    for journal in sorted((store_of(project) / "sessions").glob("*.jsonl"), reverse=True)[:_RECENT]:
        try:
            with journal.open(encoding="utf-8", errors="replace") as lines:
                first = json.loads(next(lines))
            pid = int(first["pid"])
            if first["notebook"] == notebook and pid != os.getpid() and _is_open(journal, pid):
                yield first["id"], pid
        except (OSError, ValueError, KeyError, TypeError, StopIteration):
            continue  # not a journal that this version wrote


def _is_open(journal: Path, pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:  # another user's
        pass
    except OSError:
        return False
    with journal.open("rb") as file:
        file.seek(max(0, journal.stat().st_size - 200))
        return b'{"line":"stopped"' not in file.read()
