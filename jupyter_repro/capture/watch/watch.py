"""The files that a cell touches, as the operating system tells: one small front to whichever layer works here."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from typing import NamedTuple

from jupyter_repro.capture.watch.events import FileEvent, Source
from jupyter_repro.capture.watch.fanotify import Fanotify
from jupyter_repro.capture.watch.inotify import Inotify
from jupyter_repro.capture.watch.layer import Layer

SWEEP = "sweep"  # no layer: the states of files are compared instead
SOURCES: tuple[type[Source], ...] = (Fanotify, Inotify) if sys.platform == "linux" else ()
_MOST_OUTSIDE = 2_000  # folders below one that a cell names: 50 ms


class Seen(NamedTuple):
    events: list[FileEvent]
    complete: bool  # False: some were lost


_NOTHING = Seen([], True)


class FileWatch:
    """`begin` before a cell, `take` after it; in between a thread sleeps that keeps the kernel's queue from filling.

    `layer` names what is at work, `refused` tells why a better one isn't. Where there is none, nothing is ever seen.
    """

    def __init__(self, project: str, sources: tuple[type[Source], ...] = SOURCES) -> None:
        self.layer = SWEEP
        self.refused: dict[str, str] = {}
        self._project = project
        self._sources = sources
        self._at_work: Layer | None = None
        self._close: Callable[[], object] = lambda: None

    def start(self) -> None:
        for source in self._sources:
            try:
                self._use(source())
            except OSError as error:
                self.refused[str(source.layer)] = error.strerror or str(error)
            else:
                return

    def _use(self, source: Source) -> None:
        layer = self._at_work = Layer(source, self._project)
        self.layer = source.layer
        self._close = weakref.finalize(self, layer.drain.close)

    def stop(self) -> None:
        self._close()
        self._at_work, self.layer = None, SWEEP

    @property
    def folders(self) -> int:
        """How many are watched."""
        return 0 if self._at_work is None else len(self._at_work.tree)

    @property
    def limit(self) -> str | None:
        """Why some folders aren't watched."""
        return None if self._at_work is None else self._at_work.tree.limit

    @property
    def sees_all(self) -> bool:
        """Whether nothing that is done to a file of the project goes unseen."""
        return self._at_work is not None and self._at_work.tree.limit is None

    def sees(self, path: str) -> bool:
        """Whether it is seen what is done to a file, or in a folder."""
        layer = self._at_work
        if layer is None or path in layer.tree:
            return layer is not None
        return os.path.dirname(path) in layer.tree and not os.path.isdir(path)

    def add(self, folder: str, deep: bool = False) -> None:
        """Watch a folder outside of the project; if `deep`, also up to 2,000 folders below it."""
        layer = self._at_work
        if layer is None or (folder in layer.tree and not (deep and folder in layer.tree.shallow)):
            return
        with layer.drain.lock:
            layer.add(folder, deep, _MOST_OUTSIDE)

    def begin(self) -> list[FileEvent]:
        """What happened until now isn't the next cell's. It is given: work of earlier cells may have done it."""
        return self.take().events

    def take(self) -> Seen:
        """What happened since the last call of this or of `begin`; microseconds where nothing did."""
        layer = self._at_work
        if layer is None:
            return _NOTHING
        with layer.drain.lock:  # else what the thread is decoding would be missed
            if layer.is_idle():
                return _NOTHING
            layer.look()
            seen = Seen(list(layer.log), not layer.lost)
            layer.clear()
            if not seen.complete:  # folders may have come without a mark
                layer.add(self._project)
                layer.clear()
        return seen

    def position(self) -> int:
        """To tell what happened before this call from what comes after it, by `FileEvent.position`."""
        return 0 if self._at_work is None else self._at_work.drain.pull()
