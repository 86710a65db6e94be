"""`%repro` in a kernel: its commands in any order, bad lines, two kernels, other front ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import answer, jrepro
from recorded_kernels import LOAD, Recorded, check_refused, recorded

from jupyter_repro.store.journal_reader import read_recording

NOT_RECORDED = "This kernel is not being recorded"


@pytest.fixture
def kernel(project: Path) -> Iterator[Recorded]:
    with recorded(project) as kernel:
        yield kernel


BEFORE_START = [
    ("%repro", NOT_RECORDED),
    *((f"%repro {command}", NOT_RECORDED) for command in ("status", "stop", "log", "slice x", "export x")),
]
BAD = [
    ("%repro begin", "invalid choice: 'begin'"),
    ("%repro --help", "%repro"),
    ("%repro stop now", "unrecognized arguments: now"),
    ("%repro start --seed x", "--seed"),
    ("%repro start --seed -1", "from 0 to 4294967295"),
    ("%repro start --seed 4294967296", "from 0 to 4294967295"),
    ("%repro start --seed", "expected one argument"),
    ("%repro start --notebook 'open", "No closing quotation"),
    ("%repro start --notebook missing/n.ipynb", "There is no folder"),
    ("%repro start --notebook .", "is a folder"),
]
BAD_LATER = [
    ("%repro slice nothing", "'nothing' was not bound"),
    ("%repro export nothing", "'nothing' was not bound"),
    ("%repro export 1/0", "`1/0` can't be evaluated: division by zero"),
    ("%repro export x(", "can't be evaluated"),
    ("%repro export x --output", "expected one argument"),
]


def test_a_bad_line_gets_one_line_and_breaks_nothing(kernel: Recorded, project: Path) -> None:
    kernel.run(LOAD)
    for line, problem in (*BEFORE_START, *BAD):
        check_refused(kernel.run(line), problem, "`")
    assert list((project / ".jrepro").iterdir()) == []
    kernel.run("%repro start --notebook n.ipynb")
    for line, problem in (*BAD[:3], *BAD_LATER):
        check_refused(kernel.run(line), problem, "`")
    check_refused(kernel.run("x = 1\n%repro slice x"), "not on record before it ends", "`%repro slice x`")
    assert [execution.source for execution in kernel.executions()] == ["x = 1\n%repro slice x"]


def test_start_and_stop_in_any_order(kernel: Recorded, project: Path) -> None:
    kernel.run("early = 1")
    assert "Recording a notebook of unknown path" in kernel.start().text
    assert "Already recording as session" in kernel.run("%repro start").text
    assert "Written to notebook-" in kernel.run("%repro export early --no-prove").text
    kernel.run("x = 1")
    assert "Stopped session" in kernel.run("%repro stop").text
    check_refused(kernel.run("%repro stop"), NOT_RECORDED)
    kernel.run("unseen = 2")
    kernel.run("before = 1\n%repro start --notebook n.ipynb\nafter = 2")
    kernel.run("y = 3")
    kernel.run("last = 4\n%repro stop\nunseen = 5")
    check_refused(kernel.run("%repro status"), NOT_RECORDED)

    first, second = (read_recording(project, journal.stem) for journal in kernel.journals())
    assert [(e.source, e.status) for e in first.executions] == [("early = 1", "unobserved"), ("x = 1", "ok")]
    assert [(e.source.partition("\n")[0], e.status, e.observed) for e in second.executions] == [
        ("early = 1", "unobserved", False),
        ("x = 1", "unobserved", False),
        ("unseen = 2", "unobserved", False),
        ("before = 1", "ok", False),
        ("y = 3", "ok", True),
        ("last = 4", "ok", True),
    ]
    assert all(recording.session.stopped is not None for recording in (first, second))
    kept = answer(jrepro(project, "slice", second.session.id, "-t", "y", "--json"))["kept"]
    assert [each["ordinal"] for each in kept] == [1, 2, 3, 4, 5]  # nobody saw what those before did


def test_look_slice_and_export_from_where_the_work_is_done(kernel: Recorded, project: Path) -> None:
    (project / "click.py").write_text("raise RuntimeError('this is the user's, not ours')\n")
    kernel.start("--notebook n.ipynb")
    for source in ("x = 1", "junk = 2", "y = x + 1"):
        kernel.run(source)
    assert "y = x + 1" in kernel.run("%repro log").text
    assert "Kept 2 of 3 executions" in kernel.run("%repro export y --no-prove -o 'the results'").text
    cells = json.loads(next((project / "the results").glob("*.ipynb")).read_text())["cells"]
    assert not [cell for cell in cells if "junk" in "".join(cell["source"])]
    sliced = kernel.run("%repro slice y").text
    assert [line.split()[0] for line in sliced.splitlines() if line.strip()[:1] in "13"] == ["1", "3"]


def test_tables_for_pages_and_text_for_consoles(kernel: Recorded) -> None:
    kernel.start("--notebook n.ipynb")
    for source in ("x = '<b>&'", "x + '!'", "junk = x", "1 / 0"):
        kernel.run(source)
    for line, told in (
        ("status", ["4 executions", "1 failed"]),
        ("log", ["What ran, in true order", "x = &#x27;&lt;b&gt;&amp;&#x27;", "ok</strong>", "error</strong>"]),
        ("slice x", ["Kept 1 of 4 executions, for x", "kept</strong>", "dropped</strong>", "which nothing reads"]),
        ("slice --cell 3", ["Kept 2 of 4 executions", "shows the output of execution 2"]),
    ):
        (shown,) = [content["data"] for kind, content in kernel.run(f"%repro {line}").outputs if kind == "display_data"]
        assert [each for each in told if each not in shown["text/html"]] == []
        assert "<script" not in shown["text/html"]
        assert "<b>" not in shown["text/html"], "the user's text is text"
        assert 'scope="col"' in shown["text/html"] or line == "status"
        assert "\x1b" not in shown["text/plain"]
        assert "execution" in shown["text/plain"]


def test_two_kernels_on_one_notebook_keep_apart_and_are_told(kernel: Recorded, project: Path) -> None:
    kernel.start("--notebook n.ipynb")
    kernel.run("x = 1")
    with recorded(project) as other:
        started = other.start("--notebook n.ipynb").text
        other.run("x = 2")
        other.run("%repro stop")
    kernel.run("%repro stop")

    one, another = (read_recording(project, journal.stem) for journal in kernel.journals())
    assert f"Kernel {one.session.pid} is recording this notebook too, as session {one.session.id}" in started
    assert [each.executions[0].source for each in (one, another)] == ["x = 1", "x = 2"]
    assert len(answer(jrepro(project, "log", "n.ipynb", "--json"))) == 2


# --- other front ends -------------------------------------------------------------------------------------------------

TERMINAL = [
    "x = [1]",
    LOAD,
    "%repro start",
    "x.append(2)",
    "1 / 0",
    "1 +* 2",
    "print(x)",
    "%repro status",
    "%repro stop",
]


def test_ipython_in_a_terminal_records_as_well(project: Path) -> None:
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    typed = "\n".join([*TERMINAL, "exit()\n"])
    done = subprocess.run(command, input=typed, capture_output=True, text=True, check=True, timeout=120)

    (journal,) = (project / ".jrepro" / "sessions").glob("*.jsonl")
    recording = read_recording(project, journal.stem)
    assert "Stopped session" in done.stdout
    assert [(e.source.strip(), e.status) for e in recording.executions] == [
        ("x = [1]", "unobserved"),
        ("x.append(2)", "ok"),
        ("1 / 0", "error"),
        ("1 +* 2", "error"),
        ("print(x)", "ok"),
    ]
    assert recording.executions[1].mutated == ("x",)
    assert recording.session.kernel.startswith("IPython ")
    assert recording.session.stopped is not None


def test_without_cell_ids_as_jupyter_console_sends_them(kernel: Recorded) -> None:
    kernel.start()
    kernel.run("x = 1")
    kernel.run("x = 1")
    assert [(e.cell_id, e.source) for e in kernel.executions()] == [(None, "x = 1")] * 2
