"""Sessions that really run, in this process: IPython's shell and the recorder's observer; no kernel, no journal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_repro.capture import observer as observer_module
from jupyter_repro.capture.audit import Audit
from jupyter_repro.capture.bindings import Bindings
from jupyter_repro.capture.observer import Observer
from jupyter_repro.capture.seeder import Seeder
from jupyter_repro.lineage.slicing import slice_for
from jupyter_repro.lineage.targets import parse_targets
from jupyter_repro.model import CellExecution, Recording, Session


class LiveSession:
    """`run` executes a cell and gives its evidence; what it raises is part of the session."""

    def __init__(self, shell: InteractiveShell, project: Path) -> None:
        self.shell = shell
        self.names: dict[str, Any] = shell.user_ns
        self.executions: list[CellExecution] = []
        self.code: dict[int, tuple[str, ...]] = {}
        self.seeder = Seeder(0, _fail)
        self.seeder.start(1)
        self.observer = Observer(shell, project, self.seeder)
        self._bindings = Bindings(self.observer.heap, project)

    def run(self, source: str) -> CellExecution:
        begun = CellExecution(
            session="s",
            ordinal=len(self.executions) + 1,
            execution_count=len(self.executions) + 1,
            cell_id=None,
            source=source,
            status="ok",
            started=None,
        )
        late = self.observer.begin(begun.ordinal, source)
        raised = execute(source, self.names)
        self.observer.end()
        begun = replace(begun, status="ok" if raised is None else "error", late=late)
        del raised
        execution, code = self.observer.collect(begun, None)
        self.code.update((label, tuple(sorted(names.words | names.strings))) for label, names in code.items())
        self.executions.append(execution)
        return execution

    def recording(self) -> Recording:
        session = Session(id="s", notebook=None, started="", cwd=".", kernel="", pid=0, seed=None)
        bindings, _ = self._bindings.changes(self.names, thorough=False)
        return Recording(session=session, executions=tuple(self.executions), namespace=bindings, code=self.code)

    def slice(self, *expressions: str) -> list[int]:
        """The ordinals that are kept."""
        recording = self.recording()
        return [kept.ordinal for kept in slice_for(recording, parse_targets(recording, expressions)).kept]


def execute(source: str, names: dict[str, Any]) -> BaseException | None:
    """What the cell raised; a later cell finds what it did until then."""
    try:
        exec(compile(source, "<cell>", "exec"), names)
    except Exception as error:  # noqa: BLE001 - a session goes on after any error
        return error.with_traceback(None)
    return None


def replay(sources: Iterable[str]) -> dict[str, Any]:
    """The names after these cells have run in a fresh namespace."""
    module = ModuleType("__main__")
    with _as_main(module):
        for source in sources:
            execute(source, vars(module))
    return vars(module)


@contextmanager
def live_shell() -> Iterator[InteractiveShell]:
    """A shell whose module is `__main__`, as in a kernel."""
    config = Config()
    config.HistoryManager.enabled = False
    before = sys.modules["__main__"], sys.displayhook, sys.excepthook
    shell = InteractiveShell(config=config)
    try:
        yield shell
    finally:
        sys.modules["__main__"], sys.displayhook, sys.excepthook = before
        with suppress(Exception):
            shell.builtin_trap.deactivate()


@contextmanager
def session_in(shell: InteractiveShell, audit: Audit, project: Path) -> Iterator[LiveSession]:
    for name in [name for name in shell.user_ns if name not in shell.user_ns_hidden and not name.startswith("_")]:
        del shell.user_ns[name]
    with _as_main(shell.user_module), pytest.MonkeyPatch.context() as patch:
        patch.setattr(observer_module, "Audit", lambda on_spawn: audit)
        session = LiveSession(shell, project)
        try:
            yield session
        finally:
            session.observer.stop()
            session.seeder.stop()


@contextmanager
def _as_main(module: ModuleType) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", module)
        yield


def _fail(error: Exception) -> None:
    raise error
