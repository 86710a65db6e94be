"""Calling back right after the first import of a library, before the statement behind it runs."""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any


class AfterImport:
    """Calls back with the name of each of `modules` once it has been executed. The callback must not raise."""

    def __init__(self, modules: frozenset[str], callback: Callable[[str], None]) -> None:
        self._modules = modules
        self._callback = callback

    def start(self) -> None:
        for name in self._modules:
            _finder.callbacks.setdefault(name, []).append(self._callback)
        if _finder not in sys.meta_path:
            sys.meta_path.insert(0, _finder)

    def stop(self) -> None:
        for name in self._modules:
            if self._callback in (callbacks := _finder.callbacks.get(name, [])):
                callbacks.remove(self._callback)
            if not callbacks:
                _finder.callbacks.pop(name, None)
        if not _finder.callbacks and _finder in sys.meta_path:
            sys.meta_path.remove(_finder)


class _Finder(importlib.abc.MetaPathFinder):
    """One for all: every import asks it, and of two only the first would hear of a module."""

    def __init__(self) -> None:
        self.callbacks: dict[str, list[Callable[[str], None]]] = {}
        self._searching = False

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in self.callbacks or self._searching:
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
            for callback in list(self.callbacks.get(name, ())):
                callback(name)

        with contextlib.suppress(AttributeError):  # a loader that can't be wrapped: nothing is called back
            loader.exec_module = exec_module


def _find(
    name: str, path: Sequence[str] | None, target: types.ModuleType | None
) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        if finder is not _finder and hasattr(finder, "find_spec"):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
    return None


_finder = _Finder()
