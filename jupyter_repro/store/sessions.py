"""Finding a session: of a project, of a notebook, by the beginning of its id."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from jupyter_repro.config import relative, store_of
from jupyter_repro.errors import NoSession
from jupyter_repro.store.index import summaries
from jupyter_repro.store.summary import Summary

_LIST = "`jrepro log` lists the sessions."


def list_sessions(project: Path) -> list[Summary]:
    """All sessions of the project, the newest first."""
    return sorted(summaries(store_of(project)), key=lambda summary: summary.session.id, reverse=True)


def sessions_of(project: Path, notebook: Path) -> list[Summary]:
    """Those of one notebook, the newest first. The notebook need not exist any more."""
    return [summary for summary in list_sessions(project) if _is_of(summary, project, notebook)]


def session_for(project: Path, notebook: Path, session_id: str | None = None) -> str:
    """The id of the session meant: the one of that id or abbreviation, else the notebook's newest that ran something.

    Raises NoSession, which says how to record one.
    """
    if session_id is not None:
        return find_session(project, session_id)
    found = sessions_of(project, notebook)
    if not found:
        raise NoSession(f"No session of {notebook} was recorded.", how_to_record(notebook))
    return next((summary for summary in found if summary.executions), found[0]).session.id


def find_session(project: Path, abbreviation: str) -> str:
    """The id that begins with `abbreviation`, or whose random part does; NoSession where there is none or several."""
    ids = [summary.session.id for summary in list_sessions(project)]
    if abbreviation in ids:
        return abbreviation
    matching = [each for each in ids if abbreviation and _abbreviates(abbreviation, each)]
    if not matching:
        raise NoSession(f"There is no session {abbreviation} in {project}.", _LIST)
    if len(matching) > 1:
        shown = ", ".join(matching[:4]) + (", …" if len(matching) > 4 else "")
        raise NoSession(f"{abbreviation} stands for {len(matching)} sessions: {shown}.", f"Give more of it. {_LIST}")
    return matching[0]


def how_to_record(notebook: str | os.PathLike[str]) -> str:
    """The next step where nothing was recorded."""
    command = f"jrepro record {shlex.quote(os.fspath(notebook))}"
    return f"Record one with `{command}`, or in the notebook with `%load_ext jupyter_repro` and `%repro start`."


def _abbreviates(text: str, session_id: str) -> bool:
    return session_id.startswith(text) or session_id.rpartition("-")[2].startswith(text)


def _is_of(summary: Summary, project: Path, notebook: Path) -> bool:
    recorded = summary.session.notebook
    if recorded is None:
        return False
    return recorded == relative(notebook, project) or _real(project / recorded) == _real(notebook)


def _real(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))
