"""sha256 of bytes and files. Standard library only: the kernel side imports this module."""

from __future__ import annotations

import hashlib
import os

_CHUNK = 1 << 20
_StatKey = tuple[int, int, int, int, int]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def stat_key(status: os.stat_result) -> _StatKey:
    """What changes when a file's content does: device, inode, size, modification and change time."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class FileHasher:
    """Digests of files, remembered by stat key so that an unchanged file is read once."""

    def __init__(self) -> None:
        self._known: dict[_StatKey, str] = {}

    def digest(self, path: str | os.PathLike[str]) -> str | None:
        """The sha256 of a regular file; None where there is none to read, or where it changed while it was read."""
        try:
            key = stat_key(os.stat(path))
            if known := self._known.get(key):
                return known
            if not os.path.isfile(path):  # a FIFO would block, a device would not end
                return None
            found = _read(path)
            if stat_key(os.stat(path)) != key:
                return None
        except OSError:
            return None
        self._known[key] = found
        return found


def _read(path: str | os.PathLike[str]) -> str:
    sha = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()
