"""Without a seed in the notebook, all that it draws follows from the session's: recorded again, proven, and run by
stock papermill in a kernel that can't import us.
"""

from __future__ import annotations

import base64
import json
import random
import stat
import struct
import sys
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import papermill
import pytest
from bare_kernel import BARE
from commands import answer, jrepro

from jupyter_repro import objects
from jupyter_repro.capture.fingerprint import fingerprint
from jupyter_repro.model import Recording
from jupyter_repro.store.journal_reader import read_recording

SEED = 12345
SHOW = "import json\nprint(json.dumps({}))"
SNIPPETS = {
    "python": "import random\npython = [random.random(), random.Random().random(), random.sample(range(99), 3)]",
    "reseeded": "random.seed()\nreseeded = random.random()",
    "legacy": "import numpy as np\nlegacy = [*np.random.rand(2), np.random.RandomState().rand()]",
    "constructors": "names = ['PCG64', 'MT19937', 'Philox', 'SFC64']\n"
    "constructors = [np.random.default_rng().random(), *(getattr(np.random, n)().random_raw() for n in names)]",
    "sequence": "sequence = [each.entropy for each in np.random.SeedSequence().spawn(2)]",
    "identifiers": "import os, tempfile\nfrom uuid import uuid4\n"
    "identifiers = [str(uuid4()), os.urandom(8).hex(), os.path.basename(tempfile.mktemp())]",
    "helper": "import helper\nhelper = [helper.identifier(), helper.generator.random()]",
    "sampled": "import pandas as pd\nsampled = pd.DataFrame({'a': range(50)}).sample(5)['a'].tolist()",
    "forest": "from sklearn.datasets import make_classification\nfrom sklearn.ensemble import RandomForestClassifier\n"
    "x, y = make_classification(80)\n"
    "forest = [RandomForestClassifier(5, n_jobs=n).fit(x, y).predict_proba(x).tolist() for n in (1, 2)]",
    "processes": "from joblib import Parallel, delayed\nfrom sklearn.ensemble import BaggingClassifier\n"
    "processes = BaggingClassifier(n_estimators=4, n_jobs=2).fit(x, y).predict_proba(x).tolist()",
    "resampled": "from scipy.stats import bootstrap\n"
    "resampled = list(bootstrap((y,), np.mean, n_resamples=20).confidence_interval)",
    "children": "import multiprocessing, warnings\nwarnings.simplefilter('ignore')\n"
    "def draw(_):\n    return [random.random(), np.random.default_rng().random(), str(uuid4())]\n"
    "with multiprocessing.get_context('fork').Pool(1, maxtasksperchild=1) as pool:\n"
    "    children = pool.map(draw, range(2), chunksize=1)",
    "order": "order = list({'one', 'two', 'three', 'four', 'five'})",
}
HELPER = """
import uuid
import numpy
generator = numpy.random.default_rng()
def identifier():
    return str(uuid.uuid4())
"""
SECRET = "import secrets\nsecret = [secrets.token_hex(), random.SystemRandom().random()]"
USERS = "np.random.seed(1)\nusers = [random.Random(1).random(), np.random.default_rng(1).random(), np.random.rand()]"
KERAS = [
    "import numpy as np\nimport keras, tensorflow as tf",
    "inputs = np.linspace(0, 1, 6 * 8 * 8).reshape(6, 8, 8, 1)\nlabels = np.arange(6) % 2",
    """layers = keras.layers
model = keras.Sequential([
    layers.RandomFlip(), layers.RandomRotation(0.2),
    layers.Conv2D(2, 3), layers.Flatten(), layers.Dropout(0.4), layers.Dense(2),
])
model.compile('adam', keras.losses.SparseCategoricalCrossentropy(from_logits=True))
history = model.fit(inputs, labels, epochs=2, batch_size=2, shuffle=True, verbose=0)""",
    "unseeded = tf.random.Generator.from_non_deterministic_state()",
    "generators = [unseeded, tf.random.get_global_generator()]",
    "drawn = [each.normal([2]).numpy().tolist() for each in generators]",
    "drawn += [keras.random.normal([2]).numpy().tolist(), tf.random.uniform([2]).numpy().tolist()]",
    "weights = [each.tolist() for each in model.get_weights()]",
    SHOW.format("[history.history, drawn, weights]"),
]
TORCH = [
    "import torch",
    "torch.seed()\nfresh = torch.rand(2).tolist()",
    "loader = torch.utils.data.DataLoader(list(range(9)), batch_size=4, shuffle=True)",
    "shuffled = [batch.tolist() for batch in loader]",
    "layer = torch.nn.Linear(2, 2)\ntrained = torch.nn.Dropout()(layer(torch.ones(3, 2))).tolist()",
    SHOW.format("[fresh, shuffled, trained]"),
]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel of that name knows nothing of us."""
    folder = tmp_path / "jupyter" / "kernels" / "bare"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-c", BARE, "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Bare", "language": "python"}))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("PYTHONHASHSEED", "0")  # as the exported notebook says


def record(project: Path, *options: str) -> Recording:
    done = jrepro(project, "record", "notebook.ipynb", "--json", "--seed", str(SEED), *options)
    assert done.returncode == 0, done.stderr
    recording = read_recording(project, answer(done)["session"])
    assert [
        (each.error, each.incomplete) for each in recording.executions if each.status != "ok" or each.incomplete
    ] == []
    return recording


def digests(recording: Recording, names: Any) -> dict[str, Any]:
    found = {name: recording.namespace[name].value for name in names}
    return {name: value and (value.exact, value.digest) for name, value in found.items()}


def export(project: Path, *targets: str) -> Any:
    options = [part for target in targets for part in ("-t", target)]
    done = jrepro(project, "export", "notebook.ipynb", "--json", "-o", "out", *options)
    assert done.returncode == 0, done.stdout
    exported = answer(done)
    assert exported["verdict"] == "proven"
    assert {target["verdict"] for target in exported["targets"]} == {"identical"}
    return exported


def run_bare(project: Path, **parameters: Any) -> Any:
    """What the last cell of the exported notebook prints as JSON."""
    notebook = papermill.execute_notebook(
        project / "out" / "notebook.ipynb", None, parameters, kernel_name="bare", progress_bar=False, cwd=project
    )
    return json.loads(notebook.cells[-1].outputs[0].text)


def recorded_print(project: Path, recording: Recording) -> Any:
    """The same of the recording."""
    execution = recording.executions[-1]
    outputs = execution.outputs_json or objects.get(project, execution.outputs_object or "")
    return json.loads(json.loads(outputs)[0]["text"])


@pytest.mark.usefixtures("bare")
def test_what_has_no_seed_follows_from_the_sessions(project: Path, write_notebook: Any) -> None:
    (project / "helper.py").write_text(HELPER)
    cells = [*SNIPPETS.values(), SECRET, USERS, SHOW.format(f"[{', '.join(SNIPPETS)}, users]")]
    write_notebook(cells)
    first, second = record(project), record(project)

    known = digests(first, [*SNIPPETS, "users"])
    assert known == digests(second, [*SNIPPETS, "users"])
    assert all(value and value[0] for value in known.values())
    assert digests(first, ["secret"]) != digests(second, ["secret"])

    exported = export(project)
    assert exported["dropped"] == [len(SNIPPETS) + 1]
    assert run_bare(project) == recorded_print(project, second)


def test_the_record_is_private_and_keeps_states(project: Path, write_notebook: Any) -> None:
    seeded = "import numpy as np\nimport random\nrandom.seed(1)\nnp.random.seed(1)"  # the states are the user's
    write_notebook([seeded, "drawn = [*np.random.rand(2), random.random()]"])
    recording = record(project)
    journal = project / ".jrepro" / "sessions" / f"{recording.session.id}.jsonl"
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert recording.session.environment is not None
    assert recording.session.environment.hash_seed == "0"

    states = {
        each.library: json.loads(objects.get(project, each.object or "")) for each in recording.executions[1].random
    }
    kind, key, *rest = states["numpy"]
    numpy_generator, python_generator = np.random.RandomState(), random.Random()
    numpy_generator.set_state((kind, np.frombuffer(base64.b64decode(key["bytes"]), np.uint32), *rest))
    version, words, gauss = states["random"]
    python_generator.setstate((version, struct.unpack("<625I", base64.b64decode(words["uint32"])), gauss))
    found = [*numpy_generator.rand(2), python_generator.random()]
    assert digests(recording, ["drawn"])["drawn"] == (True, fingerprint(found).digest)


def test_deterministic_modes_are_recorded_and_exported(project: Path, write_notebook: Any) -> None:
    pytest.importorskip("tensorflow")
    asks = "from tensorflow.python.framework import config\nconfig.is_op_determinism_enabled()"
    write_notebook(["import tensorflow as tf\ntext = tf.__version__", asks])
    recording = record(project, "--deterministic")
    assert recording.session.deterministic
    assert recording.executions[1].outputs[0].text == "True"
    assert jrepro(project, "export", "notebook.ipynb", "-t", "text", "-o", "out", "--no-prove").returncode == 0
    line = '__import__("tensorflow").config.experimental.enable_op_determinism()'
    assert f"import tensorflow as tf\n{line}" in nbformat.read(project / "out" / "notebook.ipynb", 4).cells[-1].source


@pytest.mark.usefixtures("bare")
def test_executions_draw_the_same_whatever_ran_before(project: Path, write_notebook: Any) -> None:
    """What is dropped, and what ran twice, leaves no trace in the others' draws. Another seed gives other numbers."""
    cells = [
        "import random, uuid\nimport numpy as np, numpy.random",
        "x = [np.random.default_rng().random(), random.random(), np.random.rand(), str(uuid.uuid4())]",
        "y = [np.random.default_rng().random(), np.random.rand(), random.random(), str(uuid.uuid4())]",
        USERS,
        SHOW.format("[*x, *y, *users]"),
    ]
    write_notebook(cells)
    recording = record(project, "--order", "1,2,3,2,3,2,4,5")
    assert recording.executions[1].entropy == recording.executions[5].entropy
    exported = export(project)
    assert exported["dropped"] == [2, 3, 4]
    numbers, others = recorded_print(project, recording), run_bare(project, seed=1)
    assert [one == other for one, other in zip(numbers, others, strict=True)] == [False] * 8 + [True] * 3


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("library", "cells"), [("keras", KERAS), ("torch", TORCH)])
def test_training_without_a_seed(library: str, cells: list[str], project: Path, write_notebook: Any) -> None:
    pytest.importorskip(library, exc_type=ImportError)
    write_notebook(cells)
    first, second = record(project), record(project)
    assert recorded_print(project, first) == recorded_print(project, second)
    assert jrepro(project, "export", "notebook.ipynb", "-o", "out", "--no-prove").returncode == 0
    assert run_bare(project) == recorded_print(project, second)
