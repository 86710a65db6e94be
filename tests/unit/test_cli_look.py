from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from journals import ID, Written

from jupyter_repro.cli import main as cli

if TYPE_CHECKING:
    from tests.conftest import WriteNotebook

Shown = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def explored(project: Path, write_notebook: WriteNotebook) -> Path:
    """A session of a notebook of which cells were run again, edited and deleted since."""
    path = write_notebook(["import pandas as pd", "df = pd.read_csv('a.csv')\ndf.head()", "df['b'] = df.a * 2"])
    journal = Written(project, seed_given=True)
    journal.execution("import pandas as pd", "cell-0", bound=["pd"])
    journal.execution(
        "df = pd.read_csv('old.csv')",
        "cell-1",
        bound=["df"],
        names_read=["pd"],
        files=[{"path": "old.csv", "mode": "read"}],
    )
    journal.execution("df['b'] = df.a * 2", "cell-2", mutated=["df"], names_read=["df"])
    journal.began("del pd\n1/0", "gone")
    journal.ended("error", error={"name": "ZeroDivisionError", "message": "division by zero"})
    journal.evidence(
        deleted=["pd"],
        random=[{"library": "numpy", "before": "a", "after": "b", "seed": 3}],
        entropy=[{"source": "os.urandom", "module": "__main__", "count": 2}],
    )
    journal.execution("df = pd.read_csv('a.csv')\ndf.head()", "cell-1", rebound=["df"])
    journal.stopped()
    return path


def json_of(*arguments: str, capsys: Shown) -> Any:
    assert cli.main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def text_of(*arguments: str, capsys: Shown) -> str:
    assert cli.main(list(arguments)) == 0
    return capsys.readouterr().out


# --- why --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sliceable(project: Path, write_notebook: WriteNotebook) -> Path:
    """Results of every kind: a name, an output, files in a folder."""
    path = write_notebook(["a = 1"])
    journal = Written(project)
    output = [{"kind": "execute_result", "text": "1"}]
    journal.execution("a = 1", writes={"names": ["a"]}, bound=["a"])
    journal.execution("junk = 1", writes={"names": ["junk"]}, bound=["junk"])
    journal.execution("a + 1", reads={"names": ["a"]}, names_read=["a"], outputs=output)
    for name in ("x", "y"):
        files = [{"path": f"out/{name}", "mode": "write", "digest": "d"}]
        journal.execution(f"save('{name}')", writes={"places": [f"file:out/{name}", f"entry:out/{name}"]}, files=files)
    journal.stopped()
    return path


ASKED = [
    (["-t", "a"], [1]),
    (["--cell", "3"], [1, 3]),
    (["--file", "out/x"], [4]),
    (["--file", "out"], [4, 5]),
    (["-t", "a", "--cell", "3", "--file", "out/y"], [1, 3, 5]),
    ([], [1, 3, 4, 5]),
]


@pytest.mark.parametrize(("options", "kept"), ASKED)
def test_each_execution_says_why_it_is_kept_or_dropped(
    sliceable: Path, capsys: Shown, options: list[str], kept: list[int]
) -> None:
    found = json_of("slice", ID, *options, capsys=capsys)
    assert [each["ordinal"] for each in found["kept"]] == kept
    assert [each["ordinal"] for each in found["why_dropped"]] == found["dropped"]
    reasons = {str(each["ordinal"]): f"kept: {each['reason']}" for each in found["kept"]}
    reasons |= {str(each["ordinal"]): f"dropped: {each['reason']}" for each in found["why_dropped"]}

    assert json_of("show", ID, "--why-kept", *options, capsys=capsys)["why_kept"] == reasons
    shown = text_of("show", ID, "--why-kept", *options, capsys=capsys).splitlines()
    assert [line.strip() for line in shown if line.strip().startswith(("kept: ", "dropped: "))] == [
        reasons[str(ordinal)] for ordinal in range(1, 6)
    ]
    assert "binds `junk`, which nothing reads" in text_of("slice", ID, *options, capsys=capsys)


REFUSED = [
    (["show", ID, "-t", "a"], "go with --why-kept"),
    (["show", ID, "--why-kept", "--brief"], "choose one"),
    (["slice", ID, "--cell", "9"], "There is no [9]"),
    (["slice", ID, "--cell", "2"], "[2] showed nothing"),
    (["slice", ID, "--file", "oxt/x"], "Did you mean `--file out/x`?"),
]


@pytest.mark.parametrize(("arguments", "problem"), REFUSED)
def test_targets_that_are_none_are_refused(sliceable: Path, capsys: Shown, arguments: list[str], problem: str) -> None:
    assert cli.main(arguments) == 2
    assert problem in capsys.readouterr().err


# --- log --------------------------------------------------------------------------------------------------------------


def test_log_says_how_to_begin(project: Path, capsys: Shown) -> None:
    assert "jrepro record NOTEBOOK.ipynb" in text_of("log", capsys=capsys)
    assert json_of("log", capsys=capsys) == []


def test_log_lists_sessions_newest_first(explored: Path, project: Path, capsys: Shown) -> None:
    Written(project, "20261122-080000-ffffff", notebook="sub/other.ipynb").began()
    header, other, first = text_of("log", capsys=capsys).splitlines()
    assert header.split() == ["session", "notebook", "started", "executions", "state"]
    assert other.split() == ["20261122-080000-ffffff", "sub/other.ipynb", "2026-11-21", "12:00:00", "1", "lost"]
    assert first.split() == [ID, "notebook.ipynb", "2026-11-21", "12:00:00", "5", "stopped"]


def test_log_of_one_notebook(explored: Path, project: Path, capsys: Shown) -> None:
    Written(project, "20261122-080000-ffffff", notebook="sub/other.ipynb")
    assert [session["id"] for session in json_of("log", "notebook.ipynb", capsys=capsys)] == [ID]
    explored.unlink()
    assert [session["id"] for session in json_of("log", "notebook.ipynb", capsys=capsys)] == [ID]


def test_log_from_below_the_project(
    explored: Path, project: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(project / "deep" / "er")
    assert [session["id"] for session in json_of("log", capsys=capsys)] == [ID]
    assert [session["id"] for session in json_of("log", "../../notebook.ipynb", capsys=capsys)] == [ID]


def test_log_of_a_notebook_without_session(explored: Path, capsys: Shown) -> None:
    assert cli.main(["log", "other.ipynb"]) == 2
    assert "jrepro record other.ipynb" in capsys.readouterr().err


def test_log_names_problems_on_their_own_lines(project: Path, capsys: Shown) -> None:
    journal = Written(project)
    journal.write("incomplete", reason="Traceback (most recent call last):\n  ...\nOSError: the disk is full")
    journal.raw(b"?\n")
    lines = text_of("log", capsys=capsys).splitlines()
    assert lines[2:] == [f"{ID}: line 3 was left out: not JSON", f"{ID}: incomplete: OSError: the disk is full"]


def test_log_as_json_has_the_sessions_own_fields(explored: Path, capsys: Shown) -> None:
    (session,) = json_of("log", capsys=capsys)
    assert {
        name: session[name] for name in ("id", "notebook", "executions", "state", "problems", "seed", "seed_given")
    } == {
        "id": ID,
        "notebook": "notebook.ipynb",
        "executions": 5,
        "state": "stopped",
        "problems": [],
        "seed": 7,
        "seed_given": True,
    }


# --- show -------------------------------------------------------------------------------------------------------------

TIMELINE = """\
Session 20261121-120000-abc123 of notebook.ipynb
stopped, started 2026-11-21 12:00:00, ipykernel 7.4.0, Python 3.11.7, seed 7
5 executions, 1 failed, 2 stale, 1 of deleted cells

    1 [1]    ok             500 ms  import pandas as pd
             names: binds pd
    2 [2]    ok             500 ms  df = pd.read_csv('old.csv')
             names: reads pd · binds df
             files: reads old.csv
             stale: its cell ran again as execution 5
             stale: the saved notebook has other text in its cell
             stale: it read `pd`, which execution 4 deleted since
    3 [3]    ok             500 ms  df['b'] = df.a * 2
             names: reads df · mutates df
             stale: it read `df`, which execution 5 changed since
    4 [4]    error          500 ms  del pd …
             names: deletes pd
             random: numpy (unseeded) · unseeded os.urandom (2)
             ZeroDivisionError: division by zero
             deleted: the saved notebook has no such cell any more
    5 [5]    ok             500 ms  df = pd.read_csv('a.csv') …
             names: binds df
"""


@pytest.mark.parametrize("session", [ID, "abc123", "notebook.ipynb"])
def test_show_tells_what_ran_and_what_is_stale(explored: Path, session: str, capsys: Shown) -> None:
    assert text_of("show", session, capsys=capsys) == TIMELINE


def test_show_in_brief_tells_what_is_stale(explored: Path, capsys: Shown) -> None:
    head = TIMELINE.splitlines()[:3]
    assert text_of("show", ID, "--brief", capsys=capsys).splitlines() == [
        *head,
        "    2 df = pd.read_csv('old.csv')  stale: its cell ran again as execution 5",
        "    3 df['b'] = df.a * 2  stale: it read `df`, which execution 5 changed since",
        "    4 del pd …  deleted: the saved notebook has no such cell any more",
    ]


def test_show_in_brief_stays_brief(project: Path, capsys: Shown) -> None:
    journal = Written(project)
    for _ in range(20):
        journal.execution("x += 1", "cell-0")
    lines = text_of("show", ID, "--brief", capsys=capsys).splitlines()
    assert len(lines) < 15
    assert lines[-1] == f"      and 11 more: `jrepro show {ID}`"


def test_show_as_json_is_the_full_records(explored: Path, capsys: Shown) -> None:
    shown = json_of("show", ID, capsys=capsys)
    assert shown["session"]["id"] == ID
    assert [execution["ordinal"] for execution in shown["executions"]] == [1, 2, 3, 4, 5]
    assert shown["executions"][1]["files"][0]["path"] == "old.csv"
    assert (shown["state"], shown["saved"], shown["problems"]) == ("stopped", True, [])
    assert {each["ordinal"]: each["deleted"] for each in shown["stale"]} == {2: False, 3: False, 4: True}


def test_show_without_the_notebook_says_what_it_cant_tell(explored: Path, capsys: Shown) -> None:
    explored.unlink()
    text = text_of("show", ID, capsys=capsys)
    assert "edited or deleted since can't be told" in text
    assert "has other text" not in text
    assert not json_of("show", ID, capsys=capsys)["saved"]


def test_show_names_problems(explored: Path, project: Path, capsys: Shown) -> None:
    path = project / ".jrepro" / "sessions" / f"{ID}.jsonl"
    path.write_bytes(path.read_bytes() + b'{"line":"beg')
    assert "Problem: line 18 was left out: torn" in text_of("show", ID, capsys=capsys)


def test_show_keeps_a_long_list_short_but_not_in_json(project: Path, capsys: Shown) -> None:
    names = [f"name_{number}" for number in range(20)]
    Written(project).execution("from numpy import *", bound=names)
    assert "name_7 and 12 more" in text_of("show", ID, capsys=capsys)
    assert json_of("show", ID, capsys=capsys)["executions"][0]["bound"] == names


def test_show_lets_no_text_talk_to_the_terminal(project: Path, capsys: Shown) -> None:
    Written(project, notebook="a\033[2J.ipynb").execution("print('\033]0;title\007')\r\x9b", bound=["\033[31mx"])
    for command in (["show", ID], ["log"]):
        assert not {"\033", "\007", "\r", "\x9b"} & set(text_of(*command, capsys=capsys))


def test_a_lone_surrogate_is_shown_and_is_json(project: Path, capsys: Shown) -> None:
    Written(project).execution("s = '\ud83d'")
    assert "\\ud83d" in text_of("show", ID, capsys=capsys)
    assert json_of("show", ID, capsys=capsys)["executions"][0]["source"] == "s = '\ud83d'"
    assert json_of("log", capsys=capsys)[0]["executions"] == 1


@pytest.mark.parametrize("session", ["nonsense", "missing.ipynb", "../x"])
def test_show_of_what_was_not_recorded(explored: Path, session: str, capsys: Shown) -> None:
    assert cli.main(["show", session]) == 2
    assert "`jrepro " in capsys.readouterr().err


# --- on a terminal ----------------------------------------------------------------------------------------------------


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What a person would see, escape sequences included."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "jupyter_repro.cli", *arguments]
    settings = {**os.environ, "TERM": "xterm-256color", "LINES": "50", **environment}
    settings = {name: value for name, value in settings.items() if value}
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs, env=settings)
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return seen.decode()


@pytest.mark.parametrize("arguments", [["log"], ["show", ID]])
def test_colours_are_for_terminals_that_want_them(explored: Path, arguments: list[str]) -> None:
    assert "\033[" in on_a_terminal(*arguments, NO_COLOR="")
    assert "\033[" not in on_a_terminal(*arguments, NO_COLOR="1")


def test_what_is_longer_than_the_terminal_goes_to_the_pager(explored: Path) -> None:
    assert "Session" not in on_a_terminal("show", ID, PAGER="wc -l", LINES="10")
    assert "Session" in on_a_terminal("show", ID, PAGER="wc -l", LINES="100")
