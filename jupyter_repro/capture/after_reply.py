"""Doing work when nobody waits for it: after the reply has gone out, and when the kernel has been idle for a while."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

from jupyter_repro.capture.replaced import Replaced

_IDLE = 0.5  # seconds without a cell after which the values of names are taken
_QUIET = 5.0  # seconds after which large ones are taken too


class AfterReply:
    """`evidence` runs once after each reply, `settle` once the kernel is idle, and with True once it is quiet.

    Without a kernel there is only the evidence, at once.
    """

    def __init__(self, shell: Any, evidence: Callable[[], None], settle: Callable[[bool], None]) -> None:
        self._kernel = getattr(shell, "kernel", None)
        self._evidence = evidence
        self._settle = settle
        self._wanted = False
        self._replaced: Replaced | None = None
        self._timers: list[asyncio.TimerHandle] = []

    def start(self) -> None:
        if self._kernel is None:
            return
        original = self._kernel.post_handler_hook  # runs when the handler is done, and so after the reply

        def post_handler_hook() -> None:
            original()
            if self._wanted and threading.current_thread() is threading.main_thread():
                self._wanted = False
                with contextlib.suppress(RuntimeError):  # no running loop: the next cell or the stop does it
                    loop = asyncio.get_running_loop()
                    loop.call_soon(self._evidence)
                    self._timers = [
                        loop.call_later(_IDLE, self._settle, False),
                        loop.call_later(_QUIET, self._settle, True),
                    ]

        self._replaced = Replaced(self._kernel, "post_handler_hook", post_handler_hook)

    def stop(self) -> None:
        self._wanted = False
        if self._replaced is not None:
            self._replaced.undo()
        self.cancel()

    def want(self) -> None:
        """A cell has run."""
        if self._kernel is None:
            self._evidence()
        else:
            self._wanted = True

    def cancel(self) -> None:
        """A cell is about to run."""
        for timer in self._timers:
            timer.cancel()
        self._timers = []
