"""What the names are bound to: what reading each would read, and the fingerprint of its value."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_repro import objects
from jupyter_repro.capture.access import access
from jupyter_repro.capture.closure import FIGURES, MODULE, Reach, reach_of
from jupyter_repro.capture.fingerprint import content, fingerprint
from jupyter_repro.capture.heap import Heap
from jupyter_repro.lineage.names import Names
from jupyter_repro.model import Binding, Value

_SMALL_BYTES = 1 << 20  # of arrays and frames
_SMALL_LENGTH = 1_000  # of texts and containers
_SCALARS = (int, float, complex, bool, type(None))
_Version = tuple[Any, int, int]


class Bindings:
    """Remembers what was written down, so that only changes are written again."""

    def __init__(self, heap: Heap, project: Path) -> None:
        self._heap = heap
        self._project = project
        self._versions: dict[str, _Version] = {}
        self._waiting: set[str] = set()  # names whose values were too large to be taken in passing

    def changes(self, namespace: Mapping[str, Any], thorough: bool) -> tuple[dict[str, Binding], set[str]]:
        """Bindings that changed, and names that are gone. Values that aren't small are taken only if `thorough`."""
        names = {name for name in self._heap.tokens if not name.startswith(MODULE) and name != FIGURES}
        changed = {name: binding for name in sorted(names) if (binding := self._changed(name, namespace, thorough))}
        gone = self._versions.keys() - names
        for name in gone:
            del self._versions[name]
        self._waiting -= gone
        return changed, set(gone)

    def _changed(self, name: str, namespace: Mapping[str, Any], thorough: bool) -> Binding | None:
        names = Names()
        names.use(name)
        reach = reach_of(names, self._heap)
        version = self._version(name, reach)
        if self._versions.get(name) == version and not (thorough and name in self._waiting):
            return None
        self._versions[name] = version
        take = name in namespace and (thorough or is_small(namespace[name]))
        (self._waiting.discard if take else self._waiting.add)(name)
        places = reach.places | (set() if reach.complete else {"heap:*"})
        return Binding(
            reads=access(reach.names, reach.objects, reach.parts, places),
            value=take_value(namespace[name], self._project) if take else None,
            modules=tuple(sorted(reach.modules)),
        )

    def _version(self, name: str, reach: Reach) -> _Version:
        newest = max((self._heap.nodes[address].version for address in reach.touched), default=0)
        if not reach.complete:
            newest = max(newest, self._heap.unsure)
        return (self._heap.tokens.get(name), newest, len(reach.touched))


def take_value(value: Any, project: Path) -> Value:
    found = fingerprint(value)
    numbers = content(value)
    if numbers is None:
        return found
    with contextlib.suppress(OSError):
        found = replace(found, content=objects.put(project, numbers))
    return found


def small_values(namespace: Mapping[str, Any], names: Iterable[str]) -> dict[str, Value]:
    """Fingerprints of those that cost next to nothing."""
    return {name: fingerprint(namespace[name]) for name in names if name in namespace and is_small(namespace[name])}


def is_small(value: Any, depth: int = 2) -> bool:
    """Whether a fingerprint takes well under a millisecond, as far as can be told without looking at all of it."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind in (str, bytes):
        return len(value) <= _SMALL_LENGTH * 100
    if kind in (list, tuple, dict, set, frozenset):
        if len(value) > _SMALL_LENGTH or depth == 0:
            return False
        members = value.values() if kind is dict else value
        return all(is_small(member, depth - 1) for member in members)
    size = getattr(value, "nbytes", None) if kind.__module__ in ("numpy", "torch") else None
    return isinstance(size, int) and size <= _SMALL_BYTES
