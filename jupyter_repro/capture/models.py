"""Models that an execution changed, told at the border after it by the names that are bound to them.

Nothing is wrapped: the heap's evidence says which names to look at. Keras' `fit` is listened to as well, see `fits`.
Networks are looked at with the evidence: their weights are arrays. An estimator can be a thousand trees: it waits until
the kernel is idle, and is left out if it changes before that.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_repro.capture import passwords
from jupyter_repro.capture.code import CodeNames
from jupyter_repro.capture.fingerprint import digest_within
from jupyter_repro.capture.fits import Trained
from jupyter_repro.capture.identity import attributes_of, identity, module_name, per_class
from jupyter_repro.capture.weights import Weights, keras_weights, torch_weights
from jupyter_repro.model import CellExecution, Fit

_BUDGET = 0.1  # seconds for the models of one execution
_IDLE_BUDGET = 1.0  # seconds for those that waited, while nobody does
_LONGEST = 60  # characters of a parameter
_SCALARS = (int, float, str, bool, type(None))
_HELD = 20  # models in a list or dict that are looked at
_TRAINING = frozenset("backward fit fit_predict fit_transform partial_fit".split())
_Library = Literal["keras", "sklearn", "torch"]


@dataclass(frozen=True, slots=True)
class _State:
    address: int
    weights: Weights


@dataclass(frozen=True, slots=True)
class _Due:
    """An estimator that waits to be looked at."""

    ordinal: int
    address: int
    trains: bool
    before: _State | None


class Models:
    def __init__(self) -> None:
        self._known: dict[str, _State] = {}  # by name, as it last was
        self._due: dict[str, _Due] = {}

    def changed(
        self, execution: CellExecution, namespace: Mapping[str, Any], called: Trained, code: Collection[CodeNames]
    ) -> tuple[Fit, ...]:
        """The models that the execution changed, or made and trained; without those whose calls were seen.

        `code` are the functions of the user's that it may have called.
        """
        found: list[Fit] = []
        deadline, seen = time.monotonic() + _BUDGET, {identity(model) for model in called.models}
        changed = (*execution.mutated, *execution.bound, *execution.rebound)
        self._forget(self._due if execution.incomplete else changed)
        for name in changed:
            for path, model in _models(name, namespace.get(name)):
                trains = name in execution.mutated or _trains(execution, code)
                before = self._known.pop(path, None)
                if library_of(type(model)) == "sklearn":
                    if identity(model) not in seen:
                        self._due[path] = _Due(execution.ordinal, identity(model), trains, before)
                elif (fit := self._fit(path, model, deadline, trains, before)) and identity(model) not in seen:
                    found.append(fit)
                seen.add(identity(model))
        return tuple(found)

    def settle(self, namespace: Mapping[str, Any]) -> dict[int, tuple[Fit, ...]]:
        """The estimators that waited and are as their execution left them, by its ordinal."""
        due, self._due = self._due, {}
        deadline, found = time.monotonic() + _IDLE_BUDGET, dict[int, tuple[Fit, ...]]()
        for path, each in due.items():
            model = dict(_models(_name_in(path), namespace.get(_name_in(path)))).get(path)
            if model is None or identity(model) != each.address:
                continue
            if fit := self._fit(path, model, deadline, each.trains, each.before):
                found[each.ordinal] = (*found.get(each.ordinal, ()), fit)
        return found

    def _forget(self, names: Collection[str]) -> None:
        """They are not what they were when they began to wait."""
        for path in [path for path in self._due if path in names or _name_in(path) in names]:
            del self._due[path]

    def _fit(self, path: str, model: Any, deadline: float, trains: bool, before: _State | None) -> Fit | None:
        """None where the execution only made it, or came by it in another way."""
        library = library_of(type(model))
        now = _state(model, library, deadline)
        if library is None or now is None:
            return None
        self._known[path] = now
        initial = before.weights.digest if before is not None and before.address == now.address else None
        if not trains or initial == now.weights.digest or (library == "sklearn" and not _is_fitted(model)):
            return None
        return Fit(
            library=library,
            model=type(model).__name__,
            seen="border",
            name=path,
            parameters=_parameters(model) if library == "sklearn" else {},
            initial=initial,
            final=now.weights.digest,
            size=now.weights.size,
            sampled=now.weights.sampled,
        )


def _trains(execution: CellExecution, code: Collection[CodeNames]) -> bool:
    """Whether a method that trains is named in what ran."""
    return any(not _TRAINING.isdisjoint(words) for words in (execution.words, *(each.words for each in code)))


def _models(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The model that a name is bound to, or those in its short list or dict, with how to reach each."""
    if library_of(type(value)) is not None:
        yield name, value
    elif type(value) in (list, tuple, dict) and len(value) <= _HELD:
        items = value.items() if type(value) is dict else enumerate(value)
        for key, each in items:
            if library_of(type(each)) is not None and type(key) in (str, int):
                yield f"{name}[{key!r}]", each


def _name_in(path: str) -> str:
    return path.partition("[")[0]


@per_class
def library_of(kind: type) -> _Library | None:
    """The library whose models the class is one of."""
    for base in kind.__mro__:
        module, name = module_name(base), base.__name__
        if (module, name) == ("torch.nn.modules.module", "Module"):
            return "torch"
        if (module, name) == ("sklearn.base", "BaseEstimator"):
            return "sklearn"
        if name == "Model" and module.partition(".")[0] in ("keras", "tf_keras"):
            return "keras"
    return None


_WEIGHTS: dict[str, Callable[[Any], Weights | None]] = {"keras": keras_weights, "torch": torch_weights}


def _state(model: Any, library: _Library | None, deadline: float) -> _State | None:
    """None where it has no weights, or where there was no time to look at all of it."""
    if library is None or time.monotonic() > deadline:
        return None
    if library != "sklearn":
        weights = _WEIGHTS[library](model)
    else:
        digest = digest_within(model, deadline)
        weights = Weights(digest, 0, False) if digest is not None else None
    return _State(identity(model), weights) if weights is not None else None


def _is_fitted(model: Any) -> bool:
    """What is fitted ends in `_`; of a pipeline, in one of its steps."""
    attributes = attributes_of(model) or {}
    if any(name.endswith("_") and not name.startswith("_") for name in attributes):
        return True
    steps = attributes.get("steps")
    return type(steps) is list and any(_is_fitted(step[-1]) for step in steps if type(step) is tuple)


def _parameters(model: Any) -> dict[str, str]:
    """What it was made with, where that isn't the default, in short."""
    attributes = attributes_of(model) or {}
    found = {}
    for name, default in _defaults(type(model)).items():
        value = attributes.get(name, default)
        text = _shown(value)
        if text != _shown(default) and not passwords.stand_in(text):
            found[name] = text[:_LONGEST]
    return found


def _shown(value: Any) -> str:
    """Scalars as they are written, other estimators by their class, a pipeline's steps in their order."""
    if type(value) is list and value and all(type(each) is tuple for each in value):
        return ", ".join(type(each[-1]).__name__ for each in value)
    return repr(value) if type(value) in _SCALARS else type(value).__name__


def _defaults(kind: type) -> dict[str, Any]:
    """The parameters of its `__init__`."""
    try:
        parameters = inspect.signature(kind.__init__).parameters  # type: ignore[misc]
    except (TypeError, ValueError):
        return {}
    return {name: each.default for name, each in parameters.items() if name != "self"}
