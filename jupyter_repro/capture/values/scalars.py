"""Scalars as bytes: type-tagged, prefix-free, the same in every process."""

from __future__ import annotations

import marshal
import struct
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

_PIECE = 1 << 16  # scalars packed at a time
_NAN = float("nan")
_PACKED = frozenset({int, float, str, bytes, bool, type(None)})
_MARSHAL = 2  # from version 3 on, marshal tells interned and shared objects apart


def _sized(tag: bytes, data: bytes) -> bytes:
    return tag + struct.pack("<Q", len(data)) + data


def _int(value: int) -> bytes:
    return _sized(b"i", value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))


def _float(value: float) -> bytes:
    return b"f" + struct.pack("<d", value if value == value else _NAN)


def _complex(value: complex) -> bytes:
    return b"c" + _float(value.real) + _float(value.imag)


def _str(value: str) -> bytes:
    return _sized(b"s", value.encode("utf-8", "surrogatepass"))


_TOKENS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda value: b"N",
    bool: lambda value: b"1" if value else b"0",
    int: _int,
    float: _float,
    complex: _complex,
    str: _str,
    bytes: lambda value: _sized(b"b", value),
}
SCALARS = frozenset(_TOKENS)


def token(value: Any) -> bytes | None:
    """The bytes of a scalar (of exactly a built-in type), None for anything else. NaN is one value, -0.0 is not 0.0."""
    encode = _TOKENS.get(type(value))
    return encode(value) if encode is not None else None


def packable(types: Collection[type]) -> bool:
    """Whether a sequence of these types can be packed whole."""
    return _PACKED.issuperset(types)


def packed(values: Sequence[Any], types: Collection[type]) -> Iterator[bytes]:
    """The bytes of a sequence of scalars, far faster than one token after the other."""
    for start in range(0, len(values), _PIECE):
        piece = list(values[start : start + _PIECE])
        if float in types:
            piece = [_NAN if value != value else value for value in piece]
        yield marshal.dumps(piece, _MARSHAL)
