"""The numbers of a value with the structure around them: what a comparison within a tolerance needs.

An encoded content is a JSON header, its length before it, and the raw little-endian numbers of arrays after it. The
header lists the value's nodes in the order of a walk, each as [depth, step, what, leaf]: `step` leads to it from the
node above ("[3]", ".weights"), `what` must be the same in an equal value, and a `leaf` is a number, a text with its
digest ({"digest", "text"}) or numbers further on ({"format", "at", "size"}).
"""

from __future__ import annotations

import array
import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_repro.capture.values import scalars
from jupyter_repro.capture.values.describe import Describer
from jupyter_repro.capture.values.digest import Digester, header
from jupyter_repro.capture.values.node import Node, type_name
from jupyter_repro.capture.values.summary import scalar

MOST_BYTES = 8 << 20
_MAGIC = b"JRC1"
_RECORD = 64  # bytes that a record counts as, at least
_FLOATS = frozenset("efd")


@dataclass(frozen=True, slots=True)
class Text:
    """A leaf that is compared by digest."""

    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """Many numbers of one type."""

    format: str
    data: bytes

    def unpack(self) -> Sequence[Any]:
        if self.format == "e":
            return [number for (number,) in struct.iter_unpack("<e", self.data)]
        return memoryview(self.data).cast(self.format)  # type: ignore[call-overload, no-any-return]


Leaf = int | float | Text | Numbers | None


@dataclass(frozen=True, slots=True)
class Record:
    depth: int
    step: str
    what: str
    leaf: Leaf = None


class TooLarge(Exception):
    """The content of a value has more bytes than are asked for."""


def encode(value: Any, most: int = MOST_BYTES) -> bytes | None:
    """The content of a value; None where there are no numbers in it or more than `most` bytes of them."""
    try:
        records = list(records_of(value, most))
    except TooLarge:
        return None
    if not any(isinstance(record.leaf, (int, float, Numbers)) for record in records):
        return None
    return _pack(records)


def _pack(records: list[Record]) -> bytes:
    lines: list[list[Any]] = []
    blobs: list[bytes] = []
    at = 0
    for record in records:
        leaf: Any = record.leaf
        if isinstance(leaf, Numbers):
            blobs.append(leaf.data)
            leaf = {"format": leaf.format, "at": at, "size": len(leaf.data)}
            at += leaf["size"]
        elif isinstance(leaf, Text):
            leaf = {"digest": leaf.digest, "text": leaf.text}
        lines.append([record.depth, record.step, record.what, leaf])
    text = json.dumps(lines, separators=(",", ":")).encode()
    return b"".join([_MAGIC, struct.pack("<I", len(text)), text, *blobs])


def decode(content: bytes) -> list[Record]:
    """The records of an encoded content; ValueError where it isn't one."""
    if content[:4] != _MAGIC:
        raise ValueError("not an encoded content")
    (size,) = struct.unpack_from("<I", content, 4)
    blobs = memoryview(content)[8 + size :]
    return [
        Record(depth, step, what, _leaf(leaf, blobs)) for depth, step, what, leaf in json.loads(content[8 : 8 + size])
    ]


def _leaf(leaf: Any, blobs: memoryview) -> Leaf:
    if not isinstance(leaf, dict):
        return leaf  # type: ignore[no-any-return]
    if "digest" in leaf:
        return Text(leaf["digest"], leaf["text"])
    return Numbers(leaf["format"], bytes(blobs[leaf["at"] : leaf["at"] + leaf["size"]]))


def records_of(value: Any, most: int = MOST_BYTES) -> Iterator[Record]:
    """The records of a value, walked without recursion; raises where they pass `most` bytes."""
    walk = _Walk(most)
    stack = [iter([("", value)])]
    while stack:
        for step, child in stack[-1]:
            record, children = walk.visit(len(stack) - 1, step, child)
            yield record
            if children is not None:
                stack.append(iter(children))
                break
        else:
            stack.pop()
            walk.leave()


class _Walk:
    """What is known on the way: the objects above, and the bytes that are left."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._above: dict[int, Any] = {}
        self._describer = Describer()

    def visit(self, depth: int, step: str, value: Any) -> tuple[Record, list[tuple[str, Any]] | None]:
        """The record of a value, and the steps to its children where it has some of its own."""
        self._spend(_RECORD + len(step))
        if type(value) in scalars.SCALARS:
            return self._scalar(depth, step, value), None
        if id(value) in self._above:
            return Record(depth, step, "a value above"), None
        node = self._describer.node(value)
        if node.kind == "set":
            return Record(
                depth, step, node.tag, _text(value, f"{type_name(type(value))} of {len(node.children)}")
            ), None
        leaf, inner = self._parts(node)
        what = " ".join(part for part in (node.tag, node.head, _keys(node)) if part)
        if inner is not None:
            self._above[id(value)] = value
        return Record(depth, step, what, leaf), inner

    def leave(self) -> None:
        if self._above:
            self._above.popitem()

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise TooLarge

    def _scalar(self, depth: int, step: str, value: Any) -> Record:
        if type(value) is float or (type(value) is int and value.bit_length() < 64):
            return Record(depth, step, type(value).__name__, value)
        if type(value) is complex:
            return Record(depth, step, "complex", Numbers("d", struct.pack("<2d", value.real, value.imag)))
        return Record(depth, step, type(value).__name__, _text(value, scalar(value, 60)))

    def _parts(self, node: Node) -> tuple[Leaf, list[tuple[str, Any]] | None]:
        if node.data is not None:
            return self._data(node), _steps(node) if node.children else None
        if (numbers := _numbers(node.children)) is not None and node.kind == "items":
            self._spend(len(numbers.data))
            return numbers, None
        return None, _steps(node) if node.children else None

    def _data(self, node: Node) -> Leaf:
        assert node.data is not None
        if not node.data.format:
            return Text(header(node).hexdigest(), node.text)
        pieces = []
        for piece in node.data.pieces:
            self._spend(len(piece))
            pieces.append(bytes(piece))
        return Numbers(node.data.format, b"".join(pieces))


def _text(value: Any, text: str) -> Text:
    return Text(Digester().digest(value).hex(), text)


def _keys(node: Node) -> str:
    """What tells two mappings apart whose values may be compared one by one."""
    if node.kind == "pairs":
        return Digester().digest(list(node.children[::2])).hex()[:16]
    return " ".join(node.names) if node.kind == "fields" else f"of {len(node.children):,}" if node.children else ""


def _steps(node: Node) -> list[tuple[str, Any]]:
    if node.kind == "fields":
        return [(f".{name}", child) for name, child in zip(node.names, node.children, strict=True)]
    if node.kind == "pairs":
        pairs = iter(node.children)
        return [(f"[{_key(key)}]", child) for key, child in zip(pairs, pairs, strict=True)]
    return [(f"[{position}]", child) for position, child in enumerate(node.children)]


def _key(key: Any) -> str:
    return scalar(key, 30) if type(key) in scalars.SCALARS else type_name(type(key))


def _numbers(children: Sequence[Any]) -> Numbers | None:
    """A list of numbers of one type, as an array."""
    kinds = set(map(type, children))
    try:
        if kinds == {float}:
            return Numbers("d", array.array("d", children).tobytes())
        if kinds == {int}:
            return Numbers("q", array.array("q", children).tobytes())
    except OverflowError:
        return None
    return None
