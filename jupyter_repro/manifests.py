"""Manifests: what an execution listed or read in a folder, in one object instead of a line for each file.

An object of JSON lines. The first is the header, the others are entries in the order of their paths:

    {"manifest": 1, "listed": [".", "cats"]}     folders of which all entries are here
    ["cats/1.png", SIZE, MTIME_NS, DIGEST]       a file that was read
    ["cats/3.png", SIZE, MTIME_NS, null, "changed", "read"]    one that changed before it was hashed
    ["cats/2.png", SIZE, MTIME_NS, null]         one that was only listed
    ["cats/", null, null, null]                  a folder

Paths are relative to the folder, with forward slashes. Standard library only: the kernel side writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from pathlib import Path

from jupyter_repro import objects
from jupyter_repro.errors import StorageError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    path: str  # ends with a slash where it is a folder
    size: int | None = None
    mtime_ns: int | None = None
    digest: str | None = None
    changed: bool = False
    read: bool = False  # not only listed


@dataclass(frozen=True, slots=True)
class Manifest:
    listed: tuple[str, ...]
    entries: dict[str, Entry]


def header(listed: Sequence[str]) -> bytes:
    return (json.dumps({"manifest": _VERSION, "listed": list(listed)}) + "\n").encode()


def line(entry: Entry) -> bytes:
    size = "null" if entry.size is None else entry.size
    mtime_ns = "null" if entry.mtime_ns is None else entry.mtime_ns
    digest = "null" if entry.digest is None else f'"{entry.digest}"'
    flags = ',"changed"' if entry.changed else ""
    if entry.read and entry.digest is None:
        flags += ',"read"'
    return f"[{encode_basestring_ascii(entry.path)},{size},{mtime_ns},{digest}{flags}]\n".encode()  # json.dumps is slow


def read_manifest(project: Path, sha256: str) -> Manifest:
    """Raises StorageError where the object is missing, damaged or of a newer version."""
    lines = objects.get(project, sha256).splitlines()
    try:
        head = json.loads(lines[0])
        if head["manifest"] > _VERSION:
            raise StorageError(
                f"Manifest {sha256[:12]} was written by a newer version.", "Type `pip install --upgrade jupyter-repro`."
            )
        return Manifest(tuple(head["listed"]), {entry.path: entry for entry in _entries(lines[1:])})
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise StorageError(
            f"Object {sha256[:12]} is no manifest.", "Record the notebook again with `jrepro record`."
        ) from error


def entries_of(project: Path, sha256: str) -> Iterator[Entry]:
    """One after the other, in order; none where the object can't be read."""
    try:
        with objects.path_of(project, sha256).open("rb") as lines:
            next(lines)
            yield from _entries(lines)
    except (OSError, ValueError, StopIteration):
        return


def _entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    for each in lines:
        path, size, mtime_ns, digest, *flags = json.loads(each)
        yield Entry(path, size, mtime_ns, digest, "changed" in flags, digest is not None or "read" in flags)
