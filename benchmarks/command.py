"""What the command line costs before it does anything."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from figures import Figure
from pairs import repeat

_GOAL = 200  # milliseconds
_TIMEOUT = 60  # seconds
_JREPRO = Path(sys.executable).with_name("jrepro")


def measure(pairs: int) -> list[Figure]:
    return [Figure(label="jrepro --help: CPU", unit="ms", goal=_GOAL, recorded=repeat("help", 2 * pairs, _run))]


def _run() -> float:
    before = _children()
    subprocess.run([_JREPRO, "--help"], stdout=subprocess.DEVNULL, check=True, timeout=_TIMEOUT)
    return 1000 * (_children() - before)


def _children() -> float:
    """Seconds of CPU that the ended children of this process have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
