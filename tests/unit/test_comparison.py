"""Verdicts on values: identical, equivalent within a tolerance and how far off, different and where, or missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_repro.capture.comparison import Tolerance, compare
from jupyter_repro.capture.fingerprint import content, fingerprint
from jupyter_repro.model import Check


def check(recorded: Any, found: Any, **options: Any) -> Check:
    return compare(found, fingerprint(recorded), content(recorded), **options)


class Model:
    def __init__(self, weights: Any, name: str = "m") -> None:
        self.weights = weights
        self.name = name


EQUIVALENT = {
    "a number": (1.0, 1.0 + 1e-9),
    "an array": (np.arange(5.0), np.arange(5.0) * (1 + 1e-8)),
    "single precision": (np.float32([0.1]), np.nextafter(np.float32([0.1]), np.float32(1))),
    "half precision": (np.float16([0.1]), np.float16([0.1])),
    "complex numbers": (1 + 2j, 1 + 2.000000001j),
    "near zero": ({"loss": 0.0}, {"loss": 1e-12}),
    "signed zeros": ([0.0, 1.0], [-0.0, 1.0]),
    "a frame": (
        pd.DataFrame({"a": [1.0, np.nan], "b": ["x", "y"]}),
        pd.DataFrame({"a": [1.0 + 1e-9, np.nan], "b": ["x", "y"]}),
    ),
    "an object's weights": (Model(np.ones(3)), Model(np.ones(3) * (1 + 1e-7))),
    "nested": ({"a": [(1.0, "x"), {2: np.ones(2)}]}, {"a": [(1.0 + 1e-10, "x"), {2: np.ones(2)}]}),
}

DIFFERENT = {  # recorded, found, where the words must point to
    "a number": (1.0, 1.1, "1.1"),
    "an integer": (10_000_000, 10_000_001, "10000001"),
    "integers in an array": (np.arange(9), np.arange(9) + (np.arange(9) == 4), "5 at [4]"),
    "a text": ({"a": ["x", 1.0]}, {"a": ["y", 1.0]}, "'y' at ['a'][0]"),
    "a key": ({"a": 1.0}, {"b": 1.0}, "dict"),
    "a length": ([1.0, 2.0], [1.0, 2.0, 3.0], "3"),
    "a type": ([1.0], (1.0,), "tuple"),
    "a shape": (np.zeros((2, 3)), np.zeros((3, 2)), "(3, 2)"),
    "a dtype": (np.zeros(2), np.zeros(2, "f4"), "<f4"),
    "NaN": ([1.0, float("nan")], [1.0, 2.0], "2.0 at [1]"),
    "infinity": ([float("inf")], [1e300], "1e+300 at [0]"),
    "a column": (pd.DataFrame({"a": [1.0, 2.0]}), pd.DataFrame({"a": [1.0, 2.5]}), "2.5 at .a"),
    "an attribute": (Model([1.0, 2.0]), Model([1.0, 3.0]), "3.0 at .weights[1]"),
    "a name": (Model([1.0], "m"), Model([1.0], "n"), "'n' at .name"),
    "something else altogether": (np.zeros(3), None, "None"),
}


@pytest.mark.parametrize("name", EQUIVALENT)
def test_within_the_tolerance(name: str) -> None:
    recorded, found = EQUIVALENT[name]
    if fingerprint(recorded) == fingerprint(found):
        assert check(recorded, found).verdict == "identical"
        return
    verdict = check(recorded, found)
    assert verdict.verdict == "equivalent"
    assert verdict.tolerance is not None
    assert verdict.tolerance.startswith("within 1e-06 relative or 1e-09 absolute: at most ")


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_and_where(name: str) -> None:
    recorded, found, where = DIFFERENT[name]
    verdict = check(recorded, found)
    assert verdict.verdict == "different"
    assert verdict.found is not None
    assert where in verdict.found
    assert verdict.expected != verdict.found


def test_how_far_off_is_said_in_words() -> None:
    verdict = check(np.float32([1.0, 4.0]), np.float32([1.0, 4.0]) + np.float32([0, 2**-21]))
    assert verdict.tolerance is not None
    assert verdict.tolerance.endswith("at most 4.8e-07 absolute, 1.2e-07 relative, 1 ULP")


def test_the_tolerance_is_the_callers() -> None:
    assert check(1.0, 1.001, tolerance=Tolerance(relative=0.01)).verdict == "equivalent"
    assert check(1.0, 1.0 + 1e-12, tolerance=Tolerance(relative=0, absolute=0)).verdict == "different"


def test_without_recorded_numbers_only_the_digest_counts() -> None:
    assert compare(1.0 + 1e-12, fingerprint(1.0), None).verdict == "different"
    assert compare(1.0, fingerprint(1.0), None).verdict == "identical"


def test_what_can_only_be_described_is_never_identical() -> None:
    squares = (n * n for n in range(3))
    opaque = check(squares, (n * n for n in range(3)))
    assert (opaque.verdict, opaque.found) == ("missing", None)
    partly = check({"n": 1, "g": squares}, {"n": 1, "g": squares})
    assert (partly.verdict, partly.tolerance is not None) == ("equivalent", True)
    assert check({"n": 1, "g": squares}, {"n": 2, "g": squares}).verdict == "different"


def test_a_content_has_numbers_and_a_limit() -> None:
    assert content("text") is None
    assert content({"a": [None, True, b"x"]}) is None
    assert content(np.zeros(2 << 20)) is None
    assert content(np.zeros(1 << 19)) is not None
    deep: list[Any] = [1.0]
    for _ in range(200_000):
        deep = [deep]
    assert content(deep) is None


def test_a_found_value_that_is_far_larger_is_different() -> None:
    assert check([1.0], np.zeros(10**7)).verdict == "different"


def test_a_circle_is_compared() -> None:
    def circle(number: float) -> list[Any]:
        made: list[Any] = [number]
        made.append(made)
        return made

    assert check(circle(1.0), circle(1.0 + 1e-9)).verdict == "equivalent"
    assert check(circle(1.0), circle(2.0)).verdict == "different"


def test_a_model_is_compared_by_its_weights() -> None:
    from sklearn.linear_model import LinearRegression

    points = np.arange(10.0).reshape(5, 2) ** 2
    one, other = LinearRegression().fit(points, points[:, 0]), LinearRegression().fit(points, points[:, 0])
    other.coef_ = other.coef_ + 1e-12
    assert check(one, other).verdict == "equivalent"
    other.coef_ = other.coef_ + 1
    different = check(one, other)
    assert different.verdict == "different"
    assert different.found is not None
    assert ".coef_[0]" in different.found


def test_a_damaged_content_is_no_proof() -> None:
    assert compare(2.0, fingerprint(1.0), b"garbage").verdict == "different"
