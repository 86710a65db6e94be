"""Values of the built-in types and of the standard library's data types."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import functools
import io
import logging
import pathlib
import random
import re
import types
import weakref
from collections.abc import Callable
from typing import Any

from jupyter_repro.capture.values import functions, objects
from jupyter_repro.capture.values.node import Data, Handler, Kind, Node, fields, opaque, tag_of, type_name


def derived(kind: type, base: type) -> Handler:
    """The handler of a class derived from the built-in `base`: its own fields beside the value that it inherits.

    The base's own methods read it, since the class may have replaced them.
    """
    plain, layout, tag = PLAIN[base], objects.Layout(kind), tag_of(kind)

    def handler(value: Any) -> Node:
        names, children = layout.attributes(value)
        return Node(tag, kind="fields", names=("value", *names), children=(plain(value), *children))

    return handler


PLAIN: dict[type, Callable[[Any], Any]] = {
    bool: bool,
    int: int.__int__,
    float: float.__float__,
    complex: complex.__pos__,
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    bytearray: lambda value: bytes(memoryview(value)),
    list: lambda value: list.__getitem__(value, slice(None)),
    tuple: lambda value: tuple.__getitem__(value, slice(None)),
    dict: dict.copy,
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    collections.OrderedDict: lambda value: list(collections.OrderedDict.items(value)),
    collections.deque: lambda value: list(collections.deque.__iter__(value)),
}


def member(value: Any) -> Node:
    """An enumeration's member: its class, name and value."""
    return fields(tag_of(type(value)), text=str(value._name_), name=value._name_, value=value._value_)


def _sequence(tag: str, kind: Kind = "items") -> Handler:
    return lambda value: Node(tag, kind=kind, children=value)


def _listed(tag: str, kind: Kind = "items") -> Handler:
    return lambda value: Node(tag, kind=kind, children=list(value))


def _pairs(tag: str) -> Handler:
    """A mapping in its order, as a snapshot: another thread may be changing it."""

    def handler(value: Any) -> Node:
        return Node(tag, kind="pairs", children=[part for pair in list(value.items()) for part in pair])

    return handler


def _text(tag: str, text: Callable[[Any], str]) -> Handler:
    return lambda value: Node(tag, text(value), text=text(value)[:200])


def _bytearray(value: bytearray) -> Node:
    return Node("bytearray", data=Data([value]))


def _defaultdict(value: Any) -> Node:
    return fields("defaultdict", default_factory=value.default_factory, value=dict(value))


def _deque(value: Any) -> Node:
    return Node("deque", str(value.maxlen), children=list(value))


def _range(value: range) -> Node:
    """As ranges compare: by the numbers in them."""
    step = value.step if len(value) > 1 else 1
    return Node("range", f"{len(value)} {value.start if value else 0} {step}", text=repr(value))


def _slice(value: slice) -> Node:
    return Node("slice", children=(value.start, value.stop, value.step), text=repr(value)[:200])


def _memoryview(value: memoryview) -> Node:
    return Node("memoryview", f"{value.format} {value.shape}", Data([value.tobytes()]))


def _array(value: array.array[Any]) -> Node:
    format = value.typecode if value.typecode not in "uw" else ""
    return Node("array", value.typecode, Data([memoryview(value).cast("B")], format), text=f"{len(value)} items")


def _moment(value: Any) -> Node:
    """Date and time by its parts: `isoformat` would ask the time zone, which may be the user's class."""
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond", "fold")
    parts = [getattr(value, name) for name in names if hasattr(value, name)]
    zone = getattr(value, "tzinfo", None)
    return Node(tag_of(type(value)), repr(parts), children=(zone,), text=" ".join(map(str, parts)))


def _pattern(value: re.Pattern[Any]) -> Node:
    return Node("re.Pattern", str(value.flags), children=(value.pattern,), text=repr(value)[:200])


def _match(value: re.Match[Any]) -> Node:
    return Node("re.Match", repr(value.regs), children=(value.re, value.string), text=repr(value)[:200])


def _buffer(value: Any) -> Node:
    read = io.BytesIO.getvalue if isinstance(value, io.BytesIO) else io.StringIO.getvalue
    return Node(tag_of(type(value)), str(value.tell()), children=(read(value),))


def _file(value: Any) -> Node:
    """A handle: its position and what is behind it are not a value."""
    return opaque(value, str(getattr(value, "mode", "")))


def _exception(value: BaseException) -> Node:
    names, children = objects.attributes(value)
    return Node(tag_of(type(value)), kind="fields", names=("args", *names), children=(value.args, *children))


def _partial(value: functools.partial[Any]) -> Node:
    return fields("functools.partial", func=value.func, args=value.args, keywords=dict(value.keywords))


def _reference(value: Any) -> Node:
    return Node("weakref", children=(weakref.ref.__call__(value),))


def _random(value: random.Random) -> Node:
    if isinstance(value, random.SystemRandom):
        return opaque(value)
    return Node(tag_of(type(value)), children=(random.Random.getstate(value),))


def _generic(value: Any) -> Node:
    return Node("alias", children=(value.__origin__, value.__args__), text=type_name(value.__origin__))


HANDLERS: dict[type, Handler] = {
    list: _sequence("list"),
    tuple: _sequence("tuple"),
    dict: _pairs("dict"),
    set: _listed("set", "set"),
    frozenset: _listed("frozenset", "set"),
    bytearray: _bytearray,
    memoryview: _memoryview,
    range: _range,
    slice: _slice,
    type(Ellipsis): _text("Ellipsis", lambda value: ""),
    type(NotImplemented): _text("NotImplemented", lambda value: ""),
    type({}.keys()): _listed("dict_keys"),
    type({}.values()): _listed("dict_values"),
    type({}.items()): _listed("dict_items"),
    types.MappingProxyType: _pairs("mappingproxy"),
    types.GenericAlias: _generic,
    types.UnionType: lambda value: Node("union", children=value.__args__, text=str(value)),
    collections.OrderedDict: _pairs("OrderedDict"),
    collections.defaultdict: _defaultdict,
    collections.deque: _deque,
    array.array: _array,
    re.Pattern: _pattern,
    re.Match: _match,
    **functions.HANDLERS,
}

BASES: dict[type, Handler] = {
    datetime.datetime: _moment,
    datetime.date: _moment,
    datetime.time: _moment,
    datetime.timedelta: lambda value: Node(
        tag_of(type(value)),
        f"{value.days} {value.seconds} {value.microseconds}",
        text=datetime.timedelta.__str__(value),
    ),
    datetime.timezone: _text("timezone", repr),
    decimal.Decimal: _text("Decimal", decimal.Decimal.__str__),
    pathlib.PurePath: _text("Path", pathlib.PurePath.__str__),
    functools.partial: _partial,
    io.BytesIO: _buffer,
    io.StringIO: _buffer,
    io.IOBase: _file,
    logging.Logger: lambda value: Node("Logger", value.name, text=value.name),
    logging.Handler: opaque,
    random.Random: _random,
    weakref.ref: _reference,
    BaseException: _exception,
    types.ModuleType: lambda value: Node("module", str(value.__name__), text=str(value.__name__)),
    type: functions.klass,
}
