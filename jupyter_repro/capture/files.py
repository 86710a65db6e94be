"""From events to places and file records: what an execution read from and wrote to the file system."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jupyter_repro.capture.audit import SPAWNS, Event
from jupyter_repro.capture.locality import is_users_file
from jupyter_repro.capture.sweep import State
from jupyter_repro.capture.sweep import changed as swept_changes
from jupyter_repro.config import relative
from jupyter_repro.lineage.shell import read_command
from jupyter_repro.model import FileAccess

if TYPE_CHECKING:
    from jupyter_repro.capture.digests import Border

ONLY_LISTED = {"list"}
_UPDATES = ("a", "+")
Mode = Literal["read", "write", "read+write", "delete", "list"]
By = Literal["kernel", "child", "unattributed"]


@dataclass
class FileEvidence:
    project: Path
    layer: str = "sweep"  # of the file watch
    reads: set[str] = field(default_factory=set)  # places
    writes: set[str] = field(default_factory=set)
    modes: dict[str, set[str]] = field(default_factory=dict)  # absolute path -> read, write, delete, list
    seen_by: dict[str, tuple[str, By]] = field(default_factory=dict)  # the layer that saw it first, and whom
    made: set[str] = field(default_factory=set)  # files that weren't there before
    many: dict[str, list[str]] = field(default_factory=dict)  # folder -> very many files in it that were only read
    strange: dict[str, Mode] = field(default_factory=dict)  # what strangers did meanwhile
    spawned: bool = False
    had_children: bool = False
    text_tells: bool = False  # what its children read: they are shell commands that are known
    lost: bool = False  # some of what happened isn't known
    _names: dict[str, str] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)  # those in the project that are read

    def place(self, kind: str, path: str) -> str:
        return f"{kind}:{self.name(path)}"

    def name(self, path: str) -> str:
        known = self._names.get(path)
        if known is None:
            known = self._names[path] = _below(path, str(self.project) + "/") or relative(path, self.project)
        return known

    def add_events(self, events: Iterable[Event], has_commands: bool) -> None:
        for event in events:
            if event.name in SPAWNS:
                self.spawned = True
                self.reads |= {"cwd:"} if has_commands else {"cwd:", "env:*"}
            elif is_users_file(event.path):
                self._add_event(event)

    def _add_event(self, event: Event) -> None:
        self.read_folders(event.path)
        if event.relative:
            self.reads.add("cwd:")
        if event.name == "open":
            self._opened(event)
        elif event.name == "sqlite3.connect":
            self._connected(event)
        elif event.name == "glob.glob":
            self.reads.add(self.place("glob", event.path))
        elif event.name in ("os.scandir", "os.listdir"):
            self._listed(event)
        elif event.name == "os.chdir":
            self.reads.add(self.place("entry", event.path))
        elif event.name == "os.mkdir":
            if not event.existed:
                self.made.add(event.path)
                self.writes.add(self.place("entry", event.path))
        else:
            self._moved(event)

    def _opened(self, event: Event) -> None:
        mode, path = event.mode, event.path
        if os.path.isdir(path):
            self.reads.add(self.place("entry", path))
            return
        if isinstance(mode, str):
            writes = any(letter in mode for letter in "wax+")
            reads = not writes or (any(letter in mode for letter in _UPDATES) and "w" not in mode)
        else:
            writes = bool(event.flags & (os.O_WRONLY | os.O_RDWR))
            reads = not event.flags & os.O_TRUNC and (event.existed or not writes)
        if reads:
            self.read(path)
        if writes:
            self.wrote(path, made=not event.existed)
        if isinstance(mode, str) and "x" in mode:
            self.reads.add(self.place("entry", path))

    def _connected(self, event: Event) -> None:
        """To a database; a new one is written when the first table comes."""
        if event.existed:
            self.read(event.path)
        else:
            self.reads.add(self.place("entry", event.path))
            if os.path.lexists(event.path):
                self.wrote(event.path, made=True)

    def _listed(self, event: Event) -> None:
        if event.other:
            self.note(event.path, "list")
            self.reads.add(f"{self.place('match', event.path)}:{event.other}")
        else:
            self.listed(event.path)

    def _moved(self, event: Event) -> None:
        paths = [path for path in (event.path, event.other) if path]
        if event.name in ("os.link", "os.symlink"):
            self.reads |= {self.place("file", event.path), self.place("entry", event.path)}
            del paths[0]
        for path in paths:
            gone = path == event.path and event.name in ("os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
            self.note(path, "delete" if gone else "write")
            both = {self.place("file", path), self.place("entry", path)}
            self.writes |= both
            self.reads |= both

    # --- what each layer's reports come down to ----------------------------------------------------------------------

    def note(self, path: str, mode: str, seen: str = "audit", by: By = "kernel") -> None:
        self.modes.setdefault(path, set()).add(mode)
        self.seen_by.setdefault(path, (seen, by))

    def read(self, path: str, seen: str = "audit", by: By = "kernel") -> None:
        self.note(path, "read", seen, by)
        self.reads |= {self.place("file", path), self.place("entry", path)}

    def wrote(self, path: str, made: bool, seen: str = "audit", by: By = "kernel") -> None:
        self.note(path, "write", seen, by)
        self.writes.add(self.place("file", path))
        if made:
            self.made.add(path)
            self.writes.add(self.place("entry", path))

    def listed(self, folder: str, seen: str = "audit", by: By = "kernel") -> None:
        self.note(folder, "list", seen, by)
        self.reads.add(self.place("glob", os.path.join(folder, "*")))

    def read_folders(self, path: str) -> None:
        """A file in a folder of the project needs the folder."""
        root = str(self.project)
        while (path := os.path.dirname(path)).startswith(root + os.sep) and path not in self._folders:
            self._folders.add(path)
            self.reads.add(self.place("entry", path))

    # --- where there is no file watch --------------------------------------------------------------------------------

    def add_sweep(self, before: dict[str, State], after: dict[str, State]) -> None:
        """What children did to the project's files."""
        for path, existed, exists in swept_changes(before, after):
            if not is_users_file(path):
                continue
            if after.get(path) != "folder" and before.get(path) != "folder":
                self.note(path, "write" if exists else "delete", "sweep", "child")
            self.writes.add(self.place("file", path))
            if existed != exists:
                self.writes.add(self.place("entry", path))
            self.read_folders(path)

    def add_commands(self, commands: Collection[str], directory: str) -> set[str]:
        """The places that shell commands name; returns the variables that they read."""
        variables: set[str] = set()
        unknown = False
        for text in commands:
            command = read_command(text)
            variables |= command.variables
            unknown |= command.unknown
            for kind, found in (("path", command.paths), ("glob", command.patterns)):
                self.reads |= {self.place(kind, os.path.join(directory, os.path.expanduser(path))) for path in found}
        self.text_tells = bool(commands) and not unknown
        if unknown:
            self.reads.add("env:*")
        return variables

    def add_literals(
        self, texts: Iterable[str], directory: str, started: float, is_unseen: Callable[[str], bool]
    ) -> None:
        """Texts that name files: nothing sees who asks whether one is there.

        `is_unseen` says where opening it may go unseen, too; then it was opened.
        """
        for text in texts:
            if not (0 < len(text) < 150) or "\n" in text or "\0" in text:
                continue
            path = os.path.abspath(os.path.join(directory, text))
            exists = os.path.lexists(path)
            if path in self.modes or (not exists and "." not in text and "/" not in text):
                continue
            self.reads.add(self.place("path", path))
            if exists and is_users_file(path) and is_unseen(path):
                self._add_unseen(path, started)

    def _add_unseen(self, path: str, started: float) -> None:
        if os.path.isdir(path):
            self.reads.add(self.place("tree", path))
            return
        if not os.path.isfile(path):
            return
        if os.stat(path).st_mtime >= started:
            self.note(path, "write", "literal")
            self.writes |= {self.place("file", path), self.place("entry", path)}
        else:
            self.note(path, "read", "literal")

    # --- records -----------------------------------------------------------------------------------------------------

    def records(self, border: Border) -> tuple[FileAccess, ...]:
        """With digests of what was read or written, as far as they are known at once; without folders that were
        only listed.
        """
        own = [self._record(path, modes, border) for path, modes in sorted(self.modes.items()) if modes != ONLY_LISTED]
        others = [
            FileAccess(path=self.name(path), mode=mode, by="unattributed", seen=self.layer)
            for path, mode in sorted(self.strange.items())
        ]
        return (*(record for record in own if record is not None), *others)

    def _record(self, path: str, modes: set[str], border: Border) -> FileAccess | None:
        """None for a file that came and went, and for one that was looked for in vain."""
        mode, (seen, by), name = _mode(modes), self.seen_by[path], self.name(path)
        try:
            status = os.stat(path)
        except OSError:
            is_nothing = path in self.made or modes == {"read"}
            return None if is_nothing else FileAccess(path=name, mode=mode, by=by, seen=seen)
        digest, changed = border.hash(path, name, status, mode)
        return FileAccess(
            path=name,
            mode=mode,
            digest=digest,
            size=status.st_size,
            mtime=status.st_mtime,
            by=by,
            seen=seen,
            changed=changed,
        )


def _below(path: str, root: str) -> str | None:
    """Of 100,000 files, paths as objects would take seconds."""
    return path[len(root) :] if os.sep == "/" and path.startswith(root) and "/." not in path else None


def _mode(modes: set[str]) -> Mode:
    if "delete" in modes and "write" not in modes:
        return "delete"
    if "write" in modes:
        return "read+write" if "read" in modes else "write"
    return "read" if "read" in modes else "list"
