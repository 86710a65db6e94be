"""Where Python and each library ask the operating system for entropy: there the session's streams are asked first.

What is replaced is put back by `stop`; where a stream gives nothing, the original is asked.
"""

from __future__ import annotations

import math
import os
import random
import sys
from collections.abc import Callable
from functools import wraps
from operator import index
from pathlib import Path
from typing import Any

from jupyter_repro.capture import tasks
from jupyter_repro.capture.entropy import SEED_SIZE, URANDOM, Streams, caller_outside
from jupyter_repro.capture.replaced import Replaced

_POOL = 128  # bits that numpy's SeedSequence asks for


class EntropySources:
    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self._replaced: list[Replaced] = []

    def start(self) -> None:
        self.streams.start()
        tasks.hand_out(self.streams.label, Path(tasks.__file__).read_text(encoding="utf-8"))
        tasks.entered, tasks.reported = self.streams.enter, self.streams.returned
        for module in MODULES:
            if module in sys.modules:
                self.imported(module)

    def stop(self) -> None:
        """Put back what was replaced, unless somebody else has replaced it since."""
        self.streams.stop()
        tasks.labelled = tasks.entered = tasks.reported = None
        while self._replaced:
            self._replaced.pop().undo()

    def imported(self, module: str) -> None:
        """A library has arrived. Never raises."""
        try:
            if module in _PATCHES:
                _PATCHES[module](self)
            elif module in tasks.MODULES:
                for owner, name, replacement in list(tasks.replacements(module)):
                    self.replace(owner, name, replacement)
        except Exception as error:  # noqa: BLE001 - an import of the user's must not fail for it
            self.streams.note_fault(error)

    def replace(self, owner: Any, name: str, replacement: Any) -> None:
        self._replaced.append(Replaced(owner, name, replacement))


def _patch_os(sources: EntropySources) -> None:
    original, streams = os.urandom, sources.streams

    def urandom(size: Any, /) -> bytes:
        caller = caller_outside(sys._getframe(1), "uuid")
        data = streams.draw(index(size), URANDOM, caller) if _is_size(size) else None
        return original(size) if data is None else data

    _name_like(urandom, original, "os")
    sources.replace(os, "urandom", urandom)


def _is_size(size: Any) -> bool:
    return hasattr(size, "__index__") and index(size) >= 0


def _patch_random(sources: EntropySources) -> None:
    original, streams = random.Random.seed, sources.streams

    @wraps(original)
    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        if a is None:
            caller = caller_outside(sys._getframe(1), "random")  # Random() seeds itself
            a = streams.number(8 * SEED_SIZE, "random", caller)
        original(self, a, version)

    sources.replace(random.Random, "seed", seed)
    sources.replace(random, "seed", random._inst.seed)


def _patch_numpy(sources: EntropySources) -> None:
    """Whatever numpy makes without a seed asks SeedSequence, which asks this name in its module."""
    module: Any = sys.modules["numpy.random.bit_generator"]
    legacy: Any = sys.modules["numpy.random.mtrand"]
    original, streams = module.randbits, sources.streams

    def randbits(bits: int) -> int:
        number = streams.number(bits, "numpy", sys._getframe(1))
        return int(original(bits)) if number is None else number

    sources.replace(module, "randbits", randbits)
    sources.replace(legacy, "_MT19937", _noted(legacy._MT19937, streams))


def _noted(twister: Any, streams: Streams) -> Any:
    """What RandomState makes its generator of. RandomState(5) draws as if there were no seed, then sets it."""

    class Noted(type):
        def __call__(cls) -> Any:
            caller = sys._getframe(1)
            number = streams.number(_POOL, "numpy", caller)
            if number is None:
                return twister()
            generator = twister(number)
            streams.note_legacy(generator, caller)
            return generator

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, twister)

    return Noted(twister.__name__, (), {})


def _patch_torch(sources: EntropySources) -> None:
    torch: Any = sys.modules["torch"]
    original, streams = torch.random.seed, sources.streams

    @wraps(original)
    def seed() -> int:
        number = streams.number(63, "torch", sys._getframe(1))
        if number is None:
            return int(original())
        torch.manual_seed(number)
        return number

    sources.replace(torch.random, "seed", seed)
    sources.replace(torch, "seed", seed)


def _patch_tensorflow(sources: EntropySources) -> None:
    """For `tf.random.Generator.from_non_deterministic_state` and the global generator."""
    tensorflow: Any = sys.modules["tensorflow"]
    module: Any = sys.modules["tensorflow.python.ops.stateful_random_ops"]
    original, streams = module.non_deterministic_ints, sources.streams

    @wraps(original)
    def non_deterministic_ints(shape: Any, dtype: Any = tensorflow.int64) -> Any:
        data = None
        if tensorflow.executing_eagerly() and isinstance(shape, list) and dtype == tensorflow.int64:
            data = streams.draw(8 * math.prod(shape), "tensorflow", sys._getframe(1))
        if data is None:
            return original(shape, dtype)
        return tensorflow.constant(memoryview(data).cast("q").tolist(), dtype, shape)

    sources.replace(module, "non_deterministic_ints", non_deterministic_ints)


def _name_like(function: Callable[..., Any], original: Any, module: str) -> None:
    function.__doc__, function.__module__ = original.__doc__, module
    function.__name__ = function.__qualname__ = original.__name__


_PATCHES: dict[str, Callable[[EntropySources], None]] = {
    "os": _patch_os,
    "random": _patch_random,
    "numpy.random": _patch_numpy,
    "torch": _patch_torch,
    "tensorflow": _patch_tensorflow,
}
MODULES = (*_PATCHES, *tasks.MODULES)
