"""Whether what other processes did can have been done for a cell: by children of the kernel."""

from __future__ import annotations

import os
import sys

_helpers: set[int] = set()


def disown(pid: int) -> None:
    """This child works for the recorder, not for the user."""
    _helpers.add(pid)


class Children:
    """Audit events don't tell: loky, multiprocessing's spawn and C code start children without any."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Before a cell."""
        self._before = _ended()
        self._some_ended = False

    def end(self) -> None:
        """After it, and before anything of ours is waited for."""
        self._some_ended = _ended() != self._before

    def ran(self) -> bool:
        """Whether a child of the user's ended during the last cell, or has been living since then."""
        if self._some_ended:
            return True
        living = _living()
        _helpers.intersection_update(living)
        return bool(living - _helpers)


def _ended() -> int:
    """Changes with each child that has ended and was waited for."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt


def _living() -> set[int]:
    found: set[int] = set()
    for task in os.listdir("/proc/self/task") if sys.platform == "linux" else ():
        try:
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
                found.update(map(int, file.read().split()))
        except OSError:  # the thread has ended, or Linux was built without this file
            continue
    return found
