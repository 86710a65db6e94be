"""The process behind `run.papermill.execute`: papermill with an engine of ours, whose kernels listen on Unix sockets.

`python -m jupyter_repro.run.engine JOB OUTCOME`; the engine is registered in this process only.
"""

from __future__ import annotations

import ast
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook
from papermill.translators import PythonTranslator, papermill_translators

from jupyter_repro.capture import clock, probe
from jupyter_repro.errors import ReproError, RunFailed
from jupyter_repro.run.kernels import START_TIMEOUT, ChosenSpec, socket_folder
from jupyter_repro.run.kernelspecs import choose_kernel
from jupyter_repro.run.metrics import collecting_expression, names_of, shown_metrics
from jupyter_repro.run.notebooks import read_notebook
from jupyter_repro.run.papermill import Job, Outcome
from jupyter_repro.run.saving import Saver
from jupyter_repro.run.secrets import hide, replacements_for

_ENGINE = "jupyter-repro"
_DISABLE = "JREPRO_DISABLE"  # an enabled extension would record the proof


class _Source(str):
    """A value as Python writes it, where papermill knows no way to."""

    __slots__ = ()


class _Translator(PythonTranslator):  # type: ignore[misc]
    @classmethod
    def translate(cls, val: Any) -> str:
        return str(val) if isinstance(val, _Source) else str(super().translate(val))


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client in a kernel of the given specification, with a probe in it where the job has one."""

    def __init__(self, *arguments: Any, job: Job, spec: KernelSpec, folder: Path, **options: Any) -> None:
        super().__init__(*arguments, startup_timeout=START_TIMEOUT, **options)
        self._job = job
        self._spec = spec
        self._folder = folder
        self.found: dict[str, Any] = {}
        self.ordinal: int | None = None  # of the execution that runs, or ran last
        if job.probe is not None:
            self.on_cell_executed = self._note
        self.on_notebook_start = self._start
        self.on_cell_execute = self._begin

    def create_kernel_manager(self) -> AsyncKernelManager:
        manager = AsyncKernelManager(
            kernel_spec_manager=ChosenSpec(self._spec),
            connection_file=str(self._folder / "kernel.json"),
            transport="ipc",
        )
        self.km = manager
        return manager

    def papermill_execute_cells(self) -> None:
        super().papermill_execute_cells()
        if self._job.probe is not None:
            self.wait_for_reply(self._ask(probe.finishing_code()))
        if self._job.distributions is not None:
            self.found = self._collect(self._job.distributions)

    def _collect(self, distributions: Sequence[str]) -> dict[str, Any]:
        """What the kernel tells of itself. Nothing where it can't: a run isn't worth less for that."""
        names = names_of(cell.source for cell in self.nb.cells if cell.cell_type == "code")
        expressions = {"found": collecting_expression(names, distributions)}
        request = self.kc.execute(
            "", silent=True, store_history=False, user_expressions=expressions, allow_stdin=False, stop_on_error=False
        )
        answer = (self.wait_for_reply(request) or {}).get("content", {}).get("user_expressions", {}).get("found", {})
        with suppress(KeyError, ValueError, SyntaxError):
            found: dict[str, Any] = json.loads(ast.literal_eval(answer["data"]["text/plain"]))
            found["metrics"] |= shown_metrics(self.nb.cells)
            return found
        return {}

    async def _start(self, notebook: Any) -> None:
        if self._job.times:
            await self._start_clock()
        if self._job.probe is not None:
            await self.async_wait_for_reply(self._ask(probe.starting_code(Path(self._job.probe))))

    async def _start_clock(self) -> None:
        """What runs before the first execution finds the time of that one."""
        folders = [str(Path(spec.origin).parents[1]) for spec in [find_spec("time_machine")] if spec and spec.origin]
        code = f"{clock.starting_code(folders)}\n{clock.moving_code(min(self._job.times.values()))}"
        reply = (await self.async_wait_for_reply(self._ask(code)))["content"]
        if reply["status"] != "ok":
            problem = f"The recorded clock needs time-machine in the notebook's kernel: {reply['evalue']}."
            raise RunFailed(problem, f"Type `{self._spec.argv[0]} -m pip install time-machine`.")

    async def _begin(self, cell: Any, cell_index: int) -> None:
        self.ordinal = cell.metadata.get("jupyter_repro", {}).get("ordinal")
        if (started := self._job.times.get(str(self.ordinal))) is not None:
            await self.async_wait_for_reply(self._ask(clock.moving_code(started)))

    async def _note(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        if self.ordinal is not None:
            await self.async_wait_for_reply(self._ask(probe.noting_code(self.ordinal)))

    def _ask(self, code: str) -> Any:
        return self.kc.execute(code, silent=True, store_history=False, allow_stdin=False, stop_on_error=False)


def run(job: Job) -> Outcome:
    """Execute the notebook; the executed one is at `job.output`, also after an error in it.

    Raises what `choose_kernel` raises, and RunFailed where the kernel doesn't start.
    """
    _, spec = choose_kernel(read_notebook(Path(job.notebook)), None)
    hidden = {**replacements_for(os.environ.get(name, "") for name in job.secrets), **job.hidden}
    with socket_folder() as temporary, Path(temporary, "stderr").open("wb") as stderr:
        clients: list[_Client] = []

        class _Engine(NBClientEngine):  # type: ignore[misc]
            @classmethod
            def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: Any) -> Any:
                nb_man.nb.metadata.papermill["output_path"] = job.output
                nb_man.save = saver = Saver(nb_man.nb, Path(job.output), hidden)
                nb_man.autosave_cell = saver  # while a cell shows something
                clients.append(_Client(nb_man, job=job, spec=spec, folder=Path(temporary), timeout=None))
                try:
                    return clients[0].execute(cwd=job.cwd, env=_environment(job), stderr=stderr)
                finally:
                    saver.close()

        papermill_engines.register(_ENGINE, _Engine)
        papermill_translators.register("python", _Translator)
        error = _execute(job)
        if job.log is not None:
            _write_log(job, clients, error, Path(temporary, "stderr"), hidden)
    found = clients[0].found if clients else {}
    return Outcome(
        error=None if error is None else hide(error, hidden),
        ordinal=clients[0].ordinal if error else None,
        **_usage(),
        **hide(found, hidden),
    )


def _execute(job: Job) -> str | None:
    """papermill's own file is put in its place when it is whole."""
    given = {**job.parameters, **{name: _Source(text) for name, text in job.sources.items()}}
    options = {"parameters": given, "progress_bar": job.progress, "cwd": job.cwd}
    options["request_save_on_cell_execute"] = False  # our Saver does
    output = Path(job.output)
    part = output.with_name(f".papermill-{output.name}")
    try:
        execute_notebook(job.notebook, str(part), engine_name=_ENGINE, **options)
    except PapermillExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    except DeadKernelError:
        return "the kernel died"
    except (RuntimeError, OSError) as error:  # jupyter_client has no class of its own for a kernel that doesn't start
        step = "Type `python -m ipykernel --version` in its environment to see whether it can run."
        raise RunFailed(f"The notebook could not be run: {error}.", step) from error
    finally:
        with suppress(FileNotFoundError):
            part.replace(output)
    return None


def _write_log(
    job: Job, clients: Sequence[_Client], error: str | None, stderr: Path, hidden: Mapping[str, str]
) -> None:
    """When each cell ran, how it ended, and what the kernel's process itself had to say."""
    lines = []
    for cell in clients[0].nb.cells if clients else ():
        times = cell.metadata.get("papermill", {})
        if cell.cell_type == "code" and times.get("start_time"):
            lines.append(f"{times['start_time']} {cell.get('id', '')} {times['status']} {times['duration']} s")
    lines += [f"error: {error}"] if error is not None else []
    lines.append(stderr.read_text(encoding="utf-8", errors="replace"))
    Path(job.log or "").write_text(hide("\n".join(lines), hidden), encoding="utf-8", errors="replace")


def _usage() -> dict[str, Any]:
    try:
        import resource
    except ImportError:  # not on Windows
        return {}
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    return {"cpu": round(used.ru_utime + used.ru_stime, 3), "peak_memory": used.ru_maxrss * unit}


def _environment(job: Job) -> dict[str, str]:
    environment = {**os.environ, **job.environment, _DISABLE: "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # each start would compile its imports anew
    return environment


def _end_with_parent() -> None:
    """Shut the kernel down, as after Ctrl-C, once nobody waits for this run any more."""

    def watch() -> None:
        os.read(0, 1)  # the parent writes nothing: this returns when it has gone
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def main(job: str, outcome: str) -> None:
    _end_with_parent()
    ending: dict[str, Any]
    try:
        ended = run(Job(**json.loads(Path(job).read_bytes())))
        ending = asdict(ended)
    except ReproError as error:
        ending = {"failure": {"problem": error.problem, "next_step": error.next_step}}
    Path(outcome).write_text(json.dumps(ending), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
