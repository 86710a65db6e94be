"""Telling objects and their types apart: no line of the user's classes runs for it, and none is kept alive."""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

# `id()` reports each call to audit hooks, ours among them; the hash that every object inherits is its address, rotated.
identity = object.__hash__

_Known = TypeVar("_Known")
_IN_PLACE = (types.GetSetDescriptorType, types.MemberDescriptorType)


def is_a(value: Any, kinds: type | tuple[type, ...]) -> bool:
    """`isinstance` by type alone: a class that pretends to be another would be asked for `__class__`."""
    return issubclass(type(value), kinds)


def module_name(kind: type) -> str:
    """The module that a class says it is of; "" where it says anything else, as with a slot of that name."""
    name: object = kind.__module__
    return name if isinstance(name, str) else ""


class ByClass(dict[int, _Known]):
    """What is known of classes, by their address and as long as they live. It must not lead back to the class."""

    def __init__(self) -> None:
        self._living: dict[int, weakref.ref[type]] = {}

    def remember(self, kind: type, known: _Known) -> _Known:
        address = identity(kind)

        def forget(_: weakref.ref[type]) -> None:
            self.pop(address, None)
            self._living.pop(address, None)

        self._living[address] = weakref.ref(kind, forget)
        self[address] = known
        return known


def per_class(function: Callable[[type], _Known]) -> Callable[[type], _Known]:
    """Remembers what a function gives for each class."""
    known: ByClass[_Known] = ByClass()

    @functools.wraps(function)
    def remembered(kind: type) -> _Known:
        address = identity(kind)
        return known[address] if address in known else known.remember(kind, function(kind))

    return remembered


def attributes_of(value: Any) -> dict[str, Any] | None:
    """An object's `__dict__` itself; None where it has none, or where its class puts something else in its place."""
    found = object.__getattribute__(value, "__dict__") if _has_attributes(type(value)) else None
    return found if type(found) is dict else None


def hides_attributes(kind: type) -> bool:
    """Whether instances have a `__dict__` that their class doesn't give out."""
    return kind.__dictoffset__ != 0 and not _has_attributes(kind)


@per_class
def _has_attributes(kind: type) -> bool:
    descriptor = next((base.__dict__["__dict__"] for base in kind.__mro__ if "__dict__" in base.__dict__), None)
    return type(descriptor) in _IN_PLACE
