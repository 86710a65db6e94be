"""What is still wanted while a slice is found backward, who wants it, and what a write takes away from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from jupyter_repro.lineage.places import demanded
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


class Demands:
    def __init__(self) -> None:
        self.everything: str | None = None  # who could have read anything
        self.words: set[str] = set()
        self._names: dict[str, str] = {}
        self._objects: dict[int, _Need] = {}
        self._places: dict[str, str] = {}

    def add(self, reads: Access, words: Iterable[str], by: str) -> None:
        self._names.update(dict.fromkeys(reads.names, by))
        self._places.update(dict.fromkeys(reads.places, by))
        self.words.update(words)
        for first, last in reads.objects:
            for label in range(first, last + 1):
                self._objects[label] = _Need(by=by, whole=True)
        for label_text, parts in reads.parts.items():
            need = self._objects.setdefault(int(label_text), _Need(by=by))
            need.parts.update(parts)
            need.met.difference_update(parts)

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
            need = self._objects.get(int(label))
            if need is not None and any(map(need.wants, parts)):
                return Met("part", label, need.by)
        for first, last in writes.objects:
            for label_number in range(first, last + 1):
                if label_number in self._objects:
                    return Met("object", str(label_number), self._objects[label_number].by)
        if (writes.objects or writes.parts) and "heap:*" in self._places:
            return Met("object", "*", self._places["heap:*"])
        if "heap:*" in writes.places and self._objects:  # any object may be among those that weren't looked at
            return Met("place", "heap:*", next(iter(self._objects.values())).by)
        return None

    def _place_met_by(self, writes: Access) -> Met | None:
        for place in sorted(writes.places, key=_rank):
            demand = demanded(place, self._places, self.words)
            if demand is not None:
                return Met("place", place, self._places.get(demand, "a later execution"))
        return None

    def take(self, writes: Access) -> None:
        """What these writes provide isn't wanted of earlier executions."""
        for name in writes.names:
            self._names.pop(name, None)
        for first, last in writes.objects:
            for label in range(first, last + 1):
                self._objects.pop(label, None)
        for label_text, parts in writes.parts.items():
            if need := self._objects.get(int(label_text)):
                need.parts.difference_update(parts)
                need.met.update(parts)
        for place in writes.places:
            if place != "heap:*" and not place.startswith(_BY_WORD):
                self._places.pop(place, None)
                if place.startswith("file:"):  # whoever only adds to a file reads it too
                    self._places.pop("path:" + place[5:], None)
                    self._places.pop("entry:" + place[5:], None)
