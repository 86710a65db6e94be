"""The user's files around runs of a notebook of which nobody knows what it writes: copied before the first run, and put
back after each as far as its record says that it wrote them. What somebody else changed meanwhile stays changed.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

from jupyter_repro.capture.sweep import SKIPPED
from jupyter_repro.config import relative, store_of
from jupyter_repro.errors import StorageError
from jupyter_repro.hashing import FileHasher
from jupyter_repro.journal import new_session_id, prepare_store
from jupyter_repro.model import CellExecution
from jupyter_repro.verify.aside import touched

MOST_OF_ONE, MOST_OF_ALL = 256 << 20, 1 << 30  # bytes that are copied
_MOST_ENTRIES = 20_000  # files and folders that are looked at
_ENVIRONMENTS = frozenset(("pyvenv.cfg", "conda-meta"))  # a folder that holds one is an installation
_PREFIX = "tries-"
_State = tuple[int, int, int] | None  # inode, size, time of change; None is a folder
_NOTHING = (0, 0, 0)  # no such file, or a folder that isn't looked into


class Originals:
    """The files below `roots` as they are now, copied into `home`, the smallest first and not more than there is room.

    OSError where they can't be copied. `too_large` holds files that were not, `is_whole` says whether all were looked
    at. At the end, `left` holds files that changed by what no record shows: their originals are in `home / "before"`;
    `doubtful` those that a child process wrote, or somebody else meanwhile: what they had become is in
    `home / "after"`; and `changed` files that were too large and changed.
    """

    def __init__(self, home: Path, project: Path, roots: Iterable[Path]) -> None:
        self.home, self._project = home, project
        self._roots = [str(root) for root in roots]
        self._before = _look(self._roots)
        self._copies: dict[str, Path] = {}
        self._put_back: set[str] = set()
        self.is_whole = len(self._before) < _MOST_ENTRIES
        self.too_large: list[str] = []
        self.left: list[str] = []
        self.doubtful: dict[str, None] = {}
        self.changed: list[str] = []
        room = MOST_OF_ALL
        for size, path in sorted(_sizes(self._before)):
            if size > min(room, MOST_OF_ONE):
                self.too_large.append(path)
            elif self._copy(path):
                room -= size

    def put_back(self, executions: Sequence[CellExecution]) -> None:
        """Make what these made, changed or deleted as it was. StorageError where that isn't possible."""
        writers = _writers(executions, self._project)
        files = touched(executions, self._project)
        written = {path for path in (*files.made, *files.changed) if self._is_known(path)}
        written -= {path for path, by in writers.items() if by == {"unattributed"}}
        folders = tuple(path + os.sep for path in written if self._is_folder(path))
        gone = {path for path in self._before if path.startswith(folders) and not os.path.lexists(path)}
        try:
            for path in sorted(written - self._before.keys(), key=len, reverse=True):
                if self.is_whole:  # else it may have been there
                    self._take_away(path, certain=writers.get(path) == {"kernel"})
            for path in sorted(written & self._before.keys() | gone):
                self._restore(path, certain=writers.get(path) == {"kernel"})
        except OSError as error:
            step = f"The files as they were are in `{self.home}`: copy them back from there."
            raise StorageError(f"{error.filename} can't be put back: {error.strerror}.", step) from error

    def close(self) -> None:
        """Remove the copies that nobody needs."""
        untouched = self._copies.keys() - self._put_back
        self.left = sorted(path for path in untouched if _state_of(path) != self._before[path])
        self.changed = [path for path in self.too_large if _state_of(path) != self._before[path]]
        for path in self._copies.keys() - set(self.left):
            self._copies[path].unlink(missing_ok=True)
        for folder, _, _ in os.walk(self.home, topdown=False):
            with suppress(OSError):  # something is left in it
                os.rmdir(folder)

    def _place(self, when: str, path: str) -> Path:
        place = self.home / when / relative(path, self._project).replace(":", "").lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _copy(self, path: str) -> bool:
        copy = self._place("before", path)
        try:
            shutil.copy2(path, copy, follow_symlinks=False)
        except (FileNotFoundError, PermissionError):  # gone by now; what can't be read is seldom written
            return False
        self._copies[path] = copy
        return True

    def _is_known(self, path: str) -> bool:
        """Whether it would be in `_before` if it had been there: not behind a link, say."""
        root = next((root for root in self._roots if path.startswith(root + os.sep)), None)
        if root is None or not SKIPPED.isdisjoint(PurePath(path).relative_to(root).parts):
            return False
        folders = [str(folder) for folder in PurePath(path).parents if str(folder).startswith(root + os.sep)]
        return all(folder not in self._before or self._is_folder(folder) for folder in folders)

    def _is_folder(self, path: str) -> bool:
        return path in self._before and self._before[path] is None

    def _restore(self, path: str, certain: bool) -> None:
        copy = self._copies.get(path)
        if self._is_folder(path):
            os.makedirs(path, exist_ok=True)
        elif copy is not None:
            self._put_back.add(path)
            if not _is_same(copy, path):
                self._take_away(path, certain)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                shutil.copy2(copy, path, follow_symlinks=False)
            shutil.copystat(copy, path, follow_symlinks=False)

    def _take_away(self, path: str, certain: bool) -> None:
        """A folder only where it is empty: what else is in it is the user's."""
        if os.path.isdir(path) and not os.path.islink(path):
            with suppress(OSError):
                os.rmdir(path)
        elif os.path.lexists(path) and certain:
            os.unlink(path)
        elif os.path.lexists(path):
            self.doubtful[path] = None
            shutil.move(path, self._place("after", path))


@contextmanager
def kept_safe(project: Path, folder: Path) -> Iterator[Originals]:
    """Copies of the files of a project and of the notebook's folder; StorageError where there is no room for them."""
    home = store_of(project) / "aside" / f"{_PREFIX}{os.getpid()}-{new_session_id()}"
    try:
        prepare_store(project)
        home.mkdir(parents=True)
        originals = Originals(home, project, dict.fromkeys((folder, project)))
    except OSError as error:
        shutil.rmtree(home, ignore_errors=True)
        problem = f"The project's files can't be copied before the notebook runs: {error}."
        step = "Free some space, or record a run that may change them with `jrepro record`."
        raise StorageError(problem, step) from error
    try:
        yield originals
    finally:
        originals.close()


def left_by_earlier_runs(project: Path) -> list[Path]:
    """Folders with copies whose process has gone: it was killed, or told where they are."""
    import psutil

    found = sorted((store_of(project) / "aside").glob(f"{_PREFIX}*"))
    return [home for home in found if not psutil.pid_exists(int(home.name[len(_PREFIX) :].partition("-")[0]))]


def _writers(executions: Iterable[CellExecution], project: Path) -> dict[str, set[str]]:
    """Absolute path -> who wrote it, in `FileAccess.by`'s words."""
    found: dict[str, set[str]] = {}
    for execution in executions:
        for access in execution.own_files:
            if access.mode not in ("read", "list"):
                found.setdefault(os.path.normpath(project / access.path), set()).add(access.by)
    return found


def _look(roots: Iterable[str]) -> dict[str, _State]:
    """What is below the roots, the nearest first. Links aren't followed, installations not looked into."""
    found: dict[str, _State] = {}
    waiting = deque(roots)
    while waiting and len(found) < _MOST_ENTRIES:
        folder = waiting.popleft()
        try:
            names = os.listdir(folder)
        except OSError:
            names = list(_ENVIRONMENTS)
        if not _ENVIRONMENTS.isdisjoint(names):
            found[folder] = _NOTHING
            continue
        for path in (os.path.join(folder, name) for name in names if name not in SKIPPED):
            if path not in found:
                found[path] = _state_of(path)
                waiting += [path] if found[path] is None else []
    return found


def _state_of(path: str) -> _State:
    try:
        status = os.lstat(path)
    except OSError:
        return _NOTHING
    return None if stat.S_ISDIR(status.st_mode) else (status.st_ino, status.st_size, status.st_mtime_ns)


def _sizes(states: dict[str, _State]) -> Iterator[tuple[int, str]]:
    """Of regular files and of links: others may block, or never end."""
    for path, state in states.items():
        if state is not None and (os.path.islink(path) or os.path.isfile(path)):
            yield state[1], path


def _is_same(copy: Path, path: str) -> bool:
    if copy.is_symlink() or os.path.islink(path):
        return copy.is_symlink() and os.path.islink(path) and os.readlink(copy) == os.readlink(path)
    hasher = FileHasher()
    return (digest := hasher.digest(copy)) is not None and digest == hasher.digest(path)
