"""Work on files that nobody waits for: in a thread, step by step.

What opens files makes events that would pass for the running cell's own. So files are opened between cells only; what
is open already goes on while cells run.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from jupyter_repro.hashing import file_behind

_PATIENCE = 0.05  # seconds that a cell waits for a file that is being opened: on a dead network it can last
_WRITTEN_EVERY = 0.2  # seconds
_LAST_STEP, _MOMENT = 1.0, 0.002  # seconds: until the thread has tidied up; between two looks at it
_MOST_HELD = 64  # files that are kept open until they are hashed

Result = TypeVar("Result")
Task = Iterator[bool]  # a step each; True says that it can't go on while a cell runs
Found = dict[str, dict[str, Any]]  # name of a file -> fields of its FileAccess

_all: weakref.WeakSet[Later] = weakref.WeakSet()


class Busy(Exception):
    """A cell runs: no file may be opened."""


class Later:
    """`write` gets what was found, by the ordinal of the execution; `fault` gets an error of ours."""

    def __init__(self, write: Callable[[int, Found], object], fault: Callable[[BaseException], object]) -> None:
        self._write = write
        self._fault = fault
        self._tasks: deque[tuple[str, Task]] = deque()  # with the name of what it is about
        self._lock = threading.RLock()
        self._gate = threading.Lock()
        self._paused = self._working = self._closed = False
        self._found: dict[int, Found] = {}
        self._written = 0.0
        self._held: dict[int, tuple[int, int] | None] = {}  # descriptors that tasks keep open -> which file it is
        _all.add(self)

    # --- from the kernel's thread ------------------------------------------------------------------------------------

    def add(self, name: str, task: Task) -> None:
        if not self._closed:
            self._tasks.append((name, task))

    def hold(self, descriptor: int) -> bool:
        """Whether a task may keep it open; it must `release` it, come what may."""
        if self._closed or len(self._held) >= _MOST_HELD:
            os.close(descriptor)
            return False
        self._held[descriptor] = file_behind(descriptor)
        return True

    def release(self, descriptor: int) -> None:
        file = self._held.pop(descriptor, None)
        if file is not None and file == file_behind(descriptor):  # in a fork, or closed by the user: another's
            os.close(descriptor)

    @property
    def pending(self) -> tuple[str, ...]:
        return tuple(name for name, _ in list(self._tasks))

    def pause(self) -> None:
        """A cell is about to run."""
        self._paused = True  # first: else the thread would open one file after the other while we wait
        if self._tasks and self._gate.acquire(timeout=_PATIENCE):
            self._gate.release()

    def resume(self) -> None:
        """It has run, and its evidence is on record."""
        self._paused = False
        with self._lock:
            if self._tasks and not self._working and not self._closed:
                self._working = True
                _thread.start_new_thread(self._work, ())  # not a threading.Thread: those are the user's to count

    def finish(self, seconds: float) -> tuple[str, ...]:
        """Wait for what is pending; gives the names of what isn't done by then."""
        if not self._paused:
            self.resume()
            self._wait(seconds)
        return self.pending

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        with contextlib.suppress(KeyboardInterrupt):  # who waits for us has had enough of it
            while self._working and time.monotonic() < until:
                time.sleep(_MOMENT)

    def close(self) -> None:
        """What is not done stays undone."""
        with self._lock:
            self._closed = True
            _all.discard(self)
            if not self._working:
                self._drop()
        self._wait(_LAST_STEP)

    # --- from tasks --------------------------------------------------------------------------------------------------

    def between_cells(self, call: Callable[[], Result]) -> Result:
        """For what opens a file. Raises Busy where a cell runs."""
        with self._gate:
            if self._paused:
                raise Busy
            return call()

    def found(self, ordinal: int, name: str, **fields: Any) -> None:
        with self._lock:
            self._found.setdefault(ordinal, {})[name] = fields

    # --- in the thread -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while self._step():
                pass
        except BaseException as error:  # noqa: BLE001 - nobody else is there to hear of it
            self._give_up(error)

    def _step(self) -> bool:
        """Whether there is more to do for now."""
        waiting = 0
        while waiting < len(self._tasks) and not self._closed:
            stuck, done = self._advance(self._tasks[0][1])
            with self._lock:
                if done:
                    self._tasks.popleft()
                elif stuck:
                    self._tasks.rotate(-1)
            waiting = waiting + 1 if stuck else 0
            if done and time.monotonic() - self._written > _WRITTEN_EVERY:
                self._tell()
        self._tell()
        with self._lock:
            if self._closed:
                self._drop()
                self._working = False
                return False
            if self._tasks and not self._paused:  # a cell has ended meanwhile
                return True
            self._working = False
            return False

    def _advance(self, task: Task) -> tuple[bool, bool]:
        """(it must wait, it is done)."""
        try:
            return next(task), False
        except StopIteration:
            return False, True
        except OSError:  # unreadable, or gone
            return False, True

    def _tell(self) -> None:
        with self._lock:
            found, self._found = self._found, {}
            if not self._closed:
                for ordinal, files in found.items():
                    self._write(ordinal, files)
        self._written = time.monotonic()

    def _drop(self) -> None:
        self._tasks.clear()
        for descriptor in list(self._held):
            self.release(descriptor)

    def _give_up(self, error: BaseException) -> None:
        with self._lock:
            self._working, self._closed = False, True
            self._drop()
        self._fault(error)

    def abandon(self) -> None:
        """In a forked child, where the thread isn't and files of the parent's would stay open."""
        self._closed = True
        for descriptor in list(self._held):
            with contextlib.suppress(OSError):
                self.release(descriptor)


def _abandon_all() -> None:
    for later in list(_all):
        later.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
