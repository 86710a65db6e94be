"""The functions that set the global random generators, listened to: what the user seeds is the user's from then on."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from jupyter_repro.capture.replaced import Replaced


class SeedingCalls:
    """`note` gets the library's name right before one of its functions sets the generator. It may raise."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._replaced: list[Replaced] = []

    def start(self) -> None:
        for module in _LISTENERS:
            if module in sys.modules:
                self.imported(module)

    def stop(self) -> None:
        while self._replaced:
            self._replaced.pop().undo()

    def imported(self, module: str) -> None:
        """A library has arrived. Never raises."""
        with contextlib.suppress(Exception):  # then its seeding is taken for a draw, which keeps more
            if module in _LISTENERS:
                _LISTENERS[module](self)

    def listen(self, owner: Any, name: str, library: str) -> None:
        original = getattr(owner, name)

        @wraps(original)
        def listening(*args: Any, **kwargs: Any) -> Any:
            if args[:1] != (None,) and (args or kwargs):  # numpy's seed() without a seed keeps a part of the state
                self.note(library)
            return original(*args, **kwargs)

        self.replace(owner, name, listening)

    def replace(self, owner: Any, name: str, new: Callable[..., Any]) -> None:
        self._replaced.append(Replaced(owner, name, new))

    def note(self, library: str) -> None:
        with contextlib.suppress(Exception):  # the user's call goes on
            self._note(library)


def _listen_to_random(calls: SeedingCalls) -> None:
    seed, setstate = random.Random.seed, random.Random.setstate

    @wraps(seed)
    def listening_seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        if self is random._inst:
            calls.note("random")
        seed(self, a, version)

    @wraps(setstate)
    def listening_setstate(self: random.Random, state: Any) -> None:
        if self is random._inst:
            calls.note("random")
        setstate(self, state)

    calls.replace(random.Random, "seed", listening_seed)
    calls.replace(random.Random, "setstate", listening_setstate)
    calls.replace(random, "seed", random._inst.seed)
    calls.replace(random, "setstate", random._inst.setstate)


def _listen_to_numpy(calls: SeedingCalls) -> None:
    module: Any = sys.modules["numpy.random"]
    for name in ("seed", "set_state"):
        calls.listen(module, name, "numpy")


def _listen_to_tensorflow(calls: SeedingCalls) -> None:
    module: Any = sys.modules["tensorflow"]
    calls.listen(module.random, "set_seed", "tensorflow")


def _listen_to_torch(calls: SeedingCalls) -> None:
    torch: Any = sys.modules["torch"]
    for owner in (torch, torch.random):
        for name in ("manual_seed", "set_rng_state"):
            calls.listen(owner, name, "torch")


_LISTENERS: dict[str, Callable[[SeedingCalls], None]] = {
    "random": _listen_to_random,
    "numpy.random": _listen_to_numpy,
    "tensorflow": _listen_to_tensorflow,
    "torch": _listen_to_torch,
}
