"""From events to places and file records: what an execution read from and wrote to the file system."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from jupyter_repro.capture.audit import SPAWNS, Event
from jupyter_repro.capture.locality import is_library_path
from jupyter_repro.capture.sweep import State
from jupyter_repro.capture.sweep import changed as swept_changes
from jupyter_repro.config import STORE, relative
from jupyter_repro.hashing import FileHasher
from jupyter_repro.lineage.shell import read_command
from jupyter_repro.model import FileAccess

_SYSTEM = ("/proc/", "/dev/", "/sys/", "/usr/", "/etc/", "/tmp/ipykernel_")
_HIDDEN = (f"{os.sep}__pycache__{os.sep}", f"{os.sep}{STORE}{os.sep}", f"{os.sep}site-packages{os.sep}")
_HOME_SETTINGS = os.path.join(os.path.expanduser("~"), ".")
_UPDATES = ("a", "+")


def is_users(path: str) -> bool:
    """Whether a file is the user's: not a library's, a cache, a device, or our own."""
    if path.startswith(_SYSTEM) or is_library_path(path) or path.startswith(_HOME_SETTINGS):
        return False
    return not any(part in path for part in _HIDDEN)


@dataclass
class FileEvidence:
    project: Path
    reads: set[str] = field(default_factory=set)  # places
    writes: set[str] = field(default_factory=set)
    modes: dict[str, set[str]] = field(default_factory=dict)  # absolute path -> read, write, delete, list
    seen_by: dict[str, str] = field(default_factory=dict)
    by_child: set[str] = field(default_factory=set)
    spawned: bool = False

    def place(self, kind: str, path: str) -> str:
        return f"{kind}:{relative(path, self.project)}"

    def add_events(self, events: Iterable[Event], has_commands: bool) -> None:
        for event in events:
            if event.name in SPAWNS:
                self.spawned = True
                self.reads |= {"cwd:"} if has_commands else {"cwd:", "env:*"}
            elif is_users(event.path):
                self._add_event(event)

    def _add_event(self, event: Event) -> None:
        self._read_folders(event.path)
        if event.relative:
            self.reads.add("cwd:")
        if event.name == "open":
            self._opened(event)
        elif event.name == "sqlite3.connect":
            self._note(event.path, "read")
            self.reads |= {self.place("file", event.path), self.place("entry", event.path)}
        elif event.name == "glob.glob":
            self.reads.add(self.place("glob", event.path))
        elif event.name in ("os.scandir", "os.listdir"):
            self._listed(event)
        elif event.name == "os.chdir":
            self.reads.add(self.place("entry", event.path))
        elif event.name == "os.mkdir":
            self.writes |= set() if event.existed else {self.place("entry", event.path)}
        else:
            self._moved(event)

    def _opened(self, event: Event) -> None:
        mode, path = event.mode, event.path
        if isinstance(mode, str):
            writes = any(letter in mode for letter in "wax+")
            reads = not writes or (any(letter in mode for letter in _UPDATES) and "w" not in mode)
        else:
            writes = bool(event.flags & (os.O_WRONLY | os.O_RDWR))
            reads = not event.flags & os.O_TRUNC
        if reads:
            self._note(path, "read")
            self.reads |= {self.place("file", path), self.place("entry", path)}
        if writes:
            self._note(path, "write")
            self.writes.add(self.place("file", path))
            if not event.existed:
                self.writes.add(self.place("entry", path))
        if isinstance(mode, str) and "x" in mode:
            self.reads.add(self.place("entry", path))

    def _listed(self, event: Event) -> None:
        self._note(event.path, "list")
        if event.other:
            self.reads.add(f"{self.place('match', event.path)}:{event.other}")
        else:
            self.reads.add(self.place("glob", os.path.join(event.path, "*")))

    def _moved(self, event: Event) -> None:
        for path in filter(None, (event.path, event.other)):
            gone = path == event.path and event.name in ("os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
            self._note(path, "delete" if gone else "write")
            both = {self.place("file", path), self.place("entry", path)}
            self.writes |= both
            self.reads |= both

    def add_sweep(self, before: dict[str, State], after: dict[str, State]) -> None:
        """What children did to the project's files."""
        for path, existed, exists in swept_changes(before, after):
            if not is_users(path):
                continue
            if after.get(path) != "folder" and before.get(path) != "folder":
                self._note(path, "write" if exists else "delete", "sweep")
                self.by_child.add(path)
            self.writes.add(self.place("file", path))
            if existed != exists:
                self.writes.add(self.place("entry", path))
            self._read_folders(path)

    def add_commands(self, commands: Iterable[str], directory: str) -> set[str]:
        """The places that shell commands name; returns the variables that they read."""
        variables: set[str] = set()
        for text in commands:
            command = read_command(text)
            variables |= command.variables
            if command.unknown:
                self.reads |= {"file:*", "env:*"}
            for kind, found in (("path", command.paths), ("glob", command.patterns)):
                self.reads |= {self.place(kind, os.path.join(directory, os.path.expanduser(path))) for path in found}
        return variables

    def add_literals(self, texts: Iterable[str], directory: str, started: float, native: bool) -> None:
        """Texts that name files: the readers and writers that are written in C say nothing to the audit hook."""
        for text in texts:
            if not (0 < len(text) < 150) or "\n" in text or "\0" in text:
                continue
            path = os.path.abspath(os.path.join(directory, text))
            exists = os.path.lexists(path)
            if path in self.modes or (not exists and "." not in text and "/" not in text):
                continue
            self.reads.add(self.place("path", path))
            if exists and is_users(path) and native:
                self._add_native(path, started)

    def _add_native(self, path: str, started: float) -> None:
        if os.path.isdir(path):
            self.reads.add(self.place("tree", path))
            return
        if not os.path.isfile(path):
            return
        if os.stat(path).st_mtime >= started:
            self._note(path, "write", "literal")
            self.writes |= {self.place("file", path), self.place("entry", path)}
        else:
            self._note(path, "read", "literal")

    def _note(self, path: str, mode: str, seen_by: str = "audit") -> None:
        self.modes.setdefault(path, set()).add(mode)
        self.seen_by.setdefault(path, seen_by)

    def _read_folders(self, path: str) -> None:
        """A file in a folder of the project needs the folder."""
        root = str(self.project)
        while (path := os.path.dirname(path)).startswith(root + os.sep):
            self.reads.add(self.place("entry", path))

    def records(self, hasher: FileHasher) -> tuple[FileAccess, ...]:
        """With digests of what was read or written, as it is now."""
        found = [self._record(path, modes, hasher) for path, modes in sorted(self.modes.items())]
        return tuple(record for record in found if record is not None)

    def _record(self, path: str, modes: set[str], hasher: FileHasher) -> FileAccess | None:
        mode = _mode(modes)
        by: Literal["kernel", "child"] = "child" if path in self.by_child else "kernel"
        name = relative(path, self.project)
        try:
            status = os.stat(path)
        except OSError:
            return FileAccess(path=name, mode=mode, by=by, seen=self.seen_by[path])
        digest = hasher.digest(path) if os.path.isfile(path) else None
        return FileAccess(
            path=name,
            mode=mode,
            digest=digest,
            size=status.st_size,
            mtime=status.st_mtime,
            by=by,
            seen=self.seen_by[path],
        )


def _mode(modes: set[str]) -> Literal["read", "write", "read+write", "delete", "list"]:
    if "delete" in modes and "write" not in modes:
        return "delete"
    if "write" in modes:
        return "read+write" if "read" in modes else "write"
    return "read" if "read" in modes else "list"
