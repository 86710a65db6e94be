"""Who was monkey-patched: attributes that changed on modules of libraries, which the heap doesn't look into."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_repro.capture.identity import identity, is_a
from jupyter_repro.capture.locality import is_local_module, is_local_name

_EXEMPT = frozenset(("__main__", "sys", "builtins"))


class PatchWatch:
    def __init__(self) -> None:
        self._known: dict[str, dict[str, int]] = {}  # module -> attribute -> address of its value

    def changes(self, modules: Iterable[str]) -> set[str]:
        """Places that were written since these modules were last looked at."""
        found: set[str] = set()
        for name in modules:
            module = sys.modules.get(name)
            if type(module) is not types.ModuleType or name in _EXEMPT:
                continue
            attributes = vars(module)
            now = dict(zip(attributes, map(identity, attributes.values()), strict=False))
            before = self._known.get(name, now)
            if before != now:
                changed = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
                if "__getattr__" in now:  # what is new may have been made on demand
                    changed &= before.keys()
                found |= {f"attribute:{name}|{key}" for key in changed if _is_patch(attributes.get(key), key)}
            self._known[name] = now
        return found


def _is_patch(value: object, name: str) -> bool:
    return not name.startswith("__") and not is_a(value, types.ModuleType)  # submodules come with imports


def patched_by_text(patched: Iterable[tuple[str, str]], namespace: Mapping[str, Any]) -> set[str]:
    """Places of `X.attribute = ...` where X is a module or class that isn't described in the heap."""
    found = set()
    for expression, attribute in patched:
        owner = _resolve(expression, namespace)
        if owner is None or is_described(owner):
            continue
        if isinstance(owner, types.ModuleType):
            found.add(f"attribute:{owner.__name__}|{attribute}")
        else:
            found.add(f"attribute:{owner.__module__}.{owner.__qualname__}|{attribute}")
    return found


def is_described(owner: types.ModuleType | type) -> bool:
    """Whether the heap or the ambient state tells about its attributes."""
    if isinstance(owner, types.ModuleType):
        return owner.__name__ == "sys" or is_local_module(owner)
    return is_local_name(owner.__module__)


def _resolve(expression: str, namespace: Mapping[str, Any]) -> types.ModuleType | type | None:
    """The object that a dotted name stands for; only through modules and classes, so nothing of the user's runs."""
    node: ast.expr = ast.parse(expression, mode="eval").body
    path = []
    while isinstance(node, ast.Attribute):
        path.append(node.attr)
        node = node.value
    owner = namespace.get(node.id) if isinstance(node, ast.Name) else None
    for attribute in reversed(path):
        if not isinstance(owner, (types.ModuleType, type)):
            return None
        owner = vars(owner).get(attribute)
    return owner if isinstance(owner, (types.ModuleType, type)) else None
