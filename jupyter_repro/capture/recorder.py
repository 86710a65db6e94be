"""One recorded session: IPython's hooks on one side, the journal on the other.

Around a cell only what can't wait is done: a line that it begins, a line that it ended. The evidence is gathered
after the reply, at the latest before the next cell.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_repro import objects
from jupyter_repro.capture.after_reply import AfterReply
from jupyter_repro.capture.answers import AnswerCollector
from jupyter_repro.capture.bindings import Bindings, small_values, take_value
from jupyter_repro.capture.local_modules import imported_libraries
from jupyter_repro.capture.observer import Observer, peak_memory
from jupyter_repro.capture.outputs import OutputCollector, as_notebook_json, as_records
from jupyter_repro.capture.randomness import Seeder
from jupyter_repro.capture.surroundings import start_sidecar
from jupyter_repro.config import relative
from jupyter_repro.hashing import digest
from jupyter_repro.journal import Journal, now, plain
from jupyter_repro.lineage.control import is_control, without_control
from jupyter_repro.model import SCHEMA, Access, Binding, CellError, CellExecution, Late, Module, Session, Status

_FAULT_LENGTH = 800  # characters of a traceback of ours that are kept
_SIDECAR_TIME = 5.0  # seconds that stop() gives it
_INTERRUPTS = (KeyboardInterrupt, asyncio.CancelledError)
_BEFORE = ("session", "ordinal", "execution_count", "cell_id", "source", "status", "started")
_AT_END = (*_BEFORE, "duration", "peak_memory", "error", "answers")


class Recorder:
    def __init__(self, shell: Any, project: Path, session: Session) -> None:
        self.shell = shell
        self.project = project
        self.session = session
        self.journal = Journal(project, session.id)
        self.ordinal = 0
        self.incomplete: str | None = None
        kernel = getattr(shell, "kernel", None)
        self._outputs = OutputCollector(kernel.session) if kernel is not None else None
        self._answers = AnswerCollector(kernel) if kernel is not None else None
        self._after_reply = AfterReply(shell, self.gather, self.settle)
        self._seeder = Seeder(session.seed or 0, self._fault)
        self._depth = 0  # %%capture and its kind run a cell inside of a cell
        self._current: CellExecution | None = None  # begun
        self._pending: CellExecution | None = None  # ended, evidence not gathered yet
        self._late: Late | None = None
        self._transformed: str | None = None  # the source of the current cell as IPython runs it
        self._begun_at = 0.0
        self._labels_with_code: set[int] = set()
        self._sidecar: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.journal.write("session", schema=SCHEMA, **plain(self.session))
        self._backfill()
        folder = os.path.dirname(self.session.notebook or "") or "."
        self._sidecar = start_sidecar(self.project, self.session.id, os.path.join(self.project, folder))
        self._seeder.start()
        self._observer = Observer(self.shell, self.project, self._seeder)
        self._bindings = Bindings(self._observer.heap, self.project)
        for part in (self._outputs, self._answers, self._after_reply):
            if part is not None:
                part.start()
        self.shell.events.register("pre_run_cell", self._before_cell)
        self.shell.events.register("post_run_cell", self._after_cell)

    def stop(self) -> None:
        """Gather what is left, and let go of the kernel. Never raises."""
        for event, hook in (("pre_run_cell", self._before_cell), ("post_run_cell", self._after_cell)):
            with contextlib.suppress(ValueError):
                self.shell.events.unregister(event, hook)
        self.gather()
        self.settle(thorough=True)
        for part in (self._outputs, self._answers, self._after_reply, self._seeder):
            if part is not None:
                part.stop()
        with contextlib.suppress(OSError):
            self.journal.write("stopped", stopped=now())
        self.journal.close()
        if self._sidecar is not None:  # whoever reads the session now wants to know what it ran in
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._sidecar.wait(_SIDECAR_TIME)

    def _backfill(self) -> None:
        """Cells that ran before the recording: in the record, but nobody saw what they did."""
        inputs = list(self.shell.history_manager.input_hist_raw)
        if without_control(inputs[-1]) != inputs[-1]:
            inputs.pop()  # the cell that is starting us
        for count, source in enumerate(inputs):
            if source.strip() and not is_control(source):
                self._write_begun(self._execution(source, count, None, "unobserved"))
                self.journal.write("ended", ordinal=self.ordinal, status="unobserved")
        if self.ordinal:
            self.journal.write("evidence", ordinal=self.ordinal, modules=sorted(imported_libraries()))

    def _execution(self, source: str, count: int | None, cell_id: str | None, status: Status) -> CellExecution:
        self.ordinal += 1
        return CellExecution(
            session=self.session.id,
            ordinal=self.ordinal,
            execution_count=count,
            cell_id=cell_id,
            source=source,
            status=status,
            started=now() if status != "unobserved" else None,
        )

    def _write_begun(self, execution: CellExecution) -> None:
        fields = {name: getattr(execution, name) for name in _BEFORE if name not in ("session", "status")}
        self.journal.write("began", **fields)

    # --- around a cell -----------------------------------------------------------------------------------------------

    def _before_cell(self, info: Any) -> None:
        self._depth += 1
        if self._depth > 1:
            return
        self._after_reply.cancel()
        self.gather()
        try:
            if not is_control(info.raw_cell):
                self._begin(info)
        except Exception as error:  # noqa: BLE001 - the user's cell runs whatever happens here
            self._fault(error)

    def _begin(self, info: Any) -> None:
        # IPython 9 counts before this hook, IPython 8 after the cell; its list of inputs grows later in both.
        count = len(self.shell.history_manager.input_hist_raw) if info.store_history else None
        execution = self._execution(info.raw_cell, count, getattr(info, "cell_id", None), "running")
        self._write_begun(execution)
        for collector in (self._outputs, self._answers):
            if collector is not None:
                collector.begin()
        self._current = execution
        self._transformed = getattr(info, "transformed_cell", None)
        self._late = self._observer.begin(execution.ordinal)
        self._begun_at = time.perf_counter()

    def _after_cell(self, result: Any) -> None:
        duration = time.perf_counter() - self._begun_at
        starting = self._depth == 0  # the cell that started the recording: nobody saw it begin
        self._depth = max(0, self._depth - 1)
        if self._depth:
            return
        try:
            if starting:
                self._note_starting_cell(result)
            elif self._current is not None:
                self._observer.end()
                self._end(result, duration)
        except Exception as error:  # noqa: BLE001 - the reply goes out whatever happens here
            self._fault(error)

    def _note_starting_cell(self, result: Any) -> None:
        source = getattr(getattr(result, "info", None), "raw_cell", "") or ""
        if not without_control(source).strip():
            return
        execution = self._execution(source, result.execution_count, getattr(result.info, "cell_id", None), "running")
        self._write_begun(execution)
        self._current = replace(execution, incomplete="The recording was started inside of this cell.")
        self._end(result, 0.0)

    def _end(self, result: Any, duration: float) -> None:
        assert self._current is not None
        error = None if result is None else result.error_before_exec or result.error_in_exec
        status: Status = "ok" if error is None else "error"
        if result is None or isinstance(error, _INTERRUPTS):
            status = "interrupted"
        self._pending = replace(
            self._current,
            status=status,
            duration=round(duration, 6),
            peak_memory=peak_memory(),
            error=CellError(name=type(error).__name__, message=_message(error)) if error is not None else None,
            answers=tuple(self._answers.answers) if self._answers is not None else (),
        )
        self._current = None
        fields = {
            name: plain(getattr(self._pending, name)) for name in _AT_END if name not in _BEFORE or name == "status"
        }
        self.journal.write("ended", ordinal=self._pending.ordinal, **fields)
        self._after_reply.want()

    # --- when nobody waits -------------------------------------------------------------------------------------------

    def gather(self) -> None:
        """Write down the evidence of the last execution. Never raises."""
        execution, self._pending = self._pending, None
        if execution is None:
            return
        if self._sidecar is not None and self._sidecar.poll() is not None:
            self._sidecar = None  # reaped: the user's own os.wait() must not meet it
        try:
            self._gather(execution)
        except Exception as error:  # noqa: BLE001 - it runs in the kernel's loop
            self._fault(error)
            self._write_incomplete(execution.ordinal, error)

    def _gather(self, execution: CellExecution) -> None:
        execution, code = self._observer.collect(execution, self._transformed)
        shown = self._outputs.outputs if self._outputs is not None else []
        execution = replace(
            execution,
            late=self._late,
            outputs=tuple(as_records(shown)),
            outputs_object=objects.put(self.project, as_notebook_json(shown)) if shown else None,
            values=small_values(self.shell.user_ns, (*execution.bound, *execution.rebound, *execution.mutated)),
        )
        new_code = {label: names for label, names in code.items() if label not in self._labels_with_code}
        self._labels_with_code |= new_code.keys()
        words = {str(label): sorted(names.words | names.strings) for label, names in new_code.items()}
        fields = {key: value for key, value in plain(execution).items() if key not in _AT_END}
        self.journal.write("evidence", ordinal=execution.ordinal, **fields, **({"code": words} if words else {}))
        self._write_modules()

    def _write_modules(self) -> None:
        for name, path in self._observer.new_local_modules().items():
            sha256 = self._observer.hasher.digest(path) or digest(b"")
            with contextlib.suppress(OSError):
                objects.put(self.project, Path(path).read_bytes())
            self.journal.write("module", **plain(Module(name=name, path=relative(path, self.project), digest=sha256)))

    def settle(self, thorough: bool = False) -> None:
        """Write down what the names are bound to now, as far as it changed. Never raises."""
        if self._current is not None or self._pending is not None:
            return
        try:
            self._observer.heap.take_deferred(self._observer.namespace())
            changed, gone = self._bindings.changes(self.shell.user_ns, thorough)
            if changed or gone:
                bindings = {name: plain(binding) for name, binding in changed.items()}
                self.journal.write("names", ordinal=self.ordinal, bindings=bindings, gone=sorted(gone))
        except Exception as error:  # noqa: BLE001 - it runs in the kernel's loop
            self._fault(error)

    def evaluate(self, expression: str) -> None:
        """Write down what an expression gives now, where it is more than a name. Raises what it raises."""
        if not expression.isidentifier():
            value = take_value(eval(expression, self.shell.user_ns), self.project)
            self.journal.write("value", expression=expression, binding=plain(Binding(reads=Access(), value=value)))

    def _fault(self, error: Exception) -> None:
        """Ours, not the user's: said once, and the session is marked."""
        text = "".join(traceback.format_exception(error))[-_FAULT_LENGTH:]
        if self.incomplete is None:
            self.incomplete = f"{type(error).__name__}: {error}"
            print(f"jupyter_repro: the record is incomplete from here on ({self.incomplete}). See `%repro status`.")
            with contextlib.suppress(OSError):
                self.journal.write("incomplete", reason=text)

    def _write_incomplete(self, ordinal: int, error: Exception) -> None:
        with contextlib.suppress(OSError):
            self.journal.write("evidence", ordinal=ordinal, incomplete=f"{type(error).__name__}: {error}")


def _message(error: BaseException) -> str:
    try:
        return str(error)[:2000]
    except Exception:  # noqa: BLE001 - __str__ is the user's
        return ""
