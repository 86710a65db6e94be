"""fanotify(7) without privileges: Linux 5.13 or newer tells which process opened a file, if it was this one.

Two groups, because a mask holds for a folder and its files alike: one for what is done to the content of files, one
for entries and listings. Reading a file so makes one event and not three, and a folder that SQLite opens only to
flush it doesn't pass for a listing.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator

from jupyter_repro.capture.watch import events
from jupyter_repro.capture.watch.events import Key, Process, RawEvent

_CLOEXEC, _NONBLOCK, _REPORT_FOLDER_AND_NAME = 0x1, 0x2, 0x400 | 0x800
_ADD, _REMOVE, _ONLY_FOLDER = 0x1, 0x2, 0x8
_ON_CHILD = 0x08000000
_CONTENT = events.OPEN | events.MODIFY | events.CLOSE_WRITE | _ON_CHILD
_ENTRIES = events.ACCESS | events.CREATE | events.DELETE | events.MOVED_FROM | events.MOVED_TO | events.FOLDER
_AT_CURRENT_FOLDER = -100
_AT_FOLLOW, _AT_HANDLE_ONLY = 0x400, 0x200  # the second: what fanotify reports where handles can't be opened: overlayfs
_MAX_HANDLE = 128
_EVENT = struct.Struct("=IBBHQii")  # length, version, reserved, length of the header, mask, descriptor, pid
_HANDLE = struct.Struct("=Ii")  # length, type
_FSID = 4  # offset of the file system's id in the record after an event's header; the folder's handle follows
_FSID_LENGTH = 8


class Fanotify:
    layer = "fanotify"

    def __init__(self) -> None:
        """OSError where the kernel is too old, or a container's rules refuse it."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        try:
            self._mark, self._handle_at = self._libc.fanotify_mark, self._libc.name_to_handle_at
            initialise = self._libc.fanotify_init
        except AttributeError:
            raise OSError("the C library has no fanotify") from None
        self._mark.argtypes = (ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p)
        flags = _CLOEXEC | _NONBLOCK | _REPORT_FOLDER_AND_NAME
        self._pid = os.getpid()
        opened: list[int] = []
        for _ in (_CONTENT, _ENTRIES):
            descriptor = initialise(flags, os.O_RDONLY | os.O_CLOEXEC)
            if descriptor < 0:
                error = _error("fanotify_init")
                for each in opened:
                    os.close(each)
                raise error
            opened.append(descriptor)
        self.descriptors = tuple(opened)

    def mark(self, folder: str) -> Key:
        path = os.fsencode(folder)
        for descriptor, mask in zip(self.descriptors, (_CONTENT, _ENTRIES), strict=True):
            if self._mark(descriptor, _ADD | _ONLY_FOLDER, mask, _AT_CURRENT_FOLDER, path) < 0:
                raise _error("fanotify_mark", folder)
        return self._key(path)

    def _key(self, path: bytes) -> bytes:
        """The folder as events name it: the file system's id and the folder's handle there."""
        buffer = ctypes.create_string_buffer(_HANDLE.size + _MAX_HANDLE)
        mount = ctypes.c_int()
        for extra in (0, _AT_HANDLE_ONLY):
            _HANDLE.pack_into(buffer, 0, _MAX_HANDLE, 0)
            flags = _AT_FOLLOW | extra
            if self._handle_at(_AT_CURRENT_FOLDER, path, buffer, ctypes.byref(mount), flags) == 0:
                length, _ = _HANDLE.unpack_from(buffer)
                return struct.pack("=Q", os.statvfs(path).f_fsid) + buffer.raw[: _HANDLE.size + length]
        raise _error("name_to_handle_at", os.fsdecode(path))

    def decode(self, data: bytes) -> Iterator[RawEvent]:
        start, own = 0, self._pid
        while start < len(data):
            length, _, _, header, mask, _, pid = _EVENT.unpack_from(data, start)
            end = start + length
            if mask & events.OVERFLOW:
                yield RawEvent(None, b"", events.OVERFLOW, "unknown")
            else:
                process: Process = "own" if pid == own else "other"
                yield RawEvent(*_folder_and_name(data[start + header : end]), mask, process)
            start = end

    def close(self) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)


def _folder_and_name(record: bytes) -> tuple[bytes, bytes]:
    handle = _FSID + _FSID_LENGTH
    length, _ = _HANDLE.unpack_from(record, handle)
    end = handle + _HANDLE.size + length
    name = record[end : record.index(b"\0", end)]
    return record[_FSID:end], b"" if name == b"." else name


def _error(call: str, path: str | None = None) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}", path)
