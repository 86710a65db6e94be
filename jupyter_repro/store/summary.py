"""A session in one line: what a list of sessions says of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jupyter_repro.errors import ReproError
from jupyter_repro.model import Session
from jupyter_repro.store.folding import fold
from jupyter_repro.store.journal_reader import read_session, unknown_session
from jupyter_repro.store.liveness import State, state_of
from jupyter_repro.store.trail import Trail, trail_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    session: Session  # as the journal alone tells it
    executions: int
    problems: tuple[str, ...] = ()
    readable: bool = True

    def state(self) -> State | Literal["unreadable"]:
        """Looks for the kernel's process each time."""
        return state_of(self.session) if self.readable else "unreadable"


def summarise(path: Path) -> tuple[Summary, Trail]:
    """The summary and the trail of the journal at `path`; one that can't be read is `unreadable` and says why."""
    try:
        folded = fold(path)
        problems = list(folded.faults.in_words())
        session = read_session(folded, path.stem, problems)
    except ReproError as error:
        session = unknown_session(path.stem)
        return Summary(session=session, executions=0, problems=(str(error),), readable=False), ()
    summary = Summary(session=session, executions=len(folded.executions), problems=tuple(problems))
    return summary, trail_of(folded)
