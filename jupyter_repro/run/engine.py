"""The process behind `run.papermill.execute`: papermill with an engine of ours, whose kernels listen on Unix sockets.

`python -m jupyter_repro.run.engine JOB OUTCOME`; the engine is registered in this process only.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
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

from jupyter_repro.capture import clock, probe
from jupyter_repro.errors import ReproError, RunFailed
from jupyter_repro.run.kernels import START_TIMEOUT, ChosenSpec, socket_folder
from jupyter_repro.run.kernelspecs import choose_kernel
from jupyter_repro.run.notebooks import read_notebook
from jupyter_repro.run.papermill import Job, Outcome

_ENGINE = "jupyter-repro"
_DISABLE = "JREPRO_DISABLE"  # an enabled extension would record the proof


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client in a kernel of the given specification, with a probe in it where the job has one."""

    def __init__(self, *arguments: Any, job: Job, spec: KernelSpec, folder: Path, **options: Any) -> None:
        super().__init__(*arguments, startup_timeout=START_TIMEOUT, **options)
        self._job = job
        self._spec = spec
        self._folder = folder
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
    with socket_folder() as temporary, Path(temporary, "stderr").open("wb") as stderr:
        clients: list[_Client] = []

        class _Engine(NBClientEngine):  # type: ignore[misc]
            @classmethod
            def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: Any) -> Any:
                clients.append(_Client(nb_man, job=job, spec=spec, folder=Path(temporary), timeout=None))
                return clients[0].execute(cwd=job.cwd, env=_environment(job), stderr=stderr)

        papermill_engines.register(_ENGINE, _Engine)
        error = _execute(job)
    return Outcome(error=error, ordinal=clients[0].ordinal if error else None)


def _execute(job: Job) -> str | None:
    options = {"parameters": job.parameters, "progress_bar": job.progress, "cwd": job.cwd}
    try:
        execute_notebook(job.notebook, job.output, engine_name=_ENGINE, **options)
    except PapermillExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    except DeadKernelError:
        return "the kernel died"
    except (RuntimeError, OSError) as error:  # jupyter_client has no class of its own for a kernel that doesn't start
        step = "Type `python -m ipykernel --version` in its environment to see whether it can run."
        raise RunFailed(f"The notebook could not be run: {error}.", step) from error
    return None


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
        ending = {"error": ended.error, "ordinal": ended.ordinal}
    except ReproError as error:
        ending = {"failure": {"problem": error.problem, "next_step": error.next_step}}
    Path(outcome).write_text(json.dumps(ending), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
