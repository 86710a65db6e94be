"""sha256 of bytes and files. Standard library only: the kernel side imports this module."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections import deque
from collections.abc import Callable, Iterator

_CHUNK = 1 << 20
_MOST_KNOWN = 10_000
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_StatKey = tuple[int, int, int, int, int]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def stat_key(status: os.stat_result) -> _StatKey:
    """What changes when a file's content does: device, inode, size, modification and change time."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def file_behind(descriptor: int) -> tuple[int, int] | None:
    """Which file a descriptor leads to: its number comes back for another file once it has been closed."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def open_without_waiting(path: str | os.PathLike[str]) -> int:
    """For reading, whatever it is by now. OSError as open()."""
    return os.open(path, _FLAGS)


def open_regular(path: str | os.PathLike[str]) -> int | None:
    """A descriptor of a regular file, None for any other: a FIFO would block, a device not end. OSError as open()."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        return None
    descriptor = open_without_waiting(path)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)  # it was replaced just now
    return None


def reading(
    descriptor: int, before: os.stat_result, into: Callable[[bytes], object] | None = None
) -> Iterator[str | None]:
    """Hash an open file. Yields None after each chunk, and last of all the sha256, or None where the file isn't as it
    was `before`. `into` gets the bytes. OSError where they can't be read.
    """
    sha, position = hashlib.sha256(), 0
    while position <= before.st_size and (chunk := _read_at(descriptor, position)):  # a file that grows would not end
        position += len(chunk)
        sha.update(chunk)
        if into is not None:
            into(chunk)
        if len(chunk) == _CHUNK:
            yield None
    yield sha.hexdigest() if _is_same(os.fstat(descriptor), before) else None


def _read_at(descriptor: int, position: int) -> bytes:
    """Without moving it where the system can: the number may be another file's by now, which the user has open."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, _CHUNK, position)
    os.lseek(descriptor, position, os.SEEK_SET)
    return os.read(descriptor, _CHUNK)


def _is_same(now: os.stat_result, before: os.stat_result) -> bool:
    """Whether the content can't have changed: taking a name from a file, or giving it one, changes its ctime only."""
    changed_names = now.st_nlink != before.st_nlink
    return stat_key(now)[:4] == stat_key(before)[:4] and (changed_names or now.st_ctime_ns == before.st_ctime_ns)


def last(steps: Iterator[str | None]) -> str | None:
    """What `reading` finds in the end."""
    return deque(steps, maxlen=1)[0]


class FileHasher:
    """Digests of files, remembered by stat key so that an unchanged file is read once."""

    def __init__(self) -> None:
        self._known: dict[_StatKey, str] = {}
        self._lock = threading.Lock()

    def known(self, status: os.stat_result) -> str | None:
        return self._known.get(stat_key(status))

    def digest(self, path: str | os.PathLike[str]) -> str | None:
        """The sha256 of a regular file; None where there is none to read, or where it changed while it was read."""
        try:
            status = os.stat(path)
            if known := self.known(status):
                return known
            descriptor = open_regular(path)
            if descriptor is None:
                return None
            try:
                found = last(reading(descriptor, status))
            finally:
                os.close(descriptor)
        except OSError:
            return None
        return None if found is None else self.remember(status, found)

    def remember(self, status: os.stat_result, sha256: str) -> str:
        with self._lock:
            while len(self._known) >= _MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[stat_key(status)] = sha256
        return sha256
