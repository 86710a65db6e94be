"""What a proof says beyond yes and no: what varies from run to run, what its budget ended, what it leaves on record."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

import pytest
from commands import answer, jrepro, record

from jupyter_repro.hashing import FileHasher
from jupyter_repro.verify.proofs import list_proofs


def verify(project: Path, *arguments: str) -> tuple[int, Any]:
    done = jrepro(project, "verify", "notebook-pipeline", "--json", *arguments)
    return done.returncode, answer(done)


VARYING = {  # cells, target, where the two runs are seen to part, the words of its source
    "a number, by what no seed replays": (
        ["import secrets", "draw = secrets.randbelow(10**9) / 1e9", "result = 1 + draw"],
        ("-t", "result"),
        2,
        "Source: execution 2 draws from the operating system: secrets.randbelow",
    ),
    "a file": (
        ["import secrets", "with open('a.txt', 'w') as file: file.write(secrets.token_hex())"],
        ("--file", "a.txt"),
        None,
        "Source: execution 2 draws from the operating system: secrets.token_hex",
    ),
    "what a cell shows, by nothing that is seen": (
        ["import os", "open('/dev/urandom', 'rb').read(8).hex()"],
        ("--cell", "2"),
        2,
        "Source: not known: no execution is seen to use what no seed replays.",
    ),
}


@pytest.mark.parametrize("name", VARYING)
def test_what_differs_from_run_to_run_is_told_from_change(project: Path, write_notebook: Any, name: str) -> None:
    cells, target, where, source = VARYING[name]
    record(project, write_notebook(cells))

    done = jrepro(project, "export", "notebook.ipynb", *target)

    assert done.returncode == 1
    assert "nondeterministic: two runs here gave " in done.stdout
    assert f"It differs from run to run here. {source}" in done.stdout
    code, verified = verify(project)
    assert (code, verified["verdict"], verified["again"]) == (1, "not proven", "other")
    (check,) = verified["checks"]
    assert check["spread"]["first"] != check["spread"]["second"]
    if where is not None:
        assert verified["divergence"]["ordinal"] == where
        assert verified["divergence"]["spreads"]


def test_the_spread_of_numbers_is_measured(project: Path, write_notebook: Any) -> None:
    cells = [
        "import secrets\nimport numpy as np",
        "result = {'loss': np.arange(4.0) + secrets.randbelow(1000) / 10_000}",
    ]
    record(project, write_notebook(cells))
    jrepro(project, "export", "notebook.ipynb", "-t", "result", "--no-prove")

    _, verified = verify(project)

    numbers = verified["checks"][0]["spread"]["numbers"]
    assert numbers["count"] == 4
    assert 0 < numbers["absolute"] < 0.1
    assert numbers["low"] < numbers["high"] < 0.1
    assert verified["checks"][0]["deviation"]["count"] == 4


def test_a_change_is_not_called_nondeterminism(project: Path, write_notebook: Any) -> None:
    (project / "data.csv").write_text("1,2,3")
    record(project, write_notebook(["text = open('data.csv').read()", "result = sum(map(int, text.split(',')))"]))
    assert jrepro(project, "export", "notebook.ipynb", "-t", "result").returncode == 0
    (project / "data.csv").write_text("1,2,4")

    code, verified = verify(project)

    assert (code, verified["again"]) == (1, "same")
    assert (verified["checks"][0]["spread"], verified["divergence"]["spreads"]) == (None, {})
    done = jrepro(project, "verify", "notebook-pipeline")
    assert "A second run here gave the same again: it differs from the record, not from run to run.\n" in done.stdout


SLOW = ["import os, time", "if os.path.exists('slow'): time.sleep(600)\nopen('out.txt', 'w').write('x')\nresult = 1"]


def test_a_budget_that_is_too_small_proves_nothing(project: Path, write_notebook: Any) -> None:
    record(project, write_notebook(SLOW))
    (project / "slow").touch()

    done = jrepro(project, "export", "notebook.ipynb", "-t", "result", "--prove-budget", "4s", "--json")

    exported = answer(done)
    assert (done.returncode, exported["verdict"]) == (1, "not proven: budget")
    assert exported["targets"] == [{"expr": "result", "verdict": "missing"}]
    assert (exported["verification"]["budget"], exported["verification"]["exceeded"]) == (4, True)
    assert (project / "out.txt").read_text() == "x"
    done = jrepro(project, "verify", "notebook-pipeline", "--prove-budget", "0.07m")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "Not proven: budget of 4.2 s."
    assert [proof.verdict for proof in list_proofs(project)] == ["not proven: budget"] * 2
    (project / "slow").unlink()
    assert verify(project, "--prove-budget", "10m")[1]["verdict"] == "proven"


def test_a_duration_that_is_none(project: Path, write_notebook: Any) -> None:
    record(project, write_notebook(["x = 1"]))
    for text in ("soon", "0s", "-3", "5x"):
        done = jrepro(project, "export", "notebook.ipynb", f"--prove-budget={text}", "-t", "x")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"Error: '{text}' is no duration.\nType one like `--prove-budget 90s`")


def test_a_proof_leaves_a_record(project: Path, write_notebook: Any) -> None:
    (project / "data.csv").write_text("1,2,3")
    session = record(project, write_notebook(["text = open('data.csv').read()", "result = len(text)"]))
    assert jrepro(project, "export", "notebook.ipynb", "-t", "result").returncode == 0
    verify(project)

    first, second = list_proofs(project)

    assert [(each.command, each.verdict, each.session) for each in (first, second)] == [
        ("export", "proven", session),
        ("verify", "proven", session),
    ]
    assert (first.pipeline, first.user) == ("notebook-pipeline", getpass.getuser())
    assert first.host
    assert first.machine
    assert first.python
    assert first.environment == second.environment is not None
    assert first.notebook == FileHasher().digest(project / "notebook-pipeline/notebook.ipynb")
    assert [(each.path, each.digest) for each in first.data] == [
        ("data.csv", FileHasher().digest(project / "data.csv"))
    ]
    assert [(each.subject, each.verdict) for each in first.checks] == [("result", "identical")]
    manifest = (project / "notebook-pipeline/pipeline.json").read_text()
    assert first.host not in manifest


def test_an_unproven_pipeline_is_marked_until_it_is_proven(project: Path, write_notebook: Any) -> None:
    session = record(project, write_notebook(["result = 1"]))
    mark = "notebook-pipeline is unproven: it was exported without a proof; type `jrepro verify notebook-pipeline`"
    assert "unproven" in jrepro(project, "export", "notebook.ipynb", "-t", "result", "--no-prove").stdout

    done = jrepro(project, "run", "notebook-pipeline")
    assert mark in done.stderr
    assert "Ran notebook, unproven, in " in done.stdout
    assert mark in jrepro(project, "show", session).stdout
    assert f"{session}: {mark}" in jrepro(project, "log").stdout
    assert [run["standing"] for run in answer(jrepro(project, "log", "--runs", "--json"))] == ["unproven"]
    assert answer(jrepro(project, "show", session, "--json"))["pipelines"][0]["standing"] == "unproven"

    done = jrepro(project, "verify", "notebook-pipeline")
    assert done.returncode == 0
    assert "Until now: notebook-pipeline is unproven: it was exported without a proof.\n" in done.stdout

    assert "unproven" not in jrepro(project, "run", "notebook-pipeline").stderr
    assert "unproven" not in jrepro(project, "show", session).stdout
    assert "unproven" not in jrepro(project, "log").stdout
    runs = jrepro(project, "log", "--runs").stdout.splitlines()
    assert [line.split()[-1] for line in runs] == ["was", "proven", "unproven"]
    assert json.loads((project / "notebook-pipeline/pipeline.json").read_text())["verification"]["proven"]


def test_a_notebook_that_was_edited_is_not_the_one_that_was_proven(project: Path, write_notebook: Any) -> None:
    record(project, write_notebook(["result = 1"]))
    assert jrepro(project, "export", "notebook.ipynb", "-t", "result").returncode == 0
    notebook = project / "notebook-pipeline/notebook.ipynb"
    notebook.write_text(notebook.read_text().replace("result = 1", "result = 2"))

    assert "is unproven: its notebook was changed after its proof" in jrepro(project, "run", "notebook-pipeline").stderr

    assert verify(project)[0] == 1
    assert "is not proven, by its last proof" in jrepro(project, "run", "notebook-pipeline").stderr


def test_of_what_was_added_in_vain_nothing_stays(project: Path, write_notebook: Any) -> None:
    """Two executions are as likely as the one that is missing, and one more is likelier."""
    libc = "ctypes.CDLL(None)"
    cells = [
        "import ctypes",
        "def junk(): pass\nother = ctypes.sizeof(ctypes.c_int)",
        f"{libc}.srand(7)",
        f"more = {libc}.abs(-3)",
        f"result = {libc}.rand()",
    ]
    record(project, write_notebook(cells))

    done = jrepro(project, "export", "notebook.ipynb", "-t", "result", "--json")

    exported = answer(done)
    assert (done.returncode, exported["verdict"]) == (0, "proven")
    assert [kept["ordinal"] for kept in exported["missing"]] == [3]
    assert [kept["ordinal"] for kept in exported["kept"]] == [1, 3, 5]
    assert "unproven" not in jrepro(project, "run", "notebook-pipeline").stderr
