"""`.jrepro/index.sqlite`: a cache of summaries and trails, so that what concerns many sessions reads only the journals
that changed.

It holds nothing that the journals don't: where it is missing, damaged, locked or can't be written, the answer is the
same and only slower.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from jupyter_repro.store.conversion import from_json, to_json
from jupyter_repro.store.journal_reader import is_session_id
from jupyter_repro.store.summary import Summary, summarise
from jupyter_repro.store.trail import Trail

_LAYOUT = 2  # of the table and of the summaries in it; one of another layout is thrown away
_PATIENCE = 0.2  # seconds to wait for another process's lock
_Stamp = tuple[int, int]  # a journal's size in bytes and its time of change in ns, when it was summarised


@dataclass(frozen=True, slots=True)
class _Row:
    stamp: _Stamp
    summary: Summary
    trail: str  # in JSON: most lists don't ask for it


def summaries(store: Path) -> list[Summary]:
    """Of every journal of the store, in no particular order."""
    return [row.summary for row in _rows(store).values()]


def trails(store: Path) -> dict[str, Trail]:
    """What each session left behind, by its id, the oldest first."""
    return {id: from_json(row.trail, Trail) for id, row in sorted(_rows(store).items())}


def _rows(store: Path) -> dict[str, _Row]:
    database = store / "index.sqlite"
    known = _load(database)
    journals = [path for path in (store / "sessions").glob("*.jsonl") if is_session_id(path.stem)]
    current = {path.stem: _current(path, known.get(path.stem)) for path in journals}
    if current != known:
        _save(database, current)
    return current


def _current(path: Path, known: _Row | None) -> _Row:
    stamp = _stamp(path)  # before reading: what is appended meanwhile is read the next time
    if known and known.stamp == stamp:
        return known
    summary, trail = summarise(path)
    return _Row(stamp, summary, to_json(trail))


def _stamp(path: Path) -> _Stamp:
    try:
        status = path.stat()
    except OSError:  # removed since it was listed
        return (0, 0)
    return (status.st_size, status.st_mtime_ns)


def _load(database: Path) -> dict[str, _Row]:
    if not database.is_file():
        return {}
    try:
        with closing(sqlite3.connect(database, timeout=_PATIENCE)) as connection:
            if _layout(connection) != _LAYOUT:
                return {}
            rows = connection.execute("SELECT id, size, mtime_ns, summary, trail FROM sessions").fetchall()
        return {row[0]: _Row((row[1], row[2]), from_json(row[3], Summary), row[4]) for row in rows}
    except (sqlite3.Error, msgspec.MsgspecError, TypeError):
        return {}


def _save(database: Path, rows: dict[str, _Row]) -> None:
    try:
        with closing(sqlite3.connect(database, timeout=_PATIENCE)) as connection, connection:
            _prepare(connection)
            connection.execute("DELETE FROM sessions")
            connection.executemany("INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", _encoded(rows))
    except sqlite3.OperationalError:  # locked, or a folder that can't be written
        return
    except sqlite3.DatabaseError:  # no database, or a damaged one: the next list makes a new one
        with suppress(OSError):
            database.unlink()


def _prepare(connection: sqlite3.Connection) -> None:
    if _layout(connection) != _LAYOUT:
        connection.execute("DROP TABLE IF EXISTS sessions")
        connection.execute(f"PRAGMA user_version = {_LAYOUT}")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS sessions"
        " (id TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, summary TEXT, trail TEXT)"
    )


def _layout(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _encoded(rows: dict[str, _Row]) -> Iterator[tuple[str, int, int, str, str]]:
    return ((id, *row.stamp, to_json(row.summary), row.trail) for id, row in rows.items())
