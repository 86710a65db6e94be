"""Content-addressed bytes: `.jrepro/objects/ab/cdef…` by sha256.

Standard library only: the kernel side imports this module.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jupyter_repro.config import store_of
from jupyter_repro.errors import StorageError
from jupyter_repro.hashing import digest
from jupyter_repro.journal import prepare_store

_INCOMING = ".incoming."
_OLD = 86_400  # seconds
_ZEROS = bytes(1 << 20)
_AGAIN = "Record the notebook again with `jrepro record`."


def path_of(project: Path, sha256: str) -> Path:
    return store_of(project) / "objects" / sha256[:2] / sha256[2:]


def has(project: Path, sha256: str) -> bool:
    return path_of(project, sha256).is_file()


def put(project: Path, data: bytes) -> str:
    """Keep `data` and give its digest; OSError where it can't be written. Equal bytes are kept once."""
    sha256 = digest(data)
    path = path_of(project, sha256)
    if not _is_whole(path, len(data)):
        _write(project, path, data)
    return sha256


def get(project: Path, sha256: str) -> bytes:
    """The bytes of that digest; StorageError where they are missing, unreadable or not the ones that were kept."""
    try:
        data = path_of(project, sha256).read_bytes()
    except OSError as error:
        raise StorageError(f"Object {sha256[:12]} can't be read: {error.strerror}.", _AGAIN) from error
    if digest(data) != sha256:
        raise StorageError(f"Object {sha256[:12]} is damaged.", _AGAIN)
    return data


@contextmanager
def incoming(project: Path) -> Iterator[Incoming]:
    """An object that comes in pieces. Unless it is committed, nothing of it stays. OSError as writing files does."""
    coming = Incoming(project)
    try:
        yield coming
    finally:
        coming.discard()


class Incoming:
    """See `incoming`."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._partial = prepare_store(project) / "objects" / f"{_INCOMING}{os.getpid()}.{secrets.token_hex(8)}"
        self._partial.parent.mkdir(exist_ok=True)
        self._sha = hashlib.sha256()
        self.descriptor = os.open(self._partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def write(self, data: bytes) -> None:
        self._sha.update(data)
        self.write_only(data)

    def write_only(self, data: bytes) -> None:
        """Without hashing: whoever commits knows the digest. Nothing but zeros take no room."""
        if len(data) == len(_ZEROS) and data == _ZEROS:
            os.truncate(self.descriptor, os.lseek(self.descriptor, len(data), os.SEEK_CUR))
            return
        view = memoryview(data)
        while view:
            view = view[os.write(self.descriptor, view) :]

    def commit(self, sha256: str | None = None) -> str:
        """Under its digest, which is that of what was written unless it is given."""
        sha256 = sha256 or self._sha.hexdigest()
        path = path_of(self._project, sha256)
        if _is_whole(path, os.fstat(self.descriptor).st_size):
            self.discard()
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self._partial, path)
        os.close(self.descriptor)
        self.descriptor = -1
        return sha256

    def discard(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
            self._partial.unlink(missing_ok=True)


def remove_left(project: Path) -> None:
    """What killed processes left half-written; another machine's may be in use, so it must be old."""
    for partial in (store_of(project) / "objects").glob(f"{_INCOMING}*"):
        with suppress(OSError):
            if partial.stat().st_mtime < time.time() - _OLD:
                partial.unlink()


def _is_whole(path: Path, size: int) -> bool:
    """A crash can leave a shorter file under the right name: then it is written again."""
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _write(project: Path, path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        try:
            partial.write_bytes(data)
        except FileNotFoundError:  # the first object in its folder
            prepare_store(project)
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
