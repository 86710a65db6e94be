from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from journals import Written

from jupyter_repro.errors import NoSession
from jupyter_repro.journal import prepare_store
from jupyter_repro.model import SCHEMA
from jupyter_repro.store.sessions import find_session, list_sessions, session_for, sessions_of

OLD, NEW, OTHER = "20260101-100000-aaaaaa", "20260102-100000-bbbbbb", "20260103-100000-cccccc"


@pytest.fixture
def three(project: Path) -> Path:
    """Two sessions of notebook.ipynb and a later one of sub/other.ipynb, each with one execution."""
    for session, notebook in ((OLD, "notebook.ipynb"), (NEW, "notebook.ipynb"), (OTHER, "sub/other.ipynb")):
        journal = Written(project, session, notebook=notebook)
        journal.execution()
        journal.stopped()
    return project


def ids(project: Path) -> list[str]:
    return [summary.session.id for summary in list_sessions(project)]


def test_a_project_without_store_has_no_sessions(tmp_path: Path) -> None:
    assert list_sessions(tmp_path) == []
    assert list(tmp_path.iterdir()) == []  # looking leaves nothing behind


def test_sessions_are_listed_newest_first(three: Path) -> None:
    assert ids(three) == [OTHER, NEW, OLD]


def test_a_summary_counts_and_tells_the_state(project: Path) -> None:
    journal = Written(project, pid=os.getpid(), started="2999-01-01T00:00:00Z")
    journal.began()
    journal.raw(b"?\n")
    assert [(each.executions, each.state(), each.problems) for each in list_sessions(project)] == [
        (1, "recording", ("line 3 was left out: not JSON",))
    ]
    journal.stopped()
    assert [each.state() for each in list_sessions(project)] == ["stopped"]


def test_a_session_whose_kernel_is_gone_is_lost(project: Path) -> None:
    Written(project).began()
    assert [each.state() for each in list_sessions(project)] == ["lost"]


def test_a_journal_that_cant_be_read_is_listed_and_says_why(project: Path) -> None:
    Written(project, OLD).path.write_text(json.dumps({"line": "session", "schema": SCHEMA + 1}) + "\n")
    Written(project, NEW).execution()
    new, old = list_sessions(project)
    assert (new.state(), old.state()) == ("lost", "unreadable")
    assert old.session.started == "2026-01-01T10:00:00Z"
    assert "pip install --upgrade" in old.problems[0]


def test_files_that_are_no_sessions_are_passed_over(three: Path) -> None:
    for name in (".hidden.jsonl", "a b.jsonl", f"{OLD}.environment.json"):
        (three / ".jrepro" / "sessions" / name).write_text("{}")
    assert ids(three) == [OTHER, NEW, OLD]


@pytest.mark.parametrize("spelling", ["notebook.ipynb", "./notebook.ipynb", "sub/../notebook.ipynb"])
def test_a_notebook_is_found_however_it_is_spelled(three: Path, spelling: str) -> None:
    assert [each.session.id for each in sessions_of(three, Path(spelling))] == [NEW, OLD]
    assert [each.session.id for each in sessions_of(three, three / spelling)] == [NEW, OLD]


def test_a_notebook_is_found_through_a_link_to_its_folder(three: Path, tmp_path: Path) -> None:
    (three / "notebook.ipynb").touch()
    (tmp_path / "link").symlink_to(three)
    assert session_for(three, tmp_path / "link" / "notebook.ipynb") == NEW


def test_the_newest_session_that_ran_something_is_meant(three: Path) -> None:
    Written(three, "20260104-100000-dddddd").stopped()  # the kernel was restarted, and nothing has run yet
    assert session_for(three, Path("notebook.ipynb")) == NEW


def test_without_any_execution_the_newest_session_is_meant(project: Path) -> None:
    Written(project, OLD)
    Written(project, NEW)
    assert session_for(project, Path("notebook.ipynb")) == NEW


def test_an_id_goes_before_the_notebook(three: Path) -> None:
    assert session_for(three, Path("notebook.ipynb"), OLD) == OLD


@pytest.mark.parametrize("text", [OLD, OLD[:8], OLD[:-1], "aaaaaa", "aa"])
def test_as_much_of_an_id_as_is_unique_is_enough(three: Path, text: str) -> None:
    assert find_session(three, text) == OLD


def test_an_ambiguous_abbreviation_names_the_candidates(three: Path) -> None:
    with pytest.raises(NoSession, match=f"2026 stands for 3 sessions: {OTHER}, {NEW}, {OLD}"):
        find_session(three, "2026")


@pytest.mark.parametrize("text", ["", "xyz", OLD + "0", "../sessions"])
def test_an_unknown_id_points_to_the_list(three: Path, text: str) -> None:
    with pytest.raises(NoSession, match="jrepro log"):
        find_session(three, text)


def test_a_notebook_without_session_says_how_to_record_one(three: Path) -> None:
    with pytest.raises(NoSession) as caught:
        session_for(three, Path("my notebook.ipynb"))
    for command in ("jrepro record 'my notebook.ipynb'", "%load_ext jupyter_repro", "%repro start"):
        assert command in caught.value.next_step


# --- the index ------------------------------------------------------------------------------------------------------


def index_of(project: Path) -> Path:
    return project / ".jrepro" / "index.sqlite"


def test_unchanged_journals_are_not_read_again(three: Path) -> None:
    list_sessions(three)
    for path in (three / ".jrepro" / "sessions").iterdir():
        status = path.stat()
        path.write_bytes(b"?" * status.st_size)  # what reading it again would trip over
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert [(each.executions, each.state()) for each in list_sessions(three)] == [(1, "stopped")] * 3


def test_a_journal_that_grew_is_read_again(project: Path) -> None:
    journal = Written(project)
    journal.execution()
    list_sessions(project)
    journal.execution()
    assert list_sessions(project)[0].executions == 2


def test_a_removed_journal_leaves_the_list(three: Path) -> None:
    list_sessions(three)
    (three / ".jrepro" / "sessions" / f"{NEW}.jsonl").unlink()
    assert ids(three) == [OTHER, OLD]
    with closing(sqlite3.connect(index_of(three))) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (2,)


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def of_another_layout(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE sessions")
        connection.execute("CREATE TABLE sessions (weather TEXT)")
        connection.execute("PRAGMA user_version = 99")


def of_other_contents(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sessions SET summary = '{}'")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [garbage, truncated, of_another_layout, of_other_contents, a_folder, Path.unlink])
def test_a_damaged_index_changes_no_answer(three: Path, damage: Callable[[Path], None]) -> None:
    list_sessions(three)
    damage(index_of(three))
    assert ids(three) == [OTHER, NEW, OLD]
    assert ids(three) == [OTHER, NEW, OLD]


@pytest.mark.parametrize("damage", [garbage, truncated, of_another_layout, of_other_contents, Path.unlink])
def test_a_damaged_index_is_built_anew(three: Path, damage: Callable[[Path], None]) -> None:
    list_sessions(three)
    damage(index_of(three))
    list_sessions(three)
    list_sessions(three)
    with closing(sqlite3.connect(index_of(three))) as connection:
        assert connection.execute(
            "SELECT count(*) FROM sessions WHERE CAST(summary AS TEXT) LIKE '%kernel%'"
        ).fetchone() == (3,)


def test_a_locked_index_is_done_without(three: Path) -> None:
    list_sessions(three)
    with closing(sqlite3.connect(index_of(three), isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert ids(three) == [OTHER, NEW, OLD]


def test_a_name_that_utf8_cant_hold_is_listed(project: Path) -> None:
    Written(project, notebook="a\udc80.ipynb")
    for _ in range(2):
        assert list_sessions(project)[0].session.notebook == "a\udc80.ipynb"


def test_a_read_only_store_is_listed(three: Path) -> None:
    store = prepare_store(three)
    store.chmod(0o555)
    try:
        if os.access(store, os.W_OK):
            pytest.skip("this user may write everywhere")
        assert ids(three) == [OTHER, NEW, OLD]
    finally:
        store.chmod(0o755)
