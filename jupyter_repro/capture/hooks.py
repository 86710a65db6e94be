"""IPython's events around cells: the outermost cell of the main thread is the one that counts.

Whatever happens in here, the user's cell runs and its reply goes out.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from jupyter_repro.capture.interrupts import HeldBack
from jupyter_repro.capture.outcome import is_blank


class Listener(Protocol):
    def before(self, info: Any) -> None:
        """A cell is about to run."""

    def after(self, result: Any, duration: float) -> None:
        """It has run; `result` is None where it was interrupted."""

    def after_start(self, result: Any) -> None:
        """The cell has run that started the recording: nobody saw it begin."""

    def beside(self, info: Any) -> None:
        """A cell is about to run in another thread, beside the others, as in a subshell."""

    def silently(self) -> None:
        """The front end has run something that is no cell, between two of them."""

    def fault(self, error: BaseException) -> None:
        """One of these has failed."""


class Hooks:
    def __init__(self, shell: Any, listener: Listener) -> None:
        self._events = shell.events
        self._listener = listener
        self._depth = 0  # %%capture and its kind run a cell inside of a cell
        self._begun_at = 0.0
        self._hooks = (
            ("pre_run_cell", self._before),
            ("post_execute", self._executed),
            ("post_run_cell", self._after),
        )

    def start(self) -> None:
        for event, hook in self._hooks:
            self._events.register(event, hook)

    def stop(self) -> None:
        for event, hook in self._hooks:
            with contextlib.suppress(ValueError):
                self._events.unregister(event, hook)

    @property
    def duration(self) -> float:
        """Seconds since the last cell began."""
        return time.perf_counter() - self._begun_at

    def _before(self, info: Any) -> None:
        if not _in_main_thread():
            self._guarded(self._listener.beside, info)
            return
        self._depth += 1
        if self._depth == 1:
            with HeldBack(pass_on=True):
                self._guarded(self._listener.before, info)
            self._begun_at = time.perf_counter()

    def _after(self, result: Any) -> None:
        duration = self.duration
        if not _in_main_thread() or is_blank(result):
            return
        starting, self._depth = self._depth == 0, max(0, self._depth - 1)
        if self._depth == 0:
            with HeldBack(pass_on=False):
                if starting:
                    self._guarded(self._listener.after_start, result)
                else:
                    self._guarded(self._listener.after, result, duration)

    def _executed(self) -> None:
        """After everything that runs, right before the end of a cell is told."""
        if self._depth == 0 and _in_main_thread():
            with HeldBack(pass_on=False):
                self._guarded(self._listener.silently)

    def _guarded(self, hook: Callable[..., None], *arguments: Any) -> None:
        try:
            hook(*arguments)
        except BaseException as error:  # noqa: BLE001 - ours, even where it is an exit or an interrupt
            self._listener.fault(error)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
