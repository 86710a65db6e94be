"""Describing arrays, frames, tensors and generators of random numbers; their libraries only through sys.modules."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection
from typing import Any

from jupyter_repro.capture.arrays import array_token
from jupyter_repro.capture.audit import absolute_path
from jupyter_repro.capture.describe_models import describe_keras
from jupyter_repro.capture.identity import identity, is_a, module_name
from jupyter_repro.capture.node import INDEX, ORDER, WHOLE, Node, Opaque
from jupyter_repro.capture.tokens import Token, sequence_token

_SCALARS = {str, int, float, bool, bytes, type(None)}
_LARGE_BYTES = 1 << 20
_LARGE_LENGTH = 20_000  # elements that are Python objects


def describe_data(value: Any, node: Node) -> bool:
    """Whether the value was one of these."""
    package = module_name(type(value)).partition(".")[0]
    describer = _BY_PACKAGE.get(package)
    if describer is None:  # a subclass of the user's
        numpy = sys.modules.get("numpy")
        describer = _describe_numpy if numpy is not None and is_a(value, getattr(numpy, "ndarray", ())) else None
    return describer is not None and describer(value, node)


def memory_token(array: Any, node: Node) -> Token:
    """The token of an array's elements. Of one that is large and new a token that equals only itself: it is taken when
    the kernel is idle, and if the array is touched before that, it is assumed to have changed.
    """
    return _later(node) if node.defers and array.nbytes > _LARGE_BYTES else array_token(array)


def _later(node: Node) -> Token:
    node.deferred = True
    return object()


def _describe_numpy(value: Any, node: Node) -> bool:
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.ndarray):
        _describe_array(value, node, numpy)
        return True
    if isinstance(value, numpy.random.Generator):
        node.put(WHOLE, hash(repr(value.bit_generator.state)))
        return True
    if value is getattr(numpy.random.mtrand, "_rand", None):
        node.put(WHOLE, 0)  # the global generator: its state is a stream, not an object
        return True
    if isinstance(value, numpy.random.RandomState):
        node.put(WHOLE, hash((repr(value.get_state(legacy=False)), value.get_state()[1].tobytes())))
        return True
    return False


def _describe_array(array: Any, node: Node, numpy: Any) -> None:
    node.module = "numpy"
    layout = (array.shape, array.strides, array.dtype.str, array.flags.writeable)
    if isinstance(array.base, numpy.ndarray):  # a view: its elements belong to the base
        node.put(WHOLE, (layout, array.__array_interface__["data"][0]), array.base)
    elif array.dtype.hasobject:
        values = array.ravel().tolist()
        node.put(WHOLE, (layout, sequence_token(values)), *values)
    else:
        node.put(WHOLE, (layout, memory_token(array, node)), _lender(array.base))
        node.path = _mapped_file(array, numpy)
    if isinstance(array, numpy.ma.MaskedArray):
        node.put("#mask", memory_token(numpy.ma.getmaskarray(array), node))


def _mapped_file(array: Any, numpy: Any) -> str | None:
    """The file that changes with the array's elements."""
    if not isinstance(array, numpy.memmap) or array.mode not in ("r+", "w+") or array.filename is None:
        return None
    return absolute_path(os.fspath(array.filename))


def _lender(base: Any) -> Any:
    """Whose memory an array uses that isn't its own: a bytearray's, say."""
    return base.obj if type(base) is memoryview else base


def _describe_pandas(value: Any, node: Node) -> bool:
    pandas = sys.modules["pandas"]
    if isinstance(value, pandas.DataFrame):
        describe_frame(value, node)
    elif isinstance(value, pandas.Series):
        token = (str(value.dtype), repr(value.name), _column(value.array, node), _index(value.index, node))
        node.put(WHOLE, token, *_objects(value, node), *_shared(value.array, node))
    elif isinstance(value, pandas.Index):
        node.put(WHOLE, _index(value, node), *_objects(value, node))
    else:
        return False
    return True


def describe_frame(frame: Any, node: Node, old: Node | None = None, columns: Collection[str] = ()) -> None:
    """With `old`, only these columns are looked at, and those that are new."""
    if not frame.columns.is_unique:
        node.put(WHOLE, hash(frame.to_csv()))
        return
    node.keyed = "column"
    node.put("#rows", len(frame))
    if old is None or old.parts.get("#rows") != len(frame):  # a new row is one of every column
        old = None
        node.put(INDEX, _index(frame.index, node))
    else:
        node.keep(INDEX, old)
    node.put(ORDER, _index(frame.columns, node))
    node.put("#attributes", hash(repr(frame.attrs)))
    take = _taker(frame)
    for position, name in enumerate(frame.columns.tolist()):
        if old is not None and repr(name) not in columns and repr(name) in old.parts:
            node.keep(repr(name), old)
            continue
        column = take(position)
        children = [*_objects(column, node), *_shared(column, node)]
        node.put(repr(name), (str(column.dtype), _column(column, node)), *children)


def _taker(frame: Any) -> Callable[[int], Any]:
    """What gives the array of a column: a Series for each would cost a hundred times as much."""
    direct = getattr(frame, "_get_column_array", None)
    return direct if direct is not None else lambda position: frame.iloc[:, position].array


def _objects(values: Any, node: Node) -> list[Any]:
    """The elements of a column of Python objects, if they can change."""
    if not getattr(values.dtype, "hasobject", values.dtype == object) or (node.defers and len(values) > _LARGE_LENGTH):
        return []
    elements = values.tolist()
    return [] if set(map(type, elements)) <= _SCALARS else elements


def _shared(array: Any, node: Node) -> list[Any]:
    """The array that owns a column's memory, where the user has that array too."""
    values = getattr(array, "_ndarray", array)
    if not isinstance(values, sys.modules["numpy"].ndarray):
        return []
    owner = values.base if values.base is not None else values
    return [owner] if identity(owner) in node.known else []


def _index(index: Any, node: Node) -> Token:
    if type(index).__name__ == "RangeIndex":
        return (index.start, index.stop, index.step, repr(index.names))
    if type(index).__name__ == "MultiIndex":
        codes = tuple(memory_token(_plain(each), node) for each in index.codes)
        return (codes, tuple(_index(level, node) for level in index.levels), repr(index.names))
    return (str(index.dtype), _column(index.array, node), repr(index.names))


def _plain(values: Any) -> Any:
    return sys.modules["numpy"].asarray(values)


def _column(array: Any, node: Node) -> Token:
    """A token of an extension array or a numpy array, if possible without making Python objects of its elements."""
    arrow = getattr(array, "_pa_array", None)
    if arrow is not None:
        return _arrow_token(arrow)
    mask = getattr(array, "_mask", None)
    if mask is not None:
        return (memory_token(array._data, node), memory_token(mask, node))
    codes = getattr(array, "codes", None)
    if codes is not None and hasattr(array, "categories"):
        return (memory_token(_plain(codes), node), _index(array.categories, node), array.ordered)
    values = getattr(array, "_ndarray", None)
    values = _plain(array) if values is None else values
    if values.dtype.hasobject:
        if node.defers and values.size > _LARGE_LENGTH:
            return _later(node)
        return _elements_token(values.ravel())
    return (values.shape, memory_token(values, node))


def _elements_token(values: Any) -> Token:
    elements = values.tolist()
    if set(map(type, elements)) <= _SCALARS:
        return (hash(values.tobytes()), hash(tuple(elements)))  # addresses tell 1 from 1.0 and True
    return sequence_token(elements)


def _arrow_token(chunked: Any) -> Token:
    """Arrow memory is immutable: the addresses of its buffers say whether it is the same. Equal copies differ; that
    only keeps an execution that could have been dropped.
    """
    chunks = getattr(chunked, "chunks", [chunked])
    return tuple(
        (len(chunk), chunk.offset, tuple(buffer.address if buffer is not None else 0 for buffer in chunk.buffers()))
        for chunk in chunks
    )


def _describe_torch(value: Any, node: Node) -> bool:
    torch = sys.modules["torch"]
    if isinstance(value, torch.Tensor):
        data = value.detach().cpu().contiguous().view(-1)
        plain = data.view(torch.uint8) if data.numel() else data
        node.put(
            WHOLE,
            (str(value.dtype), tuple(value.shape), value.requires_grad, array_token(plain.numpy())),
            value.grad,
            value._base,  # of a view
        )
        return True
    if isinstance(value, torch.Generator):
        node.put(WHOLE, hash(value.get_state().numpy().tobytes()))
        return True
    return False


def _describe_tensorflow(value: Any, node: Node) -> bool:
    tensorflow = sys.modules["tensorflow"]
    if not isinstance(value, (tensorflow.Tensor, tensorflow.Variable)) or not hasattr(value, "numpy"):
        raise Opaque  # datasets, graphs, compiled functions: their attributes lead through the whole library
    array = value.numpy()
    node.put(
        WHOLE,
        (str(value.dtype), tuple(value.shape), hash(array) if type(array) is bytes else array_token(_plain(array))),
    )
    return True


_BY_PACKAGE = {
    "keras": describe_keras,
    "numpy": _describe_numpy,
    "pandas": _describe_pandas,
    "torch": _describe_torch,
    "tensorflow": _describe_tensorflow,
}
