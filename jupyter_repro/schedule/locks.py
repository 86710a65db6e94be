"""Locks that end with the process that holds them, however it ends."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_repro.errors import UsageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

Pause = Callable[[float], object]

_TRIES = 10
_PAUSE = 0.05  # seconds


class Held(Exception):
    """Another process holds the lock; `holder` is what it wrote down, {} where it could not."""

    def __init__(self, holder: dict[str, Any]) -> None:
        super().__init__(holder)
        self.holder = holder


@contextmanager
def locked(path: Path, holder: dict[str, Any], *, pause: Pause | None = None) -> Iterator[int]:
    """The descriptor: a child that inherits it holds the lock, too. `pause` waits, given seconds, until it is free.

    Raises Held where it isn't and there is no `pause`, OSError as open().
    """
    descriptor = _open(path)
    try:
        _take(descriptor, pause)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield descriptor
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    if fcntl is None:
        raise UsageError("Schedules need Linux or macOS.", "Type `jrepro run DIR` to run it once.")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _take(descriptor: int, pause: Pause | None) -> None:
    tries = 0
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            tries += 1
            if pause is None and tries == _TRIES:
                raise Held(_holder(descriptor)) from error
        (pause or time.sleep)(_PAUSE)  # it may be `holder_of`, which holds it for a moment


def holder_of(path: Path) -> dict[str, Any] | None:
    """What the process that holds the lock wrote down; None where nobody holds it."""
    if not path.exists():
        return None
    try:
        descriptor = _open(path)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return _holder(descriptor)
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(descriptor, 10_000, 0) or b"{}")
    except ValueError:  # just being written
        return {}
    return found if isinstance(found, dict) else {}
