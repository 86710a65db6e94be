"""Comparators of other packages: for files and displays of formats that nothing here knows.

A distribution registers one under the entry point group `jrepro.comparators`; docs/comparators.md tells how.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from jupyter_repro.capture.comparison import TOLERANCE, Tolerance
from jupyter_repro.verify.difference import GOOD, Difference, different

GROUP = "jrepro.comparators"


class Comparator(Protocol):
    """What an entry point names: an object, or a class or function that gives one without arguments."""

    suffixes: Collection[str]  # of files, with the dot, in lower case
    mime_types: Collection[str]  # of displays

    def compare(self, expected: bytes, found: bytes, tolerance: Tolerance) -> Difference:
        """How far two different contents are the same; a display's text comes as UTF-8, an image's as it was encoded.

        Raises what it likes: then the contents are different, and the error is in the words.
        """
        ...


@dataclass(frozen=True, slots=True)
class Plugin:
    """A comparator and the name of its entry point; `fault` is why it can't be used."""

    name: str
    comparator: Comparator | None
    fault: str | None = None


def compare_by_plugin(name: str, expected: bytes, found: bytes) -> Difference | None:
    """By the first comparator, in the order of their names, that knows a file of that name or a display of that MIME
    type. None where nobody does.
    """
    for plugin in plugins():
        if plugin.comparator is not None and _knows(plugin.comparator, name):
            return _compare(plugin.name, plugin.comparator, expected, found)
    return None


@functools.cache
def plugins() -> tuple[Plugin, ...]:
    """Those that are installed, with those that can't be loaded."""
    return tuple(_load(each) for each in sorted(entry_points(group=GROUP), key=lambda each: each.name))


def _load(point: EntryPoint) -> Plugin:
    try:
        loaded = point.load()
        comparator = loaded() if callable(loaded) else loaded
        tuple(comparator.suffixes), tuple(comparator.mime_types), comparator.compare
    except Exception as error:  # noqa: BLE001 - anybody's code
        return Plugin(point.name, None, f"{type(error).__name__}: {error}")
    return Plugin(point.name, comparator)


def faults() -> Iterator[str]:
    for plugin in plugins():
        if plugin.fault is not None:
            yield f"The comparator {plugin.name} can't be loaded: {plugin.fault}"


def _knows(comparator: Comparator, name: str) -> bool:
    return name in comparator.mime_types or name.lower().endswith(tuple(comparator.suffixes))


def _compare(name: str, comparator: Comparator, expected: bytes, found: bytes) -> Difference:
    try:
        difference = comparator.compare(expected, found, TOLERANCE)
        if not isinstance(difference, Difference):
            raise TypeError(f"compare() gave {type(difference).__name__}, not a Difference")
    except Exception as error:  # noqa: BLE001 - anybody's code
        failed = f"{len(found):,} bytes (the comparator {name} failed: {type(error).__name__}: {error})"
        return different(f"{len(expected):,} bytes", failed)
    if difference.verdict in GOOD:
        note = f"by the comparator {name}" + (f": {difference.note}" if difference.note else "")
        return Difference(verdict="equivalent", note=note, deviation=difference.deviation)
    return difference
