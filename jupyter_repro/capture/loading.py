"""Two files with a value in each, loaded by the library that wrote them and compared; models last by predictions.

It runs after a proof, in a process of the notebook's Python. The files are those that the notebook wrote itself:
loading them runs nothing that the notebook did not.
"""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyter_repro.capture.comparison import compare, compare_contents
from jupyter_repro.capture.fingerprint import content, fingerprint
from jupyter_repro.model import Check

_ROOT = str(Path(__file__).parents[2])
_ROWS = 64  # made-up inputs for models
_METHODS = ("predict_proba", "decision_function", "predict", "transform")


def starting_code(expected: Path, found: Path, answer: Path) -> str:
    """What a Python that may lack this package is to execute."""
    return (
        f"import sys; sys.path.append({_ROOT!r})\n"
        f"from jupyter_repro.capture.loading import main; main({str(expected)!r}, {str(found)!r}, {str(answer)!r})"
    )


def main(expected: str, found: str, answer: str) -> None:
    """The answer is the JSON of a Check; none where a file can't be loaded."""
    warnings.simplefilter("ignore")
    load = LOADERS[Path(found).suffix]
    check = _compared(load(expected), load(found))
    Path(answer).write_text(json.dumps(asdict(check)))


def _compared(expected: Any, found: Any) -> Check:
    check = compare(found, fingerprint(expected), content(expected))
    if check.verdict != "different":
        return check
    predicted = [_predictions(each) for each in (expected, found)]
    encoded = [content(each) if each is not None else None for each in predicted]
    if encoded[0] is None or encoded[1] is None:
        return check
    by_predictions = compare_contents(encoded[0], encoded[1])
    if by_predictions.verdict == "equivalent":
        words = f"other weights, but by its predictions for {_ROWS} made-up inputs {by_predictions.tolerance}"
        return replace(check, verdict="equivalent", tolerance=words, deviation=by_predictions.deviation)
    return replace(check, found=f"{check.found}; predictions differ, too: {by_predictions.found}")


def _predictions(model: Any) -> Any:
    """What it makes of inputs that are the same each time; None for what is no model, or takes other inputs."""
    try:
        numpy = import_module("numpy")
        shape = getattr(model, "input_shape", None) or (None, model.n_features_in_)
        inputs = numpy.random.RandomState(0).normal(size=(_ROWS, *shape[1:]))
        if hasattr(model, "input_shape"):
            return numpy.asarray(model(inputs, training=False))
        method = next(name for name in _METHODS if hasattr(model, name))
        return numpy.asarray(getattr(model, method)(inputs))
    except Exception:  # noqa: BLE001 - any library's code: no predictions, no claim by them
        return None


def _pickled(path: str) -> Any:
    with open(path, "rb") as file:
        return pickle.load(file)


def _by(module: str, name: str) -> Callable[[str], Any]:
    def load(path: str) -> Any:
        return getattr(import_module(module), name)(path)

    return load


def _arrays(path: str) -> Any:
    found = import_module("numpy").load(path, allow_pickle=False)
    return {name: found[name] for name in found.files} if hasattr(found, "files") else found


LOADERS: dict[str, Callable[[str], Any]] = {
    ".pkl": _pickled,
    ".pickle": _pickled,
    ".joblib": _by("joblib", "load"),
    ".npy": _arrays,
    ".npz": _arrays,
    ".parquet": _by("pandas", "read_parquet"),
    ".feather": _by("pandas", "read_feather"),
    ".keras": _by("keras.models", "load_model"),
}
