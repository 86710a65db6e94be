"""Doing work when nobody waits for it: after the reply has gone out, and when the kernel has been idle for a while."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
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
        self._ended = 0.0  # when the last cell had
        self._settled = False  # since then
        self._timer: asyncio.TimerHandle | None = None

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
                    self._wind(loop)

        self._replaced = Replaced(self._kernel, "post_handler_hook", post_handler_hook)

    def _wind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count from now on. One timer does for many cells: making and cancelling one is slow for the smallest."""
        self._ended = time.monotonic()
        if self._timer is None or self._settled:
            self._stop_timer()
            self._settled = False
            self._timer = loop.call_later(_IDLE, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        idle = time.monotonic() - self._ended
        self._timer = None
        if idle >= _QUIET:
            self._settle(True)
            return
        if idle >= _IDLE and not self._settled:
            self._settled = True
            self._settle(False)
        self._timer = loop.call_later((_QUIET if self._settled else _IDLE) - idle, self._ring, loop)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def stop(self) -> None:
        self._wanted = False
        if self._replaced is not None:
            self._replaced.undo()
        self._stop_timer()

    def want(self) -> None:
        """A cell has run."""
        if self._kernel is None:
            self._evidence()
        else:
            self._wanted = True
