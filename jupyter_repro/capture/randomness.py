"""The global random generators: seeded when the recording starts, or as their library is imported; then watched.

The seed of the session is all that a rerun needs, and it can be put into an exported notebook as plain code.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.abc
import importlib.machinery
import random
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

State = Any


def _numpy_state() -> State:
    generator = getattr(getattr(sys.modules.get("numpy.random"), "mtrand", None), "_rand", None)
    if generator is None:
        return None
    state = generator.get_state(legacy=False)
    inner = state["state"]
    key = inner["key"].tobytes() if "key" in inner else repr(inner)
    return (state["bit_generator"], key, inner.get("pos"), state.get("has_gauss"), state.get("gauss"))


def _torch_state() -> State:
    torch = sys.modules.get("torch")
    return torch.random.get_rng_state().numpy().tobytes() if hasattr(torch, "random") and torch is not None else None


def _tensorflow_state() -> State:
    module = sys.modules.get("tensorflow.python.eager.context")
    context = module.context_safe() if module is not None and hasattr(module, "context_safe") else None
    if context is None:
        return None
    generator = getattr(context, "_rng", None)
    return (getattr(context, "_seed", None), generator.getstate() if generator is not None else None)


_STATES: dict[str, Callable[[], State]] = {
    "random": random.getstate,
    "numpy": _numpy_state,
    "torch": _torch_state,
    "tensorflow": _tensorflow_state,
}


def states() -> dict[str, State]:
    """The states of the global generators of the libraries that are loaded; comparable within the process."""
    found = {}
    for library, reader in _STATES.items():
        with contextlib.suppress(Exception):  # a library that is being imported
            state = reader()
            if state is not None:
                found[library] = state
    return found


def state_digest(state: State) -> str:
    """The same in any process."""
    return hashlib.sha256(repr(state).encode()).hexdigest()


def _seed_random(seed: int) -> None:
    random.seed(seed)


def _seed_numpy(seed: int) -> None:
    sys.modules["numpy.random"].seed(seed % 2**32)


def _seed_tensorflow(seed: int) -> None:
    sys.modules["tensorflow"].random.set_seed(seed % 2**31)


def _seed_torch(seed: int) -> None:
    sys.modules["torch"].manual_seed(seed)


# The module after whose import a library's generator can be seeded. pipeline.seeds writes the same as plain code.
_SEEDERS: dict[str, tuple[str, Callable[[int], None]]] = {
    "random": ("random", _seed_random),
    "numpy.random": ("numpy", _seed_numpy),
    "tensorflow": ("tensorflow", _seed_tensorflow),
    "torch": ("torch", _seed_torch),
}


class Seeder:
    """Seeds each library's global generator once: now if it is loaded, else right after its import."""

    def __init__(self, seed: int, on_fault: Callable[[Exception], None]) -> None:
        self.seed = seed
        self.seeded: dict[str, State] = {}  # library -> state right after seeding
        self._on_fault = on_fault
        self._finder = _AfterImport(frozenset(_SEEDERS), self._imported)

    def start(self) -> None:
        for module in _SEEDERS:
            if module in sys.modules:
                self._imported(module)
        sys.meta_path.insert(0, self._finder)

    def stop(self) -> None:
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)

    def _imported(self, module: str) -> None:
        library, seed = _SEEDERS[module]
        if library in self.seeded:
            return
        try:
            seed(self.seed)
            self.seeded[library] = _STATES[library]()
        except Exception as error:  # noqa: BLE001 - an import of the user's must not fail for it
            self._on_fault(error)


class _AfterImport(importlib.abc.MetaPathFinder):
    """Calls back after the first import of some modules."""

    def __init__(self, modules: frozenset[str], callback: Callable[[str], None]) -> None:
        self._modules = modules
        self._callback = callback
        self._searching = False

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in self._modules or self._searching:
            return None
        self._searching = True
        try:
            spec = _find(name, path, target)
        finally:
            self._searching = False
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            self._wrap(spec.loader, name)
        return spec

    def _wrap(self, loader: Any, name: str) -> None:
        execute = loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            loader.exec_module = execute
            execute(module)
            self._callback(name)

        with contextlib.suppress(AttributeError):  # a loader that can't be wrapped: its library goes unseeded
            loader.exec_module = exec_module


def _find(
    name: str, path: Sequence[str] | None, target: types.ModuleType | None
) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        if not isinstance(finder, _AfterImport) and hasattr(finder, "find_spec"):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
    return None
