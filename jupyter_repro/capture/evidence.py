"""The evidence of one execution, put together from what the observer sees."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from jupyter_repro import objects
from jupyter_repro.capture import ambient
from jupyter_repro.capture.access import access, written
from jupyter_repro.capture.audit import absolute_path
from jupyter_repro.capture.closure import EXISTS, MODULE, Reach
from jupyter_repro.capture.files import FileEvidence
from jupyter_repro.capture.folders import folder_records
from jupyter_repro.capture.heap import Difference
from jupyter_repro.capture.identity import identity
from jupyter_repro.capture.local_modules import Imports
from jupyter_repro.capture.namespace import Namespace
from jupyter_repro.capture.node import ORDER, WHOLE
from jupyter_repro.capture.patches import patched_by_text
from jupyter_repro.capture.randomness import LIBRARIES, encoded_state, state_digest
from jupyter_repro.capture.seeder import Touch
from jupyter_repro.lineage.ambient import Called, ambient_reads
from jupyter_repro.lineage.names import SEEDING, Names
from jupyter_repro.model import AmbientChange, CellExecution, FileAccess, RandomState

if TYPE_CHECKING:
    from jupyter_repro.capture.observer import Observer

_SYNCHRONISING = frozenset("join result wait gather sleep shutdown as_completed".split())
_SYNCHRONISED = frozenset("Task Future Thread Timer ThreadPoolExecutor".split())
_LOST = "It touched more files than the system's queue of events holds: some of what it read and wrote isn't known."
_SCALARS = (int, float, str, bool, bytes, complex, type(None))


class Evidence:
    """The evidence of one execution while it is put together."""

    def __init__(self, observer: Observer, execution: CellExecution, names: Names, reach: Reach) -> None:
        self.observer = observer
        self.execution = execution
        self.names = names
        self.reach = reach
        self.reads = set(reach.places)
        self.writes: set[str] = set()
        self.entropy = observer.seeder.entropy.records()
        self.outside = observer.outside.collect(names, reach, observer.shell.user_ns)
        self.reads |= self.outside.places

    def collect(self) -> CellExecution:
        observer, reach = self.observer, self.reach
        self._note_open_files()  # before the border is looked at: the cell may close them
        imports = observer.look_at_modules()
        stored = self.names.stored | self.names.loads
        known = None if self._may_bind_any() else stored | self._shown_names()
        namespace = observer.namespace()
        self._touch_returned(namespace)
        difference = observer.heap.update(namespace, reach.touched, reach.names | stored, known, reach.columns)
        self._note_mapped_files(difference)
        random, changes, files = self._surroundings(imports)
        observer.files.watch_values(observer.shell.user_ns.get(name) for name in difference.bound | difference.rebound)
        self._note_local_modules(imports, difference)
        if self.execution.execution_count is not None:
            self.writes.add(f"in:{self.execution.execution_count}")
        if difference.cut or not reach.complete:
            self.reads.add("heap:*")
            self.writes.add("heap:*")
            observer.heap.unsure = observer.heap.borders
        observer.background.end(self.execution.ordinal)
        return self._record(difference, imports, random, changes, files)

    def _may_bind_any(self) -> bool:
        """Whether names can be bound behind the text."""
        names = self.names
        return self.reach.runs_user_code or names.acts or names.dynamic or names.waits or bool(names.imports)

    def _shown_names(self) -> set[str]:
        """What IPython binds to what a cell shows."""
        return {"_", "__", "___", f"_{self.execution.execution_count}"}

    def _touch_returned(self, namespace: Namespace) -> None:
        """A value that a name is bound to anew can come to live where its old one lived: it must be looked at."""
        heap, reach = self.observer.heap, self.reach
        again = [
            root
            for name in self.names.stored
            for root in heap.root(name)
            for value in namespace.values((name,))
            if identity(value) == root
        ]
        reach.touched |= heap.reach(again)[0]

    def _surroundings(self, imports: Imports) -> tuple[list[RandomState], list[AmbientChange], FileEvidence]:
        """State outside of the heap. A cell that only moves scalars around can't have touched any."""
        if self._is_inert():
            return [], [], FileEvidence(self.observer.project)
        files = self.observer.files.collect(self.names, self.reach)
        self.reads |= files.reads
        self.writes |= files.writes | imports.places
        self.writes |= self.observer.patches.changes(self.reach.modules)
        self.writes |= patched_by_text(self.names.patched, self.observer.shell.user_ns)
        called = Called(self.reach.words, self.reach.strings, self.reach.modules, self.reach.runs_user_code)
        self.reads |= ambient_reads(self.names, called, self.observer.heap.modules)
        changes, after = self.observer.take_ambient()
        self.reads |= {"ambient:formatters|*"} if after["formatters"] else set()
        self.reads |= ambient.counted(changes)
        self.writes |= ambient.places(changes, after)
        return self._note_random(), [AmbientChange(group=group, key=key) for group, key in changes], files

    def _note_open_files(self) -> None:
        """Touching a file that is open for writing writes it, at the latest when it is closed."""
        nodes = self.observer.heap.nodes
        self._note_written(nodes[each].path for each in self.reach.touched if each in nodes and nodes[each].opaque)

    def _note_mapped_files(self, difference: Difference) -> None:
        """An array in a file's memory writes the file with its elements."""
        nodes = self.observer.heap.nodes
        changed = [nodes[each] for each in self.reach.touched if each in nodes]
        self._note_written(node.path for node in changed if not node.opaque and node.label in difference.parts)

    def _note_written(self, paths: Iterable[str | None]) -> None:
        places = {FileEvidence(self.observer.project).place("file", path) for path in paths if path is not None}
        self.reads |= places
        self.writes |= places

    def _is_inert(self) -> bool:
        names, namespace = self.names, self.observer.shell.user_ns
        if names.acts or names.patched or names.imports or names.dynamic or self.reach.runs_user_code:
            return False
        return all(type(namespace.get(name)) in _SCALARS for name in names.loads)

    def _note_random(self) -> list[RandomState]:
        seeder, looks = self.observer.seeder, self.names.reads_random
        found = []
        for touch in seeder.take(bool(SEEDING & self.reach.words), looks):
            place = f"random:{touch.library}"
            self.reads |= {place} if touch.needs else set()
            self.writes |= {place} if touch.leaves else set()
            found.append(self._random_state(touch))
        if looks:
            self.reads |= {f"random:{library}" for library in LIBRARIES - seeder.streams}
        return found

    def _random_state(self, touch: Touch) -> RandomState:
        return RandomState(
            library=touch.library,
            before=state_digest(touch.before),
            after=state_digest(touch.after),
            seed=touch.seed,
            stream=touch.stream,
            object=objects.put(self.observer.project, encoded_state(touch.before)) if touch.needs else None,
        )

    def _note_local_modules(self, imports: Imports, difference: Difference) -> None:
        heap, project = self.observer.heap, self.observer.project
        for path in imports.local.values():
            self.reads |= {FileEvidence(project).place("file", path), "cwd:"}
            folders = [entry for entry in sys.path if path.startswith(absolute_path(entry) + os.sep)]
            self.reads |= {f"ambient:path|{folder}" for folder in folders}
        for name, module in self.observer.modules.local.items():  # reloaded under the cell's hands
            nodes = [heap.nodes[address] for address in heap.root(MODULE + name) if address in heap.nodes]
            if nodes and nodes[0].label in difference.parts and MODULE + name not in difference.names:
                path = absolute_path(str(module.__file__))
                self.reach.names.add(MODULE + name)
                self.reach.objects.add(nodes[0].label)
                self.reads |= {FileEvidence(project).place("file", path), "ambient:shell|autoreload"}

    def _record(
        self,
        difference: Difference,
        imports: Imports,
        random: list[RandomState],
        changes: list[AmbientChange],
        files: FileEvidence,
    ) -> CellExecution:
        changed = written(difference, self.writes)
        opaque = self._opaque()
        for label in opaque:
            changed.parts.setdefault(str(label), (WHOLE,))
        ordered = [label for label, parts in difference.parts.items() if ORDER in parts]
        reads = access(self.reach.names, self.reach.objects, _with_order(self.reach.parts, ordered), self.reads)
        return replace(
            self.execution,
            reads=reads,
            writes=changed,
            words=tuple(sorted(word for word in self.names.words | self._module_words() if len(word) < 80)),
            names_read=_shown(self.reach.names & self.observer.heap.tokens.keys()),
            bound=_shown(difference.bound),
            rebound=_shown(difference.rebound),
            deleted=_shown(difference.deleted),
            mutated=_shown(self._mutated(difference) - difference.names),
            files=self._file_records(files),
            random=tuple(random),
            entropy=self.entropy,
            ambient=tuple(changes),
            remote=self.outside.remote,
            queries=self.outside.queries,
            modules=tuple(sorted(imports.libraries)),
            synchronises=self._synchronises(),
            shifts="__" in difference.names,
            incomplete=_LOST if files.lost else self.execution.incomplete,
        )

    def _file_records(self, files: FileEvidence) -> tuple[FileAccess, ...]:
        if not (files.modes or files.many or files.strange):
            return ()
        border = self.observer.digests.border(self.execution.ordinal, self.observer.files.started)
        return (*files.records(border), *folder_records(files, border))

    def _opaque(self) -> set[int]:
        """Touched objects that can't be looked into: assumed to have changed."""
        nodes = self.observer.heap.nodes
        return {nodes[address].label for address in self.reach.touched if address in nodes and nodes[address].opaque}

    def _module_words(self) -> set[str]:
        """The real names of modules that it knows by another: `np` is numpy."""
        modules = self.observer.heap.modules
        return {word for name in self.names.loads if name in modules for word in modules[name].split(".")}

    def _mutated(self, difference: Difference) -> set[str]:
        """Names through which something changed that they still are bound to."""
        if not difference.parts:
            return set()
        heap, found = self.observer.heap, set()
        for name in self.reach.names:
            addresses, _ = heap.reach(heap.root(name))
            if any(heap.nodes[address].label in difference.parts for address in addresses):
                found.add(name)
        return found

    def _synchronises(self) -> bool:
        if self.names.waits or _SYNCHRONISING & self.reach.words:
            return True
        nodes = self.observer.heap.nodes
        return any(nodes[each].type_name in _SYNCHRONISED for each in self.reach.touched if each in nodes)


def _with_order(parts: dict[int, set[str]], ordered: Iterable[int]) -> dict[int, set[str]]:
    """Whoever adds a key after others needs those to be there first."""
    for label in ordered:
        parts.setdefault(label, {EXISTS}).add(ORDER)
    return parts


def _shown(names: Iterable[str]) -> tuple[str, ...]:
    """The user's own names: not modules, figures, nor IPython's `_` and `_3`."""
    return tuple(
        sorted(name for name in names if " " not in name and not name.lstrip("_").isdigit() and name.strip("_"))
    )
