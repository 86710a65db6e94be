"""Causes planted one at a time between a proof and the next: each must be named, with the execution that met it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import answer, jrepro, record

if TYPE_CHECKING:
    from tests.conftest import WriteNotebook

CELLS = [
    "import glob, os\nimport numpy as np\nimport pandas as pd\nfrom helper import scale",
    "df = pd.read_csv('data.csv')",
    "df['c'] = scale(df['a'])",
    "values = [float(open(name).read()) for name in sorted(glob.glob('parts/*.txt'))]",
    "factor = float(os.environ.get('FACTOR', '1'))",
    "noise = np.random.rand(3)",
    "result = df['c'].sum() * factor + sum(values) + noise.sum()",
]


def _row(project: Path, patch: pytest.MonkeyPatch) -> None:
    lines = (project / "data.csv").read_text().splitlines()
    (project / "data.csv").write_text("\n".join([*lines[:50], "9.0", *lines[51:]]))


def _file(project: Path, patch: pytest.MonkeyPatch) -> None:
    (project / "parts" / "3.txt").unlink()


def _module(project: Path, patch: pytest.MonkeyPatch) -> None:
    (project / "helper.py").write_text("def scale(column):\n    return column * 3\n")


def _variable(project: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("FACTOR", "2")


def _seed(project: Path, patch: pytest.MonkeyPatch) -> None:
    """Somebody takes the line out that seeds numpy."""
    path = project / "notebook-pipeline" / "notebook.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        lines = "".join(cell["source"]).splitlines(keepends=True)
        cell["source"] = "".join(line for line in lines if ".seed(" not in line)
    path.write_text(json.dumps(notebook))


PLANTED = {
    "a row of a table": (_row, 3, "before it, execution 2 uses what changed: data: data.csv differs"),
    "a file of a folder": (_file, 4, "it uses what changed: data: parts/3.txt is missing"),
    "a module": (_module, 3, "before it, execution 1 uses what changed: code: helper.py (helper) differs"),
    "a variable": (_variable, 5, "it uses what changed: environment: FACTOR is set now"),
    "a seed": (_seed, 6, "it draws random numbers (numpy)"),
}


@pytest.fixture
def exported(project: Path, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("FACTOR", raising=False)
    (project / "data.csv").write_text("a\n" + "\n".join(str(number / 7) for number in range(100)))
    (project / "parts").mkdir()
    for number in range(5):
        (project / "parts" / f"{number}.txt").write_text(str(number))
    (project / "helper.py").write_text("def scale(column):\n    return column * 2\n")
    record(project, write_notebook(CELLS))
    assert jrepro(project, "export", "notebook.ipynb", "-t", "result").returncode == 0
    return project


@pytest.mark.parametrize(("plant", "ordinal", "evidence"), PLANTED.values(), ids=PLANTED)
def test_a_planted_cause_is_named(
    exported: Path,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[Path, pytest.MonkeyPatch], None],
    ordinal: int,
    evidence: str,
) -> None:
    plant(exported, monkeypatch)
    verified = jrepro(exported, "verify", "notebook-pipeline", "--json")
    found: dict[str, Any] = answer(verified)
    assert (verified.returncode, found["verdict"]) == (1, "not proven")
    assert found["divergence"]["ordinal"] == ordinal
    assert [each for each in found["divergence"]["evidence"] if each.startswith(evidence)]


def test_no_value_of_a_variable_is_in_the_record(
    project: Path, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACTOR", "a-value-nobody-else-has")
    record(project, write_notebook(["import os", "size = len(os.environ['FACTOR'])"]))
    assert jrepro(project, "export", "notebook.ipynb", "-t", "size").returncode == 0
    held = [path for path in project.rglob("*") if path.is_file() and b"nobody-else" in path.read_bytes()]
    assert held == []
    assert (project / ".jrepro" / "key").stat().st_mode & 0o077 == 0
    assert "environment_digests" not in (project / "notebook-pipeline" / "pipeline.json").read_text().replace(
        '"environment_digests": {}', ""
    )
