"""What the file watch's events mean for the record: which files an execution read and wrote, and who did it for it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from jupyter_repro.capture.audit import absolute_path
from jupyter_repro.capture.files import By, FileEvidence
from jupyter_repro.capture.locality import is_users_file
from jupyter_repro.capture.sweep import SKIPPED
from jupyter_repro.capture.watch.events import ACCESS, ARRIVED, CLOSE_WRITE, LEFT, MODIFY, MOVED_TO, OPEN, FileEvent

_TICK = 0.01  # seconds that a file system's clock may be late


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """Of one execution. `listed` and `overwritten` are the audit hook's: see `Audit`."""

    started: float
    children: bool  # it had some
    listed: Collection[str]
    overwritten: Mapping[str, int]
    notebook: str | None  # Jupyter saves it at any time


def is_data(event: FileEvent, notebook: str | None) -> bool:
    folder, name = os.path.split(event.path)
    if name in SKIPPED or not is_users_file(event.path):
        return False
    if event.process == "own" or notebook is None or folder != os.path.dirname(notebook):
        return True
    return not name.endswith(os.path.basename(notebook))  # it is written to .~name first


def add_watched(files: FileEvidence, events: Iterable[FileEvent], circumstances: Circumstances) -> None:
    """Complete what the audit hook saw, which `files` holds already."""
    _Interpretation(files, list(events), circumstances).interpret()


class _Interpretation:
    def __init__(self, files: FileEvidence, events: list[FileEvent], circumstances: Circumstances) -> None:
        self.files = files
        self.of = circumstances
        events = [event for event in events if is_data(event, circumstances.notebook)]
        self.changed = {event.path for event in events if event.kinds & (MODIFY | ARRIVED)}
        self.strangers = [event for event in events if event.process == "other" and not circumstances.children]
        self.events = [event for event in events if event.process != "other" or circumstances.children]
        self.made = {event.path for event in self.events if event.kinds & ARRIVED}
        self.real_folders: dict[str, str] = {}
        self.known_as = {self._real(path): path for path in files.modes}
        self.import_path = {absolute_path(folder) for folder in sys.path}

    def interpret(self) -> None:
        for event in self.events:
            (self._folder if event.is_folder else self._file)(event, self._by(event))
        for event in self.strangers:
            self._by_a_stranger(event)

    def _by(self, event: FileEvent) -> By:
        """What the layer doesn't tell is taken for a child's where there were children."""
        if event.process == "own" or event.path in self.files.modes or not self.of.children:
            return "kernel"
        return "child"

    def _by_a_stranger(self, event: FileEvent) -> None:
        """It isn't the execution's, but a change may explain what it found."""
        if event.is_folder or not event.path.startswith(str(self.files.project) + os.sep):
            return
        if event.kinds & LEFT and not os.path.lexists(event.path):
            self.files.strange[event.path] = "delete"
        elif event.kinds & (MODIFY | ARRIVED):
            self.files.strange[event.path] = "write"

    # --- folders -----------------------------------------------------------------------------------------------------

    def _folder(self, event: FileEvent, by: By) -> None:
        files, path = self.files, event.path
        if event.kinds & ACCESS and (event.process == "other" or path not in self.of.listed):
            self._listed(path, by)
        if event.kinds & (ARRIVED | LEFT):
            files.writes.add(files.place("entry", path))
            files.read_folders(path)

    def _listed(self, path: str, by: By) -> None:
        files = self.files
        if by == "kernel" or path not in self.import_path:  # where a Python child looks for modules
            files.note(path, "list", self.files.layer, by)
        if by == "kernel" or not files.text_tells:
            files.reads.add(files.place("glob", os.path.join(path, "*")))
        self._unseen_by_audit(path)

    # --- files -------------------------------------------------------------------------------------------------------

    def _file(self, event: FileEvent, by: By) -> None:
        path, kinds = event.path, event.kinds
        name = self.known_as.get(self._real(path), path)
        if name != path and self._mirror(name, event):
            return
        known = self.files.modes.get(path, set())
        gone = not os.path.lexists(path)
        if gone and kinds & ARRIVED:
            self.files.made.add(path)  # a temporary file
        elif gone and kinds & LEFT:
            if "delete" not in known:
                self._removed(path, by)
        elif "write" not in known and self._is_written(event):
            self._wrote(event, by)
        elif kinds & OPEN and "read" not in known and self._is_read(event, known):
            self.files.read(path, self.files.layer, by)
            self._unseen_by_audit(path)

    def _mirror(self, name: str, event: FileEvent) -> bool:
        """Whether the audit hook saw it, by the name that the cell used: a link's. Then it has one more place."""
        files, modes = self.files, self.files.modes[name]
        if "read" in modes:
            files.reads |= {files.place("file", event.path), files.place("entry", event.path)}
        if "write" in modes and event.kinds & MODIFY:
            files.writes.add(files.place("file", event.path))
        return ("write" if event.kinds & MODIFY else "read") in modes

    def _removed(self, path: str, by: By) -> None:
        files = self.files
        files.note(path, "delete", self.files.layer, by)
        both = {files.place("file", path), files.place("entry", path)}
        files.reads |= both
        files.writes |= both
        self._unseen_by_audit(path)

    def _wrote(self, event: FileEvent, by: By) -> None:
        files, path = self.files, event.path
        made = bool(event.kinds & ARRIVED)
        files.wrote(path, made, self.files.layer, by)
        self._unseen_by_audit(path)
        replaced = made and event.kinds & MOVED_TO and event.kinds & OPEN  # it may have been opened before
        if (replaced or path not in self.made) and not self._is_new_content(event, by):
            files.reads |= {files.place("file", path), files.place("entry", path)}  # it may only have been changed

    def _is_new_content(self, event: FileEvent, by: By) -> bool:
        """Whether what was in the file before this execution can't have mattered to this event."""
        if event.path in self.files.made or (by != "kernel" and self.files.text_tells):
            return True
        return event.position > self.of.overwritten.get(event.path, event.position)

    def _is_written(self, event: FileEvent) -> bool:
        if event.kinds & (MODIFY | ARRIVED):
            return True
        if event.path in self.changed:
            return False
        lag = _TICK if event.kinds & CLOSE_WRITE else 0.0
        try:
            return self.of.started - lag < os.stat(event.path).st_mtime < time.time()  # through a memory map
        except OSError:
            return False

    def _is_read(self, event: FileEvent, known: set[str]) -> bool:
        """Not what this execution has written itself before."""
        if event.path in self.made or event.path in self.files.made:
            return False
        return "write" not in known or event.position <= self.of.overwritten.get(event.path, -1)

    def _unseen_by_audit(self, path: str) -> None:
        self.files.reads.add("cwd:")  # whether the path was relative isn't known
        self.files.read_folders(path)

    def _real(self, path: str) -> str:
        folder, name = os.path.split(path)
        if folder not in self.real_folders:
            self.real_folders[folder] = os.path.realpath(folder)
        real = os.path.join(self.real_folders[folder], name)
        return os.path.realpath(real) if os.path.islink(real) else real
