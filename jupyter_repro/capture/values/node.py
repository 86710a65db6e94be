"""What a value is made of, one level at a time: the record that digests, contents and summaries are taken from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["items", "pairs", "fields", "set"]


@dataclass(slots=True)
class Data:
    """Raw bytes of a leaf, in pieces that are read once; `format` is the struct code of the numbers in them, if any."""

    pieces: Iterable[Any]  # of bytes-like objects
    format: str = ""


@dataclass(slots=True)
class Node:
    """One level of a value. Two values are equal when their nodes are equal and their children are, in turn.

    `children` of kind "pairs" alternate keys and values, of "fields" go with `names`, of "set" have no order.
    `exact` is False where the value can only be described. `text` is for people and takes no part in equality.
    """

    tag: str
    head: str = ""
    data: Data | None = None
    kind: Kind = "items"
    children: Sequence[Any] = ()
    names: Sequence[str] = ()
    exact: bool = True
    text: str = ""


Handler = Callable[[Any], Node]


def type_name(kind: type) -> str:
    """The full name of a class, without `builtins`."""
    module = str(getattr(kind, "__module__", ""))
    return kind.__qualname__ if module in ("builtins", "") else f"{module}.{kind.__qualname__}"


def tag_of(kind: type) -> str:
    """The name of a class with its top-level package only: libraries move their classes between modules."""
    module = str(getattr(kind, "__module__", "")).partition(".")[0]
    return kind.__qualname__ if module in ("builtins", "") else f"{module}.{kind.__qualname__}"


def opaque(value: Any, head: str = "") -> Node:
    """A value that can only be described."""
    return Node(tag_of(type(value)), head, exact=False)


def fields(tag: str, *, head: str = "", text: str = "", **children: Any) -> Node:
    """A node whose children are named."""
    return Node(tag, head, kind="fields", names=tuple(children), children=tuple(children.values()), text=text)
