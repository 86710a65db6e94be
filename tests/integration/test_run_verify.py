"""`jrepro run` with other parameters, `jrepro verify` here and now: what is recorded of a run, and what has changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from commands import JREPRO, answer, jrepro, record

from jupyter_repro.pipeline.manifest import read_pipeline, write_manifest
from jupyter_repro.run.parameters import Given, parse_parameters
from jupyter_repro.run.runs import read_run

CELLS = [
    "import numpy as np\nimport helper",
    "steps = 3",
    "label = 'a b'",
    "data = np.loadtxt('data.csv')",
    "result = helper.scale(data[:steps])",
    "with open('report.txt', 'w') as report:\n    report.write(f'{label}: {result.sum()}')",
    "print(label, result.sum())",
]


@pytest.fixture
def pipeline(project: Path, write_notebook: Any) -> Path:
    """An exported pipeline, proven."""
    (project / "data.csv").write_text("1\n2\n3\n4\n")
    (project / "helper.py").write_text("def scale(x):\n    return x * 10\n")
    record(project, write_notebook(CELLS))
    done = jrepro(project, "export", "notebook.ipynb", "-o", "exported")
    assert done.returncode == 0, done.stdout + done.stderr
    return project / "exported"


def test_run_with_other_parameters(project: Path, pipeline: Path) -> None:
    done = jrepro(project, "run", "exported", "-p", "steps", "2", "-p", "label", "it's", "--json")

    assert done.returncode == 0
    run = answer(done)
    assert (run["status"], run["pipeline"], run["error"]) == ("ok", "exported", None)
    assert run["parameters"] == {"steps": "2", "label": "it's"}
    home = project / ".jrepro/runs" / run["id"]
    assert read_run(home).status == "ok"
    assert run["path"] == str(home / "notebook.ipynb")
    assert "it's 30.0" in (home / "notebook.ipynb").read_text()
    assert (project / "report.txt").read_text() == "it's: 30.0"


def test_a_run_that_fails_says_where(project: Path, pipeline: Path) -> None:
    (project / "data.csv").write_text("one\n")

    done = jrepro(project, "run", "exported")

    assert (done.returncode, done.stdout) == (3, "")
    problem, step = done.stderr.splitlines()[-2:]
    assert problem.startswith("Error: notebook failed in execution 4: ValueError: could not convert string")
    assert step.startswith("Open ")
    (home,) = (project / ".jrepro/runs").iterdir()
    run = read_run(home)
    assert (run.status, run.error and run.error.partition(":")[0]) == ("failed", "execution 4")
    assert (home / "notebook.ipynb").exists()


def test_a_killed_run_is_recognised_and_its_kernel_ends(project: Path, pipeline: Path) -> None:
    (project / "helper.py").write_text(
        f"import os, time\nopen('{project}/started', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    with subprocess.Popen([*JREPRO, "run", "exported"], cwd=project, stderr=subprocess.DEVNULL) as process:
        _wait_for(lambda: (project / "started").exists() and (project / "started").read_text() != "")
        (home,) = (project / ".jrepro/runs").iterdir()
        assert read_run(home).status == "running"
        process.kill()
    assert read_run(home).status == "killed"
    kernel = int((project / "started").read_text())
    _wait_for(lambda: not psutil.pid_exists(kernel))


def _wait_for(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_verify_tells_what_has_changed(project: Path, pipeline: Path) -> None:
    done = jrepro(project, "verify", "exported", "--json")
    assert (done.returncode, answer(done)["verdict"], answer(done)["changes"]) == (0, "proven", [])

    (project / "data.csv").write_text("1\n2\n5\n4\n")
    (project / "helper.py").write_text("def scale(x):\n    return 10 * x\n")
    manifest = read_pipeline(pipeline)
    assert manifest.environment is not None
    manifest.environment.distributions["numpy"] = "1.0"
    write_manifest(pipeline, manifest)
    done = jrepro(project, "verify", "exported")

    assert done.returncode == 1
    assert "different   output of execution 7: recorded 'a b 60.0' in line 1, now 'a b 80.0' in line 1" in done.stdout
    assert "First difference: execution 4 gave other values than when it was recorded" in done.stdout
    assert "  data: data.csv differs from the one that was read\n" in done.stdout
    assert "  code: helper.py (helper) differs from the one that was imported\n" in done.stdout
    assert "  package: numpy 1.0 is now 2" in done.stdout
    assert (project / "report.txt").read_text() == "a b: 60.0"


def test_verify_without_the_recording(project: Path, write_notebook: Any, tmp_path: Path) -> None:
    """A pipeline on another machine: values and digests are in its manifest."""
    record(project, write_notebook(["limit = 3", "result = [n / 7 for n in range(limit)]", "f = lambda: result"]))
    assert jrepro(project, "export", "notebook.ipynb", "-t", "result", "-t", "f()", "-o", "exported").returncode == 0
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(project, elsewhere, ignore=shutil.ignore_patterns(".jrepro"))

    done = jrepro(elsewhere, "verify", "exported", "--json")

    checks = {check["subject"]: check["verdict"] for check in answer(done)["checks"]}
    assert (done.returncode, checks) == (0, {"result": "identical", "f()": "identical"})


def test_parameters_have_types(pipeline: Path) -> None:
    manifest = read_pipeline(pipeline)
    assert parse_parameters(manifest, Given(texts=(("steps", "2"), ("label", "7")))) == {"steps": 2, "label": "7"}


def message(project: Path, *arguments: str) -> tuple[str, str]:
    done = jrepro(project, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    problem, step = done.stderr.splitlines()
    return problem, step


def test_bad_input(project: Path, pipeline: Path) -> None:
    assert message(project, "run", "exported", "-p", "stps", "3") == (
        "Error: notebook has no parameter stps.",
        "Did you mean `-p steps VALUE`?",
    )
    assert message(project, "run", "exported", "-p", "steps", "many")[0] == (
        "Error: steps takes an int, and 'many' is none."
    )
    for command in ("run", "verify"):
        assert "is no pipeline" in message(project, command, ".")[0]
        assert "is no pipeline" in message(project, command, "missing")[0]
    manifest = json.loads((pipeline / "pipeline.json").read_text())
    (pipeline / "pipeline.json").write_text(json.dumps({**manifest, "cwd": "gone"}))
    for command in ("run", "verify"):
        assert "is not there" in message(project, command, "exported")[0]
    assert not (project / ".jrepro/runs").exists() or os.listdir(project / ".jrepro/runs") == []
