"""`jrepro trace`: from a model's file to the executions, data and earlier runs behind it; recorded in real kernels."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from commands import answer, jrepro
from recorded_kernels import recorded as recorded_kernel

from jupyter_repro.hashing import FileHasher
from jupyter_repro.model import Fit, Recording
from jupyter_repro.store.journal_reader import read_recording

pytestmark = [pytest.mark.xdist_group("trace"), pytest.mark.timeout(300)]  # one worker: TensorFlow's start is slow

IMPORTS = "import keras, numpy as np"
DATA = "data = np.loadtxt('data.csv', delimiter=',')\nx, y = data[:, :2], data[:, 2]"
MODEL = "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])"
COMPILE = "model.compile('adam', 'mse')"
BASE = [
    IMPORTS,
    DATA,
    "unrelated = 1",
    f"{MODEL}\n{COMPILE}",
    "history = model.fit(x, y, epochs=2, verbose=0, validation_split=0.25)",
    "model.save('base.keras')",
]
TUNED = [
    IMPORTS,
    DATA,
    "model = keras.saving.load_model('base.keras')",
    "history = model.fit(x, y, epochs=1, verbose=0)",
    "model.save_weights('tuned.weights.h5')",
]
ALONE = [  # nothing but the weights' digest leads from here to the first run
    IMPORTS,
    DATA,
    f"{MODEL}\nmodel.set_weights(keras.saving.load_model(ELSEWHERE).get_weights())\n{COMPILE}",
    "model.fit(x, y, verbose=0)",
    "model.fit(x, y, verbose=0)",
    "np.save('scores.npy', model.predict(x, verbose=0))",
]
ESTIMATOR = [
    "import joblib, numpy as np\nfrom sklearn.linear_model import LogisticRegression",
    DATA,
    "clf = LogisticRegression(C=0.5).fit(x, y > 1)",
    "files = joblib.dump(clf, 'clf.joblib')",
]


class Recorded(NamedTuple):
    project: Path
    first: str
    second: str
    tuned: str
    alone: str
    estimator: str


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """One notebook recorded twice with one seed, and others that go on from what it left."""
    pytest.importorskip("tensorflow")
    project = tmp_path_factory.mktemp("trace") / "project"
    (project / ".jrepro").mkdir(parents=True)
    _write_data(project)
    for arguments in (["init", "-q"], ["add", "data.csv"], ["commit", "-q", "-m", "data"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=project, check=True)
    first = _record(project, "base", BASE, "--seed", "7")
    second = _record(project, "base", BASE, "--seed", "7")
    tuned = _record(project, "tuned", TUNED)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy.keras"
    _pack_again(project / "base.keras", elsewhere)
    cells = [cell.replace("ELSEWHERE", repr(str(elsewhere))) for cell in ALONE]
    alone = _record(project, "alone", cells)
    return Recorded(project, first, second, tuned, alone, _record(project, "clf", ESTIMATOR))


def _write_data(project: Path) -> None:
    rows = [f"{i / 16},{(i * 7 % 16) / 16},{i % 3}" for i in range(16)]
    (project / "data.csv").write_text("\n".join(rows) + "\n")


def _pack_again(model: Path, copy: Path) -> None:
    """The same model in other bytes."""
    with zipfile.ZipFile(model) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))


def _record(project: Path, name: str, cells: list[str], *options: str) -> str:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    code = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": cell, "execution_count": None, "outputs": []}
        for i, cell in enumerate(cells)
    ]
    notebook = {"cells": code, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (project / f"{name}.ipynb").write_text(json.dumps(notebook))
    done = jrepro(project, "record", f"{name}.ipynb", "--json", *options)
    assert done.returncode == 0, done.stderr
    session: str = answer(done)["session"]
    return session


def _recording(recorded: Recorded, session: str) -> Recording:
    return read_recording(recorded.project, session)


def _fits(recording: Recording) -> list[Fit]:
    return [fit for execution in recording.executions for fit in execution.fits]


def _trace(recorded: Recorded, file: str) -> Any:
    done = jrepro(recorded.project, "trace", file, "--json")
    assert done.returncode == 0, done.stderr
    return answer(done)


def test_two_recordings_with_one_seed_train_to_the_same_weights(recorded: Recorded) -> None:
    (one,), (two,) = (_fits(_recording(recorded, each)) for each in (recorded.first, recorded.second))
    assert one == two
    assert (one.epochs, one.steps, one.optimizer, one.error) == (2, 2, "Adam", None)
    assert None is not one.initial != one.final is not None
    assert set(one.metrics) == {"loss", "val_loss"}
    tuned = _fits(_recording(recorded, recorded.tuned))
    assert [fit.initial for fit in tuned] == [one.final]


def test_a_fit_that_is_interrupted(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    interrupt = "threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT)).start()"
    with recorded_kernel(tmp_path) as kernel:
        kernel.start()
        kernel.run(f"{IMPORTS}\nimport os, signal, threading\nx = np.ones((64, 2))")
        kernel.run(f"{MODEL}\n{COMPILE}\nbatch = model.train_on_batch(x, x[:, 0])")
        ran = kernel.run(f"{interrupt}\nmodel.fit(x, x[:, 0], epochs=100_000, verbose=0)")
        recording = kernel.recording()
    assert (ran.reply.status, ran.reply.error_name) == ("error", "KeyboardInterrupt")
    (fit,) = recording.executions[-1].fits
    assert (fit.error, fit.planned) == ("KeyboardInterrupt", 100_000)
    assert fit.epochs is not None
    assert 0 < fit.epochs == len(fit.metrics["loss"]) < 100_000
    assert None is not fit.initial != fit.final is not None
    assert recording.session.incomplete is None


def test_show_tells_of_fits(recorded: Recorded) -> None:
    lines = jrepro(recorded.project, "show", recorded.first).stdout.splitlines()
    (line,) = [line.strip() for line in lines if "fit " in line]
    assert line.startswith("fit Sequential: 2 epochs, 2 steps, loss ")
    assert " -> " in line
    shown = answer(jrepro(recorded.project, "show", recorded.first, "--json"))
    assert shown["executions"][4]["fits"][0]["planned"] == 2


def test_a_model_leads_to_all_that_made_it(recorded: Recorded) -> None:
    found = _trace(recorded, "base.keras")
    (step,) = found["steps"]
    assert not found["changed"]
    assert (step["session"], step["ordinal"], step["path"]) == (recorded.second, 6, "base.keras")
    assert [kept["ordinal"] for kept in step["kept"]] == [1, 2, 4, 5, 6], "not the unrelated cell"
    recording = _recording(recorded, recorded.second)
    data = {each["path"]: each["digest"] for each in step["data"]}
    assert data["data.csv"] == FileHasher().digest(recorded.project / "data.csv")
    assert [(each["ordinal"], each["fit"]["final"]) for each in step["fits"]] == [(5, _fits(recording)[0].final)]
    assert step["git"]["commit"]
    assert step["git"]["dirty"] is False
    assert {"keras", "tensorflow"} <= step["environment"]["distributions"].keys()
    assert step["started_from"] == []


def test_trained_on_from_a_file_of_another_session(recorded: Recorded) -> None:
    tuned, base = _trace(recorded, "tuned.weights.h5")["steps"]
    assert (tuned["session"], base["session"], base["path"]) == (recorded.tuned, recorded.second, "base.keras")
    sources = {each["kind"]: each for each in tuned["started_from"]}
    assert (sources["file"]["path"], sources["file"]["of"]) == ("base.keras", 6)
    text = jrepro(recorded.project, "trace", "tuned.weights.h5").stdout
    assert f"base.keras, which execution 6 of session {recorded.second} wrote" in text
    assert f"jrepro export tuned.ipynb --session {recorded.tuned} --file tuned.weights.h5" in text


def test_trained_on_from_weights_that_came_by_another_way(recorded: Recorded) -> None:
    scores, left = _trace(recorded, "scores.npy")["steps"]
    (source,) = scores["started_from"]
    assert (source["kind"], source["session"], source["of"], source["others"]) == ("weights", recorded.second, 5, 1)
    assert (left["session"], left["ordinal"], left["path"]) == (recorded.second, 5, None)
    assert [kept["ordinal"] for kept in left["kept"]] == [1, 2, 4, 5]
    assert f"weights {left['digest'][:12]}: left by" in jrepro(recorded.project, "trace", "scores.npy").stdout
    assert [each["continues"] for each in scores["fits"]] == [None, 4], "the second goes on from the first"


def test_an_estimator(recorded: Recorded) -> None:
    (step,) = _trace(recorded, "clf.joblib")["steps"]
    (trained,) = step["fits"]
    assert (trained["fit"]["model"], trained["fit"]["parameters"]) == ("LogisticRegression", {"C": "0.5"})
    assert "model clf, LogisticRegression(C=0.5): state " in jrepro(recorded.project, "trace", "clf.joblib").stdout


def test_a_copy_is_known_by_its_content(recorded: Recorded) -> None:
    shutil.copyfile(recorded.project / "clf.joblib", recorded.project / "moved.bin")
    assert _trace(recorded, "moved.bin")["steps"][0]["session"] == recorded.estimator


def test_without_the_index_the_answer_is_the_same(recorded: Recorded) -> None:
    index = recorded.project / ".jrepro" / "index.sqlite"
    before = _trace(recorded, "tuned.weights.h5")
    index.unlink()
    index.mkdir()
    try:
        assert _trace(recorded, "tuned.weights.h5") == before
    finally:
        index.rmdir()


def test_a_run_is_an_origin_too(recorded: Recorded) -> None:
    project = recorded.project
    exported = jrepro(project, "export", "clf.ipynb", "--file", "clf.joblib", "-o", "out", "--no-prove")
    assert exported.returncode == 0, exported.stdout + exported.stderr
    run = answer(jrepro(project, "run", "out", "--json"))
    assert [out["path"] for out in run["outs"]] == ["clf.joblib"]
    found = _trace(recorded, "clf.joblib")
    assert found["steps"][0]["run"]["id"] == run["id"]
    assert found["steps"][0]["session"] == recorded.estimator
    assert f"written by run {run['id']} of out" in jrepro(project, "trace", "clf.joblib").stdout


@pytest.mark.parametrize(
    ("file", "parts"),
    [
        ("missing.keras", ["There is no file missing.keras.", "jrepro log"]),
        ("gone.txt", ["no file gone.txt any more", "jrepro show"]),
        ("nobodys.txt", ["Nobody wrote nobodys.txt", "jrepro record"]),
        ("folder", ["folder is a folder", "ls folder"]),
    ],
)
def test_what_can_not_be_traced(project: Path, write_notebook: Any, file: str, parts: list[str]) -> None:
    write_notebook(["open('gone.txt', 'w').write('a')", "open('changed.txt', 'w').write('a')"])
    assert jrepro(project, "record", "notebook.ipynb").returncode == 0
    (project / "gone.txt").unlink()
    (project / "nobodys.txt").write_text("b")
    (project / "folder").mkdir()
    done = jrepro(project, "trace", file)
    assert done.returncode == 2
    assert [part for part in parts if part not in done.stderr] == []
    (project / "changed.txt").write_text("by hand")
    changed = jrepro(project, "trace", "changed.txt")
    assert changed.returncode == 0
    assert "This is not what was recorded" in changed.stdout
    assert "written by execution 2" in changed.stdout
