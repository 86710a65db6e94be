"""Arrow's and Polars' tables and columns, by what is in them: chunks, offsets and what lies under nulls don't count."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from jupyter_repro.capture.values.node import Data, Handler, Node, fields, opaque, tag_of

_FORMATS = {"int8": "b", "int16": "h", "int32": "i", "int64": "q"}


def _table(value: Any) -> Node:
    schema = value.schema
    columns = value.columns
    text = f"{value.num_rows:,} rows x {value.num_columns:,} columns: {', '.join(schema.names[:12])}"
    head = f"{value.num_rows} {[str(kind) for kind in schema.types]}"
    return Node(tag_of(type(value)), head, None, "fields", columns, schema.names, text=text)


def _chunked(value: Any) -> Node:
    """One column, however it is cut into chunks."""
    arrow = sys.modules["pyarrow"]
    whole = arrow.concat_arrays(value.chunks) if value.num_chunks else arrow.array([], value.type)
    return _array(whole, tag="pyarrow.ChunkedArray")


def _array(value: Any, tag: str = "pyarrow.Array") -> Node:
    head = f"{value.type} {len(value)}"
    text = f"{value.type}, {len(value):,} items"
    if value.null_count:
        valid = value.is_valid().cast("int8")
        return fields(tag, head=head, text=text, valid=valid, values=value.drop_null())
    if (data := _bytes(value)) is not None:
        return Node(tag, head, data, text=text)
    return Node(tag, head, children=list(_parts(value)), text=text)


def _bytes(value: Any) -> Data | None:
    """The buffers of numbers, moments and texts without nulls; None for what is made of other arrays."""
    types, kind = sys.modules["pyarrow"].types, value.type
    if types.is_floating(kind) or types.is_boolean(kind):
        return None
    if types.is_primitive(kind) or types.is_decimal(kind) or types.is_fixed_size_binary(kind):
        width = kind.bit_width // 8
        numbers = _slice(value.buffers()[1], value.offset * width, len(value) * width)
        return Data([numbers], _FORMATS.get(str(kind), ""))
    if types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind) or types.is_large_binary(kind):
        return Data(_texts(value, 8 if str(kind).startswith("large") else 4))
    return None


def _slice(buffer: Any, start: int, size: int) -> memoryview:
    return memoryview(buffer if buffer is not None else b"")[start : start + size]


def _texts(value: Any, width: int) -> Iterator[memoryview]:
    """Offsets from 0 and the texts one after the other."""
    whole = sys.modules["pyarrow"].concat_arrays([value, value.slice(0, 0)])
    _, offsets, texts = whole.buffers()
    ends = _slice(offsets, 0, (len(whole) + 1) * width)
    yield ends
    yield _slice(texts, 0, int.from_bytes(ends[-width:], sys.byteorder))


def _parts(value: Any) -> Iterator[Any]:
    """What an array without nulls is made of, as other arrays or as Python values."""
    types, kind = sys.modules["pyarrow"].types, value.type
    if types.is_floating(kind):  # through NumPy, where every NaN becomes the same one
        yield value.to_numpy(zero_copy_only=False) if "numpy" in sys.modules else value.to_pylist()
    elif types.is_boolean(kind):
        yield value.cast("int8")
    elif types.is_dictionary(kind):
        yield value.dictionary_decode()
    elif types.is_struct(kind):
        yield from value.flatten()
    elif types.is_list(kind) or types.is_large_list(kind):
        yield from (value.value_lengths(), value.flatten())
    else:
        yield value.to_pylist()


def _scalar(value: Any) -> Node:
    return Node("pyarrow.Scalar", str(value.type), children=(value.as_py(),), text=str(value)[:200])


def _schema(value: Any) -> Node:
    return Node(tag_of(type(value)), value.to_string(), text=str(value)[:200])


def _type(value: Any) -> Node:
    return Node("pyarrow.DataType", str(value), text=str(value)[:200])


def _frame(value: Any) -> Node:
    text = f"{value.height:,} rows x {value.width:,} columns: {', '.join(value.columns[:12])}"
    return Node("polars.DataFrame", str(value.shape), None, "fields", value.get_columns(), value.columns, text=text)


def _series(value: Any) -> Node:
    """Numbers through NumPy where it is loaded; a null is told apart from every value."""
    numeric = value.dtype.is_numeric() and "numpy" in sys.modules and not value.dtype.is_decimal()
    values = value.drop_nulls()
    return fields(
        "polars.Series",
        head=str(value.dtype),
        text=f"{value.dtype}, {len(value):,} items, name {value.name!r:.60}",
        name=value.name,
        nulls=value.is_null().arg_true().to_list(),
        values=values.to_numpy() if numeric else values.to_list(),
    )


def _polars_type(value: Any) -> Node:
    return Node("polars.DataType", str(value), text=str(value)[:200])


HANDLERS: dict[str, Handler] = {
    "pyarrow.Table": _table,
    "pyarrow.RecordBatch": _table,
    "pyarrow.ChunkedArray": _chunked,
    "pyarrow.Array": _array,
    "pyarrow.Scalar": _scalar,
    "pyarrow.Schema": _schema,
    "pyarrow.DataType": _type,
    "pyarrow.Field": _type,
    "polars.DataFrame": _frame,
    "polars.Series": _series,
    "polars.LazyFrame": opaque,
    "polars.DataType": _polars_type,
}
