"""pandas' frames, series, indexes, arrays and scalars. pandas is taken from `sys.modules`."""

from __future__ import annotations

from typing import Any

from jupyter_repro.capture.values.node import Handler, Node, fields, tag_of


def _frame(value: Any) -> Node:
    labels = [str(label) for label in value.columns]
    rows, columns = value.shape
    text = f"{rows:,} rows x {columns:,} columns: {', '.join(label[:30] for label in labels[:12])}"
    return Node(
        tag_of(type(value)),
        f"{value.shape}",
        kind="fields",
        names=("columns", "index", "attrs", *labels),
        children=(value.columns, value.index, value.attrs, *(column.array for _, column in value.items())),
        text=text,
    )


def _series(value: Any) -> Node:
    text = f"{len(value):,} x {value.dtype}, name {value.name!r:.60}"
    return fields(
        tag_of(type(value)), text=text, name=value.name, index=value.index, attrs=value.attrs, values=value.array
    )


def _index(value: Any) -> Node:
    text = f"{len(value):,} x {value.dtype}"
    return fields(tag_of(type(value)), text=text, name=value.name, values=value.array)


def _range(value: Any) -> Node:
    numbers = range(value.start, value.stop, value.step)
    return fields("pandas.RangeIndex", text=f"{len(value):,} rows", name=value.name, values=numbers)


def _multi(value: Any) -> Node:
    """Level by level as seen: what levels are stored beside those in use is no part of it."""
    levels = [value.get_level_values(level).array for level in range(value.nlevels)]
    return fields("pandas.MultiIndex", text=f"{len(value):,} rows", names=list(value.names), levels=levels)


def _categorical(value: Any) -> Node:
    head = f"ordered={value.ordered}"
    return fields("pandas.Categorical", head=head, text=head, categories=value.categories, codes=value.codes)


def _masked(value: Any) -> Node:
    """Nullable numbers: whatever lies under the mask is replaced."""
    mask = value.isna()
    data = value._data.copy()
    data[mask] = data.dtype.type(0)
    return fields(tag_of(type(value)), head=str(value.dtype), text=f"{value.dtype}", mask=mask, data=data)


def _moments(value: Any) -> Node:
    """Dates, durations and periods: as integers; unit, frequency and time zone are in the dtype."""
    return fields(tag_of(type(value)), head=str(value.dtype), text=f"{value.dtype}", data=value.asi8)


def _intervals(value: Any) -> Node:
    return fields(tag_of(type(value)), head=str(value.dtype), left=value.left, right=value.right)


def _arrow(value: Any) -> Node:
    return fields(tag_of(type(value)), head=str(value.dtype), text=f"{value.dtype}", data=value._pa_array)


def _array(value: Any) -> Node:
    """Any other array: as NumPy sees it."""
    return fields(tag_of(type(value)), head=str(value.dtype), text=f"{value.dtype}", data=value.to_numpy())


def _sparse(value: Any) -> Node:
    filled = {"fill": value.fill_value, "at": value.sp_index.indices, "data": value.sp_values}
    return fields(tag_of(type(value)), head=f"{value.dtype} {len(value)}", **filled)


def _timestamp(value: Any) -> Node:
    return fields("pandas.Timestamp", head=value.unit, text=str(value), value=value.asm8, zone=value.tzinfo)


def _timedelta(value: Any) -> Node:
    return fields("pandas.Timedelta", head=value.unit, text=str(value), value=value.asm8)


def _period(value: Any) -> Node:
    return Node("pandas.Period", f"{value.ordinal} {value.freqstr}", text=str(value))


def _interval(value: Any) -> Node:
    return fields("pandas.Interval", head=value.closed, text=str(value), left=value.left, right=value.right)


def _constant(value: Any) -> Node:
    """NaT and NA: there is one of each."""
    return Node(tag_of(type(value)), text=str(value))


def _dtype(value: Any) -> Node:
    return Node("pandas.dtype", str(value), text=str(value)[:200])


def _offset(value: Any) -> Node:
    return Node("pandas.offset", f"{value!r} {value.normalize}", text=repr(value)[:200])


HANDLERS: dict[str, Handler] = {
    "pandas.DataFrame": _frame,
    "pandas.Series": _series,
    "pandas.Index": _index,
    "pandas.RangeIndex": _range,
    "pandas.MultiIndex": _multi,
    "pandas.Categorical": _categorical,
    "pandas.BaseMaskedArray": _masked,
    "pandas.DatetimeLikeArrayMixin": _moments,
    "pandas.IntervalArray": _intervals,
    "pandas.SparseArray": _sparse,
    "pandas.ArrowExtensionArray": _arrow,
    "pandas.ExtensionArray": _array,
    "pandas.Timestamp": _timestamp,
    "pandas.Timedelta": _timedelta,
    "pandas.Period": _period,
    "pandas.Interval": _interval,
    "pandas.NaTType": _constant,
    "pandas.NAType": _constant,
    "pandas.ExtensionDtype": _dtype,
    "pandas.BaseOffset": _offset,
}
