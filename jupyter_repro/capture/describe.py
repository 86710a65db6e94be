"""Describing objects: their parts, with a token each, and the objects that the parts lead to.

Rules: nothing of the user's is called, changed or kept; no temporary object may become a child (its id would come
back); what can't be seen raises `Opaque`. Arrays and frames are in `describe_data`, C types in `describe_opaque`.
"""

from __future__ import annotations

import collections
import functools
import gc
import marshal
import sys
import threading
import types
import weakref
from collections.abc import Callable, Collection, Container
from functools import partial
from typing import Any

from jupyter_repro.capture.code import CodeNames, code_names
from jupyter_repro.capture.describe_data import describe_data, describe_frame
from jupyter_repro.capture.describe_opaque import describe_c_state, has_c_state, is_iterator
from jupyter_repro.capture.identity import attributes_of, identity, is_a, module_name, per_class
from jupyter_repro.capture.locality import is_local_module, is_local_name
from jupyter_repro.capture.node import CLASS, ORDER, WHOLE, Node, Opaque
from jupyter_repro.capture.tokens import sequence_token, token

_SCALARS = {int, float, str, bool, bytes, type(None)}
_MAX_KEYS = 400  # of a mapping whose keys are parts of their own
_LONG_LIST = 64
_CLASS_NOISE = {
    "__dict__",
    "__weakref__",
    "__doc__",
    "__module__",
    "_abc_impl",
    "__annotations__",
    "__annotate__",
    "__firstlineno__",
}
_WITH_NOTES = ("numpy", "torch")  # their objects can have attributes of the user's
_GENERATORS = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
_THREAD_NOISE = {"_stderr", "_invoke_excepthook", "_tstate_lock", "_started", "_initialized", "_handle"}


def describe(value: Any, defers: bool = False, known: Container[int] = ()) -> Node:
    """Never raises: what fails is opaque. If it `defers`, large arrays are not read: see `describe_data.memory_token`.

    `known` are the addresses of objects that were described before.
    """
    return _described(value, Node(value, defers, known), lambda: _describer(type(value)))


def describe_columns(frame: Any, old: Node, columns: Collection[str], known: Container[int]) -> Node:
    """As `describe`; of the columns only those that may have changed."""
    return _described(frame, Node(frame, known=known), lambda: partial(describe_frame, old=old, columns=columns))


def _described(value: Any, node: Node, describer: Callable[[], Callable[[Any, Node], None]]) -> Node:
    try:
        describer()(value, node)
    except Exception:  # noqa: BLE001 - whatever a foreign object does, it must not reach the user's cell
        node.opaque = True
        node.parts.setdefault(WHOLE, "?")
    return node


def _describer(kind: type) -> Callable[[Any, Node], None]:
    if describer := _BY_TYPE.get(kind):
        return describer
    if issubclass(kind, type):
        return _describe_class
    if issubclass(kind, types.ModuleType):
        return _describe_module
    if issubclass(kind, weakref.ReferenceType):
        return _describe_weakref
    return _describe_other


def _describe_other(value: Any, node: Node) -> None:
    if not describe_data(value, node):
        _describe_instance(value, node)
    elif node.module in _WITH_NOTES and not module_name(type(value)).startswith("numpy"):
        notes = attributes_of(value) or {}
        node.put("#attributes", sequence_token(notes.items()), *notes.values())


def _describe_list(value: Any, node: Node) -> None:
    if len(value) > _LONG_LIST and set(map(type, value)) <= _SCALARS:
        node.put(WHOLE, hash(marshal.dumps(list(value), 2)))
    else:
        node.put(WHOLE, sequence_token(value), *value)


def _describe_set(value: Any, node: Node) -> None:
    node.put(WHOLE, hash(frozenset(map(token, value))), *value)


def _describe_dict(value: Any, node: Node) -> None:
    describe_mapping(value, node)
    if type(value) is collections.defaultdict:
        node.put("#factory", token(value.default_factory), value.default_factory)
    if type(value) is dict and ORDER in node.parts:
        node.keyed = "item"


def describe_mapping(mapping: Any, node: Node) -> None:
    if len(mapping) > _MAX_KEYS or any(type(key) not in (str, int) for key in mapping):
        flat = [item for pair in mapping.items() for item in pair]
        node.put(WHOLE, sequence_token(flat), *flat)
        return
    node.put(ORDER, hash(tuple(mapping)))
    for key, value in mapping.items():
        node.put_value(repr(key), value)


def _describe_module(module: Any, node: Node) -> None:
    describe_mapping({key: value for key, value in vars(module).items() if not key.startswith("__")}, node)
    node.keyed = "module"


def _is_notebooks(namespace: dict[str, Any]) -> bool:
    return namespace is vars(sys.modules["__main__"])


def _code(code: types.CodeType, notebooks: bool) -> CodeNames:
    """What code may read; the global names in it are the notebook's, or those of a module."""
    names = code_names(code)
    return names if notebooks else CodeNames(frozenset(), names.words, names.strings, names.imports)


def _describe_function(function: Any, node: Node) -> None:
    mine = _is_notebooks(function.__globals__)
    node.code = _code(function.__code__, mine)
    children = [
        *(function.__defaults__ or ()),
        *(function.__kwdefaults__ or {}).values(),
        *(function.__closure__ or ()),
    ]
    module = None if mine else sys.modules.get(function.__module__ or "")
    if module is not None and is_local_module(module):
        children.append(module)
    node.put(WHOLE, (identity(function.__code__), sequence_token(children)), *children)
    node.put("#attributes", sequence_token(function.__dict__.values()), *function.__dict__.values())


def _describe_cell(cell: Any, node: Node) -> None:
    try:
        node.put_value(WHOLE, cell.cell_contents)
    except ValueError:
        node.put(WHOLE, "empty")


def _describe_weakref(reference: Any, node: Node) -> None:
    node.put_value(WHOLE, weakref.ref.__call__(reference))


def _describe_method(method: Any, node: Node) -> None:
    node.put(WHOLE, token(method), method.__self__, method.__func__)


def _describe_bound_in_c(method: Any, node: Node) -> None:
    node.put(WHOLE, token(method), method.__self__)


def _describe_partial(value: Any, node: Node) -> None:
    children = [value.func, *value.args, *value.keywords.values()]
    node.put(WHOLE, sequence_token(children), *children)


def _describe_wrapper(wrapper: Any, node: Node) -> None:
    node.put_value(WHOLE, wrapper.__func__)


def _describe_property(value: property, node: Node) -> None:
    children = [each for each in (value.fget, value.fset, value.fdel) if each is not None]
    node.put(WHOLE, sequence_token(children), *children)


def _describe_cache(cache: Any, node: Node) -> None:
    info = cache.cache_info()
    node.put(WHOLE, (info.misses, info.currsize, info.hits if info.maxsize else 0), cache.__wrapped__)


def _describe_class(kind: Any, node: Node) -> None:
    node.put("#bases", sequence_token(kind.__bases__), *kind.__bases__, type(kind))
    describe_mapping({key: value for key, value in vars(kind).items() if key not in _CLASS_NOISE}, node)


def _describe_generator(generator: Any, node: Node) -> None:
    frame, code = _suspended(generator)
    node.code = _code(code, frame is not None and _is_notebooks(frame.f_globals))
    if frame is None:
        node.put(WHOLE, "finished")
        return
    values = [*frame.f_locals.values(), *_iterators_of(generator, frame)]
    node.put(WHOLE, (frame.f_lasti, sequence_token(values)), *values)


def _iterators_of(generator: Any, frame: types.FrameType) -> list[Any]:
    """What its loops and `yield from` go through: no local name leads there."""
    held = [*gc.get_referents(generator), *gc.get_referents(frame)]
    return [each for each in held if type(each) in _GENERATORS or is_iterator(type(each))]


def _suspended(generator: Any) -> tuple[Any, types.CodeType]:
    for prefix in ("gi", "cr", "ag"):
        if hasattr(generator, f"{prefix}_code"):
            return getattr(generator, f"{prefix}_frame"), getattr(generator, f"{prefix}_code")
    raise Opaque


def _describe_context_variable(variable: Any, node: Node) -> None:
    node.put_value(WHOLE, variable.get(None))


def _describe_lock(lock: Any, node: Node) -> None:
    node.put(WHOLE, repr(lock).split()[0])


def _describe_view(view: Any, node: Node) -> None:
    """Of a dict: its keys or items, or a proxy."""
    node.put(WHOLE, 0, *gc.get_referents(view))


def _describe_bytes(value: Any, node: Node) -> None:
    node.put(WHOLE, hash(bytes(value)))


def _describe_instance(value: Any, node: Node) -> None:
    """An object by its attributes, slots, what it holds as a container, and its C state where it has one."""
    kind = type(value)
    local = is_local_name(kind.__module__)
    attributes = attributes_of(value)
    known = attributes is not None
    if attributes is not None:
        noise = _noise(kind)
        describe_mapping({key: each for key, each in attributes.items() if key not in noise}, node)
    known = _describe_slots(value, kind, node) or known
    known = _describe_container(value, node) or known
    if is_a(value, BaseException):
        arguments = BaseException.args.__get__(value)  # type: ignore[attr-defined]
        node.put("#arguments", sequence_token(arguments), *arguments)
    if local:
        node.put(CLASS, identity(kind), kind)
    if has_c_state(value, kind, known, local):
        describe_c_state(value, node, local)
    elif ORDER in node.parts and WHOLE not in node.parts and not hasattr(kind, "__getattr__"):
        node.keyed = "attribute"


@per_class
def _noise(kind: type) -> Container[str]:
    """Attributes that say nothing of their own."""
    if issubclass(kind, threading.Thread):
        return _THREAD_NOISE
    pandas = module_name(kind).partition(".")[0] == "pandas"
    return ("_cache",) if pandas else ()  # computed from the rest, and may be very large


@per_class
def slots_of(kind: type) -> tuple[str, ...]:
    found: list[str] = []
    for base in kind.__mro__:
        slots = base.__dict__.get("__slots__", ())
        found += [slots] if isinstance(slots, str) else list(slots)
    return tuple(slot for slot in dict.fromkeys(found) if slot not in ("__dict__", "__weakref__"))


def _describe_slots(value: Any, kind: type, node: Node) -> bool:
    found = False
    for slot in slots_of(kind):
        name = f"_{kind.__name__.lstrip('_')}{slot}" if slot.startswith("__") and not slot.endswith("__") else slot
        try:
            node.put_value(repr(slot), object.__getattribute__(value, name))
            found = True
        except AttributeError:  # not set yet
            found = True
    return found


def _describe_container(value: Any, node: Node) -> bool:
    """Subclasses of dict, list and set, read by the base class's own methods."""
    if is_a(value, dict):
        flat = [item for pair in dict.items(value) for item in pair]
    elif is_a(value, list):
        flat = list(list.__iter__(value))
    elif is_a(value, tuple):
        flat = list(tuple.__iter__(value))
    elif is_a(value, (set, frozenset)):
        members = list(set.__iter__(value) if is_a(value, set) else frozenset.__iter__(value))
        node.put(WHOLE, hash(frozenset(map(token, members))), *members)
        return True
    else:
        return False
    node.put(WHOLE, sequence_token(flat), *flat)
    return True


_BY_TYPE: dict[type, Callable[[Any, Node], None]] = {
    list: _describe_list,
    tuple: _describe_list,
    collections.deque: _describe_list,
    set: _describe_set,
    frozenset: _describe_set,
    dict: _describe_dict,
    collections.OrderedDict: _describe_dict,
    collections.Counter: _describe_dict,
    collections.defaultdict: _describe_dict,
    types.MappingProxyType: _describe_view,
    type({}.keys()): _describe_view,
    type({}.values()): _describe_view,
    type({}.items()): _describe_view,
    types.FunctionType: _describe_function,
    types.CellType: _describe_cell,
    types.MethodType: _describe_method,
    types.BuiltinFunctionType: _describe_bound_in_c,
    types.MethodWrapperType: _describe_bound_in_c,
    functools.partial: _describe_partial,
    functools._lru_cache_wrapper: _describe_cache,
    staticmethod: _describe_wrapper,
    classmethod: _describe_wrapper,
    property: _describe_property,
    types.GeneratorType: _describe_generator,
    types.CoroutineType: _describe_generator,
    types.AsyncGeneratorType: _describe_generator,
    type(threading.Lock()): _describe_lock,
    type(threading.RLock()): _describe_lock,
    bytearray: _describe_bytes,
    memoryview: _describe_bytes,
}
