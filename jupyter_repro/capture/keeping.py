"""Keeping inputs by their content while they are hashed: `%repro start --keep-data`.

A copy shares its blocks with the original where the file system can do that, and is never a hard link: the user may
change a file in place.
"""

from __future__ import annotations

import errno
import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from jupyter_repro import objects
from jupyter_repro.hashing import reading

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FICLONE = 0x40049409  # of Linux: share the blocks of a file


class NotKept:
    open_body: Callable[[], KeptBody] | None = None

    def lacks(self, sha256: str) -> bool:
        return False

    def hashing(self, descriptor: int, before: os.stat_result) -> Iterator[str | None]:
        return reading(descriptor, before)


class Keeping:
    def __init__(self, project: Path) -> None:
        self._project = project
        self.open_body = partial(KeptBody, project)

    def lacks(self, sha256: str) -> bool:
        """Whether an input of that digest isn't kept yet."""
        return not objects.has(self._project, sha256)

    def hashing(self, descriptor: int, before: os.stat_result) -> Iterator[str | None]:
        """As `hashing.reading`; what was read is an object in the end, where there is room for it: a
        copy never takes more than half of what is left.
        """
        full = False
        try:
            yield from self._copying(descriptor, before)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            full = True
        if full:
            yield from reading(descriptor, before)

    def _copying(self, descriptor: int, before: os.stat_result) -> Iterator[str | None]:
        with objects.incoming(self._project) as incoming:
            shared, found = clone(descriptor, incoming.descriptor), None
            if not shared:
                _check_room(incoming.descriptor, before)
            for step in reading(descriptor, before, None if shared else incoming.write_only):
                found = step
                yield None
            if found is not None:
                os.fchmod(incoming.descriptor, before.st_mode & 0o777)  # nobody reads more here than there
                incoming.commit(found)
                yield found


class KeptBody:
    """What comes over the network, while it is read: an object once all of it has come, if there is room."""

    def __init__(self, project: Path) -> None:
        self._incoming: objects.Incoming | None = None
        with suppress(OSError):
            self._incoming = objects.Incoming(project)
            weakref.finalize(self, self._incoming.discard)

    def write(self, data: bytes, /) -> None:
        if self._incoming is None:
            return
        try:
            self._incoming.write_only(data)
        except OSError:
            self._incoming.discard()
            self._incoming = None

    def close(self, digest: str, /) -> None:
        if self._incoming is not None:
            with suppress(OSError):
                self._incoming.commit(digest)


def _check_room(descriptor: int, status: os.stat_result) -> None:
    """OSError where a copy would take more than half of what the user has left."""
    system = os.fstatvfs(descriptor)
    if min(status.st_size, status.st_blocks * 512) > system.f_bavail * system.f_frsize // 2:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def clone(source: int, target: int) -> bool:
    """Whether the target now shares the blocks of the source."""
    try:
        import fcntl

        fcntl.ioctl(target, _FICLONE, source)
    except (ImportError, OSError):  # another file system, or one that can't
        return False
    return True
