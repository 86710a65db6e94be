"""Python's own report of what a cell does with files and processes.

An audit hook can never be removed, so it is installed once, costs one set lookup an event, and can be switched off.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from jupyter_repro.capture.locality import LIBRARY_ROOTS

SPAWNS = frozenset(("subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "pty.spawn"))
_LISTINGS = frozenset(("os.scandir", "os.listdir"))
_MOVES = frozenset(
    "os.rename os.remove os.rmdir os.mkdir os.chdir os.link os.symlink os.truncate shutil.rmtree glob.glob".split()
)
_COMPILED = (".pyc", ".so")
_LIBRARIES = tuple(root + os.sep for root in LIBRARY_ROOTS)
_FOLDER_ARGUMENT = {"os.remove": 1, "os.rmdir": 1, "os.mkdir": 2, "os.rename": 2, "os.link": 2}
_WATCHED = SPAWNS | _LISTINGS | _MOVES | {"open", "sqlite3.connect"}


class Event(NamedTuple):
    name: str
    path: str = ""
    other: str = ""  # the second path of a rename or link; the regular expression of a listing
    mode: str | None = None  # of open()
    flags: int = 0
    existed: bool = True  # before
    relative: bool = False  # it was found from the working directory


class Audit:
    """Collects events while `active`. `on_spawn` is called before the first child of a cell starts."""

    def __init__(self, on_spawn: Callable[[], None]) -> None:
        self.active = False
        self.events: list[Event] = []
        self._on_spawn = on_spawn
        sys.addaudithook(self._hook)

    def begin(self) -> None:
        self.events = []
        self.active = True

    def end(self) -> list[Event]:
        self.active = False
        return self.events

    def _hook(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name not in _WATCHED or not self.active:
            return
        with suppress(Exception):  # it would surface in the user's open()
            self._note(name, arguments)

    def _note(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name in SPAWNS:
            if not any(event.name in SPAWNS for event in self.events):
                self._on_spawn()
            self.events.append(Event(name))
        elif name in _LISTINGS:
            self._note_listing(name, arguments)
        elif name in ("open", "sqlite3.connect"):
            self._note_open(name, arguments)
        else:
            paths = [os.fsdecode(each) for each in arguments[:2] if isinstance(each, (str, bytes, os.PathLike))]
            absolute = [os.path.abspath(_within(path, name, arguments)) for path in paths]
            other = absolute[1] if len(absolute) > 1 and name in ("os.rename", "os.link", "os.symlink") else ""
            existed = os.path.lexists(other or absolute[0])
            self.events.append(Event(name, absolute[0], other, existed=existed, relative=not os.path.isabs(paths[0])))

    def _note_open(self, name: str, arguments: tuple[Any, ...]) -> None:
        path = arguments[0]
        if isinstance(path, str) and (path.endswith(_COMPILED) or path.startswith(_LIBRARIES)):
            return  # an import opens hundreds of these
        if not isinstance(path, (str, bytes, os.PathLike)) or path in ("", ":memory:"):
            return
        text = os.fsdecode(path)
        mode, flags = (arguments[1], arguments[2]) if len(arguments) > 2 else (None, 0)
        relative = not os.path.isabs(text)
        text = os.path.abspath(text) if relative else os.path.normpath(text)
        existed = not _may_create(name, mode, flags) or os.path.lexists(text)
        self.events.append(Event(name, text, mode=mode, flags=flags or 0, existed=existed, relative=relative))

    def _note_listing(self, name: str, arguments: tuple[Any, ...]) -> None:
        frame = sys._getframe(3)  # whoever lists, behind _note, _hook and this
        module = frame.f_globals.get("__name__", "")
        if module == "glob" or module.startswith(("importlib", "_frozen")):  # glob.glob has an event of its own
            return
        folder = arguments[0]
        if folder is not None and not isinstance(folder, (str, bytes, os.PathLike)):
            return
        text = os.fsdecode(folder or ".")
        relative = not os.path.isabs(text)
        self.events.append(Event(name, os.path.abspath(text), _pathlib_pattern(frame), relative=relative))


def _within(path: str, name: str, arguments: tuple[Any, ...]) -> str:
    """A path relative to an open folder: shutil.rmtree removes so."""
    position = _FOLDER_ARGUMENT.get(name)
    folder = arguments[position] if position is not None and position < len(arguments) else -1
    if not isinstance(folder, int) or folder < 0:
        return path
    return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)


def _may_create(name: str, mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return name == "sqlite3.connect" or bool((flags or 0) & (os.O_CREAT | os.O_WRONLY | os.O_RDWR))


def _pathlib_pattern(frame: Any) -> str:
    """The regular expression of a `Path.glob` that is listing, "" where none is known (then all entries matter)."""
    while frame is not None and frame.f_globals.get("__name__", "").startswith("pathlib"):
        match = getattr(frame.f_locals.get("self"), "match", None)
        pattern = getattr(getattr(match, "__self__", None), "pattern", None)
        if isinstance(pattern, str):
            return pattern
        frame = frame.f_back
    return ""
