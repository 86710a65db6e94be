"""Files that hold a value are compared by the value: within the tolerance, models by their predictions at the last."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor

from jupyter_repro.verify.loaded import compare_loaded

X = np.random.RandomState(1).normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5]


def trained() -> Any:
    return MLPRegressor(hidden_layer_sizes=(4,), max_iter=20, tol=1, random_state=0).fit(X, Y)


def permuted() -> Any:
    """The same function with its hidden units in another order."""
    model, order = trained(), [2, 0, 3, 1]
    model.coefs_ = [model.coefs_[0][:, order], model.coefs_[1][order]]
    model.intercepts_ = [model.intercepts_[0][order], model.intercepts_[1]]
    return model


def pickled(value: Any) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(pickle.dumps(value))


CASES: dict[str, tuple[str, Callable[[Path], object], Callable[[Path], object], str, str]] = {
    "an array": (
        ".npy",
        lambda path: np.save(path, np.ones(3)),
        lambda path: np.save(path, np.ones(3) + 1e-9),
        "equivalent",
        "within 1e-06 relative",
    ),
    "another array": (
        ".npz",
        lambda path: np.savez(path, a=np.ones(3)),
        lambda path: np.savez(path, a=np.ones(3) * 2),
        "different",
        "2.0 at ['a'][0]",
    ),
    "a frame": (
        ".parquet",
        lambda path: pd.DataFrame({"a": [1.0, 2.0]}).to_parquet(path),
        lambda path: pd.DataFrame({"a": [1.0, 2.0]}).to_parquet(path, compression=None),
        "equivalent",
        "the same value, written in another way",
    ),
    "a model by its weights": (
        ".joblib",
        lambda path: joblib.dump(LinearRegression().fit(X, Y), path),
        lambda path: joblib.dump(LinearRegression().fit(X, Y * (1 + 1e-10)), path, compress=3),
        "equivalent",
        "within 1e-06 relative",
    ),
    "a model by its predictions": (
        ".pkl",
        pickled(trained()),
        pickled(permuted()),
        "equivalent",
        "other weights, but by its predictions for 64 made-up inputs within",
    ),
    "another model": (
        ".pkl",
        pickled(LinearRegression().fit(X, Y)),
        pickled(LinearRegression().fit(X, Y * 2)),
        "different",
        "predictions differ, too",
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", CASES)
def test_by_the_value(name: str, tmp_path: Path) -> None:
    suffix, expected, found, verdict, words = CASES[name]
    paths = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    expected(paths[0])
    found(paths[1])
    difference = compare_loaded(sys.executable, *paths)
    assert difference is not None
    assert difference.verdict == verdict
    assert words in (difference.note or difference.found or "")


def test_what_cannot_be_loaded_makes_no_claim(tmp_path: Path) -> None:
    for name in ("a.pkl", "b.pkl", "a.txt", "b.txt"):
        (tmp_path / name).write_bytes(name.encode())
    assert compare_loaded(sys.executable, tmp_path / "a.pkl", tmp_path / "b.pkl") is None
    assert compare_loaded(sys.executable, tmp_path / "a.txt", tmp_path / "b.txt") is None
