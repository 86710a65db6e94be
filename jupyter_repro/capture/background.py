"""Work that outlives its execution: threads and tasks that go on changing things while later cells run."""

from __future__ import annotations

import asyncio
import os
import threading

from jupyter_repro.capture.identity import identity

_LIBRARIES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}asyncio{os.sep}")


class Background:
    """`owner` is the execution that started what still runs, or whose end nobody has looked at yet."""

    def __init__(self) -> None:
        self.owner: int | None = None
        self._infrastructure = {identity(thread): thread for thread in threading.enumerate()}
        self._before: set[int] = set()

    def end(self, ordinal: int) -> None:
        """When an execution has ended."""
        before, self._before = self._before, self._running()
        if self._before - before:
            self.owner = ordinal

    def take(self) -> int | None:
        """The owner of changes seen now; None from then on when nothing runs any more."""
        owner = self.owner
        if owner is not None and not self._running():
            self.owner = None
        return owner

    def _running(self) -> set[int]:
        threads = set(map(identity, threading.enumerate())) - self._infrastructure.keys()
        try:
            return threads | {identity(task) for task in asyncio.all_tasks() if not task.done() and _is_users(task)}
        except RuntimeError:  # no loop in this thread
            return threads


def _is_users(task: asyncio.Task[object]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and not any(part in code.co_filename for part in _LIBRARIES)
