"""Digests of what executions read and wrote: of what is small and little at once, of the rest in the background.

A file that is to be hashed later is opened at once where it can be: what is hashed is then the file that was there when
the execution ended, even where another one has taken its name since.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_repro import objects
from jupyter_repro.capture.keeping import Keeping, NotKept
from jupyter_repro.capture.later import Busy, Found, Later
from jupyter_repro.capture.listing import Lister, Listing
from jupyter_repro.hashing import FileHasher, last, open_regular, stat_key

_AT_ONCE, _BYTES_AT_ONCE, _SECONDS_AT_ONCE = 100, 4 << 20, 0.005  # at the border after one execution
_SMALL = 1 << 20  # bytes
_FEW_ENTRIES = 200  # of a folder


class Hashed(NamedTuple):
    digest: str | None = None
    changed: bool = False


class Digests:
    """`write` gets what was found later; `keep` says whether inputs are kept as objects."""

    def __init__(
        self,
        project: Path,
        write: Callable[[int, Found], object] = lambda ordinal, found: None,
        fault: Callable[[BaseException], object] = lambda error: None,
        keep: bool = False,
    ) -> None:
        self.project = project
        self.hasher = FileHasher()
        self.later = Later(write, fault)
        objects.remove_left(project)
        self.keeping: Keeping | NotKept = Keeping(project) if keep else NotKept()
        self.manifests: dict[str, tuple[str, int]] = {}  # of a folder: the last one, and when it was begun

    def border(self, ordinal: int, started: float) -> Border:
        """After an execution that began at `started`, in seconds since the epoch."""
        return Border(self, ordinal, started)


class Border:
    """What is to be hashed after one execution."""

    def __init__(self, digests: Digests, ordinal: int, started: float) -> None:
        self.digests = digests
        self.ordinal = ordinal
        self._time_ns = time.time_ns()
        self._started_ns = int(started * 1e9)
        self._files, self._bytes = _AT_ONCE, _BYTES_AT_ONCE
        self._until = time.monotonic() + _SECONDS_AT_ONCE

    def hash(self, path: str, name: str, status: os.stat_result, mode: str) -> Hashed:
        """What is known at once of a file that exists; the rest comes later."""
        if not stat.S_ISREG(status.st_mode):
            return Hashed()
        is_input = mode.startswith("read")
        if mode == "read" and status.st_mtime_ns > self._started_ns:
            return Hashed(changed=True)  # before or after it was read, by somebody else
        known = self.digests.hasher.known(status)
        if known is not None and not (is_input and self.digests.keeping.lacks(known)):
            return Hashed(known)
        try:
            return self._hash(path, name, status, is_input)
        except OSError:
            return Hashed()

    def _hash(self, path: str, name: str, status: os.stat_result, is_input: bool) -> Hashed:
        descriptor = open_regular(path)
        if descriptor is None:
            return Hashed()
        if stat_key(os.fstat(descriptor)) != stat_key(status):
            os.close(descriptor)
            return Hashed(changed=True)
        keeping = self.digests.keeping if is_input else NotKept()
        if self._is_quick(status.st_size):
            try:
                found = last(keeping.hashing(descriptor, status))
            finally:
                os.close(descriptor)
            if found is not None:
                self.digests.hasher.remember(status, found)
            return Hashed(found, changed=found is None)
        later = self.digests.later
        if later.hold(descriptor):
            later.add(name, self._held(descriptor, name, status, keeping))
        else:
            later.add(name, self._unopened(path, name, status, keeping))
        return Hashed()

    def _is_quick(self, size: int) -> bool:
        if size > min(_SMALL, self._bytes) or not self._files or time.monotonic() > self._until:
            return False
        self._files -= 1
        self._bytes -= size
        return True

    def _held(self, descriptor: int, name: str, status: os.stat_result, keeping: Keeping | NotKept) -> Iterator[bool]:
        try:
            yield from self._hash_open(descriptor, name, status, keeping)
        finally:
            self.digests.later.release(descriptor)

    def _unopened(self, path: str, name: str, status: os.stat_result, keeping: Keeping | NotKept) -> Iterator[bool]:
        later, descriptor = self.digests.later, None
        while True:
            try:
                descriptor = later.between_cells(partial(open_regular, path))
                break
            except Busy:
                yield True
            except OSError:
                break
        if descriptor is None:
            self._tell(name, None)
            return
        try:
            yield from self._hash_open(descriptor, name, status, keeping)
        finally:
            os.close(descriptor)

    def _hash_open(
        self, descriptor: int, name: str, status: os.stat_result, keeping: Keeping | NotKept
    ) -> Iterator[bool]:
        found = None
        for step in keeping.hashing(descriptor, status):
            found = step
            yield False
        if found is not None:
            self.digests.hasher.remember(status, found)
        self._tell(name, found)

    def _tell(self, name: str, found: str | None) -> None:
        self.digests.later.found(self.ordinal, name, **({"digest": found} if found else {"changed": True}))

    # --- folders -----------------------------------------------------------------------------------------------------

    def list(self, root: str, name: str, listed: Collection[str], read: Collection[str]) -> dict[str, Any]:
        """Write down what is in a folder: fields of its record; none where that comes later."""
        at_once = not read and len(listed) == 1 and self._is_small(root)
        listing = Listing(root, tuple(sorted(listed)), frozenset(read), self._time_ns, at_once)
        found: dict[str, Any] = {}
        tell = found.update if at_once else partial(self.digests.later.found, self.ordinal, name)
        steps = Lister(self.digests, listing, tell).steps()
        if not at_once:
            self.digests.later.add(name, steps)
        else:
            with suppress(OSError):
                for _ in steps:
                    pass
        return found

    def _is_small(self, folder: str) -> bool:
        if time.monotonic() > self._until:
            return False
        try:
            with os.scandir(folder) as entries:
                return sum(1 for _ in zip(range(_FEW_ENTRIES + 1), entries, strict=False)) <= _FEW_ENTRIES
        except OSError:
            return True
