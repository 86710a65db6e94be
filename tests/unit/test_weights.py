"""Digests of weights: what they tell apart, and what they don't."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jupyter_repro.capture.weights import keras_weights, torch_weights

MB = 1 << 20


@pytest.fixture(scope="module")
def keras() -> Any:
    return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


def model(keras: Any, units: int = 3, dtype: str = "float32", name: str | None = None) -> Any:
    layers = [keras.Input((4,)), keras.layers.Dense(units, dtype=dtype, name=name), keras.layers.BatchNormalization()]
    found = keras.Sequential(layers)
    found.set_weights([np.full(weight.shape, 0.5) for weight in found.weights])
    return found


def keras_digest(model: Any) -> str:
    weights = keras_weights(model)
    assert weights is not None
    assert not weights.sampled
    return weights.digest


def test_equal_weights_have_equal_digests_whatever_holds_them(keras: Any) -> None:
    one = model(keras)
    copy = keras.models.clone_model(one)
    copy.set_weights(one.get_weights())
    copy.compile("adam", "mse")
    assert keras_digest(one) == keras_digest(copy) == keras_digest(model(keras, name="other"))


def test_keras_weights_that_differ(keras: Any) -> None:
    others = [model(keras, units=2), model(keras, dtype="float64"), model(keras, dtype="bfloat16")]
    for index in range(len(model(keras).weights)):
        changed = model(keras)
        values = changed.get_weights()
        values[index].flat[-1] = 0.25
        changed.set_weights(values)
        others.append(changed)
    digests = {keras_digest(each) for each in (model(keras), *others)}
    assert len(digests) == 1 + len(others)


def test_without_weights_there_is_no_digest(keras: Any) -> None:
    unbuilt = keras.Sequential([keras.layers.Dense(2)])
    empty = keras.Sequential([keras.Input((4,)), keras.layers.Flatten()])
    assert [keras_weights(each) for each in (unbuilt, empty, object())] == [None] * 3


def test_large_weights_are_sampled(keras: Any) -> None:
    large = keras.Sequential([keras.Input((4600,)), keras.layers.Dense(4600)])
    before = keras_weights(large)
    assert before is not None
    assert (before.sampled, before.size) == (True, 4 * (4600 * 4600 + 4600))
    assert before == keras_weights(large)
    kernel = large.layers[0].kernel
    for value in (kernel + 1e-6, np.concatenate([kernel[:-1], kernel[-1:] + 1])):  # all of it, and the end alone
        kernel.assign(value)
        after = keras_weights(large)
        assert after is not None
        assert after.digest != before.digest
        before = after


def test_torch_weights(torch: Any) -> None:
    def build(**options: Any) -> Any:
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(3, 2, **options), torch.nn.BatchNorm1d(2))

    one, evaluated, moved, counted = build(), build(), build(), build()
    evaluated.eval().register_buffer("scratch", torch.zeros(3), persistent=False)
    with torch.no_grad():
        moved[0].weight[0, 0] += 1
    counted[1].running_mean += 1
    digests = [torch_weights(each) for each in (one, evaluated, moved, counted, build(dtype=torch.bfloat16))]
    assert digests[0] is not None
    assert digests[0] == digests[1]
    assert len({each.digest for each in digests if each is not None}) == 4
    assert torch_weights(torch.nn.LazyLinear(2)) is None
    assert torch_weights(torch.nn.ReLU()) is None
