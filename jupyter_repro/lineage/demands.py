"""What is still wanted while a slice is found backward, who wants it, and what a write takes away from it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field

from jupyter_repro.lineage.places import Patterns, demanded
from jupyter_repro.lineage.ranges import Ranges, within
from jupyter_repro.model import Access

_BY_WORD = ("attribute:", "submodule:", "magic:")  # never met for good: another write of the same name may matter too
_TELLING = ("file", "random", "env", "cwd", "ambient", "entry")  # the best reasons first


def _rank(place: str) -> int:
    kind = place.partition(":")[0]
    return _TELLING.index(kind) if kind in _TELLING else len(_TELLING)


@dataclass
class _Need:
    """Of one heap object: all of it but `met`, or only `parts`."""

    by: str
    whole: bool = False
    met: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)

    def wants(self, part: str) -> bool:
        return part in self.parts or (self.whole and part not in self.met)


@dataclass(frozen=True)
class Met:
    """A write that is wanted: `kind` is name, object, part or place."""

    kind: str
    what: str
    by: str


class _Objects:
    """What is wanted of heap objects: of most the whole, kept as ranges of labels; of single ones only parts."""

    def __init__(self) -> None:
        self._whole = Ranges[str]()  # who wants them
        self._needs: dict[int, _Need] = {}  # of others, in detail
        self._labels: list[int] = []  # of the needs, in order

    def __bool__(self) -> bool:
        return bool(self._needs or self._whole)

    def any(self) -> str:
        """Who wants one of them."""
        return next((need.by for need in self._needs.values()), None) or next(self._whole.values())

    def add_whole(self, first: int, last: int, by: str) -> None:
        self._forget(first, last)
        self._whole.put(first, last, by)

    def add_parts(self, label: int, parts: Iterable[str], by: str) -> None:
        need = self._detailed(label) or self._note(label, _Need(by=by))
        need.parts.update(parts)
        need.met.difference_update(parts)

    def met_by_parts(self, label: int, parts: Iterable[str]) -> str | None:
        """Who wants one of these parts."""
        need = self._needs.get(label)
        if need is None:
            return self._whole.get(label) if parts else None
        return need.by if any(map(need.wants, parts)) else None

    def met_by(self, first: int, last: int) -> tuple[int, str] | None:
        """The first label that is wanted, and who wants it."""
        found = [(label, self._needs[label].by) for label in within(self._labels, first, last)[:1]]
        whole = self._whole.meet(first, last)
        return min([*found, *([whole] if whole else [])], default=None)

    def take(self, first: int, last: int) -> None:
        self._forget(first, last)
        self._whole.remove(first, last)

    def take_parts(self, label: int, parts: Iterable[str]) -> None:
        if need := self._detailed(label):
            need.parts.difference_update(parts)
            need.met.update(parts)

    def _detailed(self, label: int) -> _Need | None:
        need, by = self._needs.get(label), self._whole.get(label)
        return self._note(label, _Need(by=by, whole=True)) if need is None and by is not None else need

    def _note(self, label: int, need: _Need) -> _Need:
        self._needs[label] = need
        insort(self._labels, label)
        self._whole.remove(label, label)
        return need

    def _forget(self, first: int, last: int) -> None:
        for label in within(self._labels, first, last):
            del self._needs[label]
        del self._labels[bisect_left(self._labels, first) : bisect_right(self._labels, last)]


class Demands:
    def __init__(self) -> None:
        self.everything: str | None = None  # who could have read anything
        self.words: set[str] = set()
        self._names: dict[str, str] = {}
        self._objects = _Objects()
        self._places: dict[str, str] = {}
        self._patterns = Patterns()

    def add(self, reads: Access, words: Iterable[str], by: str) -> None:
        self._names.update(dict.fromkeys(reads.names, by))
        self._places.update(dict.fromkeys(reads.places, by))
        self._patterns.add(reads.places)
        self.words.update(words)
        for first, last in reads.objects:
            self._objects.add_whole(first, last, by)
        for label, parts in reads.parts.items():
            self._objects.add_parts(int(label), parts, by)

    def wants_earlier_outputs(self) -> bool:
        return "__" in self._names or "___" in self._names

    def met_by(self, writes: Access) -> Met | None:
        """The first reason to want these writes; names before objects before places."""
        for name in writes.names:
            if name in self._names:
                return Met("name", name, self._names[name])
        return self._object_met_by(writes) or self._place_met_by(writes)

    def _object_met_by(self, writes: Access) -> Met | None:
        for label, parts in writes.parts.items():
            if by := self._objects.met_by_parts(int(label), parts):
                return Met("part", label, by)
        for first, last in writes.objects:
            if found := self._objects.met_by(first, last):
                return Met("object", str(found[0]), found[1])
        if (writes.objects or writes.parts) and "heap:*" in self._places:
            return Met("object", "*", self._places["heap:*"])
        if "heap:*" in writes.places and self._objects:  # any object may be among those that weren't looked at
            return Met("place", "heap:*", self._objects.any())
        return None

    def _place_met_by(self, writes: Access) -> Met | None:
        for place in sorted(writes.places, key=_rank):
            demand = demanded(place, self._places, self._patterns, self.words)
            if demand is not None:
                return Met("place", place, self._places.get(demand, "a later execution"))
        return None

    def take(self, writes: Access) -> None:
        """What these writes provide isn't wanted of earlier executions."""
        for name in writes.names:
            self._names.pop(name, None)
        for first, last in writes.objects:
            self._objects.take(first, last)
        for label, parts in writes.parts.items():
            self._objects.take_parts(int(label), parts)
        for place in writes.places:
            if place != "heap:*" and not place.startswith(_BY_WORD):
                self._places.pop(place, None)
                if place.startswith("file:"):  # whoever only adds to a file reads it too
                    self._places.pop("path:" + place[5:], None)
                    self._places.pop("entry:" + place[5:], None)
