"""Instances of any other class: by what they hold, without running a line of the class's own code."""

from __future__ import annotations

import functools
import struct
import types
from typing import Any

from jupyter_repro.capture.identity import attributes_of, hides_attributes
from jupyter_repro.capture.values.node import Handler, Node, opaque, tag_of

_INFRASTRUCTURE = frozenset(  # packages whose objects stand for the process, not for a value
    {
        "IPython",
        "_thread",
        "asyncio",
        "comm",
        "concurrent",
        "http",
        "ipykernel",
        "jupyter_client",
        "multiprocessing",
        "requests",
        "selectors",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "subprocess",
        "threading",
        "tornado",
        "urllib3",
        "zmq",
    }
)
_CACHES = {  # attributes in which a library remembers what it derived, or what differs from process to process
    "IPython": {"_repr_cache"},
    "networkx": {"__networkx_cache__"},
    "pandas": {"_cache", "_item_cache", "uuid"},
    "sklearn": {"_stop_words_id"},
    "sympy": {"_mhash"},
}
_HOOKS = ("__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__")
_SMALLEST_ADDRESS = 1 << 20


def handler(kind: type) -> Handler:
    """For the instances of one class: attributes and slots, and the state that a class written in C hands out."""
    if _is_infrastructure(kind) or _is_iterator(kind):
        return opaque
    layout, tag, reduces = Layout(kind), tag_of(kind), _reduces(kind)
    hides = _hides(kind) or hides_attributes(kind)

    def instance(value: Any) -> Node:
        names, children = layout.attributes(value)
        if not reduces:
            return Node(tag, kind="fields", names=names, children=children, exact=not hides)
        state, exact = _reduced(value)
        return Node(tag, kind="fields", names=(*names, *state), children=(*children, *state.values()), exact=exact)

    return instance


def attributes(value: Any) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Names and values of an instance's own attributes, sorted by name: their order is no part of it."""
    return Layout(type(value)).attributes(value)


class Layout:
    """Where the instances of one class keep their attributes."""

    def __init__(self, kind: type) -> None:
        self._members = _members(kind)
        self._skipped = _CACHES.get(tag_of(kind).partition(".")[0], set()) | {
            name
            for base in kind.__mro__
            for name, part in base.__dict__.items()
            if isinstance(part, functools.cached_property)
        }

    def attributes(self, value: Any) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        found = self._slots(value) if self._members else {}
        found.update(attributes_of(value) or {})
        if any(type(part) is int and part > _SMALLEST_ADDRESS for part in found.values()):
            addresses = {id(part) for part in found.values()}
            found = {name: part for name, part in found.items() if not (type(part) is int and part in addresses)}
        names = tuple(sorted(name for name in found if type(name) is str and name not in self._skipped))
        return names, tuple([found[name] for name in names])

    def _slots(self, value: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, member in self._members:
            try:
                found[name] = member.__get__(value)
            except AttributeError:  # a slot that was never filled
                continue
        return found


def _members(kind: type) -> list[tuple[str, Any]]:
    """The slots of a class and its bases."""
    return [
        (name, member)
        for base in kind.__mro__
        if "__slots__" in base.__dict__
        for name, member in base.__dict__.items()
        if isinstance(member, types.MemberDescriptorType)
    ]


def _of_class(kind: type, name: Any) -> Any:
    """What a class gives for a name, without descriptors."""
    return next((base.__dict__[name] for base in kind.__mro__ if name in base.__dict__), None)


def _is_infrastructure(kind: type) -> bool:
    if tag_of(kind).partition(".")[0] not in _INFRASTRUCTURE:
        return False
    return all(base.__name__ != "DisplayObject" for base in kind.__mro__)  # IPython.display's are values


def _is_iterator(kind: type) -> bool:
    """An iterator written in C: it can't be looked at without being moved on."""
    following = _of_class(kind, "__next__")
    return following is not None and not isinstance(following, types.FunctionType)


def _reduces(kind: type) -> bool:
    """Whether C code, and no Python code, hands out the state for pickling."""
    hooks = [hook for name in _HOOKS if (hook := _of_class(kind, name)) is not object.__dict__.get(name)]
    return bool(hooks) and not any(isinstance(hook, types.FunctionType) for hook in hooks)


def _reduced(value: Any) -> tuple[dict[str, Any], bool]:
    """The state that C code hands out for pickling, and whether there is one."""
    try:
        state = _of_class(type(value), "__reduce_ex__")(value, 4)
    except Exception:  # noqa: BLE001 - "cannot pickle", in any words: nobody can see what is in it
        return {}, False
    if isinstance(state, str):
        return {"global": state}, True
    items = [list(part or ()) for part in state[3:5]]
    return {"made by": state[0], "arguments": state[1], "state": state[2:3], "items": items}, True


def _hides(kind: type) -> bool:
    """Whether an instance is larger than its attributes and slots explain (as `copyreg` tells): a part is in C."""
    pointers = (kind.__dictoffset__ > 0) + (kind.__weakrefoffset__ > 0) + len(_members(kind))
    return kind.__basicsize__ > object.__basicsize__ + struct.calcsize("P") * pointers
