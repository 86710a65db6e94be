"""What is seen of databases, with real ones."""

from __future__ import annotations

import sqlite3
import sys
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jupyter_repro.capture.closure import Reach
from jupyter_repro.capture.fingerprint import fingerprint
from jupyter_repro.capture.outside import FromOutside, Outside
from jupyter_repro.capture.queries import Queries
from jupyter_repro.capture.query_sources import QuerySources, engine_database
from jupyter_repro.lineage.names import read_cell
from jupyter_repro.model import Query

ROWS = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
SELECT = "select * from t where b <> 's3cr3t99word'"
SHOWN = "select * from t where b <> '***'"


@pytest.fixture
def outside(project: Path) -> Iterator[Outside]:
    outside = Outside(project)
    outside.start()
    yield outside
    outside.stop()


@pytest.fixture
def database(project: Path) -> Path:
    with closing(sqlite3.connect(project / "data.db")) as connection:
        ROWS.to_sql("t", connection, index=False)
    return project / "data.db"


def digest_of(frame: pd.DataFrame) -> str:
    return fingerprint(frame).digest


def frames(outside: Outside) -> list[Query]:
    return [query for query in outside.seen().queries if query.rows is not None]


def test_a_frame_from_sqlite(outside: Outside, database: Path) -> None:
    traced: list[str] = []
    with closing(sqlite3.connect("data.db")) as connection:
        connection.set_trace_callback(traced.append)
        frame = pd.read_sql(SELECT, connection)

    expected = Query(text=SHOWN, rows=3, digest=digest_of(ROWS), seen="pandas")
    assert frames(outside) == [expected]
    pd.testing.assert_frame_equal(frame, ROWS)
    assert traced == [SELECT]  # nothing of ours is asked


def test_statements_and_frames_by_sqlalchemy(outside: Outside, database: Path) -> None:
    sqlalchemy: Any = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine("sqlite:///data.db")
    with engine.begin() as connection:
        for value in ("s3cr3t1word", "s3cr3t2word"):
            connection.execute(sqlalchemy.text("insert into t values (:a, :b)"), {"a": 4, "b": value})
    inserted = outside.seen().queries
    frame = pd.read_sql(sqlalchemy.text("select * from t where a = :a"), engine, params={"a": 1})
    parts = list(pd.read_sql("select * from t", engine, chunksize=2))
    engine.dispose()
    first, second = [query for query in outside.seen().queries if query.text.startswith("select")]

    assert [(query.text, query.count) for query in inserted] == [("insert into t values (?, ?)", 2)]
    assert (second.text, second.database, second.rows) == ("select * from t where a = ?", "sqlite:///data.db", 1)
    assert second.digest == digest_of(frame)
    assert (first.text, first.rows, len(parts)) == ("select * from t", None, 3)
    assert "s3cr3t" not in repr((inserted, first, second))


def test_a_server_is_named_without_who_asks_it(project: Path) -> None:
    sqlalchemy: Any = pytest.importorskip("sqlalchemy")
    url = "mysql+pymysql://s3cr3t:s3cr3t@db:3306/shop?password=s3cr3t&charset=latin"
    engine = sqlalchemy.create_engine(url, module=sqlite3)  # it never connects
    queries = Queries()
    queries.is_active = True
    queries.asked("select 1", engine_database(QuerySources(queries, project), engine), "sqlalchemy")
    found = FromOutside(queries=queries.records())

    assert found.queries[0].database == "mysql://db:3306/shop?charset=latin&password=***"
    assert found.places == {"query:mysql://db:3306/shop?charset=latin&password=***"}


def test_a_file_is_no_server(outside: Outside, database: Path) -> None:
    with closing(sqlite3.connect("data.db")) as connection:
        pd.read_sql(SELECT, connection)

    assert outside.seen().places == set()


def test_frames_of_duckdb(outside: Outside) -> None:
    import duckdb

    local = ROWS  # noqa: F841 - duckdb finds it on the stack
    cell = "duckdb.sql(\"select a from local where b = 's3cr3t99word'\").df()"
    frame = duckdb.sql("select a from local").df()
    found = outside.collect(read_cell(cell), Reach(modules={"duckdb"}), {})
    with duckdb.connect() as connection:
        connection.execute("select count(*) from local").df()
        relation = connection.sql("select b from local")
        relation.fetchdf()

    statement = "select a from local where b = '***'"
    expected = Query(text=statement, database="duckdb://", rows=3, digest=digest_of(frame), seen="duckdb")
    assert found == FromOutside((), (expected,))
    assert [query.rows for query in frames(outside)] == [1, 3]


STATEMENTS = [
    ("con.execute('SELECT a FROM t')", {"sqlite3"}, ["SELECT a FROM t"]),
    (
        "con.execute('''\n insert into t values ('s3cr3t99word')''')",
        {"sqlite3"},
        ["insert into t values ('***')"],
    ),
    ("con.execute('select a from t')", {"math"}, []),
    ("print('select a seat')\nx = 'select a'", {"psycopg2"}, ["select a", "select a seat"]),
    ("print('nothing')", {"sqlite3"}, []),
    ("con.execute('select 1')", {"duckdb"}, ["select 1"]),
]


@pytest.mark.parametrize(("cell", "modules", "texts"), STATEMENTS)
def test_statements_that_nobody_tells_of(outside: Outside, cell: str, modules: set[str], texts: list[str]) -> None:
    found = outside.collect(read_cell(cell), Reach(modules=modules), {}).queries

    assert [query.text for query in found] == texts
    assert {query.seen for query in found} <= {"literal"}


def test_a_frame_that_is_too_large_is_counted_only(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_repro.capture.queries._LARGEST_FRAME", 10)
    with closing(sqlite3.connect(":memory:")) as connection:
        ROWS.to_sql("t", connection, index=False)
        pd.read_sql("select * from t", connection)

    assert [(query.rows, query.digest) for query in frames(outside)] == [(3, None)]


def test_warnings_name_the_users_file(outside: Outside) -> None:
    import duckdb

    with warnings.catch_warnings(record=True) as caught, duckdb.connect() as connection:
        warnings.simplefilter("always")
        pd.read_sql("select 1 as a", connection)

    assert [warning.filename for warning in caught] == [__file__]


def test_errors_are_the_librarys_own(outside: Outside) -> None:
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(pd.errors.DatabaseError, match="no such"):
        pd.read_sql("select * from missing", connection)


def test_afterwards_everything_is_as_it_was(project: Path) -> None:
    import duckdb

    owners = [duckdb.DuckDBPyRelation, duckdb.DuckDBPyConnection, sys.modules["pandas.io.sql"].SQLiteDatabase]
    before = [dict(vars(owner)) for owner in owners]
    outside = Outside(project)
    outside.start()
    assert [dict(vars(owner)) for owner in owners] != before
    outside.stop()

    assert [dict(vars(owner)) for owner in owners] == before
