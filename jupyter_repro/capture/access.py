"""Evidence in the form of records: labels as ranges, differences as what was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jupyter_repro.capture.heap import Difference
from jupyter_repro.model import Access


def access(
    names: Iterable[str], objects: Iterable[int], parts: Mapping[int, Iterable[str]], places: Iterable[str]
) -> Access:
    return Access(
        names=tuple(sorted(names)),
        objects=ranges(objects),
        parts={str(label): tuple(sorted(each)) for label, each in parts.items()},
        places=tuple(sorted(places)),
    )


def ranges(labels: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Inclusive (first, last) ranges."""
    found: list[tuple[int, int]] = []
    for label in sorted(labels):
        if found and found[-1][1] == label - 1:
            found[-1] = (found[-1][0], label)
        else:
            found.append((label, label))
    return tuple(found)


def written(difference: Difference, places: set[str]) -> Access:
    return access(difference.names, difference.born, difference.parts, places)
