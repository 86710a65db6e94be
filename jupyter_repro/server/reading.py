"""Records as they are on disk, read again only when they changed."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from jupyter_repro.config import find_project, store_of
from jupyter_repro.errors import NoSession
from jupyter_repro.hashing import stat_key
from jupyter_repro.lineage.saved import Match, SavedCell, match_cells, saved_cells
from jupyter_repro.lineage.staleness import Stale, stale_executions
from jupyter_repro.model import Recording, Session
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.store.liveness import state_of
from jupyter_repro.store.sessions import how_to_record, sessions_of
from jupyter_repro.store.summary import Summary

_KEPT = 4  # recordings in memory


class Recorded:
    """One session of one notebook; NoSession where it is another notebook's, which may lie where nobody may read."""

    def __init__(self, notebook: Path, session: str) -> None:
        self.notebook = notebook
        self.project = find_project(notebook.parent)
        self.summary = _summary(self.project, notebook, session)
        self.state = state_of(self.summary.session)
        journal = store_of(self.project) / "sessions" / f"{session}.jsonl"
        beside = journal.with_name(f"{session}.environment.json")
        self.version = f"{self.state}/{_stamp(journal)}/{_stamp(beside)}/{_stamp(notebook)}"

    @property
    def recording(self) -> Recording:
        return _recording(self.project, self.summary.session.id, self.version.rpartition("/")[0])

    @property
    def stale(self) -> tuple[Stale, ...]:
        return _stale(self)

    @property
    def matches(self) -> list[Match]:
        return match_cells(self.recording.executions, self.saved)

    @property
    def saved(self) -> tuple[SavedCell, ...] | None:
        try:
            return saved_cells(self.notebook.read_bytes())
        except OSError:
            return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recorded) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[str, str, str]:
        return (str(self.notebook), self.summary.session.id, self.version)


def brief(session: Session) -> Session:
    """Without what is long and shown elsewhere."""
    return replace(session, environment=None, git=None, modules=())


@lru_cache(maxsize=_KEPT)
def _recording(project: Path, session: str, version: str) -> Recording:
    return read_recording(project, session)


@lru_cache(maxsize=_KEPT)
def _stale(recorded: Recorded) -> tuple[Stale, ...]:
    return stale_executions(recorded.recording.executions, recorded.saved)


def _summary(project: Path, notebook: Path, session: str) -> Summary:
    for summary in sessions_of(project, notebook):
        if summary.session.id == session:
            return summary
    raise NoSession(f"There is no session {session} of {notebook.name}.", how_to_record(notebook))


def _stamp(path: Path) -> str:
    try:
        return "-".join(map(str, stat_key(path.stat())))
    except OSError:
        return "none"
