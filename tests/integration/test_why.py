"""Causes planted after a proof: `why` ranks them first, with evidence; `bisect` shows them by putting them back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import answer, jrepro, record

from jupyter_repro import objects
from jupyter_repro.hashing import digest

pytestmark = pytest.mark.xdist_group("why")

CELLS = [
    "import glob, os\nimport numpy as np\nimport tallying\nfrom helper import scale",
    "total = scale(sum(float(line) for line in open('data.csv').read().split()[1:]))",
    "sizes = [len(open(name, 'rb').read()) for name in sorted(glob.glob('images/*.png'))]",
    "factor = float(os.environ.get('FACTOR', '1'))",
    "noise = float(np.random.rand(3).sum())",
    (
        "threads = int(os.environ.get('OMP_NUM_THREADS', '1'))\n"
        "parts = repr(sum(sum(1 / (n + 1) for n in range(100)[first::threads]) for first in range(threads)))"
    ),
    "score = tallying.tally(total)",
    "offset = 3",
    "result = [score * factor, sum(sizes), noise, parts, offset]",
]
PLANTED = "nb-pipeline"


class Plant:
    """What a test may change: files of the project, and the environment of the commands."""

    def __init__(self, project: Path, patch: pytest.MonkeyPatch) -> None:
        self.project, self.patch = project, patch

    def row(self) -> None:
        lines = (self.project / "data.csv").read_text().splitlines()
        (self.project / "data.csv").write_text("\n".join([*lines[:50], "9.0", *lines[51:]]))

    def image(self) -> None:
        (self.project / "images" / "3.png").unlink()

    def module(self) -> None:
        (self.project / "helper.py").write_text("def scale(number):\n    return number * 3\n")

    def variable(self) -> None:
        self.patch.setenv("FACTOR", "2")

    def threads(self) -> None:
        """Whoever set the kernel up has fixed the number."""
        folder = self.project / "jupyter" / "kernels" / "python3"
        folder.mkdir(parents=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "P", "language": "python", "env": {"OMP_NUM_THREADS": "2"}}
        (folder / "kernel.json").write_text(json.dumps(spec))
        self.patch.setenv("JUPYTER_PATH", str(self.project / "jupyter"))

    def seed(self) -> None:
        self._edit(lambda source: "".join(line for line in source.splitlines(True) if ".seed(" not in line))

    def cell(self) -> None:
        self._edit(lambda source: source.replace("sum(sizes)", "max(sizes)"))

    def package(self) -> None:
        _install(self.project, "2.0")

    def _edit(self, change: Callable[[str], str]) -> None:
        path = self.project / PLANTED / "notebook.ipynb"
        notebook = json.loads(path.read_text())
        for cell in notebook["cells"]:
            cell["source"] = change("".join(cell["source"]))
        path.write_text(json.dumps(notebook))


def _wheel(folder: Path, version: str, factor: int) -> None:
    about = f"tallying-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"tallying-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tallying.py", f"def tally(number):\n    return number * {factor}\n")
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: tallying\nVersion: {version}\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", f"tallying.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")


def _install(project: Path, version: str) -> None:
    target = project / "venv" / "site-packages"
    shutil.rmtree(target, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        str(target),
        f"tallying=={version}",
    ]
    subprocess.run(command, check=True, cwd=project)


def _surround(patch: pytest.MonkeyPatch, project: Path) -> None:
    patch.delenv("FACTOR", raising=False)
    patch.delenv("OMP_NUM_THREADS", raising=False)
    patch.setenv("PIP_NO_INDEX", "1")
    patch.setenv("PIP_FIND_LINKS", str(project / "wheels"))
    patch.setenv("PIP_ROOT_USER_ACTION", "ignore")
    own = os.environ.get("PYTHONPATH")
    patch.setenv("PYTHONPATH", os.pathsep.join([str(project / "venv" / "site-packages"), *([own] if own else [])]))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a proven pipeline, to be copied."""
    project = tmp_path_factory.mktemp("exported") / "project"
    (project / ".jrepro").mkdir(parents=True)
    (project / "data.csv").write_text("a\n" + "\n".join(str(number / 7) for number in range(100)))
    (project / "helper.py").write_text("def scale(number):\n    return number * 2\n")
    (project / "images").mkdir()
    for number in range(5):
        (project / "images" / f"{number}.png").write_bytes(bytes(number + 1))
    _wheel(project / "wheels", "1.0", 10)
    _wheel(project / "wheels", "2.0", 11)
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "execution_count": None, "outputs": []}
        for n, source in enumerate(CELLS)
    ]
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = project / "notebook.ipynb"
    notebook.write_text(json.dumps({"cells": cells, "metadata": spec, "nbformat": 4, "nbformat_minor": 5}))
    with pytest.MonkeyPatch.context() as patch:
        _surround(patch, project)
        _install(project, "1.0")
        record(project, notebook)
        assert jrepro(project, "data", "keep").returncode == 0
        done = jrepro(project, "export", "notebook.ipynb", "-t", "result", "-o", PLANTED)
        assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def plant(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    project = tmp_path / "project"
    shutil.copytree(exported, project)
    _surround(monkeypatch, project)
    return Plant(project, monkeypatch)


CAUSES: dict[str, tuple[str, int, str, str]] = {
    # the plant: the execution, the factor, its evidence
    "row": ("row", 2, "data:data.csv", "row 50: a 7.0 is now 9.0"),
    "image": ("image", 3, "data:images/3.png", "execution 3 itself uses it"),
    "module": ("module", 2, "code:helper.py", "line 2:     return number * 2 is now     return number * 3"),
    "variable": ("variable", 4, "environment:FACTOR", "execution 4 itself uses it"),
    "threads": ("threads", 6, "threads:OMP_NUM_THREADS", "execution 6 itself uses it"),
    "seed": ("seed", 5, "seed:seed-5", "execution 5 itself uses it"),
    "cell": ("cell", 9, "cell:execution-9", "execution 9 itself uses it"),
    "package": ("package", 7, "package:tallying", "execution 7 itself uses it"),
}


@pytest.mark.parametrize(("name", "ordinal", "factor", "evidence"), CAUSES.values(), ids=CAUSES)
def test_a_planted_cause_is_explained_then_shown(
    plant: Plant, name: str, ordinal: int, factor: str, evidence: str
) -> None:
    getattr(plant, name)()
    files = _files(plant.project)
    verified = jrepro(plant.project, "verify", PLANTED)
    assert verified.returncode == 1, verified.stdout + verified.stderr

    explained = answer(jrepro(plant.project, "why", PLANTED, "--json"))
    assert explained["first"]["ordinal"] == ordinal
    cause = explained["causes"][0]
    assert (cause["factors"], cause["strength"]) == ([factor], "likely")
    assert evidence in cause["evidence"]
    assert f"1. likely    {cause['kind']}: {cause['text']}" in verified.stdout

    bisected = jrepro(plant.project, "bisect", PLANTED, "--packages", "--json")
    found = answer(bisected)
    assert (bisected.returncode, found["result"]) == (0, "isolated")
    assert _isolated(found) == [(ordinal, [factor])]
    assert answer(jrepro(plant.project, "why", PLANTED, "--json"))["causes"][0]["strength"] == "shown"
    assert _files(plant.project) == files


def _isolated(found: dict[str, Any]) -> list[tuple[int | None, list[str]]]:
    return [
        (each["ordinal"], sorted(f"{factor['kind']}:{factor['name']}" for factor in each["factors"]))
        for each in found["isolated"]
    ]


def _files(project: Path) -> dict[Path, bytes]:
    paths = (path for path in project.rglob("*") if not {".jrepro", "__pycache__"} & set(path.parts))
    return {path: path.read_bytes() for path in paths if path.is_file()}


def test_a_pair_of_causes_at_once_in_a_search_that_is_interrupted(plant: Plant) -> None:
    """Both change what execution 2 gives: to put one of them back is not enough."""
    plant.row()
    plant.module()
    run = answer(jrepro(plant.project, "run", PLANTED, "--json"))["id"]
    explained = jrepro(plant.project, "why", run)
    assert explained.returncode == 1
    assert "First difference: execution 2 gave other values" in explained.stdout

    first = jrepro(plant.project, "bisect", run, "--max-runs", "2", "--json")
    assert (first.returncode, answer(first)["result"], len(answer(first)["attempts"])) == (1, "out of runs", 2)
    second = answer(jrepro(plant.project, "bisect", run, "--json"))
    assert second["attempts"][:2] == answer(first)["attempts"]
    assert second["result"] == "isolated"
    assert _isolated(second) == [(2, ["code:helper.py", "data:data.csv"])]


def test_what_nobody_kept_is_named_and_left(plant: Plant) -> None:
    plant.patch.setenv("FACTOR", "2")
    objects.path_of(plant.project, digest((plant.project / "data.csv").read_bytes())).unlink()
    (plant.project / "data.csv").write_text("a\n1\n")
    jrepro(plant.project, "verify", PLANTED)
    done = jrepro(plant.project, "bisect", PLANTED)
    assert done.returncode == 1
    assert "Not isolated: with all that can be put back as it was, the run still differs." in done.stdout
    assert "data: data.csv differs from the one that was read (what was recorded has sha256" in done.stdout


def test_a_run_that_gave_what_was_recorded(plant: Plant) -> None:
    run = answer(jrepro(plant.project, "run", PLANTED, "--json"))["id"]
    done = jrepro(plant.project, "why", run)
    assert (done.returncode, done.stdout.endswith("it gave what was recorded.\n")) == (0, True)
    done = jrepro(plant.project, "bisect", run)
    assert (done.returncode, done.stdout) == (1, "Here and now the run gives what was recorded.\n")


def test_neither_a_run_nor_a_pipeline(plant: Plant) -> None:
    for command in ("why", "bisect"):
        done = jrepro(plant.project, command, "nothing")
        assert (done.returncode, done.stderr.splitlines()[0]) == (2, "Error: nothing is neither a run nor a pipeline.")
