"""What a code object names: a function that is reached may read these when it is called."""

from __future__ import annotations

import dis
import types
from typing import NamedTuple
from weakref import WeakKeyDictionary

_GLOBAL_OPERATIONS = frozenset(("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"))
_MAX_TEXT = 200  # characters of a string constant that are compared


class CodeNames(NamedTuple):
    globals: frozenset[str]
    words: frozenset[str]
    strings: frozenset[str]
    imports: frozenset[str]


_known: WeakKeyDictionary[types.CodeType, CodeNames] = WeakKeyDictionary()


def code_names(code: types.CodeType) -> CodeNames:
    """Names in a code object and in those nested in it."""
    if known := _known.get(code):
        return known
    found = _own(code)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found = CodeNames(*(mine | theirs for mine, theirs in zip(found, code_names(constant), strict=True)))
    _known[code] = found
    return found


def _own(code: types.CodeType) -> CodeNames:
    globals_, imports = set[str](), set[str]()
    for instruction in dis.get_instructions(code):
        if instruction.opname in _GLOBAL_OPERATIONS:
            globals_.add(str(instruction.argval))
        elif instruction.opname == "IMPORT_NAME":
            imports.add(str(instruction.argval))
    return CodeNames(frozenset(globals_), frozenset(code.co_names), frozenset(_strings(code)), frozenset(imports))


def _strings(code: types.CodeType) -> set[str]:
    found = set()
    for constant in code.co_consts:
        for text in constant if isinstance(constant, tuple) else (constant,):
            if isinstance(text, str):
                found.add(text[:_MAX_TEXT])
    return found
