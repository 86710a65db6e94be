"""Content-addressed bytes: `.jrepro/objects/ab/cdef…` by sha256.

Standard library only: the kernel side imports this module.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from jupyter_repro.config import store_of
from jupyter_repro.errors import StorageError
from jupyter_repro.hashing import digest
from jupyter_repro.journal import prepare_store

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
