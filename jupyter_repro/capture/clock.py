"""In the kernel of a run under the recorded clock: Python's clock starts anew for each execution, and ticks on.

It moves with time-machine, which replaces what `time.time`, `datetime.now` and their kind do in this process, so also
for pandas, logging and forks. Not moved: `perf_counter` and `monotonic`, the clock as C code asks for it (numpy's
`datetime64("now")`, TLS), times of files, other processes.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

_ROOT = str(Path(__file__).parents[2])
_travelling: list[Any] = []  # time-machine's traveller, once the clock has been moved


def starting_code(folders: Sequence[str]) -> str:
    """Loads this module, and time-machine from one of these folders where the kernel's environment lacks it."""
    text = (
        "import sys\n"
        "path = sys.path[:]\n"
        f"sys.path.append({_ROOT!r})\n"
        "try:\n"
        "    import jupyter_repro.capture.clock as clock\n"
        "finally:\n"
        "    sys.path[:] = path\n"
        f"clock.load({list(folders)!r})\n"
    )
    return f"exec({text!r}, {{}})"


def moving_code(started: str) -> str:
    """From now on it is this time: ISO 8601 in UTC."""
    return f"__import__('sys').modules[{__name__!r}].move({started!r})"


# --- what runs in the kernel ------------------------------------------------------------------------------------------


def load(folders: Sequence[str]) -> None:
    """ImportError where time-machine is nowhere, or was built for another Python."""
    path = sys.path[:]
    sys.path.extend(folders)
    try:
        importlib.import_module("time_machine")
    finally:
        sys.path[:] = path


def move(started: str) -> None:
    time = datetime.fromisoformat(started.replace("Z", "+00:00"))
    seconds = time.timestamp()  # a time alone: with a zone, time-machine would change the process's own
    if _travelling:
        _travelling[0].move_to(seconds)
    else:
        _travelling.append(sys.modules["time_machine"].travel(seconds).start())
