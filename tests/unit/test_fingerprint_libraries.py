"""Fingerprints of what NumPy, pandas, scikit-learn, Keras, PyTorch and matplotlib make."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fingerprint_cases import CASES, iris, table

from jupyter_repro.capture.fingerprint import fingerprint


def digest(value: Any) -> str:
    return fingerprint(value).digest


def nullable(under_the_mask: int) -> Any:
    return pd.arrays.IntegerArray(np.array([1, under_the_mask, 3]), np.array([False, True, False]))


def changed(value: Any, change: Any) -> Any:
    value = copy.deepcopy(value)
    change(value)
    return value


def padded(filling: int) -> Any:
    kind = np.dtype([("a", "u1"), ("b", "f8")], align=True)
    raw = np.full(3 * kind.itemsize, filling, "u1").view(kind)
    raw["a"], raw["b"] = 1, 2.0
    return raw


def fitted(**parameters: Any) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(**parameters).fit(*iris())


EQUAL = {
    "a view and its copy": lambda: ((a := np.arange(24.0).reshape(4, 6))[::2, ::3], a[::2, ::3].copy()),
    "a transpose and its copy": lambda: (np.arange(6).reshape(2, 3).T, np.arange(6).reshape(2, 3).T.copy()),
    "large strided arrays": lambda: ((a := np.random.default_rng(0).random((3, 300_000))).T, a.T.copy()),
    "byte orders": lambda: (np.array([1, 2], ">i4"), np.array([1, 2], "<i4")),
    "NaN payloads": lambda: (np.array([np.nan, 1]), np.array([0xFFF8_0000_0000_0001, 0x3FF0 << 48], "u8").view("f8")),
    "padding between fields": lambda: (padded(0), padded(255)),
    "what lies under a mask": lambda: (nullable(0), nullable(77)),
    "a masked array's garbage": lambda: (np.ma.array([1, 5], mask=[0, 1]), np.ma.array([1, 9], mask=[0, 1])),
    "a frame and its copy": lambda: (table(), table().copy()),
    "a column and the same one alone": lambda: (table()["number"], pd.Series([1.5, np.nan, -0.0], name="number")),
    "one block and many": lambda: (pd.DataFrame(np.eye(3)), pd.concat([pd.Series(c) for c in np.eye(3)], axis=1)),
    "chunks": lambda: (
        pd.Series(["a", "b"], dtype="str"),
        pd.concat([pd.Series([x], dtype="str") for x in "ab"]).reset_index(drop=True),
    ),
    "a slice of texts": lambda: (
        pd.Series(["x", "a", "b"], dtype="str")[1:].array,
        pd.Series(["a", "b"], dtype="str").array,
    ),
    "an index with unused levels": lambda: (
        pd.MultiIndex.from_product([[1, 2], ["a"]])[:1],
        pd.MultiIndex.from_product([[1], ["a"]]),
    ),
    "an empty range": lambda: (pd.RangeIndex(0), pd.RangeIndex(5, 5)),
    "a fit made twice": lambda: (fitted(random_state=1), fitted(random_state=1)),
}

DIFFERENT = {
    "dtypes": lambda: [np.zeros(2, kind) for kind in ("f8", "f4", "i8", "u8", "i4", "?", "O", "U1", "M8[s]", "M8[D]")],
    "shapes": lambda: [np.zeros(6), np.zeros((2, 3)), np.zeros((3, 2)), np.zeros((6, 1)), np.zeros(7)],
    "numbers": lambda: [np.array([0.0]), np.array([-0.0]), np.array([np.nan]), np.array([5e-324])],
    "one element": lambda: [a := np.zeros(500_000), changed(a, lambda a: a.__setitem__(400_001, 1e-300))],
    "an array and its kin": lambda: [a := np.eye(2), a.view(np.matrix), a.tolist(), np.ma.array(a), pd.DataFrame(a)],
    "scalars": lambda: [np.float64(1), 1.0, np.float32(1), np.int64(1), np.bool_(True), np.array(1.0)],
    "frames": lambda: [
        table(),
        table()[["text", "number", "when", "kind", "maybe", "mixed"]],
        table().rename(columns={"text": "Text"}),
        table().set_index("text"),
        table()[:2],
        changed(table(), lambda t: t.loc.__setitem__((0, "number"), 2.5)),
        changed(table(), lambda t: t.loc.__setitem__((0, "mixed"), 2)),
        table().assign(when=lambda t: t["when"].dt.tz_convert("UTC")),
        table().assign(kind=lambda t: t["kind"].cat.as_ordered()),
        table().assign(kind=lambda t: t["kind"].cat.reorder_categories(["y", "x"])),
        table().assign(maybe=lambda t: t["maybe"].astype("Float64")),
    ],
    "series": lambda: [
        pd.Series([1, 2]),
        pd.Series([1, 2], name="a"),
        pd.Series([1, 2], index=[1, 2]),
        pd.Series([1.0, 2]),
    ],
    "missing": lambda: [pd.NaT, pd.NA, np.nan, None],
    "texts": lambda: [pd.Series(texts, dtype="str") for texts in (["ab", "c"], ["a", "bc"], ["ab", None], ["ab", ""])],
    "estimators": lambda: [
        fitted(random_state=1),
        fitted(random_state=1, max_depth=1),
        fitted().__class__(random_state=1),
    ],
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_values_have_equal_digests(name: str) -> None:
    one, other = EQUAL[name]()
    assert digest(one) == digest(other)


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_values_have_different_digests(name: str) -> None:
    values = DIFFERENT[name]()
    assert len({digest(value) for value in values}) == len(values)


def test_a_broadcast_array_larger_than_memory_is_only_described() -> None:
    assert not fingerprint(np.broadcast_to(1.0, (10**7, 10**7))).exact


def test_two_processes_agree_on_every_kind_of_value(tmp_path: Path) -> None:
    """Other hash seeds, other addresses, other working directories."""
    script = Path(__file__).with_name("fingerprint_cases.py")
    root = Path(__file__).parents[2]
    runs = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        folder = tmp_path / seed
        folder.mkdir()
        runs.append(
            subprocess.Popen(
                [sys.executable, script], env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        )
    one, other = (json.loads(run.communicate(timeout=240)[0]) for run in runs)
    assert list(one) == list(CASES)
    assert [name for name in CASES if one[name] != other[name]] == []
    assert [name for name in CASES if not one[name][1]] == []


@pytest.mark.parametrize(
    "name", ["arrays", "frame", "frame_pieces", "arrow", "forest", "text_pipeline", "tree", "sparse"]
)
def test_pickling_does_not_change_a_value(name: str) -> None:
    value = CASES[name]()
    assert digest(pickle.loads(pickle.dumps(value))) == digest(value)


def test_keras_models_count_by_architecture_and_weights() -> None:
    keras = pytest.importorskip("keras")

    def build(units: int = 3, activation: str = "relu", name: str | None = None) -> Any:
        layers = [keras.Input((4,)), keras.layers.Dense(units, activation), keras.layers.Dense(2, name=name)]
        model = keras.Sequential(layers)
        model.set_weights([np.ones(weight.shape) for weight in model.weights])
        return model

    one = build()
    keras.layers.Dense(1)  # moves the counter of automatic names on
    assert digest(one) == digest(build())
    heavier = build()
    heavier.set_weights([2 * weight for weight in heavier.get_weights()])
    others = [heavier, build(units=4), build(activation="tanh"), build(name="head")]
    assert len({digest(model) for model in (one, *others)}) == 5


def test_keras_models_with_layers_of_the_users_count_by_what_all_of_them_hold() -> None:
    keras = pytest.importorskip("keras")

    class Scale(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, by: float, table: dict[str, int]) -> None:
            super().__init__()
            self.by, self.table = by, table

        def call(self, x: Any) -> Any:
            return x * self.by

        def get_config(self) -> Any:
            raise AssertionError("a fingerprint runs none of the user's code")

    def build(by: float = 2, rank: int = 1, activation: str = "relu") -> Any:
        layers = [keras.Input((4,)), keras.layers.Dense(3, activation), Scale(by, {"rank": rank})]
        model = keras.Sequential(layers)
        model.set_weights([np.ones(weight.shape) for weight in model.weights])
        return model

    one = build()
    compiled = build()
    compiled.compile("sgd", "mse")
    assert digest(one) == digest(compiled)
    assert fingerprint(one).exact
    assert len({digest(model) for model in (one, build(by=3), build(rank=2), build(activation="tanh"))}) == 4


def test_torch_modules_count_by_parameters_and_settings() -> None:
    torch = pytest.importorskip("torch")

    def build(dropout: float = 0.5) -> Any:
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Dropout(dropout))

    hooked = build()
    hooked.register_forward_hook(lambda *_: None)
    assert digest(build()) == digest(hooked)
    moved = build()
    with torch.no_grad():
        moved[0].bias += 1
    assert len({digest(model) for model in (build(), moved, build(0.25), build().eval())}) == 4


def test_figures_count_by_what_is_drawn() -> None:
    import matplotlib.pyplot as plt

    def draw(top: float = 3.0, colour: str = "red", title: str = "t", label: str = "a") -> Any:
        figure, axes = plt.subplots()
        axes.plot([1, 2, 3], [1.0, 2.0, top], color=colour, label=label)
        axes.set_title(title)
        axes.legend()
        plt.close(figure)
        return figure

    one = draw()
    assert digest(one) == digest(draw())
    before = digest(one)
    one.canvas.draw()
    assert digest(one) == before
    others = [draw(top=4.0), draw(colour="blue"), draw(title="u"), draw(label="b")]
    assert len({digest(figure) for figure in (one, *others)}) == 5


def test_a_figure_is_not_changed_by_looking() -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([1, 2, 30])
    stale = dict(axes._stale_viewlims)
    assert fingerprint(figure).exact
    assert dict(axes._stale_viewlims) == stale
    plt.close(figure)


def test_an_image_on_disk_is_not_loaded(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (2, 2)).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert not fingerprint(image).exact
        assert image.tile
        image.load()
        assert fingerprint(image).exact


def test_no_library_is_imported() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "from jupyter_repro.capture.fingerprint import content, fingerprint\n"
        "for value in (1, [1.5], {'a': {1}}, lambda: 1, object(), sys): fingerprint(value), content(value)\n"
        "heavy = {'numpy', 'pandas', 'torch', 'tensorflow', 'matplotlib', 'sklearn', 'IPython', 'nbformat'}\n"
        "assert not heavy & {name.partition('.')[0] for name in sys.modules}"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
