"""Modules: libraries by name, local ones (the project's own code) with file and content."""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass, field

from jupyter_repro.capture.audit import absolute_path
from jupyter_repro.capture.locality import is_infrastructure, is_local_module

_EXEMPT = frozenset(("__main__", "__mp_main__"))
_MAX_DEPTH = 2  # of packages in whose submodules a user may be interested


@dataclass
class Imports:
    """What came into sys.modules since the last look."""

    libraries: set[str] = field(default_factory=set)  # top-level names
    local: dict[str, str] = field(default_factory=dict)  # full name -> absolute path
    places: set[str] = field(default_factory=set)  # written


def imported_libraries() -> set[str]:
    """Top-level names of what is imported by now, the kernel's own infrastructure left out."""
    return ModuleWatch().at_start.libraries


class ModuleWatch:
    def __init__(self) -> None:
        self.local: dict[str, types.ModuleType] = {}
        self._seen: set[str] = set()
        self._last = ""
        self.at_start = self.look()

    def look(self) -> Imports:
        found = Imports()
        last = next(reversed(sys.modules), "")
        if last == self._last and len(sys.modules) == len(self._seen):
            return found
        for name in sys.modules.keys() - self._seen:
            self._note(name, sys.modules[name], found)
        self._seen = set(sys.modules)
        self._last = last
        return found

    def _note(self, name: str, module: object, found: Imports) -> None:
        top, _, _ = name.partition(".")
        if name in _EXEMPT or is_infrastructure(name):
            return
        package, _, attribute = name.rpartition(".")
        shown = package and package.count(".") < _MAX_DEPTH and not attribute.startswith("_")
        if shown and not _comes_by_itself(package, attribute):
            found.places.add(f"submodule:{package}|{attribute}")  # a submodule becomes an attribute of its package
        if type(module) is not types.ModuleType:
            found.places.add(f"magic:{name}")  # put there by hand: found by its name
            return
        file = getattr(module, "__file__", None)
        if file and is_local_module(module):
            self.local[name] = module
            found.local[name] = absolute_path(file)
        elif file is None and module.__spec__ is None:
            found.places.add(f"magic:{name}")
        else:
            found.libraries.add(top)


def _comes_by_itself(package: str, attribute: str) -> bool:
    """Whether the package imports a submodule when it is asked for that attribute, as numpy does with `np.random`."""
    names = vars(sys.modules[package]) if package in sys.modules else {}
    try:
        return "__getattr__" in names and "__dir__" in names and attribute in names["__dir__"]()
    except Exception:  # noqa: BLE001 - a library's own function
        return False
