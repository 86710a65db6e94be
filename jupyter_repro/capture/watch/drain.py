"""Emptying the kernel's queue: at the borders of cells, and in between so that a long cell doesn't fill it."""

from __future__ import annotations

import _thread
import contextlib
import os
import select
import threading
import weakref
from collections.abc import Callable, Iterable

from jupyter_repro.capture.watch.events import Source

_CHUNK = 1 << 18  # bytes
_PAUSE = 50  # milliseconds: too short for opens to fill a queue of 16,384 events, long enough to cost nothing
_PENDING = 1 << 20  # bytes that are kept as they are; from there on memory counts for more than the user's time

_open: weakref.WeakSet[Drain] = weakref.WeakSet()


class Drain:
    """Holds events as the kernel wrote them. `relieve` is called, under the lock, where they get many."""

    def __init__(self, source: Source, relieve: Callable[[], None]) -> None:
        self.lock = threading.RLock()  # a finaliser that opens a file may come here again from the same thread
        self.failed = False
        self._source = source
        self._relieve = relieve
        self._position = 0
        self._chunks: list[tuple[int, bytes]] = []
        self._size = 0
        self._closed = False
        self._stopped, self._stopper = os.pipe()
        self._ready = _poll(source.descriptors)
        _open.add(self)
        # Not a threading.Thread: the user's code counts, lists and joins those.
        _thread.start_new_thread(self._keep_up, (_poll((*source.descriptors, self._stopped)), _poll((self._stopped,))))

    def is_empty(self) -> bool:
        """Half a microsecond."""
        return self._closed or not (self._chunks or self._ready.poll(0))

    def pull(self) -> int:
        """Read what is there. Gives the position: whatever happens from now on gets a higher one."""
        with self.lock:
            self._position += 1
            if not self._closed:
                for descriptor in self._source.descriptors:
                    self._read(descriptor)
            return self._position

    def _read(self, descriptor: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data = os.read(descriptor, _CHUNK)
                self._chunks.append((self._position, data))
                self._size += len(data)

    def take(self) -> list[tuple[int, bytes]]:
        """What was read, as (position, bytes)."""
        found, self._chunks, self._size = self._chunks, [], 0
        return found

    def _keep_up(self, something: select.poll, stop: select.poll) -> None:
        """Wakes up when there is something, and then not for a while."""
        try:
            while something.poll() and not stop.poll(_PAUSE):
                with self.lock:
                    self.pull()
                    if self._size > _PENDING:
                        self._relieve()
        except Exception:  # noqa: BLE001 - nobody is there to hear of it; what is taken next says it
            self.failed = True
        finally:
            os.close(self._stopped)

    def close(self) -> None:
        with self.lock:
            if not self._closed:
                self._closed = True
                _open.discard(self)
                os.close(self._stopper)  # the thread wakes up
                self._source.close()

    def abandon(self) -> None:
        """In a forked child, where the thread isn't: reading would take events away from the parent."""
        self._closed = True
        for descriptor in (*self._source.descriptors, self._stopper, self._stopped):
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _poll(descriptors: Iterable[int]) -> select.poll:
    found = select.poll()
    for descriptor in descriptors:
        found.register(descriptor, select.POLLIN)
    return found


def _abandon_all() -> None:
    for drain in list(_open):
        drain.abandon()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
