"""Functions, classes and code, by content where the notebook defines them and by name where a library does.

Line numbers and file names take no part: the same cell is compiled under another name in every kernel.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

from jupyter_repro.capture.values.node import Handler, Node, fields, opaque

_UNSTABLE = frozenset(  # in a class body: not content, or in an order that changes from process to process
    {
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__module__",
        "__static_attributes__",
        "__weakref__",
        "_abc_impl",
    }
)


def _function(value: types.FunctionType) -> Node:
    if _importable(value):
        return _named(value)
    return fields(
        "function",
        head=value.__qualname__,
        text=value.__name__ + _signature(value.__code__),
        code=value.__code__,
        defaults=value.__defaults__,
        keyword_defaults=value.__kwdefaults__,
        closure=_cells(value),
        attributes=dict(value.__dict__),
    )


def _signature(code: types.CodeType) -> str:
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return f"({', '.join(names)})"[:150]


def _cells(function: types.FunctionType) -> tuple[Any, ...]:
    """What the closure holds; a cell that is still empty holds the marker class."""
    contents = []
    for cell in function.__closure__ or ():
        try:
            contents.append(cell.cell_contents)
        except ValueError:
            contents.append(types.CellType)
    return tuple(contents)


def _importable(value: Any) -> bool:
    """Whether a module other than the notebook's hands out this very object under its own name."""
    module = value.__module__
    if module == "__main__" or not isinstance(module, str) or (found := sys.modules.get(module)) is None:
        return False
    for part in value.__qualname__.split("."):
        found = getattr(found, "__dict__", {}).get(part)  # never through a module's own __getattr__
    return found is value


def _named(value: Any) -> Node:
    name = f"{value.__module__}.{value.__qualname__}"
    return Node("named", name, text=name)


def _code(value: types.CodeType) -> Node:
    head = (
        value.co_argcount,
        value.co_posonlyargcount,
        value.co_kwonlyargcount,
        value.co_flags,
        value.co_names,
        value.co_varnames,
        value.co_freevars,
        value.co_cellvars,
    )
    exceptions = getattr(value, "co_exceptiontable", b"")
    return Node("code", repr(head), children=(value.co_code, exceptions, value.co_consts))


def klass(value: type) -> Node:
    """A class: by content if the notebook defines it."""
    if value.__module__ != "__main__":
        return _named(value)
    body = {name: part for name, part in sorted(value.__dict__.items()) if name not in _UNSTABLE}
    return Node(
        "class",
        value.__qualname__,
        kind="fields",
        names=("bases", *body),
        children=(value.__bases__, *body.values()),
        text=value.__qualname__,
    )


def _bound(value: Any) -> Node:
    """A method of a value, or a function of a module that is written in C."""
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return Node("named", f"{value.__module__}.{value.__qualname__}", text=value.__qualname__)
    return Node("method", value.__qualname__, children=(owner,), text=value.__qualname__)


def _method(value: types.MethodType) -> Node:
    return fields("method", self=value.__self__, function=value.__func__)


def _descriptor(value: Any) -> Node:
    return Node("descriptor", f"{value.__objclass__.__qualname__}.{value.__name__}", text=value.__name__)


def _property(value: property) -> Node:
    return fields("property", get=value.fget, set=value.fset, delete=value.fdel)


def _wrapper(value: Any) -> Node:
    return Node(type(value).__name__, children=(value.__func__,))


def _cached(value: Any) -> Node:
    """`lru_cache`: what it remembers follows from the function, unless that has effects."""
    return fields("lru_cache", function=value.__wrapped__, size=value.cache_parameters()["maxsize"])


def _cached_property(value: functools.cached_property[Any]) -> Node:
    """Without its lock, which Python 3.10 and 3.11 give it."""
    return fields("cached_property", function=value.func)


def _suspended(value: Any) -> Node:
    """A generator or coroutine: where it stands can't be compared."""
    return opaque(value, str(value.__qualname__))


HANDLERS: dict[type, Handler] = {
    types.FunctionType: _function,
    types.CodeType: _code,
    type: klass,
    types.BuiltinFunctionType: _bound,
    types.MethodType: _method,
    types.MethodWrapperType: _bound,
    types.WrapperDescriptorType: _descriptor,
    types.MethodDescriptorType: _descriptor,
    types.ClassMethodDescriptorType: _descriptor,
    types.GetSetDescriptorType: _descriptor,
    types.MemberDescriptorType: _descriptor,
    property: _property,
    staticmethod: _wrapper,
    classmethod: _wrapper,
    functools._lru_cache_wrapper: _cached,
    functools.cached_property: _cached_property,
    types.GeneratorType: _suspended,
    types.CoroutineType: _suspended,
    types.AsyncGeneratorType: _suspended,
    types.FrameType: opaque,
    types.TracebackType: opaque,
}
