"""One line that tells a person what a value is: short, quick, without addresses or the user's own `__repr__`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from jupyter_repro.capture.values.node import Node, type_name
from jupyter_repro.capture.values.scalars import SCALARS

LONGEST = 200  # characters
_SHOWN = 8  # children
_SORTED = 1_000  # elements of a set that are put in order to be shown; of a larger one none is
_DIGITS = 300  # bits of an integer that is written out


def summary(value: Any, node: Node | None) -> str:
    """At most 200 characters on one line; `node` is None for a scalar."""
    text = scalar(value) if node is None else _structure(value, node)
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def scalar(value: Any, longest: int = 160) -> str:
    """`repr`, without first writing out what would be cut."""
    if isinstance(value, int) and value.bit_length() > _DIGITS:
        return f"an integer of {value.bit_length():,} bits"
    if isinstance(value, (str, bytes)) and len(value) > longest:
        return f"{value[:longest]!r}… ({len(value):,} long)"
    return repr(value)


def _structure(value: Any, node: Node) -> str:
    name = type_name(type(value)).rpartition(".")[2]
    if node.text or not node.children:
        text = node.text or node.head
        named = text if text.startswith(f"{name} ") else f"{name} {text}".strip()  # a number says its type already
        return _brackets(name, "") if name in _BRACKETS else named
    inner = ", ".join(islice(_inner(node), _SHOWN))
    count = len(node.children) // (2 if node.kind == "pairs" else 1)
    return _brackets(name, f"{inner}, … ({count:,} in all)".lstrip(", ") if count > _SHOWN else inner)


_BRACKETS = {"list": ("[", "]"), "tuple": ("(", ")"), "dict": ("{", "}"), "set": ("{", "}")}


def _brackets(name: str, inner: str) -> str:
    opening, closing = _BRACKETS.get(name, (f"{name}(", ")"))
    return f"{opening}{inner}{closing}"


def _inner(node: Node) -> Iterator[str]:
    """The children in short, one after the other."""
    if node.kind == "fields":
        yield from (f"{name}={_child(child)}" for name, child in zip(node.names, node.children, strict=True))
    elif node.kind == "pairs":
        pairs = iter(node.children)
        yield from (f"{_child(key)}: {_child(child)}" for key, child in zip(pairs, pairs, strict=True))
    elif node.kind == "set":
        yield from sorted(map(_child, node.children if len(node.children) <= _SORTED else ()))
    else:
        yield from map(_child, node.children)


def _child(child: Any) -> str:
    """A scalar, a number of a library, or the name of the type."""
    if type(child) in SCALARS:
        return scalar(child, 30)
    name = type_name(type(child)).rpartition(".")[2]
    if getattr(type(child), "__module__", "") == "numpy" and getattr(child, "shape", None) == ():
        return repr(child.item())
    return name
