"""One recorded session: cells on one side, the journal on the other.

Around a cell only what can't wait is done: a line that it begins, a note of how it ended. The evidence is gathered
after the reply, at the latest before the next cell.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_repro.capture.after_reply import AfterReply
from jupyter_repro.capture.answers import AnswerCollector
from jupyter_repro.capture.bindings import Bindings, small_values, take_value
from jupyter_repro.capture.code import CodeNames
from jupyter_repro.capture.digests import Digests
from jupyter_repro.capture.fits import Fits
from jupyter_repro.capture.hooks import Hooks
from jupyter_repro.capture.keeper import Keeper
from jupyter_repro.capture.later import Found
from jupyter_repro.capture.local_modules import imported_libraries
from jupyter_repro.capture.models import Models
from jupyter_repro.capture.observer import Observer, peak_memory
from jupyter_repro.capture.outcome import message, outcome
from jupyter_repro.capture.outputs import OutputCollector, as_notebook_json, as_records
from jupyter_repro.capture.seeder import Seeder
from jupyter_repro.capture.surroundings import start_sidecar
from jupyter_repro.config import relative
from jupyter_repro.hashing import digest
from jupyter_repro.journal import now, plain
from jupyter_repro.lineage.control import is_control, without_control
from jupyter_repro.model import SCHEMA, Access, Binding, CellError, CellExecution, Late, Module, Session, Status
from jupyter_repro.redact import redact_text

_INLINE = 4_000  # bytes of outputs that stand in the journal itself: a file for each print is slow
_SIDECAR_TIME = 5.0  # seconds that stop() gives it
HASHING_TIME = 30.0  # seconds that stop() and what concludes from the record give to files that aren't hashed yet
EXIT_TIME = 3.0  # the same where the kernel ends: after five seconds, front ends kill it
_BEFORE = ("session", "ordinal", "execution_count", "cell_id", "source", "status", "started")
_MESSAGE_LENGTH = 2_000  # characters
_FAULTY = "a fault of the recorder, see the session"
_AT_END = (*_BEFORE, "duration", "peak_memory", "error", "answers")


class Recorder:
    def __init__(self, shell: Any, project: Path, session: Session, keep_data: bool = False) -> None:
        self.shell = shell
        self.project = project
        self.session = session
        self.keeper = Keeper(project, session.id, self._say)
        self.ordinal = 0
        kernel = getattr(shell, "kernel", None)
        self._outputs = OutputCollector(kernel) if kernel is not None else None
        self._answers = AnswerCollector(kernel) if kernel is not None else None
        self._after_reply = AfterReply(shell, self.gather, self.settle)
        self._seeder = Seeder(session.seed or 0, self.keeper.fault, session.deterministic)
        self._fits = Fits(self.fault)
        self._models = Models()
        self._hooks = Hooks(shell, self)
        self._current: CellExecution | None = None  # begun
        self._pending: CellExecution | None = None  # ended, evidence not gathered yet
        self._ended: dict[str, Any] = {}  # how the pending one did: fields of its record
        self._late: Late | None = None
        self._unsure = False  # the picture of the heap was made anew before the next execution
        self._transformed: str | None = None  # the source of the current cell as IPython runs it
        self._labels_with_code: set[int] = set()
        self._dropped = 0  # lines of the journal, as far as we have heard
        self._sidecar: subprocess.Popen[bytes] | None = None
        self._digests = Digests(project, self._write_hashed, self.keeper.fault, keep_data)
        self.unhashed: tuple[str, ...] = ()  # files that stop() found not hashed in time

    def start(self) -> None:
        """Raises OSError where the journal can't be written; then, as after any error, `abandon` it."""
        journal = self.keeper.journal
        if not journal.write("session", schema=SCHEMA, **plain(self.session)) and journal.fault is not None:
            raise journal.fault
        self._backfill()
        folder = os.path.dirname(self.session.notebook or "") or "."
        self._sidecar = start_sidecar(self.project, self.session.id, os.path.join(self.project, folder))
        self._seeder.start(self.ordinal + 1)  # the cell that is starting us may go on
        self._observer = Observer(self.shell, self.project, self._seeder, self._digests)
        self._bindings = Bindings(self._observer.heap, self.project)
        for part in (self._outputs, self._answers, self._after_reply, self._fits, self._hooks):
            if part is not None:
                part.start()

    def stop(self, patience: float = HASHING_TIME) -> None:
        """Gather what is left, and let go of the kernel. Never raises. `patience` is in seconds, for hashing.

        What stays: the generators of random numbers are where they are, and Python keeps an audit hook, which idles.
        """
        if self._current is not None:  # stopped inside of a cell: the record ends there
            self._finish(None, "ok", self._hooks.duration)
        self.gather()
        self.settle(thorough=True)
        self.unhashed = self._digests.later.finish(patience)
        self._digests.later.close()
        self._let_go()
        self.keeper.write("stopped", stopped=now())
        self.keeper.close()
        if self._sidecar is not None:  # whoever reads the session now wants to know what it ran in
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._sidecar.wait(_SIDECAR_TIME)

    @property
    def running(self) -> bool:
        """Whether an execution is being recorded right now."""
        return self._current is not None

    @property
    def limit(self) -> str | None:
        """Why it doesn't see into every folder of the project."""
        return self._observer.files.watch.limit

    def catch_up(self, patience: float) -> tuple[str, ...]:
        """Bring the record up to date between cells; gives the files that aren't hashed after `patience` seconds."""
        self.gather()
        self.settle(thorough=True)
        self.keeper.flush()
        return self._digests.later.finish(patience) if not self.running else ()

    def _write_hashed(self, ordinal: int, files: Found) -> None:
        """In another thread: what the disk refuses waits, and the keeper hears of it with the next line."""
        self.keeper.journal.write("hashed", ordinal=ordinal, files=files)

    def abandon(self) -> None:
        """As if it had never been started."""
        self._digests.later.close()
        self._let_go()
        self.keeper.journal.close()
        with contextlib.suppress(OSError):
            self.keeper.journal.path.unlink()

    def _let_go(self) -> None:
        observer = getattr(self, "_observer", None)  # the start may not have come so far
        for part in (self._hooks, self._outputs, self._answers, self._after_reply, self._fits, self._seeder, observer):
            try:
                if part is not None:
                    part.stop()
            except Exception as error:  # noqa: BLE001 - the others must let go all the same
                self.keeper.fault(error)

    def _say(self, text: str) -> None:
        """A line for the user, wherever the cell's errors go."""
        line = f"jupyter_repro: {text}\n"
        if self._outputs is not None:
            self._outputs.leave_out(line)
        with contextlib.suppress(Exception):  # the user may have replaced or closed it
            sys.stderr.write(line)

    def _backfill(self) -> None:
        """Cells that ran before the recording: in the record, but nobody saw what they did."""
        inputs = list(self.shell.history_manager.input_hist_raw)
        if without_control(inputs[-1]) != inputs[-1]:
            inputs.pop()  # the cell that is starting us
        for count, source in enumerate(inputs):
            if source.strip() and not is_control(source):
                self._write_begun(self._execution(source, count, None, "unobserved"))
                self.keeper.write("ended", ordinal=self.ordinal, status="unobserved")
        if self.ordinal:
            self.keeper.write("evidence", ordinal=self.ordinal, modules=sorted(imported_libraries()))

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
        self.keeper.begin(**{name: getattr(execution, name) for name in _BEFORE if name not in ("session", "status")})

    # --- around a cell -----------------------------------------------------------------------------------------------

    def before(self, info: Any) -> None:
        self.gather()
        if not is_control(info.raw_cell):
            self._begin(info)

    def _begin(self, info: Any) -> None:
        # IPython 9 counts before this hook, IPython 8 after the cell; its list of inputs grows later in both.
        count = len(self.shell.history_manager.input_hist_raw) if info.store_history else None
        execution = self._execution(info.raw_cell, count, getattr(info, "cell_id", None), "running")
        self._write_begun(execution)
        self._current, self._late = execution, None
        if self._unsure:
            self._current, self._unsure = replace(execution, incomplete=_FAULTY), False
        self._transformed = getattr(info, "transformed_cell", None)
        for collector in (self._outputs, self._answers):
            if collector is not None:
                collector.begin()
        self._late = self._observer.begin(execution.ordinal, execution.source)

    def after(self, result: Any, duration: float) -> None:
        if self._current is not None:
            self._finish(*outcome(result), duration)

    def _finish(self, error: BaseException | None, status: Status, duration: float) -> None:
        try:
            self._observer.end()
        except BaseException as fault:  # noqa: BLE001 - that it has ended must be written all the same
            self.fault(fault)
        self._end(error, status, duration)

    def after_start(self, result: Any) -> None:
        source = getattr(getattr(result, "info", None), "raw_cell", "") or ""
        if not without_control(source).strip():
            return
        execution = self._execution(source, result.execution_count, getattr(result.info, "cell_id", None), "running")
        self._write_begun(execution)
        self._current = replace(execution, incomplete="The recording was started inside of this cell.")
        self._end(*outcome(result), 0.0)

    def beside(self, info: Any) -> None:
        """What it does can't be told from what others do meanwhile."""
        if not is_control(info.raw_cell):
            self._write_begun(self._execution(info.raw_cell, None, getattr(info, "cell_id", None), "unobserved"))
            self.keeper.write("ended", ordinal=self.ordinal, status="unobserved")

    def silently(self) -> None:
        self.gather()
        try:
            self._observer.pass_over_names()
        except BaseException as error:  # noqa: BLE001 - what the next cell finds is no border
            self.keeper.fault(error)
            self._look_afresh()
            self._unsure = True

    def fault(self, error: BaseException) -> None:
        """Ours, not the user's. What it leaves of the execution is no evidence."""
        self.keeper.fault(error)
        if self._current is not None:
            self._current = replace(self._current, incomplete=_FAULTY)
        elif self._pending is not None:
            self._pending = replace(self._pending, incomplete=_FAULTY)

    def _end(self, error: BaseException | None, status: Status, duration: float) -> None:
        self._ended = {
            "status": status,
            "duration": round(duration, 6),
            "peak_memory": peak_memory(),
            "error": CellError(name=type(error).__name__, message=self._message(error)) if error is not None else None,
            "answers": tuple(self._answers.answers) if self._answers is not None else (),
        }
        self._pending, self._current = self._current, None
        self._after_reply.want()

    def _message(self, error: BaseException) -> str:
        """As it was shown: asking the error again could run the user's code."""
        shown = self._outputs.error(type(error).__name__) if self._outputs is not None else None
        return redact_text((message(error) if shown is None else shown)[:_MESSAGE_LENGTH])

    # --- when nobody waits -------------------------------------------------------------------------------------------

    def gather(self) -> None:
        """Write down how the last execution ended, and its evidence. Never raises."""
        execution, self._pending = self._pending, None
        if execution is None:
            return
        if self._sidecar is not None and self._sidecar.poll() is not None:
            self._sidecar = None  # reaped: the user's own os.wait() must not meet it
        try:
            ended = {key: plain(each) for key, each in self._ended.items()}
            self.keeper.journal.write_with_next("ended", ordinal=execution.ordinal, **ended)
            self._gather(execution)
        except BaseException as error:  # noqa: BLE001 - in the kernel's loop, SystemExit would end the kernel
            self.keeper.fault(error)
            self.keeper.write("evidence", ordinal=execution.ordinal, incomplete=_FAULTY)
            self._look_afresh()
        self._digests.later.resume()

    def _look_afresh(self) -> None:
        """The picture of the heap may be half of one border and half of another: it is made anew."""
        try:
            self._observer.restart()
            self._bindings = Bindings(self._observer.heap, self.project)
        except BaseException as error:  # noqa: BLE001 - the same again
            self.keeper.fault(error)

    def _gather(self, execution: CellExecution) -> None:
        execution, code = self._observer.collect(execution, self._transformed)
        execution = self._with_fits(execution, code)
        seen = {key: value for key, value in plain(execution).items() if key not in _AT_END}
        names = (*execution.bound, *execution.rebound, *execution.mutated)
        values = plain(small_values(self.shell.user_ns, names))
        words = self._new_words(code)
        rest = {"late": plain(self._late), "values": values, "code": words, **self._shown()}
        self.keeper.write(
            "evidence", ordinal=execution.ordinal, **seen, **{key: rest[key] for key in rest if rest[key]}
        )
        self._write_modules()

    def _with_fits(self, execution: CellExecution, code: dict[int, CodeNames]) -> CellExecution:
        called = self._fits.take()
        fits = (*called.fits, *self._models.changed(execution, self.shell.user_ns, called, code.values()))
        return replace(execution, fits=fits) if fits else execution

    def _shown(self) -> dict[str, Any]:
        shown = self._outputs.outputs if self._outputs is not None else []
        if not shown:
            return {}
        data = as_notebook_json(shown)
        if len(data) <= _INLINE:
            kept: dict[str, str | None] = {"outputs_json": data.decode("utf-8", "surrogatepass")}
        else:
            kept = {"outputs_object": self.keeper.put(data)}
        return {"outputs": plain(as_records(shown)), **kept}

    def _new_words(self, code: dict[int, CodeNames]) -> dict[str, list[str]]:
        """The identifiers in functions that are new in the record."""
        new = {label: names for label, names in code.items() if label not in self._labels_with_code}
        self._labels_with_code |= new.keys()
        return {str(label): sorted(names.words | names.strings) for label, names in new.items()}

    def _write_modules(self) -> None:
        for name, path in self._observer.new_local_modules().items():
            sha256 = self._digests.hasher.digest(path) or digest(b"")
            with contextlib.suppress(OSError):
                self.keeper.put(Path(path).read_bytes())
            self.keeper.write("module", **plain(Module(name=name, path=relative(path, self.project), digest=sha256)))

    def settle(self, thorough: bool = False) -> None:
        """Write down what the names are bound to now, as far as it changed. Never raises."""
        if self._current is not None or self._pending is not None:
            return
        try:
            self.keeper.flush()
            if self.keeper.journal.dropped != self._dropped:
                self._write_anew()
            self._observer.heap.take_deferred(self._observer.namespace())
            changed, gone = self._bindings.changes(self.shell.user_ns, thorough)
            if changed or gone:
                bindings = {name: plain(binding) for name, binding in changed.items()}
                self.keeper.write("names", ordinal=self.ordinal, bindings=bindings, gone=sorted(gone))
            for ordinal, fits in self._models.settle(self.shell.user_ns).items():
                self.keeper.write("fitted", ordinal=ordinal, fits=plain(fits))
        except BaseException as error:  # noqa: BLE001 - it runs in the kernel's loop
            self.keeper.fault(error)

    def _write_anew(self) -> None:
        """Lines were dropped: what later ones would leave out, since it was written before, is written again."""
        self._dropped = self.keeper.journal.dropped
        self._bindings = Bindings(self._observer.heap, self.project)
        self._labels_with_code.clear()

    def evaluate(self, expression: str) -> None:
        """Write down what an expression gives now, where it is more than a name. Raises what it raises."""
        if not expression.isidentifier():
            value = take_value(eval(expression, self.shell.user_ns), self.project)
            self.keeper.write("value", expression=expression, binding=plain(Binding(reads=Access(), value=value)))
