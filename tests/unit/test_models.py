"""Which models an execution changed, told by the evidence at the border after it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from live_sessions import LiveSession

from jupyter_repro.capture.code import CodeNames
from jupyter_repro.capture.fingerprint import digest_within, fingerprint
from jupyter_repro.capture.fits import Trained
from jupyter_repro.capture.models import Models
from jupyter_repro.model import Fit

SKLEARN = """
import numpy as np
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
x, y = np.arange(20.).reshape(10, 2), np.arange(10) % 2
def train(model):
    return model.fit(x, y)
"""
MADE_AND_FITTED = [
    ("clf = LogisticRegression(C=0.5).fit(x, y)", {"clf": {"C": "0.5"}}),
    ("clf = train(SGDClassifier(random_state=3))", {"clf": {"random_state": "3"}}),
    ("pipe = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)",
     {"pipe": {"steps": "StandardScaler, LogisticRegression"}}),
    ("models = {'a': LogisticRegression().fit(x, y), 'b': 3}", {"models['a']": {}}),
    ("models = [LogisticRegression(), StandardScaler().fit(x)]", {"models[1]": {}}),
    ("clf = LogisticRegression()", {}),
    ("shape = x.shape", {}),
]  # fmt: skip
TORCH = "import torch\nnet = torch.nn.Linear(2, 1)\noptimizer = torch.optim.SGD(net.parameters(), 0.1)"
STEP = """
def step():
    net(torch.ones(3, 2)).sum().backward()
    optimizer.step()
"""


class Cells:
    """What `Models` tells of each cell of a live session."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self.models = Models()
        self.idle = True

    def run(self, source: str, called: Trained | None = None) -> dict[str | None, Fit]:
        execution = self._session.run(source)
        code = [
            CodeNames(frozenset(), frozenset(words), frozenset(), frozenset()) for words in self._session.code.values()
        ]
        fits = self.models.changed(execution, self._session.names, called or Trained(), code)
        waited = self.models.settle(self._session.names) if self.idle else {}
        assert waited.keys() <= {execution.ordinal}
        return {fit.name: fit for fit in (*fits, *waited.get(execution.ordinal, ()))}


@pytest.fixture
def cells(session: LiveSession) -> Cells:
    return Cells(session)


@pytest.mark.parametrize(("source", "expected"), MADE_AND_FITTED)
def test_estimators_that_a_cell_made(cells: Cells, source: str, expected: dict[str, Any]) -> None:
    assert cells.run(SKLEARN) == {}
    found = cells.run(source)
    assert {name: fit.parameters for name, fit in found.items()} == expected
    assert all((fit.library, fit.seen, fit.initial) == ("sklearn", "border", None) for fit in found.values())


def test_estimators_that_a_cell_changed(cells: Cells, session: LiveSession) -> None:
    cells.run(SKLEARN)
    cells.run("clf = SGDClassifier(random_state=0)")
    first = cells.run("clf.partial_fit(x, y, [0, 1])")["clf"]
    assert cells.run("score = clf.score(x, y)") == {}
    second = cells.run("clf.partial_fit(x, y)")["clf"]
    assert second.initial == first.final != second.final
    assert second.final == fingerprint(session.names["clf"]).digest


def test_an_estimator_waits_until_the_kernel_is_idle(cells: Cells, session: LiveSession) -> None:
    cells.idle = False
    cells.run(SKLEARN)
    cells.run("a, b = LogisticRegression().fit(x, y), SGDClassifier(random_state=0)")
    assert cells.run("b.partial_fit(x, y, [0, 1])") == cells.run("b.partial_fit(x, y)") == {}
    found = cells.models.settle(session.names)
    assert {ordinal: [fit.name for fit in fits] for ordinal, fits in found.items()} == {2: ["a"], 4: ["b"]}
    assert found[4][0].final == fingerprint(session.names["b"]).digest
    assert cells.models.settle(session.names) == {}


def test_an_estimator_that_was_only_loaded_is_not_trained(cells: Cells) -> None:
    cells.run(SKLEARN)
    cells.run("import pickle\ndata = pickle.dumps(StandardScaler().fit(x))")
    assert cells.run("scaler = pickle.loads(data)") == {}


def test_keras_models_whose_fit_was_not_called(cells: Cells, session: LiveSession) -> None:
    pytest.importorskip("keras")
    cells.run("import keras, numpy as np\nx = np.ones((4, 2))")
    model = "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\nmodel.compile('sgd', 'mse')"
    assert cells.run(model) == {}
    found = cells.run("loss = model.train_on_batch(x, x[:, 0])")["model"]
    assert found.initial is not None
    assert found.initial != found.final
    called = Trained(models=[session.names["model"]])
    assert cells.run("loss = model.train_on_batch(x, x[:, 0])", called) == {}, "Fits has told of it"


def test_torch_modules(cells: Cells) -> None:
    pytest.importorskip("torch")
    assert cells.run(TORCH) == cells.run(STEP) == {}
    first = cells.run("step()")["net"]
    assert cells.run("shape = net(torch.ones(1, 2)).shape") == {}
    assert cells.run("net.eval()") == {}, "its weights are the same"
    second = cells.run("step()")["net"]
    assert None is not first.initial != first.final == second.initial != second.final


def test_a_large_estimator_is_not_waited_for() -> None:
    value = [np.zeros(1 << 24), {"a": list(range(1000))}]
    assert digest_within(value, time.monotonic() - 1) is None
    assert digest_within(value, time.monotonic() + 1000) == fingerprint(value).digest
