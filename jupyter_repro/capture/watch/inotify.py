"""inotify(7): sees what fanotify sees, but not who did it. For Linux before 5.13, and where fanotify is refused."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from typing import cast

from jupyter_repro.capture.watch import events
from jupyter_repro.capture.watch.events import Key, RawEvent

_ONLY_FOLDER = 0x01000000
_IGNORED = 0x8000  # the folder has gone, and its watch with it
_MASK = events.OPEN | events.MODIFY | events.CLOSE_WRITE | events.ARRIVED | events.LEFT | _ONLY_FOLDER
_EVENT = struct.Struct("=iIII")  # watch, mask, cookie, length of the name


class Inotify:
    layer = "inotify"

    def __init__(self) -> None:
        """OSError where the system has none, or the user has too many."""
        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._add = self._libc.inotify_add_watch
            descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        except (AttributeError, TypeError):  # macOS; Windows
            raise OSError("this system has no inotify") from None
        if descriptor < 0:
            raise _error("inotify_init1")
        self._add.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
        self.descriptors = (cast(int, descriptor),)

    def mark(self, folder: str) -> Key:
        watch: int = self._add(self.descriptors[0], os.fsencode(folder), _MASK)
        if watch < 0:
            raise _error("inotify_add_watch", folder)
        return watch

    def decode(self, data: bytes) -> Iterator[RawEvent]:
        start = 0
        while start < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, start)
            start += _EVENT.size
            name = data[start : start + length].partition(b"\0")[0]
            start += length
            if mask & events.OVERFLOW:
                yield RawEvent(None, b"", events.OVERFLOW, "unknown")
            elif not mask & _IGNORED:
                yield RawEvent(watch, name, _listing(mask), "unknown")

    def close(self) -> None:
        os.close(self.descriptors[0])


def _listing(mask: int) -> int:
    """A folder is opened to be listed; ACCESS itself would come with every read of a file."""
    return mask | events.ACCESS if mask & events.OPEN and mask & events.FOLDER else mask


def _error(call: str, path: str | None = None) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}", path)
