"""State that lives in C, beside an object's attributes: read where that is safe, else the object is opaque."""

from __future__ import annotations

import _io
import gc
import os
import pickle
import random
import types
from collections.abc import Iterator
from typing import Any

from jupyter_repro.capture.arrays import array_token
from jupyter_repro.capture.audit import absolute_path
from jupyter_repro.capture.identity import identity, is_a, per_class
from jupyter_repro.capture.node import WHOLE, Node, Opaque
from jupyter_repro.capture.tokens import BOUND_IN_C, token

_HEADER = 32  # bytes of an object with a dict and weak references
_POINTER = 8
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement
_ITERATORS = frozenset("enumerate zip map filter reversed".split())
_UNREADABLE = frozenset("tee _tee groupby _grouper _tee_dataobject".split())
_STATELESS = frozenset("method-wrapper object super".split())
_OPAQUE_MODULES = frozenset(
    "builtins _thread _io _socket select itertools _asyncio asyncio.tasks asyncio.futures".split()
)
_OWN_LISTS = frozenset(("list_iterator", "list_reverseiterator", "cycle"))  # others reduce to a fresh copy
_CONTAINERS = (dict, list, set, tuple, int, str, float, BaseException)


def has_c_state(value: Any, kind: type, known: bool, local: bool) -> bool:
    """Whether attributes, slots and items don't tell everything."""
    if known and not is_a(value, _CONTAINERS) and kind.__basicsize__ > _HEADER + _POINTER * _members(kind):
        known = False
    if local and not known:
        known = bool(kind.__flags__ & _HEAP_TYPE) and all(_made_by_user(base) for base in kind.__mro__)
    return not known


@per_class
def _members(kind: type) -> int:
    return sum(isinstance(each, types.MemberDescriptorType) for base in kind.__mro__ for each in base.__dict__.values())


def _made_by_user(kind: type) -> bool:
    from jupyter_repro.capture.locality import is_local_name

    return kind.__module__ == "builtins" or is_local_name(kind.__module__)


def describe_c_state(value: Any, node: Node, local: bool) -> None:
    kind = type(value)
    name = f"{kind.__module__}.{kind.__name__}"
    if reader := _READERS.get(name):
        reader(value, node)
    elif is_a(value, _io._IOBase):
        _describe_handle(value, node)
    elif is_iterator(kind):
        _describe_iterator(value, node)
    elif kind.__module__ == "builtins" and kind.__name__ in _STATELESS:
        node.put(WHOLE, 0)
    elif local or kind.__module__ in _OPAQUE_MODULES:
        _describe_unknown(value, node)
    else:  # a library's C type: only state that pickling would show
        node.put("#pickle", hash(pickle.dumps(value, 4)))


def _describe_unknown(value: Any, node: Node) -> None:
    """Opaque, but what it holds can be followed: the file behind a csv.writer, say."""
    held = [each.__self__ if type(each) in BOUND_IN_C else each for each in gc.get_referents(value)]
    node.children[WHOLE] = [each for each in held if not is_a(each, (type, types.ModuleType))]
    raise Opaque


def _describe_handle(handle: Any, node: Node) -> None:
    """A file: its position and buffer are hidden. One that is open for writing writes whenever it is touched."""
    name = getattr(handle, "name", None)
    if isinstance(name, (str, bytes, os.PathLike)) and not handle.closed and handle.writable():
        node.path = absolute_path(os.fsdecode(name))
    raise Opaque


def _describe_buffer(value: Any, node: Node) -> None:
    node.put(WHOLE, "closed" if value.closed else (hash(value.getvalue()), value.tell()))


def _describe_random(value: Any, node: Node) -> None:
    is_global = value is random._inst  # its state is a stream, not an object
    node.put(WHOLE, 0 if is_global else hash(random.Random.getstate(value)))


def _describe_array(value: Any, node: Node) -> None:
    node.put(WHOLE, hash(value.tobytes()))


def _describe_context_variable(value: Any, node: Node) -> None:
    node.put_value(WHOLE, value.get(None))


def _describe_connection(connection: Any, node: Node) -> None:
    """sqlite3: counters that say whether anything was written, read with the user's row factory out of the way."""
    factory, connection.row_factory = connection.row_factory, None
    try:

        def ask(statement: str) -> tuple[Any, ...]:
            return tuple(connection.cursor().execute(statement).fetchall())

        versions = (ask("pragma schema_version"), ask("pragma temp.schema_version"), len(ask("pragma database_list")))
        node.put(
            WHOLE,
            (
                connection.total_changes,
                connection.in_transaction,
                versions,
                identity(factory),
                identity(connection.text_factory),
            ),
        )
    finally:
        connection.row_factory = factory


def _describe_tree(tree: Any, node: Node) -> None:
    """scikit-learn's fitted trees: what they pickle has padding in it that is never written."""
    fields = ("children_left", "children_right", "feature", "threshold", "value")
    node.put(WHOLE, tuple(array_token(getattr(tree, name)) for name in fields))


_READERS = {
    "sklearn.tree._tree.Tree": _describe_tree,
    "_io.StringIO": _describe_buffer,
    "_io.BytesIO": _describe_buffer,
    "random.Random": _describe_random,
    "array.array": _describe_array,
    "_contextvars.ContextVar": _describe_context_variable,
    "sqlite3.Connection": _describe_connection,
}


def is_iterator(kind: type) -> bool:
    if kind.__module__ not in ("builtins", "itertools"):
        return False
    return "iterator" in kind.__name__ or kind.__module__ == "itertools" or kind.__name__ in _ITERATORS


def _describe_iterator(iterator: Any, node: Node) -> None:
    """Its position, from what it would pickle; reading it twice shows whether reading moves it."""
    kind = type(iterator)
    if kind.__name__ in _UNREADABLE:
        _describe_unknown(iterator, node)
    first, values = _iterator_state(iterator)
    if first != _iterator_state(iterator)[0]:
        raise Opaque
    node.put(WHOLE, first, *(each for each in values if type(each) is not list or kind.__name__ in _OWN_LISTS))


def _iterator_state(iterator: Any) -> tuple[int, list[Any]]:
    values = list(_flat(iterator.__reduce__()[1:]))
    return hash(tuple(len(each) if type(each) is list else token(each) for each in values)), values


def _flat(value: Any) -> Iterator[Any]:
    if type(value) is tuple:
        for each in value:
            yield from _flat(each)
    else:
        yield value
