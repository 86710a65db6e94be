"""One object of the user's heap, described without holding it."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from jupyter_repro.capture.code import CodeNames
from jupyter_repro.capture.identity import module_name
from jupyter_repro.capture.tokens import Token, token

WHOLE = "*"  # the part of an object that has no finer ones
CLASS = "#class"
ORDER = "#order"
INDEX = "#index"


class Opaque(Exception):
    """The object has state that can't be seen."""


class Node:
    """`parts` are tokens by part; `children` the objects that a part leads to: objects while it is being described,
    their ids from then on. `opaque`: there is state that can't be seen, so touched means changed.
    """

    __slots__ = (
        "children",
        "code",
        "deferred",
        "defers",
        "kept",
        "keyed",
        "known",
        "label",
        "module",
        "opaque",
        "owners",
        "parts",
        "path",
        "type_name",
        "version",
    )

    def __init__(self, value: Any, defers: bool = False, known: Container[int] = ()) -> None:
        kind = type(value)
        self.defers = defers  # large arrays get their token later
        self.known = known  # addresses of objects that were described before
        self.deferred = False  # and some did
        self.type_name = kind.__qualname__
        self.module = module_name(kind).partition(".")[0]
        self.label = 0
        self.owners = 0  # edges and names that lead here
        self.version = 0  # the border at which it last changed
        self.opaque = False
        self.keyed: str | None = None  # which single parts a text can name: "item", "attribute", "column" or none
        self.path: str | None = None  # of a file that is open for writing, or whose memory it is
        self.code: CodeNames | None = None
        self.parts: dict[str, Token] = {}
        self.children: dict[str, list[Any]] = {}
        self.kept: dict[str, list[int]] = {}  # children, by address, of parts that weren't looked at again

    def keep(self, part: str, old: Node) -> None:
        """Take over a part that can't have changed."""
        self.parts[part] = old.parts[part]
        if part in old.children:
            self.kept[part] = old.children[part]

    def put(self, part: str, value: Token, *children: Any) -> None:
        self.parts[part] = value
        if children:
            self.children[part] = list(children)

    def put_value(self, part: str, value: Any) -> None:
        self.parts[part] = token(value)
        self.children[part] = [value]
