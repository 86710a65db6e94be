"""Writing the manifest of a folder: what an execution listed in it, and read of it."""

from __future__ import annotations

import heapq
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from jupyter_repro import objects
from jupyter_repro.capture.later import Busy
from jupyter_repro.capture.locality import is_users_file
from jupyter_repro.capture.sweep import SKIPPED
from jupyter_repro.hashing import open_without_waiting, stat_key
from jupyter_repro.manifests import Entry, entries_of, header, line

if TYPE_CHECKING:
    from jupyter_repro.capture.digests import Digests

_BATCH = 500
_TICK_NS = 10_000_000  # that a file system's clock may be late

Result = TypeVar("Result")


@dataclass(frozen=True)
class Listing:
    """Paths are absolute."""

    root: str
    listed: tuple[str, ...]  # folders: the root, or below it
    read: frozenset[str]  # files below the root
    time_ns: int  # of the border: what changed later is flagged
    at_once: bool = False  # it is that time now, and no cell runs


class Lister:
    """A task, see `Later`: `steps` writes the manifest, then tells `manifest`, `count` and `changed`."""

    def __init__(self, digests: Digests, listing: Listing, tell: Callable[..., object]) -> None:
        self._digests = digests
        self._of = listing
        self._tell = tell
        self._before = {folder: _state(folder) for folder in listing.listed}
        self._listed: list[str] = []  # to the end
        self._count = 0
        self._start = len(listing.root.rstrip(os.sep)) + 1
        self._begun = 0

    def steps(self) -> Iterator[bool]:
        self._begun = time.time_ns()
        batches: list[list[str]] = []
        for folder in self._of.listed:
            yield from self._list(folder, batches)
        read = iter(self._of.read)
        while batch := sorted(islice(read, _BATCH)):  # sorting all at once would stop the world
            batches.append(batch)
        with objects.incoming(self._digests.project) as incoming:
            yield from self._write(incoming, _distinct(heapq.merge(*batches)))
            sha256 = incoming.commit()
        self._digests.manifests[self._of.root] = (sha256, self._begun)
        changed = any(_state(folder) != before for folder, before in self._before.items())
        self._tell(manifest=sha256, count=self._count, **({"changed": True} if changed else {}))

    def _list(self, folder: str, batches: list[list[str]]) -> Iterator[bool]:
        scan: Iterator[os.DirEntry[str]] | None = None
        while True:
            try:
                if scan is None:
                    scan = self._open(partial(os.scandir, folder))
                entries = self._open(partial(_some, scan))
            except Busy:
                yield True
                continue
            except OSError:
                return
            if not entries:
                self._listed.append(self._relative(folder))
                return
            batches.append(sorted(path for each in entries if (path := _name(each))))
            yield False

    def _open(self, call: Callable[[], Result]) -> Result:
        return call() if self._of.at_once else self._digests.later.between_cells(call)

    def _write(self, incoming: objects.Incoming, paths: Iterator[str]) -> Iterator[bool]:
        incoming.write(header(self._listed))
        lines: list[bytes] = []
        with closing(_Earlier(self._digests, self._of.root)) as earlier:
            for path in paths:
                for entry in self._entry(path, earlier):
                    if isinstance(entry, Entry):
                        lines.append(line(entry))
                    else:
                        yield entry
                if len(lines) >= _BATCH:
                    self._count += len(lines)
                    incoming.write(b"".join(lines))
                    lines.clear()
                    yield False
        self._count += len(lines)
        incoming.write(b"".join(lines))

    def _entry(self, path: str, earlier: _Earlier) -> Iterator[Entry | bool]:
        """Steps as of a task, then the entry of a path; none for what was looked for in vain."""
        name = self._relative(path)
        if path.endswith(os.sep):
            yield Entry(name)
            return
        try:
            status = os.stat(path)
        except OSError:
            if os.path.lexists(path):  # a link that leads nowhere
                yield Entry(name)
            return
        was_read = path in self._of.read
        late = not self._of.at_once and max(status.st_mtime_ns, status.st_ctime_ns) > self._of.time_ns - _TICK_NS
        entry = Entry(name, status.st_size, status.st_mtime_ns, changed=late, read=was_read)
        if not was_read or late or not stat.S_ISREG(status.st_mode):
            if not (was_read and stat.S_ISDIR(status.st_mode)):
                yield entry
            return
        digest = earlier.digest(entry, status.st_ctime_ns) or self._digests.hasher.known(status)
        if digest is None or self._digests.keeping.lacks(digest):
            digest = None
            for found in self._hash(path, status):
                if isinstance(found, str):
                    digest = found
                else:
                    yield found
        yield Entry(name, status.st_size, status.st_mtime_ns, digest, changed=False, read=True)

    def _hash(self, path: str, status: os.stat_result) -> Iterator[str | bool]:
        while True:
            try:
                descriptor = self._open(partial(open_without_waiting, path))
                break
            except Busy:
                yield True
            except OSError:
                return
        try:
            if stat_key(os.fstat(descriptor)) == stat_key(status):
                for found in self._digests.keeping.hashing(descriptor, status):
                    yield found or False
        except OSError:
            return
        finally:
            os.close(descriptor)

    def _relative(self, path: str) -> str:
        name = path[self._start :] or "."
        return name if os.sep == "/" else name.replace(os.sep, "/")


class _Earlier:
    """The last manifest of the same folder: a file that hasn't changed since isn't read again. Asked in order."""

    def __init__(self, digests: Digests, root: str) -> None:
        sha256, self._begun = digests.manifests.get(root, ("", 0))
        self._entries = entries_of(digests.project, sha256) if sha256 else iter(())
        self._current = next(self._entries, None)

    def digest(self, entry: Entry, ctime_ns: int) -> str | None:
        while self._current is not None and self._current.path < entry.path:
            self._current = next(self._entries, None)
        known = self._current
        if known is None or known.path != entry.path or ctime_ns > self._begun - _TICK_NS:
            return None
        return known.digest if (known.size, known.mtime_ns) == (entry.size, entry.mtime_ns) else None

    def close(self) -> None:
        self._entries = iter(())


def _some(scan: Iterator[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    return list(islice(scan, _BATCH))


def _name(entry: os.DirEntry[str]) -> str | None:
    """None for what isn't the user's."""
    if entry.name in SKIPPED or not is_users_file(entry.path):
        return None
    try:
        return entry.path + os.sep if entry.is_dir() else entry.path
    except OSError:  # a loop of links
        return entry.path


def _distinct(paths: Iterator[str]) -> Iterator[str]:
    previous = None
    for path in paths:
        if path != previous:
            yield path
        previous = path


def _state(folder: str) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return (status.st_ino, status.st_mtime_ns)
