"""Keras' `fit`, listened to: initial and final weights, the metrics of each epoch, and how it ended.

The functions that are put in place look and raise like Keras' own, and what goes wrong in here never reaches them.
"""

from __future__ import annotations

import math
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any

from jupyter_repro.capture.after_import import AfterImport
from jupyter_repro.capture.interrupts import HeldBack
from jupyter_repro.capture.replaced import Replaced
from jupyter_repro.capture.weights import Weights, keras_weights
from jupyter_repro.model import Fit

_MODULES = ("keras", "tf_keras")
_FREE = 0.02  # seconds in which an execution's weights are hashed, on top of the share of its time in `fit`
_SHARE = 0.01
_SINGLE = 50  # calls of an execution that are told one by one
_MOST = 500  # records of an execution


@dataclass(slots=True)
class _Running:
    """A call that has not returned."""

    model: Any
    began: float | None = None  # when its training began; a model that was never called can have no weights even then
    iterations: int | None = None
    hashed: bool = False  # within the budget
    initial: Weights | None = None


@dataclass(slots=True)
class _Seen:
    """A record in the making."""

    model: weakref.ref[Any]
    fit: Fit
    lacks_final: bool


@dataclass(slots=True)
class _Budget:
    """Of one execution: its first call is always hashed, later ones until that is no small part of their time."""

    hashing: float = 0.0
    training: float = 0.0
    calls: int = 0
    spent: bool = False

    def allows(self) -> bool:
        over = self.calls > _SINGLE or self.hashing > _FREE + _SHARE * self.training
        self.spent = self.spent or (self.calls > 1 and over)
        return not self.spent


@dataclass(slots=True)
class Trained:
    """What one execution's calls add up to."""

    fits: tuple[Fit, ...] = ()
    models: list[Any] = field(default_factory=list)  # that are still alive


class Fits:
    def __init__(self, on_fault: Callable[[BaseException], None]) -> None:
        self._on_fault = on_fault
        self._after_import = AfterImport(frozenset(_MODULES), self._imported)
        self._replaced: list[Replaced] = []
        self._running: dict[int, list[_Running]] = {}  # by thread, the innermost last
        self._seen: list[_Seen] = []
        self._budget = _Budget()

    def start(self) -> None:
        for module in _MODULES:
            if module in sys.modules:
                self._imported(module)
        self._after_import.start()

    def stop(self) -> None:
        self._after_import.stop()
        while self._replaced:
            self._replaced.pop().undo()

    def take(self) -> Trained:
        """The calls that have ended since the last time, oldest first. The weights are hashed that had to wait."""
        if not self._seen:
            return Trained()
        seen, self._seen, self._budget = self._seen, [], _Budget()
        for each in seen:
            if each.lacks_final and (model := each.model()) is not None:
                each.fit = _with_final(each.fit, keras_weights(model))
        models = [model for each in seen if (model := each.model()) is not None]
        return Trained(tuple(each.fit for each in seen), models)

    def _imported(self, module: str) -> None:
        try:
            library: Any = sys.modules[module]
            self._wrap(_owner(library.Model, "fit"), "fit", self._entered, self._left)
            self._wrap(library.callbacks.CallbackList, "on_train_begin", self._begun, _nothing)
        except Exception as error:  # noqa: BLE001 - an import of the user's must not fail for it
            if hasattr(sys.modules.get(module), "Model"):  # else it is another library of that name, or a part of it
                self._on_fault(error)

    def _wrap(
        self, owner: Any, name: str, before: Callable[[Any], None], after: Callable[[Any, BaseException | None], None]
    ) -> None:
        original = vars(owner)[name]

        @wraps(original)
        def listening(self: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True  # Python 3.10 keeps this frame in the traceback
            before(self)
            try:
                result = original(self, *args, **kwargs)
            except BaseException as error:
                after(self, error)
                error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
                raise
            after(self, None)
            return result

        self._replaced.append(Replaced(owner, name, listening))

    def _entered(self, model: Any) -> None:
        self._running.setdefault(threading.get_ident(), []).append(_Running(model))

    def _begun(self, _: Any) -> None:
        """The innermost call trains from now on: its model has weights, if it ever has."""
        running = self._running.get(threading.get_ident())
        if running and running[-1].began is None:
            self._guarded(lambda: self._begin(running[-1]))

    def _begin(self, running: _Running) -> None:
        self._budget.calls += 1
        running.hashed = self._budget.allows()
        if running.hashed:
            running.initial = self._hash(running.model)
        running.iterations = _iterations(running.model)
        running.began = time.perf_counter()

    def _hash(self, model: Any) -> Weights | None:
        begun = time.perf_counter()
        found = keras_weights(model)
        self._budget.hashing += time.perf_counter() - begun
        return found

    def _left(self, _: Any, error: BaseException | None) -> None:
        thread = threading.get_ident()
        running = self._running[thread].pop()
        if not self._running[thread]:
            del self._running[thread]
        if (began := running.began) is not None:
            self._guarded(lambda: self._end(running, began, error))

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            with HeldBack(pass_on=True):
                work()
        except Exception as error:  # noqa: BLE001 - ours
            self._on_fault(error)

    def _end(self, running: _Running, began: float, error: BaseException | None) -> None:
        self._budget.training += time.perf_counter() - began
        fit = _record(running, error)
        told = [each for each in self._seen if each.model() is running.model and not running.hashed]
        if told:
            told[-1].fit, told[-1].lacks_final = _together(told[-1].fit, fit), True
        elif len(self._seen) >= _MOST:
            last = self._seen[-1]
            last.fit = replace(last.fit, calls=last.fit.calls + 1)
        else:
            final = self._hash(running.model) if running.hashed and self._budget.allows() else None
            self._seen.append(_Seen(weakref.ref(running.model), _with_final(fit, final), final is None))


def _nothing(_: Any, __: BaseException | None) -> None:
    pass


def _owner(kind: type, name: str) -> type:
    """The class that defines it: where it is found by its qualified name, as pickle does."""
    return next(base for base in kind.__mro__ if name in vars(base))


def _record(running: _Running, error: BaseException | None) -> Fit:
    model, initial = running.model, running.initial
    history = getattr(model, "history", None)
    epochs = len(getattr(history, "epoch", None) or ())
    optimizer = getattr(model, "optimizer", None)
    after = _iterations(model)
    counted = after is not None and running.iterations is not None
    return Fit(
        library="keras",
        model=type(model).__name__,
        name=str(model.name),
        optimizer=type(getattr(optimizer, "inner_optimizer", optimizer)).__name__ if optimizer is not None else None,
        epochs=epochs,
        planned=_whole(getattr(history, "params", None) or {}, "epochs"),
        steps=(after - running.iterations) or None if counted else None,  # type: ignore[operator]
        metrics=_metrics(getattr(history, "history", None) or {}, epochs),
        initial=initial.digest if initial else None,
        size=initial.size if initial else 0,
        sampled=initial.sampled if initial else False,
        error=type(error).__name__ if error is not None else None,
    )


def _with_final(fit: Fit, weights: Weights | None) -> Fit:
    if weights is None:
        return fit
    return replace(fit, final=weights.digest, size=weights.size, sampled=weights.sampled)


def _together(before: Fit, last: Fit) -> Fit:
    return replace(
        last,
        calls=before.calls + 1,
        epochs=(before.epochs or 0) + (last.epochs or 0),
        planned=(before.planned or 0) + (last.planned or 0) or None,
        steps=(before.steps or 0) + (last.steps or 0) or None,
        initial=before.initial,
    )


def _iterations(model: Any) -> int | None:
    """Updates that the optimizer has made; None where there is no telling."""
    try:
        return int(model.optimizer.iterations.numpy())
    except Exception:  # noqa: BLE001 - no optimizer, one of the user's, or one that has made none
        return None


def _whole(parameters: Mapping[str, Any], name: str) -> int | None:
    value = parameters.get(name)
    return value if type(value) is int else None


def _metrics(history: Mapping[Any, Iterable[Any]], epochs: int) -> dict[str, tuple[float | None, ...]]:
    """Of the last `epochs` entries: a History that is used again has those of earlier calls, too."""
    return {
        str(name): tuple(_number(value) for value in list(values)[-epochs:]) if epochs else ()
        for name, values in history.items()
    }


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):  # a metric of the user's may be anything
        return None
    return number if math.isfinite(number) else None
