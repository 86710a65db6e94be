"""Notebooks that were never recorded: how they ran is found out, and what that comes to is said as it is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import JREPRO, answer, jrepro, record

from jupyter_repro.store.sessions import list_sessions
from jupyter_repro.verify.originals import left_by_earlier_runs

Saved = tuple[str, "int | None", Any]  # source, execution count, what it shows: a text on standard output, or outputs
Save = Callable[..., Path]


@pytest.fixture
def save(write_notebook: Any) -> Save:
    """Write a notebook as it was left, with what its cells showed."""

    def write(*cells: Saved) -> Path:
        path: Path = write_notebook([source for source, _, _ in cells])
        content = json.loads(path.read_text(encoding="utf-8"))
        for entry, (_, count, shown) in zip(content["cells"], cells, strict=True):
            entry["execution_count"] = count
            entry["outputs"] = [printed(shown)] if isinstance(shown, str) else shown or []
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


def printed(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text.splitlines(keepends=True)}


def failed(name: str, message: str) -> list[dict[str, Any]]:
    return [{"output_type": "error", "ename": name, "evalue": message, "traceback": []}]


def export(project: Path, *arguments: str) -> tuple[int, Any]:
    done = jrepro(project, "export", "notebook.ipynb", "--json", *arguments)
    return done.returncode, answer(done)


def sessions(project: Path) -> list[str]:
    return [summary.session.id for summary in list_sessions(project)]


def test_cells_that_ran_in_another_order(project: Path, save: Save) -> None:
    save(
        ("rate = 1", 1, None),
        ("print('rate', rate)", 4, "rate 2\n"),
        ("rate = 2", 3, None),
        ("import sys\nprint('slow', file=sys.stderr)", 5, [printed("other\n", "stderr")]),
        ("print(rate * 10)", 6, "20\n"),
    )

    done = jrepro(project, "export", "notebook.ipynb")

    assert done.returncode == 0, done.stderr
    assert "notebook.ipynb was never recorded: trying 2 orders of its cells" in done.stderr
    assert "Order of the cells: saved execution counts = definitions before uses." in done.stdout
    assert "no saved cell has the count 2: what ran again" in done.stdout
    assert "Proven against the saved outputs of 2 of 2 cells." in done.stdout
    (session,) = sessions(project)

    again = jrepro(project, "export", "notebook.ipynb", "-t", "rate", "-o", "again")
    assert (again.returncode, "trying" in again.stderr) == (0, False)
    assert "Proven against the saved outputs of 2 of 2 cells." in again.stdout  # known from the first time
    code, explicit = export(project, "--session", session, "-t", "rate", "-o", "again")
    assert (code, explicit["saved"]["agree"]) == (0, 2)

    save(("print(3)", 1, "3\n"))
    changed = jrepro(project, "export", "notebook.ipynb")
    assert "has changed since its cells were tried" in changed.stderr
    assert "Proven against the saved outputs of 1 of 1 cell." in changed.stdout

    newer = record(project, project / "notebook.ipynb")
    code, recorded = export(project)
    assert (code, recorded["session"], "saved" in recorded) == (0, newer, False)


def test_outputs_that_no_order_gives(project: Path, save: Save) -> None:
    save(
        ("scale = 3", 5, None),  # was edited after the next cell ran
        ("print(7 * scale)", 2, "14\n"),
        ("1 / 0", 6, failed("ZeroDivisionError", "division by zero")),
        ("print('é', 1 / 3, object())", 7, "é 0.3333333333 <object object at 0x7f0000000000>\n"),
        ("'not run'", None, "anything\n"),
    )

    code, exported = export(project)

    saved = exported["saved"]
    assert (code, exported["verdict"]) == (0, "proven")
    assert (saved["order"], saved["compared"], saved["agree"]) == ("top to bottom = definitions before uses", 4, 2)
    assert [tried["name"] for tried in saved["tried"]] == ["saved execution counts", saved["order"]]
    assert [tried["failed"] for tried in saved["tried"]] == [1, 0]
    verdicts = {cell["cell"]: cell["verdict"] for cell in saved["cells"]}
    assert verdicts == {2: "different", 3: "identical", 4: "equivalent", 5: "different"}
    stale = saved["cells"][0]
    assert (stale["expected"], stale["found"], stale["cause"]) == ("'14' in line 1", "'21' in line 1", None)
    assert sessions(project) == [exported["session"]]
    assert len(list((project / ".jrepro/sessions").iterdir())) == 3  # journal, surroundings, comparison

    shown = jrepro(project, "export", "notebook.ipynb")
    assert "cell 2: saved '14' in line 1, now '21' in line 1" in shown.stdout
    assert "The output of execution 5 is not what the file shows in cell 5." in shown.stdout


def test_missing_packages_and_files_are_named(project: Path, save: Save) -> None:
    save(
        ("print('begin')", 1, "begin\n"),
        (
            "import json, no_such_package\nfrom no_such_either import x\ntry:\n    import optional_one\nexcept E: 0",
            2,
            None,
        ),
        ("rows = open('data/no_such.csv').read()", 3, None),
        ("print(len(rows))", 4, "3\n"),
    )

    done = jrepro(project, "export", "notebook.ipynb")

    assert done.returncode == 1, done.stderr
    assert "Missing package: no_such_package (`pip install no_such_package`)" in done.stdout
    assert "Missing file: data/no_such.csv" in done.stdout
    assert "Not exported: cell 4, which shows the last result, failed: NameError" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Type `pip install no_such_either no_such_package`")
    assert sessions(project) == []
    assert not (project / "notebook-pipeline").exists()

    code, told = export(project, "-t", "len(rows)")
    assert (code, told["verdict"], told["session"]) == (1, "not proven", None)
    assert told["problem"].startswith("cell 3, which binds `rows`, failed: FileNotFoundError")
    assert (told["saved"]["agree"], told["saved"]["compared"]) == (1, 2)
    assert told["saved"]["missing"]["files"] == ["data/no_such.csv"]
    assert [each["module"] for each in told["saved"]["missing"]["packages"]] == ["no_such_either", "no_such_package"]


def test_without_saved_outputs_nothing_is_claimed(project: Path, save: Save) -> None:
    save(("total = part + 1\nprint(total)", None, None), ("part = 1", None, None))

    done = jrepro(project, "export", "notebook.ipynb")

    assert done.returncode == 0, done.stderr
    assert "Order of the cells: definitions before uses." in done.stdout
    assert "The file shows no outputs: nothing could be compared with them." in done.stdout
    assert "Proven in " in done.stdout
    assert "Proven against" not in done.stdout


def test_random_numbers_that_nothing_seeds(project: Path, save: Save) -> None:
    save(
        ("import random", 1, None),
        ("r = random.random()", 2, None),
        ("print(r)", 3, "0.25\n"),
        ("random.seed(1)\nprint(random.random())", 4, "0.13436424411240122\n"),
    )

    code, exported = export(project, "-t", "r")

    assert (code, exported["verdict"], exported["saved"]["agree"]) == (0, "proven", 1)
    drawn, seeded = exported["saved"]["cells"]
    assert drawn["cause"] == "execution 2, which it needs, draws random numbers that nothing in the notebook seeds"
    assert seeded["verdict"] == "identical"


def test_the_users_files_are_as_they_were(project: Path, save: Save) -> None:
    (project / "old/inner").mkdir(parents=True)
    (project / "data").mkdir()
    for name in ("table.csv", "log.txt", "old/inner/a.txt", "gone.txt", "data/raw.csv"):
        (project / name).write_text(f"the user's {name}")
        os.utime(project / name, ns=(10**18, 10**18))
    save(
        ("import gzip, os, pathlib, shutil\nshutil.rmtree('old')\nos.remove('gone.txt')", 1, None),
        ("os.makedirs('out')\npathlib.Path('table.csv').write_text('new')", 2, None),
        ("with gzip.open('out/packed.gz', 'wt') as file:\n    file.write('text')", 3, None),  # holds the time
        ("!echo more >> log.txt", 4, None),
        ("print(pathlib.Path('table.csv').read_text())", 5, "changed since\n"),
    )
    before = snapshot(project)

    code, exported = export(project)

    assert (code, exported["verdict"]) == (0, "proven"), exported["verification"]
    verdicts = {target["expr"]: target["verdict"] for target in exported["targets"]}
    assert verdicts.pop("out/packed.gz") in ("identical", "equivalent")
    assert set(verdicts.values()) == {"identical"}
    assert verdicts.keys() == {"output of execution 5", "table.csv", "log.txt"}
    after = snapshot(project)
    assert {path: kept for path, kept in after.items() if not path.startswith("notebook-pipeline")} == before
    (home,) = left_by_earlier_runs(project)  # a child process wrote it, or was it somebody else?
    assert (home / "after/log.txt").read_text() == "the user's log.txtmore\n"


def snapshot(project: Path) -> dict[str, tuple[bytes | None, int]]:
    """Contents and times of the project's files; its folders."""
    paths = [path for path in project.rglob("*") if ".jrepro" not in path.parts]
    return {
        str(path.relative_to(project)): (None, 0) if path.is_dir() else (path.read_bytes(), path.stat().st_mtime_ns)
        for path in paths
    }


def test_a_cell_that_does_not_end_or_asks_does_not_stop_the_others(project: Path, save: Save) -> None:
    save(
        ("while True:\n    pass", 1, None),
        ("name = input()", 2, None),
        ("print(2)", 3, "2\n"),
    )

    code, exported = export(project, "--timeout", "2")

    assert (code, exported["saved"]["agree"]) == (0, 1)
    first, second = exported["saved"]["failed"]
    assert (first["cell"], first["error"]) == (1, "The cell took longer than the timeout")
    assert (second["cell"], "asks for input" in second["error"]) == (2, True)


def test_a_kernel_that_dies(project: Path, save: Save) -> None:
    save(("print(1)", 1, "1\n"), ("import os\nos._exit(3)", 2, None), ("print(3)", 3, "3\n"))

    done = jrepro(project, "export", "notebook.ipynb")

    assert done.returncode == 1, done.stderr
    assert "cell 2: The kernel died (exit code 3)" in done.stdout
    assert "Not exported: cell 3, which shows the last result, failed: it was not reached" in done.stdout
    assert sessions(project) == []


def test_an_interrupt_leaves_nothing_behind(project: Path, save: Save) -> None:
    (project / "table.csv").write_text("the user's")
    cell = "import time\nopen('table.csv', 'w').write('half')\nopen('made', 'w').close()\ntime.sleep(100)"
    save((cell, 1, "x\n"))
    before = snapshot(project)
    with subprocess.Popen([*JREPRO, "export", "notebook.ipynb"], cwd=project, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not (project / "made").exists():
            pass
        process.send_signal(signal.SIGINT)
        process.wait()

    assert process.returncode == 130
    assert snapshot(project) == before
    assert sessions(project) == []


def test_bad_input(project: Path, save: Save) -> None:
    save(("result = 1", 1, None), ("result", 2, "1\n"))
    done = jrepro(project, "export", "notebook.ipynb", "--session", "x")
    assert (done.returncode, "There is no session x" in done.stderr) == (2, True)
    done = jrepro(project, "export", "notebook.ipynb", "--timeout", "0")
    assert done.returncode == 2
    done = jrepro(project, "export", "notebook.ipynb", "-t", "resutl")
    assert (done.returncode, "'resutl' was not bound" in done.stderr) == (2, True)
    (project / "empty.ipynb").write_text('{"cells": [], "nbformat": 4, "metadata": {}}')
    done = jrepro(project, "export", "empty.ipynb")
    assert (done.returncode, "has no code to run" in done.stderr) == (2, True)
