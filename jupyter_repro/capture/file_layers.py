"""All that looks at files around an execution: the audit hook, the file watch, and what they leave to be guessed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from jupyter_repro.capture.audit import Audit, working_directory
from jupyter_repro.capture.closure import Reach
from jupyter_repro.capture.files import FileEvidence
from jupyter_repro.capture.folders import add_many, without_many
from jupyter_repro.capture.locality import is_users_file
from jupyter_repro.capture.sweep import State, sweep
from jupyter_repro.capture.watch.children import Children
from jupyter_repro.capture.watch.events import ARRIVED, CHANGED, LEFT
from jupyter_repro.capture.watch.meaning import Circumstances, add_watched, is_data
from jupyter_repro.capture.watch.named import Named, folders_in_text, folders_in_values, named
from jupyter_repro.capture.watch.watch import FileWatch
from jupyter_repro.config import relative
from jupyter_repro.lineage.names import Names

# Libraries whose readers and writers are written in C: the audit hook doesn't see their files.
_NATIVE = frozenset(
    "pyarrow tensorflow keras torch cv2 h5py netCDF4 xarray polars duckdb soundfile osgeo lxml pandas".split()
)
_PATH = re.compile(r"[\w~.-]*[./][\w~./-]*\w")  # in a text that a child interprets
_MOST_PATHS = 200
_MOST_FOLDERS = 50  # outside of the project, after one execution


class Meanwhile(NamedTuple):
    """Places that were written between two executions, by work that earlier ones left running."""

    own: set[str]
    by_children: set[str]
    spawner: int  # the last execution that had children


class FileLayers:
    def __init__(self, project: Path, audit: Audit, notebook: str | None) -> None:
        self.project = project
        self.audit = audit
        self.watch = FileWatch(str(project))
        self.watch.start()
        audit.position = self.watch.position
        self._notebook = notebook
        self._children = Children()
        self._ordinal = self._spawner = 0
        self._sweep: dict[str, State] | None = None
        self.started = 0.0

    def stop(self) -> None:
        self.audit.position = int
        self.watch.stop()

    # --- around a cell -----------------------------------------------------------------------------------------------

    def meanwhile(self) -> Meanwhile:
        """What happened until now isn't the next cell's."""
        events = self.watch.begin()
        own, others = set[str](), set[str]()
        for event in events:
            if event.kinds & CHANGED and is_data(event, self._notebook):
                kinds = ("file", "entry") if event.kinds & (ARRIVED | LEFT) else ("file",)
                name = relative(event.path, self.project)
                (others if event.process == "other" else own).update(f"{kind}:{name}" for kind in kinds)
        return Meanwhile(own, others if others and self._children.ran() else set(), self._spawner or self._ordinal)

    def begin(self, ordinal: int, source: str) -> None:
        """Before a cell runs."""
        self._ordinal = ordinal
        self._children.begin()
        self._sweep = None
        self.started = time.time()
        directory = working_directory()
        if not self.watch.sees(directory):
            self._watch(named(directory))
        self._watch(folders_in_text(source, directory))
        self.audit.begin()

    def before_first_child(self) -> None:
        if not self.watch.sees_all:
            with self.audit.paused():
                self._sweep = sweep(str(self.project), working_directory())

    def end(self) -> None:
        """When it has run, before the reply."""
        self.audit.end()
        self._children.end()

    def _watch(self, folders: Iterable[Named]) -> None:
        for folder, deep in folders:
            self.watch.add(folder, deep)

    # --- when nobody waits -------------------------------------------------------------------------------------------

    def watch_values(self, values: Iterable[object]) -> None:
        """The folders that paths among these values name: a later cell will use them."""
        self._watch(folders_in_values(values))

    def collect(self, names: Names, reach: Reach) -> FileEvidence:
        """What the execution read and wrote, as far as any layer tells."""
        files = self._told(names)
        directory = working_directory()
        variables = files.add_commands(names.commands, directory)
        files.reads |= {f"env:{variable}" for variable in variables}
        self._add_seen(files)
        all_seen = self.watch.sees_all and not files.lost
        if names.calls:
            native = bool(_NATIVE & reach.modules) or files.spawned
            texts = names.strings | reach.strings
            files.add_literals(
                texts, directory, self.started, lambda path: native and not (all_seen and self.watch.sees(path))
            )
        self._add_children(files, names, reach, directory, all_seen)
        self._watch_outside(files)
        return files

    def _told(self, names: Names) -> FileEvidence:
        """By the audit hook."""
        files, told = FileEvidence(self.project, self.watch.layer), self.audit.told()
        files.add_events(told.events, bool(names.commands))
        add_many(files, told.many)
        files.reads |= {"cwd:"} if told.relative else set()
        for folder in sorted(self.audit.globbed):
            if is_users_file(folder) and os.path.isdir(folder):
                files.note(folder, "list")
        return files

    def _add_seen(self, files: FileEvidence) -> None:
        events, complete = self.watch.take()
        files.lost = not complete
        files.had_children = files.spawned or (any(event.process != "own" for event in events) and self._children.ran())
        if files.had_children:
            self._spawner = self._ordinal
        circumstances = Circumstances(
            started=self.started,
            children=files.had_children,
            listed=self.audit.listed,
            overwritten=self.audit.overwritten,
            notebook=self._notebook,
        )
        add_watched(files, without_many(files, events, files.had_children), circumstances)
        if self._sweep is not None:
            before, self._sweep = self._sweep, None
            files.add_sweep(before, sweep(str(self.project), working_directory()))

    def _add_children(self, files: FileEvidence, names: Names, reach: Reach, directory: str, all_seen: bool) -> None:
        """What children read is seen, or else unknown; that they asked whether a file is there is always unseen."""
        if files.lost:
            files.reads.add("file:*")
        if not files.had_children or files.text_tells:
            return
        texts = names.commands or sorted(names.strings | reach.strings)
        if all_seen:
            paths = islice((path for text in texts for path in _PATH.findall(text)), _MOST_PATHS)
            files.reads |= {files.place("path", os.path.join(directory, os.path.expanduser(path))) for path in paths}
        elif files.spawned and (names.commands or "python" in " ".join((*reach.words, *texts))):
            files.reads.add("file:*")

    def _watch_outside(self, files: FileEvidence) -> None:
        """From now on, children and C code may use what Python code has used."""
        folders = {os.path.dirname(path) for path in files.modes} | files.many.keys()
        unseen = (folder for folder in sorted(folders) if not self.watch.sees(folder))
        self._watch(Named(folder, deep=False) for folder in islice(unseen, _MOST_FOLDERS))
