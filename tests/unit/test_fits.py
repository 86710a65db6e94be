"""Keras' `fit` while it is listened to: what is recorded, and that nobody can tell."""

from __future__ import annotations

import inspect
import pickle
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from jupyter_repro.capture.fits import Fits
from jupyter_repro.capture.weights import keras_weights
from jupyter_repro.model import Fit

keras: Any = pytest.importorskip("keras")
X, Y = np.linspace(0, 1, 32).reshape(16, 2), np.linspace(0, 1, 16)


class Failing(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error = error

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch == 1:
            raise self.error("enough")


class Pretraining(keras.Sequential):  # type: ignore[misc]
    """Its `fit` fits another model first, and then itself."""

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        build().fit(*args, **kwargs)
        return super().fit(*args, **kwargs)


@pytest.fixture
def faults() -> list[BaseException]:
    return []


@pytest.fixture
def fits(faults: list[BaseException]) -> Iterator[Fits]:
    found = Fits(faults.append)
    found.start()
    yield found
    found.stop()
    assert faults == []


def build(kind: Any = keras.Sequential, *, built: bool = True) -> Any:
    model = kind([*([keras.Input((2,))] if built else []), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def fit(model: Any, epochs: int = 1, **options: Any) -> Any:
    return model.fit(X, Y, batch_size=8, verbose=0, **{"epochs": epochs, **options})


def digest(model: Any) -> str:
    weights = keras_weights(model)
    assert weights is not None
    return weights.digest


def test_a_call_leaves_weights_and_metrics(fits: Fits) -> None:
    model = build()
    before = digest(model)
    history = fit(model, 3, validation_split=0.5)
    (found,) = fits.take().fits
    assert found == Fit(
        library="keras",
        model="Sequential",
        name=model.name,
        optimizer="Adam",
        epochs=3,
        planned=3,
        steps=3,
        metrics={name: tuple(values) for name, values in history.history.items()},
        initial=before,
        final=digest(model),
        size=12,
    )
    assert set(found.metrics) == {"loss", "mae", "val_loss", "val_mae"}
    assert fits.take().fits == ()


def test_a_model_that_was_not_built_had_no_weights(fits: Fits) -> None:
    model = build(built=False)
    fit(model)
    (found,) = fits.take().fits
    assert (found.initial, found.final) == (None, digest(model))


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_was_done_until_it_was_interrupted(fits: Fits, error: type[BaseException]) -> None:
    model = build()
    with pytest.raises(error, match="enough") as raised:
        fit(model, 5, callbacks=[Failing(error)])
    (found,) = fits.take().fits
    # the epoch that fails isn't in the History: that comes after the user's callbacks
    assert (found.error, found.epochs, found.planned, found.steps) == (error.__name__, 1, 5, 4)
    assert (len(found.metrics["loss"]), found.final) == (1, digest(model))
    if sys.version_info >= (3, 11):
        assert not [frame for frame in traceback.extract_tb(raised.tb) if "jupyter_repro/capture" in frame.filename]


def test_early_stopping_shows_as_fewer_epochs(fits: Fits) -> None:
    fit(build(), 9, callbacks=[keras.callbacks.EarlyStopping("loss", min_delta=9.0)])
    (found,) = fits.take().fits
    assert (found.epochs, found.planned, found.error) == (2, 9, None)


def test_metrics_that_are_not_finite(fits: Fits) -> None:
    build_ = build()
    build_.fit(X, Y * np.nan, verbose=0)
    (found,) = fits.take().fits
    assert found.metrics["loss"] == (None,)


def test_a_history_that_is_used_again_counts_once(fits: Fits) -> None:
    model, history = build(), keras.callbacks.History()
    fit(model, 2, callbacks=[history])
    fit(model, 1, callbacks=[history])
    assert [len(each.metrics["loss"]) for each in fits.take().fits] == [2, 1]
    assert len(history.history["loss"]) == 3


def test_a_call_that_never_trained_is_none(fits: Fits) -> None:
    with pytest.raises(ValueError, match="compile"):
        fit(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]))
    assert fits.take().fits == ()


def test_calls_within_calls_and_in_threads(fits: Fits) -> None:
    outer = build(Pretraining)
    fit(outer)
    thread = threading.Thread(target=fit, args=(build(),))
    thread.start()
    thread.join()
    first, second, third = fits.take().fits
    assert [first.model, second.model, third.model] == ["Sequential", "Pretraining", "Sequential"]
    assert second.final == digest(outer)


def test_many_short_calls_are_told_together(fits: Fits) -> None:
    model, other = build(), build()
    before = digest(model)
    for _ in range(60):
        fit(model)
    fit(other)
    found = fits.take().fits
    *single, last, others = found
    assert sum(each.calls for each in found) == 61
    assert sum(each.steps or 0 for each in found) == 122
    assert {each.calls for each in single} == {1}
    assert last.calls > 1
    assert (single or [last])[0].initial == before
    assert (last.final, others.final) == (digest(model), digest(other))
    fit(model)
    assert fits.take().fits[0].initial == last.final, "the next execution has a budget of its own"


def test_nobody_can_tell() -> None:
    names = ("__name__", "__qualname__", "__module__", "__doc__")
    owner = next(base for base in keras.Model.__mro__ if "fit" in vars(base))
    plain = vars(owner)["fit"], keras.callbacks.CallbackList.on_train_begin
    fits = Fits(lambda _: None)
    fits.start()
    try:
        now = keras.Model.fit
        assert now is not plain[0]
        assert [getattr(now, name) for name in names] == [getattr(plain[0], name) for name in names]
        assert inspect.signature(now) == inspect.signature(plain[0])
        assert inspect.getsource(now) == inspect.getsource(plain[0])
        assert pickle.loads(pickle.dumps(now)) is now
        assert inspect.ismethod(build().fit)
        assert "fit" not in vars(keras.Model)
    finally:
        fits.stop()
    assert (vars(owner)["fit"], keras.callbacks.CallbackList.on_train_begin) == plain


def test_a_fault_of_ours_stays_with_us() -> None:
    faults: list[BaseException] = []
    fits = Fits(faults.append)
    fits.start()
    try:
        model = build()
        model.history = None

        class Odd(keras.callbacks.History):  # type: ignore[misc]
            epoch = property(lambda self: 1, lambda self, value: None)

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                self.model.history = self

        history = fit(model, callbacks=[Odd()])
    finally:
        fits.stop()
    assert isinstance(history, Odd)
    assert [type(each) for each in faults] == [TypeError]
