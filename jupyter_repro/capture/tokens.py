"""Tokens: what a value is compared by between two borders of one process. Equal tokens, equal values.

Immutable values are compared by content, everything else by identity (its own parts have tokens of their own).
"""

from __future__ import annotations

import sys
import types
from collections.abc import Hashable, Iterable
from typing import Any

from jupyter_repro.capture.identity import ByClass, identity, module_name
from jupyter_repro.capture.locality import is_infrastructure, is_local_module, is_local_name

Token = Hashable

_SCALARS = frozenset((int, str, bytes, bool, type(None), complex))
BOUND_IN_C = (types.BuiltinFunctionType, types.MethodWrapperType)  # methods of objects, and functions of modules
_IMMUTABLE = frozenset(
    (
        *_SCALARS,
        float,
        type(...),
        type(NotImplemented),
        range,
        slice,
        types.CodeType,
        types.WrapperDescriptorType,
        types.MethodDescriptorType,
        types.ClassMethodDescriptorType,
        types.GetSetDescriptorType,
        types.MemberDescriptorType,
        types.GenericAlias,
        types.FrameType,
    )
)
_IMMUTABLE_MODULES = frozenset(
    "datetime decimal fractions uuid pathlib pathlib._local re zoneinfo ipaddress typing enum _thread".split()
)
_MUTABLE_IN_THEM = frozenset(
    ("Context", "WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "lock", "RLock", "_local")
)
_COMPARED_BY_TEXT = frozenset("datetime decimal fractions uuid pathlib pathlib._local".split())
_atom_types: ByClass[bool | None] = ByClass()


def is_atom(value: Any) -> bool:
    """Whether the value has no parts that could change: it gets no node in the heap."""
    kind = type(value)
    known = _atom_types.get(identity(kind), ...)
    if known is ...:
        known = _atom_types.remember(kind, _is_atom_type(kind))
    return _is_atom_value(value, kind) if known is None else bool(known)


def _is_atom_type(kind: type) -> bool | None:  # noqa: PLR0911 - a table of kinds
    """None: it depends on the value."""
    if kind in _IMMUTABLE:
        return True
    if kind in BOUND_IN_C:
        return None
    if kind is types.ModuleType or kind is types.FunctionType or issubclass(kind, type):
        return None
    if issubclass(kind, types.ModuleType):  # a library that loads itself when it is used
        return True
    module = module_name(kind)
    if is_infrastructure(module) or (module.startswith(("asyncio", "uvloop")) and "Loop" in kind.__name__):
        return True
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "generic") and issubclass(kind, (numpy.generic, numpy.dtype, numpy.ufunc)):
        return True
    return module in _IMMUTABLE_MODULES and kind.__name__ not in _MUTABLE_IN_THEM


def _is_atom_value(value: Any, kind: type) -> bool:
    if kind in BOUND_IN_C:  # `out.append` leads to `out`
        return value.__self__ is None or isinstance(value.__self__, (types.ModuleType, type))
    if kind is types.ModuleType:
        return not is_local_module(value)
    if kind is types.FunctionType:
        if is_infrastructure(value.__module__):
            return True
        return not (is_local_name(value.__module__) or value.__closure__ or value.__dict__)
    return not is_local_name(value.__module__)


def token(value: Any) -> Token:  # noqa: PLR0911 - a table of kinds
    kind = type(value)
    if kind in _SCALARS:
        return (kind.__name__, hash(value))
    if kind is float:
        return ("float", repr(value))  # tells 0.0 from -0.0, and says that NaN is NaN
    if kind is range:
        return ("range", hash(value))
    if kind is types.MethodType:
        return ("method", identity(value.__self__), identity(value.__func__))
    if kind in BOUND_IN_C:
        return ("method", identity(value.__self__), value.__name__)
    if kind.__module__ in _COMPARED_BY_TEXT and is_atom(value):
        return _text_token(value, kind)
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "generic") and issubclass(kind, numpy.generic):
        return (str(value.dtype), value.tobytes())
    return identity(value)


def _text_token(value: Any, kind: type) -> Token:
    zone = getattr(value, "tzinfo", None)
    if zone is not None:  # it may be the user's, and would be asked for the offset
        value = value.replace(tzinfo=None)
    return (kind.__name__, str(value), identity(zone))


def sequence_token(values: Iterable[Any]) -> Token:
    return hash(tuple(map(token, values)))
