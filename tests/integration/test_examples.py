"""The examples, recorded as they ran: each exports to a notebook that is proven, and that stock papermill runs with the
same results in a fresh copy of its folder.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "examples"
JREPRO = (sys.executable, "-m", "jupyter_repro.cli")
PAPERMILL = (sys.executable, "-m", "papermill", "--no-progress-bar")


@dataclass(frozen=True)
class Example:
    """Executions are named by a piece of their text."""

    folder: str
    notebook: str
    target: str  # a result to ask for by name
    files: frozenset[str]  # that it writes into out/
    dead_ends: tuple[str, ...]  # no result needs them
    once: tuple[str, ...]  # ran more than once, of which one run counts
    needed: tuple[str, ...]  # must stay, and are easy to miss


WINE = Example(
    folder="wine-cleanup",
    notebook="wine_cleanup.ipynb",
    target="summary",
    files=frozenset({"wine_clean.csv", "cultivars.png"}),
    dead_ends=(
        "str.upper().value_counts()",
        "south.describe()",
        'south["proline"].describe()',
        ".corr()",
        ".boxplot(",
        'groupby("vintage")',
        'wine["alcohol"] < alcohol_max',
        ".mean()",
    ),
    once=('south["proline"] *= 1000', "wine = wine.merge(", "lab_south.csv"),
    needed=("alcohol_max = 20", "measured = "),
)
TUMOURS = Example(
    folder="tumour-models",
    notebook="tumour_models.ipynb",
    target="leaderboard",
    files=frozenset({"leaderboard.csv", "importance.png"}),
    dead_ends=(
        "measurements.describe()",
        "LogisticRegression().fit(X, y)",
        "train_test_split(X, y)\n",
        "svm = SVC(",
        ".get_depth()",
        "KNeighborsClassifier",
        "C = 0.1\n",
        "predict_proba",
        '"svm": svm',
        "plt.boxplot",
        "importance.plot.barh()",
        "retrained = ",
    ),
    once=("patients = measurements", "logistic = ", "leaderboard.to_csv"),
    needed=('Path("out").mkdir', "n_estimators = 150"),  # a deleted cell made the folder
)
DIGITS = Example(
    folder="digit-training",
    notebook="digit_training.ipynb",
    target="model",
    files=frozenset({"metrics.csv", "curves.png", "digits.weights.h5"}),
    dead_ends=(
        ".value_counts()",
        "plt.imshow(",
        "plt.hist(margin",
        'plt.plot(history.history["loss"])',
        "conv",
        "curves.plot(",
        "!ls",
    ),
    once=(),
    needed=('Path("out").mkdir', "epochs = 40\n"),
)


each_example = pytest.mark.parametrize(
    "example",
    [
        pytest.param(each, id=each.folder, marks=pytest.mark.xdist_group(each.folder))
        for each in (WINE, TUMOURS, DIGITS)
    ],
)


@dataclass(frozen=True)
class Recorded:
    folder: Path
    sources: tuple[str, ...]  # of the executions, in true order
    digests: dict[str, str]  # of the files that the session wrote
    exported: dict[str, Any]  # what `jrepro export` says of the default targets

    def kept(self, text: str) -> list[int]:
        """The kept ones of the executions that have this in their text."""
        found = [ordinal for ordinal, source in enumerate(self.sources, start=1) if text in f"{source}\n"]
        assert found, f"nothing ran {text!r}"
        return [each["ordinal"] for each in self.exported["kept"] if each["ordinal"] in found]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Example], Recorded]:
    """Record and export an example in a copy of its folder, once for all tests."""

    @functools.cache
    def recorded(example: Example) -> Recorded:
        if example is DIGITS and importlib.util.find_spec("tensorflow") is None:
            pytest.skip("TensorFlow isn't installed: pip install jupyter-repro[tensorflow]")
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], check=True)  # it caches what it finds
        folder = copy_of(example, tmp_path_factory.mktemp("recorded"))
        jrepro(folder, "record", example.notebook, "--history", "history.jsonl")
        written = digests(folder / "out")
        exported = jrepro(folder, "export", example.notebook, "-o", "exported")
        return Recorded(folder, sources(folder / example.notebook), written, exported)

    return recorded


def copy_of(example: Example, parent: Path) -> Path:
    folder = parent / example.folder
    shutil.copytree(FOLDER / example.folder, folder, ignore=shutil.ignore_patterns("out", ".jrepro", "*-pipeline"))
    return folder


def jrepro(folder: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run([*JREPRO, *arguments, "--json"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def sources(notebook: Path) -> tuple[str, ...]:
    """What the history ran: the saved text of a cell where the history doesn't tell another."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    saved = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    lines = (notebook.parent / "history.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    return tuple(each["source"] if "source" in each else saved[each["cell"]] for each in told)


def digests(folder: Path) -> dict[str, str]:
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@each_example
def test_it_is_proven(example: Example, record: Callable[[Example], Recorded]) -> None:
    exported = record(example).exported

    assert exported["verdict"] == "proven"
    assert {target["verdict"] for target in exported["targets"]} == {"identical"}
    assert {Path(target["expr"]).name for target in exported["targets"]} >= example.files


@each_example
def test_stock_papermill_writes_the_same_files(
    example: Example, record: Callable[[Example], Recorded], tmp_path: Path
) -> None:
    recorded = record(example)
    elsewhere = copy_of(example, tmp_path)

    exported = recorded.folder / "exported" / example.notebook
    subprocess.run([*PAPERMILL, str(exported), str(tmp_path / "ran.ipynb")], cwd=elsewhere, check=True)

    assert recorded.digests.keys() == example.files
    assert digests(elsewhere / "out") == recorded.digests


@each_example
def test_what_no_result_needs_is_dropped(example: Example, record: Callable[[Example], Recorded]) -> None:
    recorded = record(example)
    kept = [each["ordinal"] for each in recorded.exported["kept"]]

    assert sorted([*kept, *recorded.exported["dropped"]]) == list(range(1, len(recorded.sources) + 1))
    assert {text: recorded.kept(text) for text in example.dead_ends} == {text: [] for text in example.dead_ends}
    assert {text: len(recorded.kept(text)) for text in example.once} == dict.fromkeys(example.once, 1)
    assert all(recorded.kept(text) for text in example.needed)


def test_what_a_library_caches_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "cold"))
    folder = copy_of(WINE, tmp_path)
    jrepro(folder, "record", WINE.notebook, "--history", "history.jsonl")

    exported = jrepro(folder, "export", WINE.notebook, "--no-prove")

    assert {target["expr"] for target in exported["targets"][1:]} == {f"out/{name}" for name in WINE.files}


@each_example
def test_a_result_by_its_name(example: Example, record: Callable[[Example], Recorded]) -> None:
    answer = jrepro(record(example).folder, "export", example.notebook, "-t", example.target, "-o", "named")

    assert answer["verdict"] == "proven"
    assert answer["targets"] == [{"expr": example.target, "verdict": "identical"}]


def test_the_data_are_what_the_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(FOLDER / "make_data.py"), str(tmp_path)], check=True)

    written = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    committed = {file.relative_to(FOLDER): file.read_bytes() for file in FOLDER.glob("*/data/**/*") if file.is_file()}
    sales = {Path("daily-sales/data/sales.csv")}  # grow.py makes those
    assert written == {path: data for path, data in committed.items() if path not in sales}
