"""Python's own report of what a cell does with files and processes.

An audit hook can never be removed, so there is one for the process, which costs a set lookup an event and can be idle.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from jupyter_repro.capture.locality import LIBRARY_ROOTS
from jupyter_repro.capture.many import MANY
from jupyter_repro.capture.unaudited import spare_deepcopy

SPAWNS = frozenset(("subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "pty.spawn"))
_LISTINGS = frozenset(("os.scandir", "os.listdir"))
_MOVES = frozenset(
    "os.rename os.remove os.rmdir os.mkdir os.chdir os.link os.symlink os.truncate shutil.rmtree glob.glob".split()
)
_COMPILED = (".pyc", ".so")
_LIBRARIES = tuple(root + os.sep for root in LIBRARY_ROOTS)
_FOLDER_ARGUMENT = {"os.remove": 1, "os.rmdir": 1, "os.mkdir": 2, "os.rename": 2, "os.link": 2}
_CREATING = frozenset("wax+")  # letters of a mode
_UPDATING = os.O_CREAT | os.O_WRONLY | os.O_RDWR
_SPECIAL = ("", ".", "..")
_UNNAMED = getattr(os, "O_TMPFILE", 0)
_WATCHED = SPAWNS | _LISTINGS | _MOVES | {"open", "sqlite3.connect"}


class Event(NamedTuple):
    name: str
    path: str = ""
    other: str = ""  # the second path of a rename or link; the regular expression of a listing
    mode: str | None = None  # of open()
    flags: int = 0
    existed: bool = True  # before
    relative: bool = False  # it was found from the working directory


class Told(NamedTuple):
    events: list[Event]
    many: list[str]  # absolute paths of files that were only read
    relative: bool  # some of them were found from the working directory


_listener: Audit | None = None
_installed = False


def _report(name: str, arguments: tuple[Any, ...]) -> None:
    if name not in _WATCHED or _listener is None:
        return
    try:
        if name == "open":
            path, mode, flags = arguments
            if type(path) is str and type(flags) is int and not flags & _UPDATING:
                _listener._opened[arguments] = None  # at most this for each of thousands; told apart after the reply
            else:
                _listener._note_open(name, path, mode, flags)
        else:
            _listener._note(name, arguments)
    except Exception:  # noqa: BLE001 - it would surface in the user's open(); suppress() is slow
        pass


class Audit:
    """Collects events from `begin` to `end`, each once. `on_spawn` is called before the first child of a cell."""

    def __init__(self, on_spawn: Callable[[], None]) -> None:
        global _installed  # noqa: PLW0603 - one hook a process
        self.position: Callable[[], int] = int  # of the file watch
        self._on_spawn = on_spawn
        self._forget()
        if not _installed:
            sys.addaudithook(_report)
            spare_deepcopy()
            _installed = True

    def _forget(self) -> None:
        self.listed: set[str] = set()  # folders that Python code listed, the import system too
        self.globbed: set[str] = set()  # those that the module glob listed: the pattern has an event of its own
        self.overwritten: dict[str, int] = {}  # files that were there before, and the position at which that was over
        self._events: dict[Event, None] = {}
        self._read: dict[tuple[str, str | None, int, str], None] = {}  # (path, mode, flags, working directory)
        self._opened: dict[tuple[str, str | None, int], None] = {}  # the same from the present working directory
        self._spawned = False

    def begin(self) -> None:
        global _listener  # noqa: PLW0603 - one cell runs at a time
        self._forget()
        _listener = self

    def end(self) -> None:
        global _listener  # noqa: PLW0603
        _listener = None
        self._place_opened()

    def _place_opened(self) -> None:
        """Relative paths are meant from where the process is now."""
        opened, self._opened = self._opened, {}
        directory = working_directory() if opened else ""
        for path, mode, flags in opened:
            if not (path.endswith(_COMPILED) or path.startswith(_LIBRARIES)):  # an import opens hundreds of these
                self._read[path, mode, flags, directory] = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While we look at files ourselves."""
        global _listener  # noqa: PLW0603
        before, _listener = _listener, None
        try:
            yield
        finally:
            _listener = before

    @property
    def events(self) -> list[Event]:
        """In no order: what was only read comes last."""
        return [*self._events, *(_reading(*each) for each in self._read)]

    def told(self) -> Told:
        """The events; files that were only read are told apart where they are very many."""
        if len(self._read) <= MANY:
            return Told(self.events, [], False)
        touched = {path for event in self._events for path in (event.path, event.other)}
        events, many = dict(self._events), dict[str, None]()
        folders: dict[tuple[str, str], str] = {}
        for reading in self._read:
            path, directory = reading[0], reading[3]
            name = path.rpartition(os.sep)[2]
            folder = path[: len(path) - len(name)]
            known = folders.get((folder, directory))
            if known is None:  # of 100,000 files, a path for each would take seconds
                known = folders[folder, directory] = _reading(path, None, 0, directory).path.rpartition(os.sep)[0]
            absolute = f"{known}{os.sep}{name}"
            if name in _SPECIAL or absolute in touched:
                events[_reading(*reading)] = None
            else:
                many[absolute] = None
        return Told(list(events), list(many), not all(os.path.isabs(folder) for folder, _ in folders))

    def _note(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name in SPAWNS:
            if not self._spawned:
                self._spawned = True
                self._on_spawn()
            self._add(Event(name))
        elif name in _LISTINGS:
            self._note_listing(name, arguments)
        elif name == "sqlite3.connect":
            self._note_open(name, _database(arguments[0]), None, 0)
        else:
            self._note_move(name, arguments)

    def _note_move(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "os.chdir":  # it comes before the process goes there
            self._place_opened()
        paths = [os.fsdecode(each) for each in arguments[:2] if isinstance(each, (str, bytes, os.PathLike))]
        absolute = [absolute_path(_within(path, name, arguments)) for path in paths]
        if name == "os.symlink":
            absolute[0] = os.path.normpath(os.path.join(os.path.dirname(absolute[1]), paths[0]))
        other = absolute[1] if len(absolute) > 1 and name in ("os.rename", "os.link", "os.symlink") else ""
        existed = os.path.lexists(other or absolute[0])
        self._add(Event(name, absolute[0], other, existed=existed, relative=not os.path.isabs(paths[0])))

    def _note_open(self, name: str, path: Any, mode: Any, flags: Any) -> None:
        if type(path) is not str:
            if not isinstance(path, (bytes, os.PathLike)):
                return
            path = os.fsdecode(path)
        if path.endswith(_COMPILED) or path.startswith(_LIBRARIES):
            return
        flags = flags or 0
        if flags & _UNNAMED == _UNNAMED != 0:
            return  # a temporary file without a name
        if _may_create(name, mode, flags):
            self._note_write(name, path, mode, flags)
        else:
            self._opened[path, mode, flags] = None

    def _note_write(self, name: str, path: str, mode: str | None, flags: int) -> None:
        absolute = absolute_path(path)
        existed = os.path.lexists(absolute)
        if existed and absolute not in self.overwritten:
            self.overwritten[absolute] = self.position()
        self._add(Event(name, absolute, "", mode, flags, existed, not os.path.isabs(path)))

    def _note_listing(self, name: str, arguments: tuple[Any, ...]) -> None:
        folder = arguments[0]
        if folder is not None and not isinstance(folder, (str, bytes, os.PathLike)):
            return
        text = os.fsdecode(folder or ".")
        absolute = absolute_path(text)
        self.listed.add(absolute)
        frame = sys._getframe(3)  # whoever lists, behind _note, _report and this
        module = frame.f_globals.get("__name__", "")
        if module == "glob":
            self.globbed.add(absolute)
            return
        if module.startswith(("importlib", "_frozen")):
            return
        self._add(Event(name, absolute, _pathlib_pattern(frame), relative=not os.path.isabs(text)))

    def _add(self, event: Event) -> None:
        self._events[event] = None


def working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return os.sep


def absolute_path(path: str) -> str:
    """Also where the working directory was deleted: os.path.abspath fails there."""
    return os.path.normpath(os.path.join(working_directory(), path))


def _reading(path: str, mode: str | None, flags: int, directory: str) -> Event:
    absolute = os.path.normpath(os.path.join(directory, path))
    return Event("open", absolute, mode=mode, flags=flags, relative=not os.path.isabs(path))


def _database(path: Any) -> Any:
    """The file of an SQLite database; None where it is in memory."""
    text = os.fsdecode(path)
    if text.startswith("file:"):
        text = unquote(urlsplit(text).path)
    return None if text in ("", ":memory:") else text


def _within(path: str, name: str, arguments: tuple[Any, ...]) -> str:
    """A path relative to an open folder: shutil.rmtree removes so."""
    position = _FOLDER_ARGUMENT.get(name)
    folder = arguments[position] if position is not None and position < len(arguments) else -1
    if not isinstance(folder, int) or folder < 0:
        return path
    return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)


def _may_create(name: str, mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return not _CREATING.isdisjoint(mode)
    return name == "sqlite3.connect" or bool(flags & _UPDATING)


def _pathlib_pattern(frame: Any) -> str:
    """The regular expression of a `Path.glob` that is listing, "" where none is known (then all entries matter)."""
    while frame is not None and frame.f_globals.get("__name__", "").startswith("pathlib"):
        match = getattr(frame.f_locals.get("self"), "match", None)
        pattern = getattr(getattr(match, "__self__", None), "pattern", None)
        if isinstance(pattern, str):
            return pattern
        frame = frame.f_back
    return ""
