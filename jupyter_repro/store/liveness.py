"""Whether a session still goes on, which only the kernel's process can tell."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from jupyter_repro.model import Session

_SLACK = 60.0  # seconds that a machine's boot time, and with it a process's start, may wander


State = Literal["recording", "stopped", "lost"]


def state_of(session: Session) -> State:
    """`lost` when the kernel died without a word."""
    if session.stopped is not None:
        return "stopped"
    return "recording" if is_alive(session) else "lost"


def is_alive(session: Session) -> bool:
    """Whether its kernel is a process of this machine.

    One that began after the session did is another process that was given the same number.
    """
    if session.stopped is not None or session.pid <= 0:
        return False
    import psutil

    try:
        process = psutil.Process(session.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.create_time() <= _timestamp(session.started) + _SLACK
    except psutil.AccessDenied:
        return True
    except (psutil.Error, ValueError, OverflowError):
        return False


def _timestamp(iso: str) -> float:
    return datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()
