"""What the index holds of a session's files and fits, so that they can be traced."""

from __future__ import annotations

from pathlib import Path

from journals import ID, Written

from jupyter_repro.config import store_of
from jupyter_repro.store.index import summaries, trails
from jupyter_repro.store.trail import Left

FILES = [
    {"path": "out.csv", "mode": "write", "digest": "d1", "mtime": 5.0},
    {"path": "log.txt", "mode": "read+write", "digest": "d2", "by": "child"},
    {"path": "in.csv", "mode": "read", "digest": "d3"},
    {"path": "other.txt", "mode": "write", "digest": "d4", "by": "unattributed"},
    {"path": "unread.txt", "mode": "write", "digest": None},
    {"path": "odd\udcff.txt", "mode": "write", "digest": "d5"},
    {"path": 3, "mode": "write"},
    "not a file",
]
FITS = [
    {"library": "keras", "model": "Sequential", "initial": "w1", "final": "w2", "metrics": {"loss": [1, None]}},
    {"library": "keras", "model": "Sequential", "initial": "w2", "final": "w2"},
    {"library": "torch", "model": "Net"},
    {"library": "another", "model": "Net", "final": "w3"},
]


def test_what_a_session_left(project: Path) -> None:
    journal = Written(project)
    journal.execution("a", files=FILES)
    journal.execution("b", files="damaged", fits=FITS)
    journal.stopped()
    store = store_of(project)
    expected = (
        Left(ordinal=1, digest="d1", path="out.csv", time=5.0),
        Left(ordinal=1, digest="d2", path="log.txt"),
        Left(ordinal=1, digest="d5", path="odd\udcff.txt"),
        Left(ordinal=2, digest="w2", time=1795262401.5),  # when the execution ended
    )
    assert trails(store) == {ID: expected}
    assert (store / "index.sqlite").exists()
    assert trails(store) == {ID: expected}, "from the index"
    assert [summary.session.id for summary in summaries(store)] == [ID]


def test_an_unreadable_journal_left_nothing(project: Path) -> None:
    (store_of(project) / "sessions").mkdir(exist_ok=True)
    (store_of(project) / "sessions" / f"{ID}.jsonl").write_text('{"line": "session", "schema": 999, "id": "x"}\n')
    assert trails(store_of(project)) == {ID: ()}
