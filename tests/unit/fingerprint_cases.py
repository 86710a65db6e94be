"""Values of the kinds that people's notebooks hold, made anew by each call. Run as a script it prints their digests."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import json
import os
import pathlib
import random
import re
import sys
import types
import uuid
import zoneinfo
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")

CASES: dict[str, Callable[[], Any]] = {}


def case(make: Callable[[], Any]) -> Callable[[], Any]:
    CASES[make.__name__] = make
    return make


def case_of(module: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """A case where that module is installed; a heavy library need not be."""
    return case if find_spec(module) else lambda make: make


class Colour(enum.Enum):
    RED = 1
    BLUE = "b"


@dataclasses.dataclass
class Point:
    x: float
    y: float = 0.0
    tags: frozenset[str] = frozenset({"a", "b", "c"})

    def norm(self) -> float:
        return float((self.x**2 + self.y**2) ** 0.5)


class Node:
    __slots__ = ("children", "parent")

    def __init__(self, parent: Node | None = None) -> None:
        self.parent = parent
        self.children: list[Node] = []
        if parent is not None:
            parent.children.append(self)


class Pair(NamedTuple):
    left: list[int]
    right: set[int]


def table() -> Any:
    import pandas as pd

    return pd.DataFrame(
        {
            "number": [1.5, float("nan"), -0.0],
            "text": ["a", None, "ü"],
            "when": pd.to_datetime(["2020-01-01", None, "2021-05-05"]).tz_localize("Europe/Berlin"),
            "kind": pd.Categorical(["x", "y", "x"]),
            "maybe": pd.array([1, None, 3], dtype="Int64"),
            "mixed": [1, "one", (1, 2)],
        }
    )


def iris() -> tuple[Any, Any]:
    from sklearn.datasets import load_iris

    data = load_iris()
    return data.data, data.target


@case
def nothing() -> Any:
    return None


@case
def big_integer() -> Any:
    return 7**5000


@case
def text() -> Any:
    return "naïve \ud800 text"


@case
def nested() -> Any:
    return {"a": [1, 2.5, None, {"b": (True, b"x", 1j)}], ("k", 1): {3, "three", (3, 3)}}


@case
def strings_set() -> Any:
    return {f"item {i}" for i in range(100)}


@case
def frozen() -> Any:
    return frozenset([frozenset(["a", "b"]), frozenset(["c"])])


@case
def ordered() -> Any:
    return collections.OrderedDict(b=1, a=2)


@case
def counter() -> Any:
    return collections.Counter("mississippi")


@case
def default_dictionary() -> Any:
    found = collections.defaultdict(list)
    found["a"].append(1)
    return found


@case
def queue() -> Any:
    return collections.deque([1, "two", 3.0], maxlen=5)


@case
def pair() -> Any:
    return Pair([1], {2})


@case
def moments() -> Any:
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    day = datetime.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=berlin)
    return [day, day.date(), day.time(), datetime.timedelta(1, 2, 3), datetime.timezone.utc]


@case
def small_numbers() -> Any:
    return [decimal.Decimal("1.10"), fractions.Fraction(1, 3), uuid.UUID(int=5), pathlib.PurePosixPath("a/b")]


@case
def pattern() -> Any:
    return re.compile(r"(\d+)", re.IGNORECASE)


@case
def member() -> Any:
    return [Colour.RED, Colour.BLUE, re.IGNORECASE | re.DOTALL]


@case
def enumeration() -> Any:
    return Colour


@case
def record() -> Any:
    return Point(1.0, 2.0)


@case
def record_class() -> Any:
    return Point


@case
def tree() -> Any:
    root = Node()
    for _ in range(3):
        Node(Node(root))
    return root


@case
def closure() -> Any:
    factor = {"a", "b"}

    def scaled(x: Any, *, power: int = 2) -> Any:
        """Scale."""
        return [x in {"p", "q", "r"}, factor, power]

    return scaled


@case
def partial() -> Any:
    return functools.partial(Point.norm, Point(3, 4))


@case
def library_functions() -> Any:
    import numpy as np

    return [len, np.mean, np.sin, json.dumps, [].append, json]


@case
def namespace() -> Any:
    return types.SimpleNamespace(a=1, b=types.MappingProxyType({"c": 2}))


@case
def failure() -> Any:
    return ValueError("no", 3)


@case
def generators() -> Any:
    import numpy as np

    return [random.Random(3), np.random.default_rng(3), np.random.RandomState(3), np.random.PCG64(1)]


@case
def arrays() -> Any:
    import numpy as np

    structured = np.zeros(3, dtype=np.dtype([("a", "u1"), ("b", "f8")], align=True))
    masked = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])
    return [
        np.arange(12.0).reshape(3, 4),
        np.array(["a", "bb"]),
        np.array([1, "x", None], dtype=object),
        np.array([np.nan, np.inf, -0.0], dtype=np.float16),
        np.array([1 + 2j]),
        np.array([1, 2], dtype=">i4"),
        np.array(["2020-01-01", "NaT"], dtype="datetime64[ns]"),
        np.longdouble(1) / 3,
        structured,
        masked,
        np.float32(0.5),
        np.dtype("f4"),
    ]


@case
def sparse() -> Any:
    import scipy.sparse

    return [scipy.sparse.csr_matrix([[0, 1.0], [2.0, 0]]), scipy.sparse.coo_array([[0, 1.0], [2.0, 0]])]


@case
def frame() -> Any:
    return table()


@case
def frame_pieces() -> Any:
    import pandas as pd

    data = table()
    grouped = data.groupby(["kind", "text"], observed=True, dropna=False).agg({"number": ["sum", "count"]})
    return [
        data["when"],
        data["text"],
        data.index,
        grouped,
        pd.interval_range(0, 3),
        pd.period_range("2020", periods=3),
        pd.Timestamp("2020", tz="UTC"),
        pd.Timedelta(1),
        pd.NaT,
        pd.NA,
        pd.arrays.SparseArray([0, 0, 1]),
    ]


@case
def arrow() -> Any:
    import pandas as pd
    import pyarrow as pa

    nested = pa.array([[1, 2], None, []])
    records = pa.array([{"a": 1, "b": "x"}, None])
    words = pa.chunked_array([["a", None], ["b"]])
    return [
        pa.table({"n": [1.5, None, 2.5], "w": words, "f": [True, None, False]}),
        nested,
        records,
        words.dictionary_encode(),
        pd.Series(["a", None], dtype="string[pyarrow]"),
        pd.Series([decimal.Decimal("1.1"), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
    ]


@case
def regression() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=500).fit(*iris())


@case
def forest() -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(5, random_state=0).fit(*iris())


@case
def boosting() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=3, random_state=0).fit(*iris())


@case
def text_pipeline() -> Any:
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
    from sklearn.pipeline import make_pipeline

    words = ["a good day", "no good day", "a bad night"]
    return make_pipeline(CountVectorizer(stop_words="english"), TfidfTransformer()).fit(words)


@case
def search() -> Any:
    from sklearn.model_selection import GridSearchCV
    from sklearn.neighbors import KNeighborsClassifier

    return GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=3).fit(*iris())


@case_of("torch")
def torch_values() -> Any:
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Dropout(0.25))
    optimiser = torch.optim.Adam(model.parameters())
    model(torch.ones(2, 3)).sum().backward()
    optimiser.step()
    return [model, optimiser, torch.arange(4, dtype=torch.bfloat16), torch.eye(2).to_sparse(), torch.Generator()]


@case_of("keras")
def keras_model() -> Any:
    import keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dropout(0.5)])
    model.add(keras.layers.Dense(2))
    model.compile("adam", "mse")
    history = model.fit(*(part[:4] for part in (iris()[0], iris()[0][:, :2])), verbose=0, epochs=2)
    return [model, history, keras.Variable([1.0, 2.0]), keras.random.SeedGenerator(3), keras.metrics.Mean()]


@case_of("tensorflow")
def tensors() -> Any:
    import tensorflow as tf

    return [tf.constant([[1.0, 2.0]]), tf.Variable([1, 2]), tf.ragged.constant([[1], [2, 3]]), tf.constant("x")]


@case
def figure() -> Any:
    import matplotlib.pyplot as plt
    import numpy as np

    drawing, (left, right) = plt.subplots(1, 2)
    lines = left.plot([1, 2, 3], [3, 1, 2], "r--", label="three")
    left.scatter([1, 2], [2, 1], c=[0.1, 0.9])
    left.legend()
    left.set_xlim(0, 5)
    bars = right.bar(["a", "b"], [1, 2])
    right.imshow(np.eye(2))
    right.set_title("eye")
    plt.close(drawing)
    return [drawing, lines, bars]


@case
def picture() -> Any:
    from PIL import Image

    return Image.new("RGB", (4, 3), (10, 20, 30))


def main() -> None:
    from jupyter_repro.capture.fingerprint import fingerprint

    found = {name: fingerprint(make()) for name, make in CASES.items()}
    json.dump({name: [value.digest, value.exact, value.summary] for name, value in found.items()}, sys.stdout)


if __name__ == "__main__":
    main()
