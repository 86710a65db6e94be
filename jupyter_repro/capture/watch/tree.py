"""Which folders are marked: marks aren't recursive, so each new folder needs one of its own."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable, Iterator

from jupyter_repro.capture.locality import is_library_path, is_setting
from jupyter_repro.capture.sweep import SKIPPED
from jupyter_repro.capture.watch.events import Key

MAX_MARKS = 20_000  # they take about a second; a user has 8,192 or more, for all kernels together
_FULL = (errno.ENOSPC, errno.ENOMEM)
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")  # in the root of an environment


class Tree:
    def __init__(self, mark: Callable[[str], Key]) -> None:
        self.folders: dict[Key, str | None] = {}  # None: it has gone
        self.limit: str | None = None  # why folders are left out
        self.shallow: set[str] = set()  # folders of which those below aren't wanted
        self._mark = mark
        self._keys: dict[str, Key] = {}
        self._listed: list[str] = []

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, folder: str) -> bool:
        return folder in self._keys

    def add(self, root: str, deep: bool = True, most: int = MAX_MARKS) -> Iterator[os.DirEntry[str]]:
        """Mark a folder and, if `deep`, those below, on the way through what is in the newly marked ones.

        That may have come before the mark. Links are followed, and each folder is marked once.
        """
        waiting, links = deque([root]), deque[str]()
        room = min(len(self) + most, MAX_MARKS)
        while waiting or links:
            folder = (waiting or links).popleft()  # a folder goes by its own name rather than by a link's
            new = folder not in self
            if new and len(self) >= room:
                if room == MAX_MARKS:
                    self.limit = f"more than {MAX_MARKS:,} folders"
                return
            if new and not self._add(folder):
                continue
            (self.shallow.discard if deep else self.shallow.add)(folder)
            for entry in self._list(folder) if new or deep else ():
                if new:
                    yield entry
                if deep and is_wanted(entry.path, _is_folder(entry)):
                    (links if entry.is_symlink() else waiting).append(entry.path)

    def _add(self, folder: str) -> bool:
        try:
            key = self._mark(folder)
        except OSError as error:  # gone, unreadable, or on a file system that has no events
            if error.errno in _FULL:
                self.limit = "more folders than this user may watch"
            return False
        if self.folders.get(key) is not None:
            return False  # by another name
        self.folders[key] = folder
        self._keys[folder] = key
        return True

    def _list(self, folder: str) -> Iterator[os.DirEntry[str]]:
        self._listed.append(folder)
        try:
            with os.scandir(folder) as entries:
                yield from entries
        except OSError:
            return

    def take_listed(self) -> list[str]:
        """The folders whose listing makes events of our own."""
        listed, self._listed = self._listed, []
        return listed

    def settle(self, folder: str) -> str | None:
        """A folder of that name came or went. Gives the path that it had before, where it was marked there."""
        try:
            key = self._mark(folder)
        except OSError:
            self.forget(folder)
            return None
        before = self.folders.get(key)
        if self._keys.get(folder, key) != key:
            self.forget(folder)  # another one
        if before is None or before == folder or _is_same(before, folder):
            return None
        self._rename(before, folder)
        return before

    def forget(self, folder: str) -> None:
        for path in self._below(folder):
            self.folders[self._keys.pop(path)] = None
            self.shallow.discard(path)

    def _rename(self, before: str, after: str) -> None:
        for path in self._below(before):
            key = self._keys.pop(path)
            self._keys[after + path[len(before) :]] = key
            self.folders[key] = after + path[len(before) :]

    def _below(self, folder: str) -> list[str]:
        return [path for path in self._keys if path == folder or path.startswith(folder + os.sep)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to where this user may not look
        return False


def is_wanted(path: str, is_folder: bool) -> bool:
    if not is_folder or os.path.basename(path) in SKIPPED or is_library_path(path + os.sep) or is_setting(path):
        return False
    return not any(os.path.lexists(os.path.join(path, name)) for name in _ENVIRONMENT)


def _is_same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
