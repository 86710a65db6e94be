"""Evidence of one execution: what it may have read, by its text; what it wrote, by what differs between the borders."""

from __future__ import annotations

import resource
import sys
import types
from pathlib import Path
from typing import Any

from jupyter_repro.capture import ambient
from jupyter_repro.capture.access import written
from jupyter_repro.capture.audit import Audit
from jupyter_repro.capture.background import Background
from jupyter_repro.capture.callbacks import CALLBACKS, CallbackWatch
from jupyter_repro.capture.closure import FIGURES, MODULE, Reach, reach_of
from jupyter_repro.capture.code import CodeNames, code_names
from jupyter_repro.capture.digests import Digests
from jupyter_repro.capture.evidence import Evidence
from jupyter_repro.capture.file_layers import FileLayers
from jupyter_repro.capture.heap import Heap
from jupyter_repro.capture.local_modules import Imports, ModuleWatch
from jupyter_repro.capture.namespace import Keys, Namespace
from jupyter_repro.capture.notebook_path import find_notebook
from jupyter_repro.capture.outside import Outside
from jupyter_repro.capture.patches import PatchWatch
from jupyter_repro.capture.seeder import Seeder
from jupyter_repro.lineage.names import Names, read_cell
from jupyter_repro.model import Access, CellExecution, Late

_PLOTTING = frozenset("matplotlib seaborn matplotlib.pyplot pandas".split())
_ARRIVING = frozenset(
    ("env", "path", "logging", "shell", "magic", "signal", "keras names", "formatters")
)  # groups whose new keys are changes


class Observer:
    def __init__(self, shell: Any, project: Path, seeder: Seeder, digests: Digests | None = None) -> None:
        self.shell = shell
        self.project = project
        self.seeder = seeder
        self.heap = Heap()
        self.files = FileLayers(project, Audit(self._before_first_child), find_notebook(shell))
        self.modules = ModuleWatch()
        self.patches = PatchWatch()
        self.background = Background()
        self.digests = digests or Digests(project)
        self.outside = Outside(project)
        self.outside.remote.open_sink = self.digests.keeping.open_body
        self._keys = Keys(shell.user_ns)
        self._callbacks = CallbackWatch(shell)
        self._ambient = ambient.snapshot(shell)
        self._new_local: dict[str, str] = {}
        self._begun = False
        self.heap.update(self.namespace(), set(), ())
        self.outside.start()

    def restart(self) -> None:
        """Forget what is known of the border before: everything is looked at anew, under new labels."""
        self.heap = Heap(self.heap.labels)
        self._keys = Keys(self.shell.user_ns)
        self.heap.update(self.namespace(), set(), ())
        self._ambient = ambient.snapshot(self.shell)
        self.seeder.forget()

    def namespace(self) -> Namespace:
        """What the heap looks at: the user's names, local modules, pyplot's figures."""
        extra: dict[str, Any] = {MODULE + name: module for name, module in self.modules.local.items()}
        if pylab := sys.modules.get("matplotlib._pylab_helpers"):
            extra[FIGURES] = pylab.Gcf.figs
        if callbacks := self._callbacks.users():
            extra[CALLBACKS] = callbacks
        return Namespace(self.shell, self._keys, extra)

    def begin(self, ordinal: int, source: str = "") -> Late | None:
        """Before a cell runs. Gives what background work has changed since the last border."""
        self.digests.later.pause()
        if not self._begun:  # IPython changes the interpreter while a cell runs, such as the one that started us
            self._begun, self._ambient = True, ambient.snapshot(self.shell)
        late = self._look_at_background()
        self.seeder.begin(ordinal)
        self.files.begin(ordinal, source)
        return late

    def _look_at_background(self) -> Late | None:
        owner, meanwhile = self.background.take(), self.files.meanwhile()
        if owner is None:
            places = tuple(sorted(meanwhile.by_children))
            return Late(owner=meanwhile.spawner, writes=Access(places=places)) if places else None
        difference = self.heap.update(self.namespace(), set(self.heap.nodes), list(self.heap.tokens))
        unseen = {"heap:*"} if difference.cut else set[str]()
        writes = written(difference, meanwhile.own | meanwhile.by_children | unseen)
        return Late(owner=owner, writes=writes) if writes != Access() else None

    def pass_over_names(self) -> None:
        """What they are bound to by now is no cell's doing."""
        self.heap.update(self.namespace(), set(), ())

    def _before_first_child(self) -> None:
        self.files.before_first_child()

    def end(self) -> None:
        """When a cell has run, before the reply: later events aren't its own."""
        self.files.end()

    def stop(self) -> None:
        self.outside.stop()
        self.files.stop()

    def collect(self, execution: CellExecution, transformed: str | None) -> tuple[CellExecution, dict[int, CodeNames]]:
        """The execution with its evidence, and the names in functions that it may have called.

        `transformed` is the source as IPython ran it, where it tells.
        """
        names = read_cell(self._transformed(execution.source) if transformed is None else transformed)
        reach = reach_of(names, self.heap, self._magic_code)
        self._reach_figures(names, reach)
        self._reach_callbacks(reach)
        collection = Evidence(self, execution, names, reach)
        return collection.collect(), reach.code

    def _transformed(self, source: str) -> str:
        try:
            return str(self.shell.transform_cell(source))
        except Exception:  # noqa: BLE001 - a syntax error: nothing ran
            return ""

    def _magic_code(self, magic: str) -> CodeNames | None:
        """What a magic of the notebook's own calls."""
        for kind in self.shell.magics_manager.magics.values():
            function = kind.get(magic)
            if isinstance(function, types.FunctionType) and function.__globals__ is self.shell.user_ns:
                return code_names(function.__code__)
        return None

    def _reach_figures(self, names: Names, reach: Reach) -> None:
        if FIGURES in self.heap.tokens and (_PLOTTING & reach.modules) and names.calls:
            reach.merge(reach_of(_reading(FIGURES), self.heap))

    def _reach_callbacks(self, reach: Reach) -> None:
        """The user's own functions that run around each cell run as its part."""
        if CALLBACKS in self.heap.tokens:
            reach.merge(reach_of(_reading(CALLBACKS), self.heap))
            reach.runs_user_code = True

    def look_at_modules(self) -> Imports:
        imports = self.modules.look()
        self._new_local |= imports.local
        return imports

    def new_local_modules(self) -> dict[str, str]:
        """Full names and absolute paths of the project's own modules, each once."""
        found, self._new_local = self._new_local, {}
        return found

    def take_ambient(self) -> tuple[list[tuple[str, str]], ambient.Snapshot]:
        before, after = self._ambient, ambient.snapshot(self.shell)
        self._ambient = after
        changes = [
            (group, key)
            for group, key in ambient.differences(before, after)
            if group in _ARRIVING or not isinstance(after[group], dict) or key in before[group]
        ]
        return changes, after


def _reading(name: str) -> Names:
    names = Names()
    names.use(name)
    return names


def peak_memory() -> int:
    """Of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
