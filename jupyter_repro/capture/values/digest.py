"""The digest of a value: a Merkle tree over its nodes, walked without recursion.

Identity takes no part in it, so that an object that is shared and its equal copies give one digest. Where objects refer
to each other in a circle, the circle is hashed as a whole (Tarjan's strongly connected components): inside it, a
reference back is the distance to the object that it names. A shared object is walked once.
"""

from __future__ import annotations

import hashlib
import struct
import time
from collections.abc import Iterable, Iterator
from typing import Any

from jupyter_repro.capture.values import scalars
from jupyter_repro.capture.values.describe import Describer
from jupyter_repro.capture.values.node import Node, opaque

MOST_NODES = 3_000_000  # a value of more objects is described beyond them
_FLUSH = 4_096  # tokens held of one node before they are hashed
_SMALL = 16  # scalars that are packed again rather than remembered


class _Frame:
    """A node whose children are being walked."""

    __slots__ = ("children", "hasher", "low", "node", "position", "tokens", "value")

    def __init__(self, value: Any, node: Node, hasher: Any, position: int) -> None:
        self.value = value
        self.node = node
        self.position = self.low = position
        self.children: Iterator[Any] = iter(node.children)
        self.hasher = hasher
        self.tokens: list[bytes] = []

    def add(self, token: bytes) -> None:
        self.tokens.append(token)
        if len(self.tokens) >= _FLUSH and self.node.kind != "set":
            self._flush()

    def _flush(self) -> None:
        self.hasher.update(b"".join(self.tokens))
        self.tokens.clear()

    def digest(self) -> bytes:
        if self.node.kind == "set":
            self.tokens.sort()
        self._flush()
        found: bytes = self.hasher.digest()
        return found


class OutOfTime(Exception):
    """The value is too large for the time that there was."""


class Digester:
    """Digests values; `exact` turns False once something could only be described.

    With a `deadline` on the monotonic clock `digest` raises OutOfTime once it has passed.
    """

    def __init__(self, deadline: float | None = None) -> None:
        self.exact = True
        self._deadline = deadline
        self._describer = Describer()
        self._closed: dict[int, tuple[Any, bytes]] = {}  # holds the object too, or its id would come back
        self._open: dict[int, int] = {}  # object -> its position in the circle stack
        self._circle: list[tuple[Any, bytes]] = []
        self._sets = 0  # how many sets are being walked
        self._nodes = 0

    def digest(self, value: Any) -> bytes:
        frames: list[_Frame] = []
        token = self._enter(value, frames)
        while frames:
            frame = frames[-1]
            if token is not None:
                frame.add(token)
            token = None
            for child in frame.children:
                token = scalars.token(child)
                if token is None:
                    token = self._enter(child, frames)
                    break
                frame.add(token)
            else:
                token = self._leave(frames)
        assert token is not None
        return hashlib.sha256(token).digest()

    def _enter(self, value: Any, frames: list[_Frame]) -> bytes | None:
        """The token of a value that is known or small; None after a frame was pushed for it."""
        if (token := scalars.token(value)) is not None:
            return token
        identity = id(value)
        if (closed := self._closed.get(identity)) is not None:
            return closed[1]
        if (position := self._open.get(identity)) is not None:
            frames[-1].low = min(frames[-1].low, position)
            return b"^" + struct.pack("<q", frames[-1].position - position)
        node, hasher = self._node(value)
        types = set(map(type, node.children))
        if scalars.packable(types) and node.kind != "set":
            return self._leaf(value, node, hasher, types)
        position = len(self._circle)
        self._open[identity] = position
        self._circle.append((value, b""))
        self._sets += node.kind == "set"
        frames.append(_Frame(value, node, hasher, position))
        return None

    def _node(self, value: Any) -> tuple[Node, Any]:
        """What the value is made of, and the hash of all of it but its children."""
        self._nodes += 1
        node = self._describer.node(value) if self._nodes <= MOST_NODES else opaque(value)
        if self._deadline is not None:
            if node.data is not None:
                node.data.pieces = _until(self._deadline, node.data.pieces)
            if time.monotonic() > self._deadline:
                raise OutOfTime
        try:
            hasher = header(node)
        except OutOfTime:
            raise
        except Exception:  # noqa: BLE001 - a library refused to hand out the bytes
            node = opaque(value)
            hasher = header(node)
        self.exact &= node.exact
        return node, hasher

    def _leaf(self, value: Any, node: Node, hasher: Any, types: set[type]) -> bytes:
        for piece in scalars.packed(node.children, types):
            hasher.update(piece)
        token: bytes = b"#" + hasher.digest()
        if node.data is not None or len(node.children) > _SMALL:
            self._closed[id(value)] = (value, token)
        return token

    def _leave(self, frames: list[_Frame]) -> bytes:
        frame = frames.pop()
        token = b"#" + frame.digest()
        self._sets -= frame.node.kind == "set"
        self._circle[frame.position] = (frame.value, token)
        if frame.low == frame.position:
            self._close(frame, token)
        elif frames:
            frames[-1].low = min(frames[-1].low, frame.low)
        return token

    def _close(self, frame: _Frame, token: bytes) -> None:
        """Every member of the circle is known now: by the circle's digest and its place in it."""
        members = self._circle[frame.position :]
        if len(members) > 1 and self._sets:
            self.exact = False  # a set has no order in which to number them
        for place, (value, _) in enumerate(members):
            own = token if place == 0 else b"#" + hashlib.sha256(token + struct.pack("<Q", place)).digest()
            self._closed[id(value)] = (value, own)
            del self._open[id(value)]
        del self._circle[frame.position :]


def _until(deadline: float, pieces: Iterable[Any]) -> Iterator[Any]:
    for piece in pieces:
        if time.monotonic() > deadline:
            raise OutOfTime
        yield piece


def header(node: Node) -> Any:
    """A hash of everything in a node but its children."""
    texts = (node.kind, node.tag, node.head, "\0".join(node.names))
    parts = [each for text in texts for each in _sized(text.encode("utf-8", "surrogatepass"))]
    data_digest = b"" if node.data is None else node.data.format.encode() + _hashed(node.data.pieces)
    return hashlib.sha256(b"".join((*parts, struct.pack("<QQ", len(node.children), len(data_digest)), data_digest)))


def _sized(data: bytes) -> tuple[bytes, bytes]:
    return struct.pack("<Q", len(data)), data


def _hashed(pieces: Any) -> bytes:
    hasher = hashlib.sha256()
    for piece in pieces:
        hasher.update(piece)
    return hasher.digest()
