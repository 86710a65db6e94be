"""The executions of a session: how it stands, pages of rows, one of them in full."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from jupyter_repro.errors import NoSession
from jupyter_repro.lineage.saved import Match, SavedCell
from jupyter_repro.lineage.staleness import Stale
from jupyter_repro.model import Access, CellExecution
from jupyter_repro.server.reading import Recorded, brief
from jupyter_repro.server.views import Detail, Line, Listed, Overview, Row, Timeline
from jupyter_repro.store.summary import Summary

MOST = 500  # rows of a page
_FAILED = ("error", "interrupted", "lost")
_WIDTH = 160  # characters of a first line
_NAMES = 40


def listed(summary: Summary) -> Listed:
    return Listed(
        session=brief(summary.session),
        executions=summary.executions,
        problems=summary.problems,
        state=summary.state(),
    )


def overview(recorded: Recorded) -> Overview:
    recording = recorded.recording
    return Overview(
        session=brief(recording.session),
        state=recorded.state,
        version=recorded.version,
        executions=len(recording.executions),
        failed=sum(each.status in _FAILED for each in recording.executions),
        stale=sum(bool(each.reasons) for each in recorded.stale),
        duration=sum(each.duration or 0.0 for each in recording.executions),
        problems=recording.problems,
    )


def timeline(recorded: Recorded, first: int, count: int) -> Timeline:
    rows = _rows(recorded)
    page = rows[first : first + min(count, MOST)]
    return Timeline(version=recorded.version, total=len(rows), first=first, rows=page)


def detail(recorded: Recorded, ordinal: int) -> Detail:
    """NoSession where nothing of that ordinal ran."""
    executions = recorded.recording.executions
    found = [position for position, each in enumerate(executions) if each.ordinal == ordinal]
    if not found:
        step = f"Type `jrepro show {recorded.summary.session.id}` for those that did."
        raise NoSession(f"There was no execution {ordinal} in this session.", step)
    execution, match = executions[found[0]], recorded.matches[found[0]]
    saved = _saved_text(execution, match, recorded.saved or ())
    difference = _difference(execution.source, saved) if match.edited and saved is not None else ()
    return Detail(execution=_shown(execution), difference=difference, deleted=match.deleted)


@lru_cache(maxsize=4)
def _rows(recorded: Recorded) -> tuple[Row, ...]:
    stale = {each.ordinal: each for each in recorded.stale}
    pairs = zip(recorded.recording.executions, recorded.matches, strict=True)
    return tuple(_row(execution, match, stale.get(execution.ordinal)) for execution, match in pairs)


def _row(execution: CellExecution, match: Match, stale: Stale | None) -> Row:
    files = execution.own_files
    return Row(
        ordinal=execution.ordinal,
        execution_count=execution.execution_count,
        cell_id=execution.cell_id,
        line=first_line(execution.source),
        status=execution.status,
        started=execution.started,
        duration=execution.duration,
        reads=_some(execution.names_read),
        writes=_some((*execution.bound, *execution.rebound, *execution.mutated, *execution.deleted)),
        files_read=_some(each.path for each in files if each.mode in ("read", "read+write", "list")),
        files_written=_some(each.path for each in files if each.mode in ("write", "read+write", "delete")),
        random=_some((*(each.library for each in execution.random), *(each.source for each in execution.entropy))),
        outside=_some((*(each.url for each in execution.remote), *(each.database or "" for each in execution.queries))),
        stale=stale.reasons if stale is not None else (),
        deleted=match.deleted,
        edited=match.edited,
    )


def first_line(source: str) -> str:
    return source.strip().partition("\n")[0][:_WIDTH]


def _some(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, dict.fromkeys(items)))[:_NAMES]


def _shown(execution: CellExecution) -> CellExecution:
    """Without what only a slice needs."""
    return replace(execution, reads=Access(), writes=Access(), words=(), late=None, outputs_json=None)


def _saved_text(execution: CellExecution, match: Match, saved: Iterable[SavedCell]) -> str | None:
    """Of its cell: by its id, or the text that it was taken for an edit of."""
    for cell in saved:
        if execution.cell_id is not None and cell.id == execution.cell_id:
            return cell.source
    return match.key if execution.cell_id is None else None


def _difference(ran: str, saved: str) -> tuple[Line, ...]:
    lines = difflib.ndiff(ran.splitlines(), saved.splitlines())
    return tuple(Line(mark=line[0], text=line[2:]) for line in lines if line[0] in " -+")  # type: ignore[arg-type]
