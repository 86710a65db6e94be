"""One source at work: what it says, decoded, and with marks on the folders that come and go."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable

from jupyter_repro.capture.watch.drain import Drain
from jupyter_repro.capture.watch.events import (
    ACCESS,
    CREATE,
    FOLDER,
    LISTED,
    MOVED_FROM,
    MOVED_TO,
    FileEvent,
    Source,
)
from jupyter_repro.capture.watch.log import Log
from jupyter_repro.capture.watch.tree import MAX_MARKS, Tree, is_wanted

_ROUNDS = 5  # somebody may go on making folders while we look at new ones


class Layer:
    """Marks `root` and what is below it. OSError where the source can't be used there."""

    def __init__(self, source: Source, root: str) -> None:
        self._source = source
        self.tree = Tree(source.mark)
        self.log = Log(self.tree.folders)
        self.drain = Drain(source, self._decode)
        try:
            source.mark(root)  # its error tells more
            self.add(root)
            self._try(root)
        except OSError:
            self.drain.close()
            raise

    def _try(self, root: str) -> None:
        """A container or a file system may take a mark and then name folders in another way, or say nothing."""
        with os.scandir(root) as entries:
            next(entries, None)
        self._read()
        if not any(event.path == root and event.kinds & ACCESS for event in self.log):
            raise OSError(f"it says nothing of what happens in {root}")
        self.log.clear()

    def add(self, folder: str, deep: bool = True, most: int = MAX_MARKS) -> None:
        """Mark what isn't yet."""
        _exhaust(self.tree.add(folder, deep, most))
        self._read()
        self._withdraw()

    def is_idle(self) -> bool:
        return self.drain.is_empty() and self.log.is_empty()

    @property
    def lost(self) -> bool:
        """Whether something happened that the log doesn't hold."""
        return self.log.lost or self.drain.failed

    def clear(self) -> None:
        self.log.clear()
        self.drain.failed = False

    def look(self) -> None:
        """Bring the log up to date, and mark what is new."""
        self._read()
        for _ in range(_ROUNDS):
            moves = self.log.take_moves()
            for event in sorted(moves, key=lambda each: not each.kinds & MOVED_TO):  # before its old path is forgotten
                self._follow(event)
            self._read()
            self._withdraw()
            if not moves:
                break
        for path in self.log.arrived_files():
            if os.path.islink(path) and is_wanted(path, os.path.isdir(path)):
                self.add(path)

    def _follow(self, event: FileEvent) -> None:
        """A folder came or went. What is in a new one came with it, by whoever made it."""
        folder = event.path
        if not is_wanted(folder, os.path.isdir(folder)):
            self.tree.forget(folder)
            return
        if os.path.dirname(folder) in self.tree.shallow and event.process == "other":
            return
        before = self.tree.settle(folder)
        for entry in self.tree.add(folder):
            self._note(event, entry.path, CREATE, entry.is_dir())
        if before is not None:
            for parent, folders, files in os.walk(folder):
                for name in (*folders, *files):
                    path = os.path.join(parent, name)
                    self._note(event, path, MOVED_TO, name in folders)
                    self._note(event, before + path[len(folder) :], MOVED_FROM, name in folders)

    def _note(self, event: FileEvent, path: str, kinds: int, is_folder: bool) -> None:
        self.log.note(path, kinds | FOLDER if is_folder else kinds, event.process, event.position)

    def _read(self) -> None:
        self.drain.pull()
        self._decode()

    def _decode(self) -> None:
        for position, data in self.drain.take():
            self.log.add(position, self._source.decode(data))

    def _withdraw(self) -> None:
        """Our own listings."""
        for folder in self.tree.take_listed():
            self.log.withdraw(folder, LISTED)


def _exhaust(entries: Iterable[object]) -> None:
    deque(entries, maxlen=0)
