"""Where statements for databases pass by.

SQLAlchemy tells by its events, psycopg by its cursors' methods, pandas and duckdb when they build a frame. No function
of sqlite3 or duckdb that takes a statement is wrapped: sqlite3's can't be without a frame of ours in the user's
tracebacks and in front of its warnings, and duckdb's look for the caller's variables on the stack. What those run is
known from the cell's text only (`outside`), and so it is with other drivers that are written in C.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from jupyter_repro.capture.queries import Database, Queries
from jupyter_repro.capture.replaced import Replaced
from jupyter_repro.config import relative

DUCKDB = "duckdb://"
_LOCAL = ("sqlite", "duckdb")


class QuerySources:
    def __init__(self, queries: Queries, project: Path) -> None:
        self.queries = queries
        self.project = project
        self._undo: list[Callable[[], None]] = []

    def start(self) -> None:
        self.queries.is_active = True
        for module in PATCHES:
            if module in sys.modules:
                self.imported(module)

    def stop(self) -> None:
        self.queries.is_active = False
        while self._undo:
            self.note(self._undo.pop())

    def imported(self, module: str) -> None:
        """A library has arrived. Never raises."""
        try:
            PATCHES[module](self)
        except Exception as error:  # noqa: BLE001 - an import of the user's must not fail for it
            self.queries.note_fault(error)

    def replace(self, owner: Any, name: str, new: Callable[..., Any]) -> None:
        self.at_stop(Replaced(owner, name, new).undo)

    def at_stop(self, undo: Callable[[], None]) -> None:
        self._undo.append(undo)

    def note(self, noting: Callable[..., None], *args: Any) -> None:
        try:
            noting(*args)
        except Exception as error:  # noqa: BLE001 - the user's call goes on
            self.queries.note_fault(error)


# --- SQLAlchemy -------------------------------------------------------------------------------------------------------


def _patch_sqlalchemy(sources: QuerySources) -> None:
    sqlalchemy: Any = sys.modules["sqlalchemy"]
    engine, queries = sqlalchemy.engine.Engine, sources.queries

    def before(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        sources.note(queries.drive, cursor)
        sources.note(lambda: queries.asked(statement, engine_database(sources, connection.engine), "sqlalchemy"))

    sqlalchemy.event.listen(engine, "before_cursor_execute", before)
    sources.at_stop(lambda: sqlalchemy.event.remove(engine, "before_cursor_execute", before))


def engine_database(sources: QuerySources, engine: Any) -> Database:
    url = engine.url
    if url.drivername.startswith("sqlite"):
        path = url.database
        return Database(f"sqlite:///{relative(path, sources.project)}" if path and path != ":memory:" else "sqlite://")
    plain = url.set(drivername=url.get_backend_name(), username=None, password=None)
    return Database(plain.render_as_string(hide_password=True), is_remote=not url.drivername.startswith(_LOCAL))


# --- psycopg ----------------------------------------------------------------------------------------------------------


def _patch_psycopg(sources: QuerySources) -> None:
    psycopg: Any = sys.modules["psycopg"]
    for name in ("execute", "executemany"):
        _note_psycopg(sources, psycopg.Cursor, name)
        _note_psycopg_async(sources, psycopg.AsyncCursor, name)


def _note_psycopg(sources: QuerySources, owner: Any, name: str) -> None:
    original = vars(owner)[name]

    @wraps(original)
    def noting(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        sources.note(_psycopg_asked, sources.queries, self, query)
        return original(self, query, *args, **kwargs)

    sources.replace(owner, name, noting)


def _note_psycopg_async(sources: QuerySources, owner: Any, name: str) -> None:
    original = vars(owner)[name]

    @wraps(original)
    async def noting(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        sources.note(_psycopg_asked, sources.queries, self, query)
        return await original(self, query, *args, **kwargs)

    sources.replace(owner, name, noting)


def _psycopg_asked(queries: Queries, cursor: Any, query: Any) -> None:
    if queries.is_driven(cursor):
        return
    info = cursor.connection.info
    host = "" if info.host.startswith("/") else info.host  # a socket's folder
    text = query.decode() if isinstance(query, bytes) else query if isinstance(query, str) else query.as_string(None)
    queries.asked(text, Database(f"postgresql://{host}:{info.port}/{info.dbname}", is_remote=True), "psycopg")


# --- frames -----------------------------------------------------------------------------------------------------------


def _patch_pandas(sources: QuerySources) -> None:
    """Below `read_sql`, for its warnings look at who called it."""
    sql: Any = sys.modules["pandas.io.sql"]
    for owner in (sql.SQLDatabase, sql.SQLiteDatabase, getattr(sql, "ADBCDatabase", None)):
        for name in ("read_query", "read_table"):
            if owner is not None and name in vars(owner):
                _note_frame(sources, owner, name)


def _note_frame(sources: QuerySources, owner: Any, name: str) -> None:
    original, queries = vars(owner)[name], sources.queries

    @wraps(original)
    def reading(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        queries.forget_last()
        frame = original(self, sql, *args, **kwargs)
        sources.note(_built, queries, frame, sql, self.con)
        return frame

    _place_in(reading, original)
    sources.replace(owner, name, reading)


def _place_in(function: Any, original: Any) -> None:
    """pandas' warnings name the first file on the stack that isn't one of its own."""
    function.__code__ = function.__code__.replace(co_filename=original.__code__.co_filename)


def _built(queries: Queries, frame: Any, sql: Any, connection: Any) -> None:
    if type(frame).__name__ == "DataFrame":  # not the parts of `chunksize`
        is_local = type(connection).__module__.startswith((*_LOCAL, "_duckdb"))
        queries.built(frame, str(sql), Database(None, is_remote=not is_local), "pandas")


def _patch_duckdb(sources: QuerySources) -> None:
    duckdb: Any = sys.modules["duckdb"]
    for owner in (duckdb.DuckDBPyRelation, duckdb.DuckDBPyConnection):
        for name in ("df", "fetchdf", "fetch_df", "to_df"):
            if name in vars(owner):
                _note_duckdb(sources, owner, name)


def _note_duckdb(sources: QuerySources, owner: Any, name: str) -> None:
    original, queries = vars(owner)[name], sources.queries

    @wraps(original)
    def building(self: Any, *args: Any, **kwargs: Any) -> Any:
        frame = original(self, *args, **kwargs)
        sources.note(_duckdb_built, queries, frame)
        return frame

    sources.replace(owner, name, building)


def _duckdb_built(queries: Queries, frame: Any) -> None:
    queries.forget_last()
    queries.built(frame, "", Database(DUCKDB), "duckdb")


PATCHES: dict[str, Callable[[QuerySources], None]] = {
    "sqlalchemy": _patch_sqlalchemy,
    "psycopg": _patch_psycopg,
    "pandas.io.sql": _patch_pandas,
    "duckdb": _patch_duckdb,
}
