"""NumPy's arrays, scalars, types and generators, and SciPy's sparse arrays. NumPy is taken from `sys.modules`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from jupyter_repro.capture.values.node import Data, Handler, Node, fields, opaque, tag_of

_PIECE = 1 << 20  # bytes hashed at a time: a copy of them costs nothing worth speaking of
_MOST = 1 << 35  # bytes; a broadcast array may claim far more than there is memory
_SHOWN = 6  # elements of an array that are shown
_FORMATS = {
    **{f"f{size}": code for size, code in ((2, "e"), (4, "f"), (8, "d"), (16, "d"))},
    **{f"c{size}": code for size, code in ((8, "f"), (16, "d"), (32, "d"))},
    **{f"i{size}": code for size, code in ((1, "b"), (2, "h"), (4, "i"), (8, "q"))},
    **{f"u{size}": code for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))},
    "b1": "?",
}


def array(value: Any) -> Node:
    """An array by type, shape and elements in C order, so that a view equals its copy and a memory map its array."""
    np = sys.modules["numpy"]
    plain = value.view(np.ndarray)
    kind = "numpy.ndarray" if type(value) in (np.ndarray, np.memmap) else tag_of(type(value))
    return elements(plain, kind)


def elements(array: Any, tag: str) -> Node:
    """The node of a plain array."""
    dtype = array.dtype
    head = f"{dtype.newbyteorder('=').str if dtype.kind != 'V' else dtype.name} {array.shape}"
    if dtype.names is not None:  # field by field: there may be anything in the padding between them
        return Node(tag, head, None, "fields", [array[name] for name in dtype.names], dtype.names, text=head)
    if dtype.hasobject or dtype.kind == "T":
        return Node(tag, head, children=array.ravel().tolist(), text=f"{dtype} {array.shape}")
    if array.nbytes > _MOST:
        return opaque(array, head)
    return Node(tag, head, Data(_pieces(array), number_format(dtype)), text=_shown(array))


def number_format(dtype: Any) -> str:
    """The struct code of what `_pieces` gives for a dtype; empty where it isn't a number."""
    if _is_extension(dtype):
        return "f"
    return _FORMATS.get(f"{dtype.kind}{dtype.itemsize}", "")


def _is_extension(dtype: Any) -> bool:
    """A number type from outside NumPy (bfloat16 and its like), which fits in 32 bits."""
    return dtype.kind == "V" and not issubclass(dtype.type, sys.modules["numpy"].void)


def _shown(array: Any) -> str:
    text = f"{array.dtype} {array.shape}"
    return f"{text} {array.ravel().tolist()}" if 0 < array.size <= _SHOWN and array.dtype.kind in "bifucMmU" else text


def _pieces(array: Any) -> Iterator[Any]:
    """The bytes of an array's elements in C order, every NaN the same one, without a copy of the whole."""
    np = sys.modules["numpy"]
    for block in _blocks(array, np):
        numbers = _native(block, np)
        if numbers.dtype.kind == "f" and (missing := np.isnan(numbers)).any():
            numbers = np.where(missing, numbers.dtype.type(np.nan), numbers)
        yield numbers.view(np.uint8).data


def _blocks(array: Any, np: Any) -> Iterator[Any]:
    """Flat, contiguous arrays of at most a piece each (one row is never split where the array isn't contiguous)."""
    if array.size == 0:
        return
    if array.flags.c_contiguous:
        flat = array.reshape(-1)
        step = max(1, _PIECE // array.itemsize)
        yield from (flat[start : start + step] for start in range(0, flat.size, step))
    elif array.nbytes <= _PIECE:
        yield np.ascontiguousarray(array).reshape(-1)
    else:
        rows = max(1, _PIECE * len(array) // array.nbytes)
        for start in range(0, len(array), rows):
            yield from _blocks(array[start : start + rows] if rows > 1 or array.ndim == 1 else array[start], np)


def _native(block: Any, np: Any) -> Any:
    """Little-endian real numbers: complex ones as pairs, long doubles as a double and the rest of it."""
    dtype = block.dtype
    if _is_extension(dtype):
        return block.astype(np.float32)
    if not dtype.isnative:
        block = block.astype(dtype.newbyteorder("="))
    if dtype.kind == "c":
        block = block.view(block.real.dtype)
    if block.dtype.kind == "f" and block.dtype.itemsize > 8:  # the padding in it is not part of the number
        high = block.astype(np.float64)
        rest = np.where(np.isfinite(high), block - high.astype(block.dtype), 0)
        block = np.stack([high, rest.astype(np.float64)], axis=1).reshape(-1)
    return block


def _scalar(value: Any) -> Node:
    node = elements(sys.modules["numpy"].asarray(value), "numpy.generic")
    node.text = f"{value.dtype} {value.item()!r}"[:200] if value.dtype.kind in "bifucMmU" else str(value.dtype)
    return node


def _masked(value: Any) -> Node:
    """Mask and elements, without what lies under the mask."""
    np = sys.modules["numpy"]
    mask = np.ma.getmaskarray(value)
    data = value.data.view(np.ndarray).copy()
    data[mask] = np.zeros((), data.dtype)
    return fields(tag_of(type(value)), text=f"{data.dtype} {data.shape}, masked", mask=mask, data=data)


def _generator(value: Any) -> Node:
    return fields(tag_of(type(value)), state=value.bit_generator.state)


def _random_state(value: Any) -> Node:
    return fields(tag_of(type(value)), state=value.get_state(legacy=False))


def _bit_generator(value: Any) -> Node:
    return fields(tag_of(type(value)), state=value.state)


def _dtype(value: Any) -> Node:
    return Node("numpy.dtype", repr(value), text=str(value)[:200])


def _ufunc(value: Any) -> Node:
    return Node("numpy.ufunc", value.__name__, text=value.__name__)


def _sparse(value: Any) -> Node:
    """A sparse array as it is stored; flags that SciPy derives on demand are left out."""
    names = ("data", "indices", "indptr", "row", "col", "coords", "offsets", "rows", "_dict")
    stored = {name: part for name in names if (part := vars(value).get(name)) is not None}
    text = f"{value.dtype} {value.shape}, sparse"
    return fields(tag_of(type(value)), head=f"{value.shape} {value.dtype.str}", text=text, **stored)


HANDLERS: dict[str, Handler] = {
    "numpy.ndarray": array,
    "numpy.MaskedArray": _masked,
    "numpy.generic": _scalar,
    "numpy.dtype": _dtype,
    "numpy.ufunc": _ufunc,
    "numpy.Generator": _generator,
    "numpy.RandomState": _random_state,
    "numpy.BitGenerator": _bit_generator,
    "numpy.NpzFile": opaque,
    "scipy._spbase": _sparse,
    "scipy.spmatrix": _sparse,
}
