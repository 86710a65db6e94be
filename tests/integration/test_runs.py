"""Runs that people rely on: in folders of their own, recorded, compared, with secrets that show nowhere."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from commands import JREPRO, answer, jrepro, record

from jupyter_repro.run.runs import read_run

SECRET, OLD_SECRET = "sk-q7Zt/91 x", "sk-written-down"
CELLS = [
    "import os, time",
    f"token = '{OLD_SECRET}'  # secret: env:SERVICE_TOKEN",
    "steps = 3  # 1..10",
    "with open('data.csv') as file:\n    data = [float(line) for line in file]",
    "def scale(values, factor):\n    return [factor * each for each in values]",
    "result = scale(data, factor=10)[:steps]",
    "assert token\nprint('token', len(token) > 0)",
    "print('where', os.getcwd())",
    """\
with open('report.txt', 'w') as report:
    report.write('half')
    if os.environ.get('SHOW'):
        print(token, repr(token))
    if os.environ.get('FAIL'):
        raise ValueError(token)
    if os.environ.get('WAIT'):
        open(os.environ['WAIT'], 'w').write(str(os.getpid()))
        time.sleep(600)
    report.seek(0)
    report.write(str(result))""",
    "%repro metric total sum(result)",
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a pipeline; each test works on a copy."""
    project = tmp_path_factory.mktemp("exported") / "project"
    (project / ".jrepro").mkdir(parents=True)
    (project / "data.csv").write_text("1\n2\n3\n4\n")
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (project / "nb.ipynb").write_text(json.dumps(notebook))
    record(project, project / "nb.ipynb")
    targets = ("--file", "report.txt", "--cell", "7", "--cell", "8", "--cell", "10")
    options = ("-p", "steps", "-p", "factor", "-p", "input_path", "-o", "pipe", "--no-prove")
    done = jrepro(project, "export", "nb.ipynb", *targets, *options)
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def project(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(exported, folder)
    monkeypatch.setenv("SERVICE_TOKEN", SECRET)
    monkeypatch.chdir(folder)
    return folder


def run(project: Path, *options: str) -> Any:
    return answer(jrepro(project, "run", "pipe", "--json", *options))


def test_a_run_is_recorded_judged_and_compared(project: Path) -> None:
    first, second = run(project), run(project)
    assert (first["verdict"], second["verdict"], second["baseline"]) == ("baseline", "identical", first["id"])
    assert second["metrics"] == {"total": 60.0}
    assert second["values"]["steps"] == "3"
    assert second["data"]["data.csv"] == first["data"]["data.csv"] is not None
    assert second["resources"]["cpu"] > 0
    assert second["resources"]["peak_memory"] > 10_000_000
    home = project / ".jrepro/runs" / first["id"]
    assert sorted(path.name for path in home.iterdir()) == ["nb.ipynb", "outputs", "run.json", "run.log"]
    assert (home / "outputs/report.txt").read_text() == "[10.0, 20.0, 30.0]"
    assert f"where {project}\\n" in (home / "nb.ipynb").read_text()

    (project / "data.csv").write_text("5\n2\n3\n4\n")
    third = run(project, "-p", "factor", "2")
    assert third["verdict"] == "changed"
    assert third["reasons"] == ["parameter: factor was 10, now 2", "data: data.csv differs"]
    again = answer(jrepro(project, "rerun", third["id"], "--json"))
    assert (again["verdict"], again["baseline"], again["parameters"]) == ("identical", third["id"], {"factor": "2"})

    done = jrepro(project, "diff", first["id"], third["id"])
    assert done.returncode == 1
    assert "  data: data.csv differs\n" in done.stdout
    assert "  different   file report.txt: was" in done.stdout
    assert "  total: 60 -> 20\n" in done.stdout
    assert jrepro(project, "diff", first["id"], second["id"]).returncode == 0
    listed = answer(jrepro(project, "runs", "--json"))
    assert [each["id"] for each in listed] == [each["id"] for each in (again, third, second, first)]
    rows = list(csv.DictReader(io.StringIO(jrepro(project, "runs", "pipe", "--csv").stdout)))
    assert [(row["parameter factor"], row["metric total"]) for row in rows][-2:] == [("10", "60.0"), ("10", "60.0")]
    shown = jrepro(project, "show", third["id"]).stdout
    assert "Something changed since run" in shown
    assert "  factor: 2\n" in shown


def test_a_secret_shows_nowhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[subprocess.CompletedProcess[str]] = []
    for variable in ("SHOW", "FAIL"):
        monkeypatch.setenv(variable, "1")
        said.append(jrepro(project, "run", "pipe"))
    assert [each.returncode for each in said] == [0, 3]
    said.append(jrepro(project, "show", answer(jrepro(project, "runs", "--json"))[0]["id"]))
    said.append(jrepro(project, "verify", "pipe"))
    said.append(jrepro(project, "runs"))
    monkeypatch.delenv("SERVICE_TOKEN")
    said.append(jrepro(project, "run", "pipe"))
    assert said[-1].returncode == 2
    assert "The secret token is not in env:SERVICE_TOKEN." in said[-1].stderr

    written = [path for root in (".jrepro/runs", "pipe") for path in (project / root).rglob("*") if path.is_file()]
    assert len(written) > 4
    texts = [each.stdout + each.stderr for each in said] + [path.read_bytes().decode() for path in written]
    for secret in (SECRET, OLD_SECRET, "sk-q7Zt%2F91", "c2stcTdadC85MSB4"):
        assert [text for text in texts if secret in text] == []
    assert any("***" in text for text in texts)


def test_runs_at_the_same_time_do_not_meet(project: Path) -> None:
    commands = [[*JREPRO, "run", "pipe", "--json", "-p", "factor", str(factor)] for factor in (2, 3)]
    started = [subprocess.Popen(each, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for each in commands]
    for process in started:
        output, error = process.communicate()
        assert process.returncode == 0, error.decode() + output.decode()
    found = {}
    for each in answer(jrepro(project, "runs", "--json")):
        report = project / ".jrepro/runs" / each["id"] / "outputs/report.txt"
        found[each["parameters"]["factor"]] = report.read_text()
    assert found == {"2": "[2.0, 4.0, 6.0]", "3": "[3.0, 6.0, 9.0]"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_early(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    marker = tmp_path / "kernel"
    monkeypatch.setenv("WAIT", str(marker))
    before = (project / "report.txt").read_text()
    with subprocess.Popen([*JREPRO, "run", "pipe"], cwd=project, stderr=subprocess.DEVNULL) as process:
        _wait_for(lambda: marker.exists() and marker.read_text() != "")
        os.kill(process.pid, number)
    kernel = int(marker.read_text())
    _wait_for(lambda: not psutil.pid_exists(kernel))
    (home,) = (project / ".jrepro/runs").iterdir()
    assert (read_run(home).status, read_run(home).verdict) == ("killed", "killed")
    assert (project / "report.txt").read_text() == before
    assert not (home / "outputs").exists()

    monkeypatch.delenv("WAIT")
    assert run(project)["verdict"] == "baseline"  # a killed run is nothing to compare with
    assert not (home / "work").exists()


def test_inputs_are_paths_or_urls(project: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("7\n")
    (project / "near.csv").write_text("8\n")
    assert run(project, "-p", "input_path", "near.csv")["metrics"] == {"total": 80.0}
    far = run(project, "-p", "input_path", f"file://{tmp_path}/other.csv")
    assert far["metrics"] == {"total": 70.0}
    assert list(far["data"]) == [f"file://{tmp_path}/other.csv"]
    done = jrepro(project, "run", "pipe", "-p", "input_path", "missing.csv")
    assert done.returncode == 2
    assert "input_path: there is no" in done.stderr
    done = jrepro(project, "run", "pipe", "-p", "input_path", "file:///no/such.csv")
    assert (done.returncode, "file:///no/such.csv can't be read" in done.stderr) == (3, True)


def _wait_for(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
