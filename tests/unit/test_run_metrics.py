"""Metrics that nobody asked for."""

from __future__ import annotations

import ast
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jupyter_repro.capture.metrics import collect
from jupyter_repro.run.metrics import collecting_expression, names_of, shown_metrics


def cell(source: str, *, printed: str = "", result: str | None = None) -> dict[str, Any]:
    outputs: list[dict[str, Any]] = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    if result is not None:
        outputs.append({"output_type": "execute_result", "data": {"text/plain": result}})
    return {"cell_type": "code", "source": source, "outputs": outputs}


@pytest.mark.parametrize(
    ("shown", "metrics"),
    [
        (cell("", printed="accuracy: 0.93\nRMSE = 1.5e-2\n"), {"accuracy": 0.93, "RMSE": 0.015}),
        (cell("", printed="accuracy: 93%\nrows: 1,234\n"), {"accuracy": 0.93, "rows": 1234}),
        (cell("", printed="2026-11-21 10:15\nepoch 3 of 5\nname: Ada\nloss: nan\n"), {}),
        (cell("score", result="0.5"), {"score": 0.5}),
        (cell("score", result="np.float64(0.5)"), {"score": 0.5}),
        (cell("accuracy_score(a, b)", result="0.5"), {"accuracy_score": 0.5}),
        (cell("model.score(a, b)", result="0.5"), {"score": 0.5}),
        (cell("len(rows)", result="5"), {}),
        (cell("a + b", result="5"), {}),
        (cell("score", result="array([1])"), {}),
    ],
)
def test_what_cells_show(shown: dict[str, Any], metrics: dict[str, float]) -> None:
    assert shown_metrics([shown]) == metrics


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("loss = f()\nprint(loss, other)", ("loss", "other")),
        ("print(f'{auc:.2f} of {x.y}')", ("auc",)),
        ("rmse = mean_squared_error(a, b)\nx = f()", ("rmse",)),
        ("total", ("total",)),
        ("total\nx = 1", ()),
        ("this is no code", ()),
    ],
)
def test_names_that_may_be_metrics(source: str, names: tuple[str, ...]) -> None:
    assert names_of([source]) == names


def test_the_kernel_tells_scalars_and_versions() -> None:
    namespace = {"a": np.float32(0.5), "b": "text", "c": np.arange(3), "d": True, "e": float("inf"), "f": np.array(2)}
    found = json.loads(collect(namespace, [*"abcdefg"], ["numpy", "no-such-distribution"]))
    assert found["metrics"] == {"a": 0.5, "f": 2.0}
    assert found["distributions"] == {"numpy": np.__version__, "no-such-distribution": None}


def test_the_code_travels_as_one_expression() -> None:
    expression = collecting_expression(["total"], [])
    assert json.loads(eval(expression, {"total": 3}))["metrics"] == {"total": 3.0}
    assert isinstance(ast.parse(expression, mode="eval"), ast.Expression)


def test_histories_of_keras_and_searches_of_scikit_learn() -> None:
    history = type("History", (), {"__module__": "keras.src.callbacks.history"})()
    history.history = {"loss": [2.0, 1.0], "val_loss": []}
    search = type("GridSearchCV", (SimpleNamespace,), {"__module__": "sklearn.model_selection"})(best_score_=0.9)
    found = json.loads(collect({"fitted": history, "search": search, "_": history}, [], []))
    assert found["metrics"] == {"fitted.loss": 1.0, "search.best_score": 0.9}
