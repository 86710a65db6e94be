"""Keeping the executed notebook on disk while it runs: whole, never more than a few seconds old, and with nothing in it
that is to be hidden. papermill itself writes all of it before and after each cell.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbformat import from_dict

from jupyter_repro.run.secrets import hide

_PERIOD = 2.0  # seconds
as_node: Callable[[Any], Any] = from_dict  # nbformat has no types


class Saver:
    """Takes the place of `save` of papermill's execution manager."""

    def __init__(self, notebook: Any, output: Path, hidden: Mapping[str, str]) -> None:
        self.notebook = notebook
        self._output = output
        self._hidden = hidden
        self._last = 0.0
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self._is_closed = False

    def __call__(self, nb: Any = None, **_: Any) -> None:
        if nb is not None:
            self.notebook = nb
        if self._is_closed:
            return
        wait = self._last + _PERIOD - time.monotonic()
        if wait <= 0:
            self.write()
        elif self._timer is None:  # else a cell that is silent for hours would leave what went before unwritten
            self._timer = threading.Timer(wait, self._write_later)
            self._timer.daemon = True
            self._timer.start()

    def close(self) -> None:
        """Write the last state; papermill writes what it adds to that by itself."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        self.write()

    def write(self) -> None:
        with self._lock:
            self._timer = None
            self._clean()
            part = self._output.with_name(f".{self._output.name}")
            text = json.dumps(self.notebook, ensure_ascii=False)  # nbformat validates, and takes far longer
            part.write_text(f"{text}\n", encoding="utf-8", errors="replace")
            os.replace(part, self._output)
            self._last = time.monotonic()

    def _write_later(self) -> None:
        with suppress(RuntimeError, OSError):  # a dict changed meanwhile; the next save comes, and the last one stays
            if not self._is_closed:
                self.write()

    def _clean(self) -> None:
        if not self._hidden:
            return
        for cell in self.notebook.cells:
            for output in cell.get("outputs", ()):
                for key, value in output.items():
                    if (shown := hide(value, self._hidden)) != value:
                        output[key] = as_node(shown)
