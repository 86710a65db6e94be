"""A kernel with a stopwatch: how long each reply took, and how much CPU the kernel's process used."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from statistics import median
from typing import Any

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from jupyter_repro.run.kernels import START_TIMEOUT, ChosenSpec, socket_folder

CELL_TIMEOUT = 120  # seconds: the longest cell takes one or two
CHILD_TIMEOUT = 30  # seconds: the recorder's side-car looks at git and the installed distributions
REST = 1.5  # seconds: more than the recorder waits before it takes a kernel for idle
START = "%load_ext jupyter_repro\n%repro start --quiet --notebook nb.ipynb"

_SPEC = KernelSpec(
    argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    display_name="Python 3",
    language="python",
)


@dataclass(frozen=True, slots=True)
class Timing:
    """One run of some cells: seconds until each reply, and seconds of CPU of the kernel without its children."""

    latencies: tuple[float, ...]
    cpu: float

    @property
    def total(self) -> float:
        return sum(self.latencies)

    @property
    def median(self) -> float:
        return median(self.latencies)


class Stopwatch:
    """Counts what runs between `start` and `stop`."""

    def __init__(self, client: BlockingKernelClient, pid: int) -> None:
        self._client = client
        self._process = psutil.Process(pid)
        self.start()

    def start(self) -> None:
        self._latencies: list[float] = []
        self._cpu_before = self._cpu()

    def run(self, cells: Iterable[str], *, pause: float = 0.0) -> None:
        """Each cell is sent as soon as the reply to the one before is there, or `pause` seconds later."""
        for cell in cells:
            self._latencies.append(self.latency(cell))
            time.sleep(pause)

    def stop(self) -> Timing:
        """After a rest, so that the CPU includes what the recorder puts off until the kernel is idle."""
        time.sleep(REST)
        return Timing(tuple(self._latencies), self._cpu() - self._cpu_before)

    def latency(self, cell: str) -> float:
        """Seconds from sending the cell until its reply is there. RuntimeError where it fails, TimeoutError.

        Outputs stay unread: reading them between two cells would give the kernel a rest.
        """
        sent = time.perf_counter()
        reply = self._reply(self._client.execute(cell, allow_stdin=False))
        latency = time.perf_counter() - sent
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"{reply['content'].get('evalue')} in the cell\n{cell}")
        return latency

    def memory(self) -> float:
        """Resident, in MB."""
        return float(self._process.memory_info().rss) / 1e6

    def _reply(self, request: str) -> dict[str, Any]:
        while True:
            try:
                reply: dict[str, Any] = self._client.get_shell_msg(timeout=CELL_TIMEOUT)
            except Empty:
                raise TimeoutError(f"The kernel did not reply within {CELL_TIMEOUT} s.") from None
            if reply["parent_header"].get("msg_id") == request:
                return reply

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system


@contextmanager
def kernel() -> Iterator[Stopwatch]:
    """A fresh kernel in a temporary project, over Unix sockets as `jrepro record` starts it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as project, socket_folder() as sockets:
        manager = KernelManager(
            kernel_spec_manager=ChosenSpec(_SPEC), connection_file=str(Path(sockets) / "kernel.json"), transport="ipc"
        )
        manager.start_kernel(cwd=project, env=_environment(project))
        try:
            with _ready(manager.client()) as client:
                yield Stopwatch(client, manager.provisioner.pid)
        finally:
            _shut_down(manager)


def _environment(project: str) -> dict[str, str]:
    """The same for both kernels: bytecode is kept, and no IPython profile makes the plain kernel record itself."""
    environment = {**os.environ, "JREPRO_PROJECT": project, "IPYTHONDIR": os.path.join(project, ".ipython")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


@contextmanager
def _ready(client: BlockingKernelClient) -> Iterator[BlockingKernelClient]:
    client.start_channels()
    try:
        client.wait_for_ready(timeout=START_TIMEOUT)
        yield client
    finally:
        client.stop_channels()


def _shut_down(manager: KernelManager) -> None:
    """And wait for what the kernel started, which would disturb the next measurement."""
    processes = psutil.Process().children(recursive=True)
    manager.shutdown_kernel()
    psutil.wait_procs(processes, timeout=CHILD_TIMEOUT)
