"""What is known of a session that was recorded to find out how a notebook had run.

`<id>.saved.json` beside the session's journal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from jupyter_repro.config import store_of
from jupyter_repro.store.conversion import from_json, to_json
from jupyter_repro.store.surroundings import surroundings_path
from jupyter_repro.verify.lacking import Lacking
from jupyter_repro.verify.saved import Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedOrder:
    name: str
    agreeing: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The chosen order of a notebook's cells, and how its run compares with what the notebook's file shows."""

    session: str
    notebook: str  # sha256 of its code cells and what they show
    order: str
    notes: tuple[str, ...]
    comparison: Comparison
    orders: tuple[TriedOrder, ...]  # all that were tried, this one too
    lacking: Lacking
    obstacle: str | None = None  # why what was asked for can't be exported


def write_tried(project: Path, tried: Tried) -> None:
    """OSError where it can't be written."""
    _path(project, tried.session).write_text(to_json(tried))


def read_tried(project: Path, session: str) -> Tried | None:
    """None for a session that a person recorded."""
    try:
        return from_json(_path(project, session).read_bytes(), Tried)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def discard(project: Path, sessions: Iterable[str]) -> None:
    """Remove sessions that were recorded for trying."""
    for session in sessions:
        journal = store_of(project) / "sessions" / f"{session}.jsonl"
        for path in (journal, surroundings_path(project, session), _path(project, session)):
            path.unlink(missing_ok=True)


def _path(project: Path, session: str) -> Path:
    return store_of(project) / "sessions" / f"{session}.saved.json"
