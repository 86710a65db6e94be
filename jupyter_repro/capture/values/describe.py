"""Which handler describes a value: by the classes that its type derives from, never by importing a library."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from importlib import import_module
from typing import Any

from jupyter_repro.capture.values import builtin, objects
from jupyter_repro.capture.values.node import Handler, Node, opaque, tag_of

_LIBRARIES = {  # top-level package -> the module here that knows it
    "numpy": "arrays",
    "pandas": "frames",
    "polars": "columnar",
    "pyarrow": "columnar",
    "scipy": "arrays",
    "sklearn": "estimators",
    "torch": "neural",
    "keras": "neural",
    "tensorflow": "neural",
    "matplotlib": "figures",
    "PIL": "figures",
}


class Describer:
    """Describes values level by level. What it learns about types lasts as long as it does, so it pins no class."""

    def __init__(self) -> None:
        self._handlers: dict[type, Handler] = {}

    def node(self, value: Any) -> Node:
        """What `value` is made of. Never raises: a value that can't be looked into is described by its type."""
        kind = type(value)
        try:
            handler = self._handlers.get(kind)
            if handler is None:
                handler = self._handlers[kind] = handler_of(kind)
            return handler(value)
        except Exception:  # noqa: BLE001 - any library's code may be behind it
            return opaque(value)


def handler_of(kind: type) -> Handler:
    """The handler of the nearest base class that has one; fields and slots otherwise."""
    if (exact := builtin.HANDLERS.get(kind)) is not None:
        return exact
    if Enum in kind.__mro__:  # before the int or str that it may also be
        return builtin.member
    for base in kind.__mro__:
        if base in builtin.PLAIN:
            return builtin.derived(kind, base)
        if (handler := builtin.BASES.get(base) or _library(base).get(tag_of(base))) is not None:
            return handler
    return objects.handler(kind)


def _library(base: type) -> Mapping[str, Handler]:
    package = tag_of(base).partition(".")[0]
    if (module := _LIBRARIES.get(package)) is None:
        return {}
    handlers: Mapping[str, Handler] = import_module(f"jupyter_repro.capture.values.{module}").HANDLERS
    return handlers
