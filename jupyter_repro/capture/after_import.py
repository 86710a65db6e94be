"""Calling back right after the first import of a library, before the statement behind it runs."""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any


class AfterImport(importlib.abc.MetaPathFinder):
    """Calls back with the name of each of `modules` once it has been executed. The callback must not raise."""

    def __init__(self, modules: frozenset[str], callback: Callable[[str], None]) -> None:
        self._modules = modules
        self._callback = callback
        self._searching = False

    def start(self) -> None:
        sys.meta_path.insert(0, self)

    def stop(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

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

        with contextlib.suppress(AttributeError):  # a loader that can't be wrapped: nothing is called back
            loader.exec_module = exec_module


def _find(
    name: str, path: Sequence[str] | None, target: types.ModuleType | None
) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        if not isinstance(finder, AfterImport) and hasattr(finder, "find_spec"):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
    return None
