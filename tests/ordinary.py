"""Running a command without privileges, whoever runs the tests."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

_PR_CAPBSET_DROP = 24
_CAPABILITIES = 64  # more than there are


def as_ordinary_user(home: Path) -> dict[str, Any]:
    """Arguments for `subprocess.run`: a home folder of its own, and for root none of what root may do.

    Root keeps its name: another user wouldn't get at the tests' folders.
    """
    home.mkdir(parents=True, exist_ok=True)
    arguments: dict[str, Any] = {"env": {**os.environ, "HOME": str(home)}}
    if os.getuid() == 0:
        arguments["preexec_fn"] = _drop_capabilities
    return arguments


def _drop_capabilities() -> None:
    libc = ctypes.CDLL(None)
    for capability in range(_CAPABILITIES):  # what isn't in the bounding set isn't given back at exec
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
