"""A journal read back: its lines folded into one `Recording`.

Nothing is lost because of one bad line: the line, or the one field of it, is left out and named in `problems`, and the
execution that it belonged to counts as incomplete, so that nothing is concluded from what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from jupyter_repro.capture.collector import spared
from jupyter_repro.config import store_of
from jupyter_repro.errors import JournalError, NoSession
from jupyter_repro.model import CellExecution, Recording, Session
from jupyter_repro.store.conversion import convert
from jupyter_repro.store.folding import Folded, fold
from jupyter_repro.store.liveness import is_alive
from jupyter_repro.store.namespace import read_namespace
from jupyter_repro.store.surroundings import join_surroundings

_ID = re.compile(r"\w[\w.-]*")
_NO_BEGINNING = {"execution_count": None, "cell_id": None, "source": "", "started": None, "status": "lost"}


def is_session_id(text: str) -> bool:
    """Whether it can be one, and so is safe as a file's name."""
    return _ID.fullmatch(text) is not None


def read_recording(project: Path, session_id: str) -> Recording:
    """All that is known of one session.

    Raises NoSession where there is none of that id, StorageError where its file can't be read, and JournalError where
    it was written by a newer version or no line of it can be read.
    """
    if not is_session_id(session_id):
        raise NoSession(f"There is no session {session_id}.", "`jrepro log` lists the sessions.")
    with spared():  # a long history makes a million objects, all of which stay
        return _read(project, session_id)


def _read(project: Path, session_id: str) -> Recording:
    folded = fold(store_of(project) / "sessions" / f"{session_id}.jsonl")
    problems = list(folded.faults.in_words())
    session = read_session(folded, session_id, problems)
    alive = is_alive(session)
    executions = _executions(folded, session, alive, problems)
    lost = session.stopped is None and not alive
    return Recording(
        session=join_surroundings(project, session, executions, problems),
        executions=executions,
        namespace=read_namespace(folded, executions, lost, problems),
        code=folded.code,
        problems=tuple(problems),
    )


def unknown_session(session_id: str) -> Session:
    """All that an id alone tells: when the session started, as `journal.new_session_id` writes it."""
    try:
        started = datetime.strptime(session_id[:15], "%Y%m%d-%H%M%S").isoformat() + "Z"
    except ValueError:
        started = "1970-01-01T00:00:00Z"
    return Session(id=session_id, notebook=None, started=started, cwd=".", kernel="unknown", pid=0, seed=None)


def read_session(folded: Folded, session_id: str, problems: list[str]) -> Session:
    """The session as its journal tells it; what is wrong with it is added to `problems`."""
    if not folded.session and not folded.executions:
        raise JournalError(
            f"No line of the journal of session {session_id} can be read.", "`jrepro log` lists the other sessions."
        )
    gaps = _gaps(folded.executions)
    problems.extend(gaps)
    reasons = [*folded.incomplete, *gaps, *([] if folded.session else ["the session's first line can't be read"])]
    fields = {
        **folded.session,
        "id": session_id,
        "modules": folded.modules,
        "stopped": folded.stopped,
        "incomplete": "; ".join(dict.fromkeys(reasons)) or None,
    }
    session, dropped = convert(fields, Session, asdict(unknown_session(session_id)))
    problems.extend(f"the session's field `{field}` can't be read" for field in dropped)
    return session


def _gaps(executions: Mapping[int, Any]) -> list[str]:
    """Ordinals that are missing, in words: they count from 1 without holes."""
    ordinals = [0, *sorted(executions)]
    gaps = [(before + 1, after - 1) for before, after in pairwise(ordinals) if after > before + 1]
    return [
        f"execution {first} can't be read" if first == last else f"executions {first} to {last} can't be read"
        for first, last in gaps
    ]


def _executions(folded: Folded, session: Session, alive: bool, problems: list[str]) -> tuple[CellExecution, ...]:
    running = max(folded.executions, default=0) if alive else None
    return tuple(
        _execution({**fields, "session": session.id, "ordinal": ordinal}, folded, ordinal == running, problems)
        for ordinal, fields in sorted(folded.executions.items())
    )


def _execution(fields: dict[str, Any], folded: Folded, last: bool, problems: list[str]) -> CellExecution:
    ordinal = fields["ordinal"]
    began, ended = ordinal in folded.began, ordinal in folded.ended
    if not ended:
        fields["status"] = "running" if last else "lost"
    observed = ended and fields.get("status") != "unobserved"
    if not began:
        fields["incomplete"] = "the line with its source can't be read"
    elif observed and ordinal not in folded.evidenced:
        fields["incomplete"] = "what it read and wrote was not recorded"
    defaults = {**_NO_BEGINNING, "session": fields["session"], "ordinal": ordinal}
    execution, dropped = convert(fields, CellExecution, defaults)
    if not dropped:
        return execution
    problem = f"the fields {', '.join(f'`{field}`' for field in dropped)} of execution {ordinal} can't be read"
    problems.append(problem)
    return replace(execution, incomplete=execution.incomplete or problem)
