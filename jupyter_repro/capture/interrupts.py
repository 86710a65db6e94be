"""Ctrl-C while a hook of ours runs: the hook ends as it should, and the interrupt reaches what it was meant for."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` makes an enumeration of each number: slow for every cell
import _thread
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_UNTIL_THE_CELL_RUNS = 0.01  # seconds


class HeldBack:
    """In this block interrupts wait. Then one is passed on to the cell that runs next, or there is nothing to stop."""

    def __init__(self, pass_on: bool) -> None:
        self._pass_on = pass_on
        self._interrupted = False
        self._handler: Callable[..., Any] | int | None = None

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():  # others have no interrupts
            return
        self._handler = _signal.getsignal(signal.SIGINT)
        if self._handler is not None:  # one that isn't Python's could not be put back
            _signal.signal(signal.SIGINT, self._note)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handler is None:
            return
        _signal.signal(signal.SIGINT, self._handler)
        if self._interrupted and self._pass_on and callable(self._handler):
            _thread.start_new_thread(_interrupt, ())  # not a `Thread`: those are the user's to count

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._interrupted = True


def _interrupt() -> None:
    time.sleep(_UNTIL_THE_CELL_RUNS)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # a signal wakes a sleeping cell
