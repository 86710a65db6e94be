"""What happened since the last look, by path and process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from jupyter_repro.capture.watch.events import (
    ARRIVED,
    FOLDER,
    LEFT,
    OVERFLOW,
    FileEvent,
    Key,
    Process,
    RawEvent,
)

_MAX_PATHS = 200_000  # some 50 MB
_OURS: Final[tuple[Process, ...]] = ("own", "unknown")


class Log:
    """`folders` gives the path of a marked folder, None where it has gone."""

    def __init__(self, folders: Mapping[Key, str | None]) -> None:
        self.lost = False  # some of what happened isn't known
        self._folders = folders
        self._seen: dict[tuple[str, Process], tuple[int, int]] = {}  # kinds, position
        self._moves: list[FileEvent] = []  # folders that came or went

    def __iter__(self) -> Iterator[FileEvent]:
        for (path, process), (kinds, position) in self._seen.items():
            if kinds & ~FOLDER:
                yield FileEvent(path, kinds, process, position)

    def arrived_files(self) -> list[str]:
        """Of very many events, an object for each would take long."""
        return [path for (path, _), (kinds, _) in self._seen.items() if kinds & ARRIVED and not kinds & FOLDER]

    def is_empty(self) -> bool:
        return not (self._seen or self.lost)

    def add(self, position: int, events: Iterable[RawEvent]) -> None:
        for key, name, kinds, process in events:
            if key is None or kinds & OVERFLOW or key not in self._folders:
                self.lost = True
            elif (folder := self._folders[key]) is not None:
                path = os.path.join(folder, os.fsdecode(name)) if name else folder
                self.note(path, kinds, process, position)
                if kinds & FOLDER and kinds & (ARRIVED | LEFT):
                    self._moves.append(FileEvent(path, kinds, process, position))

    def note(self, path: str, kinds: int, process: Process, position: int) -> None:
        known = self._seen.get((path, process))
        if known is not None:
            self._seen[path, process] = (known[0] | kinds, known[1])
        elif len(self._seen) < _MAX_PATHS:
            self._seen[path, process] = (kinds, position)
        else:
            self.lost = True

    def withdraw(self, path: str, kinds: int) -> None:
        """It was ourselves who did that."""
        for process in _OURS:
            if known := self._seen.get((path, process)):
                self._seen[path, process] = (known[0] & ~kinds, known[1])

    def take_moves(self) -> list[FileEvent]:
        """The folders that came or went since the last time."""
        moves, self._moves = self._moves, []
        return moves

    def clear(self) -> None:
        self._seen, self.lost = {}, False
