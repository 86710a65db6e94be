"""A kernel of our own: start it, execute in it, shut it down whatever happens.

The messages are those of https://jupyter-client.readthedocs.io/en/stable/messaging.html.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

from jupyter_repro.errors import RunFailed, UsageError

START_TIMEOUT = 120  # seconds: a cold disk, a loaded machine
INTERRUPT_GRACE = 10  # seconds that an interrupted cell may take to end
_FLOOD = 4  # seconds to wait for "idle" after the reply: under a flood of outputs the kernel's socket drops messages
_POLL = 0.5  # seconds between looks at whether the kernel lives
_LONGEST_TEMP = 70  # characters: the path of a Unix socket may have 107, on some systems 104
_OUTPUTS = {"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output"}

OnOutput = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: Literal["ok", "error", "aborted"]
    execution_count: int | None
    error_name: str | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    message: dict[str, Any]
    awaited: set[str] = field(default_factory=lambda: {"execute_reply", "idle"})  # in any order: two sockets


class Kernel:
    """`with Kernel(spec, cwd=folder) as kernel`: it runs inside the block and no longer.

    `env` is added to this process's environment. The transport is Unix sockets in a private folder.
    """

    def __init__(self, spec: KernelSpec, *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        self._spec = spec
        self._cwd = cwd
        self._env = {**os.environ, **(env or {})}
        self._env.pop("PYTHONDONTWRITEBYTECODE", None)  # each start would compile its imports anew

    def __enter__(self) -> Kernel:  # noqa: PYI034  typing.Self is newer than Python 3.10
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(socket_folder()))
            self._manager = _manager(self._spec, self._folder / "kernel.json")
            stack.callback(self._shut_down)
            self._launch()
            self._client: BlockingKernelClient = self._manager.client()
            stack.callback(self._client.stop_channels)
            self._connect()
            self._resources = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    @property
    def alive(self) -> bool:
        return bool(self._manager.is_alive())

    def run(  # noqa: PLR0913  one keyword for each thing that a request may carry
        self,
        source: str,
        *,
        cell_id: str | None = None,
        silent: bool = False,
        answers: Iterable[str] = (),
        timeout: float | None = None,
        on_output: OnOutput | None = None,
    ) -> Reply:
        """Execute `source` and wait for its end; an error in it is a reply, not an exception.

        A `silent` execution is none of the session's: it has no count, no history and no outputs. `answers` go to
        input() and getpass(), `timeout` is in seconds, `on_output` gets the type and the content of each message about
        outputs. Raises RunFailed when the kernel dies or the time is up, UsageError when no answer is left. Whatever
        is raised, the cell has been interrupted and no longer runs.
        """
        metadata = {} if cell_id is None else {"cellId": cell_id}
        request = self._request(source, metadata, silent=silent, store_history=not silent, allow_stdin=True)
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            self._client.shell_channel.send(request.message)
            content = self._converse(request, deadline, iter(answers), on_output)
        except BaseException:
            self._interrupt(request)
            raise
        return Reply(
            status=content["status"],
            execution_count=content.get("execution_count"),
            error_name=content.get("ename"),
            error_message=content.get("evalue"),
        )

    def evaluate(self, expression: str) -> str:
        """How IPython shows the value of `expression`; RunFailed where it raises. The session takes no notice."""
        request = self._request("", {}, silent=True, store_history=False, user_expressions={"value": expression})
        self._client.shell_channel.send(request.message)
        value = self._converse(request, None, iter(()), None)["user_expressions"]["value"]
        if value["status"] != "ok":
            step = "Type it in a notebook with this kernel to see the whole error."
            raise RunFailed(f"{expression} raised {value['ename']}: {value['evalue']}.", step)
        return str(value["data"]["text/plain"])

    def _launch(self) -> None:
        # A headless run is none of the person's own: it stays out of their IPython history.
        apart = ["--HistoryManager.hist_file=:memory:"] if any("ipykernel" in word for word in self._spec.argv) else []
        with (self._folder / "stderr").open("wb") as stderr:
            try:
                self._manager.start_kernel(cwd=str(self._cwd), env=self._env, stderr=stderr, extra_arguments=apart)
            except OSError as error:
                raise self._not_started(str(error)) from None

    def _connect(self) -> None:
        self._client.start_channels()
        client = self._client  # whose own methods wait for a message in every release, unlike its channels'
        self._channels = (
            (client.iopub_channel.socket, client.get_iopub_msg),
            (client.stdin_channel.socket, client.get_stdin_msg),
            (client.shell_channel.socket, client.get_shell_msg),
        )
        self._poller = zmq.Poller()
        for socket, _ in self._channels:
            self._poller.register(socket, zmq.POLLIN)
        try:
            self._client.wait_for_ready(timeout=START_TIMEOUT)
        except RuntimeError as error:
            written = (self._folder / "stderr").read_text(errors="replace").strip()
            raise self._not_started(written.rpartition("\n")[2] or str(error)) from None

    def _not_started(self, reason: str) -> RunFailed:
        step = f"Type `{self._spec.argv[0]} -m ipykernel --version` to see why, or choose another with `--kernel`."
        return RunFailed(f"The kernel {self._spec.display_name!r} did not start: {reason}.", step)

    def _shut_down(self) -> None:
        """Politely first, so that exit handlers run; a second Ctrl-C doesn't leave the kernel behind."""
        if not self._manager.has_kernel:
            self._manager.cleanup_resources()
            return
        try:
            self._manager.shutdown_kernel()
        except BaseException:
            self._manager.shutdown_kernel(now=True)
            raise

    def _request(self, source: str, metadata: dict[str, Any], **content: Any) -> _Request:
        content = {"code": source, "allow_stdin": False, "user_expressions": {}, "stop_on_error": False, **content}
        return _Request(self._client.session.msg("execute_request", content, metadata=metadata))

    def _converse(
        self, request: _Request, deadline: float | None, answers: Iterator[str], on_output: OnOutput | None
    ) -> dict[str, Any]:
        reply: dict[str, Any] = {}
        for kind, content in self._messages(request, deadline):
            if kind == "execute_reply":
                reply = content
            elif kind == "input_request":
                self._client.input(_next(answers, content["prompt"]))
            elif on_output and kind in _OUTPUTS:
                on_output(kind, content)
        return reply

    def _messages(self, request: _Request, deadline: float | None) -> Iterator[tuple[str, dict[str, Any]]]:
        """What the kernel says of a request, until it has replied and is idle, or until the deadline."""
        while request.awaited:
            if "execute_reply" in request.awaited and deadline is not None and time.monotonic() > deadline:
                raise RunFailed("The cell took longer than the timeout.", "Give it longer with `--timeout SECONDS`.")
            message = self._receive(_POLL if "execute_reply" in request.awaited else _FLOOD)
            if message is None:
                if "execute_reply" not in request.awaited:
                    return
                if not self.alive:
                    raise self._died()
            elif message["parent_header"].get("msg_id") == request.message["header"]["msg_id"]:
                kind, content = message["header"]["msg_type"], message["content"]
                request.awaited.discard(content["execution_state"] if kind == "status" else kind)
                yield kind, content

    def _receive(self, wait: float) -> dict[str, Any] | None:
        """The next message of any channel; None where none came for `wait` seconds."""
        ready = dict(self._poller.poll(int(wait * 1000)))
        for socket, receive in self._channels:
            if socket in ready:
                message: dict[str, Any] = receive(timeout=0)
                return message
        return None

    def _died(self) -> RunFailed:
        code = getattr(getattr(self._manager.provisioner, "process", None), "returncode", None)
        return RunFailed(f"The kernel died{_cause(code)}.", "Type `jrepro log` to find what was recorded.")

    def _interrupt(self, request: _Request) -> None:
        """End a cell that still runs; a kernel that doesn't heed is killed."""
        if not request.awaited or not self.alive:
            return
        self._send_interrupt()
        with suppress(RunFailed):
            try:
                for kind, _ in self._messages(request, time.monotonic() + INTERRUPT_GRACE):
                    if kind == "input_request":  # the cell caught the interrupt and asks again
                        self._send_interrupt()
            except BaseException:  # the time is up, or a second Ctrl-C
                self._manager.shutdown_kernel(now=True)
                raise

    def _send_interrupt(self) -> None:
        self._manager.interrupt_kernel()
        self._client.kernel_info()  # a message wakes the event loop, which a signal alone doesn't during an `await`


def socket_folder() -> tempfile.TemporaryDirectory[str]:
    """A private folder whose path is short enough for Unix sockets in it."""
    base = "/tmp" if len(tempfile.gettempdir()) > _LONGEST_TEMP else None
    return tempfile.TemporaryDirectory(prefix="jrepro-", dir=base, ignore_cleanup_errors=True)


class ChosenSpec(KernelSpecManager):
    """Knows one specification, by any name: it need not be installed."""

    def __init__(self, spec: KernelSpec) -> None:
        super().__init__()
        self.spec = spec

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return self.spec


def _manager(spec: KernelSpec, connection_file: Path) -> KernelManager:
    return KernelManager(kernel_spec_manager=ChosenSpec(spec), connection_file=str(connection_file), transport="ipc")


def _next(answers: Iterator[str], prompt: str) -> str:
    try:
        return next(answers)
    except StopIteration:
        problem = f"The cell asks for input ({prompt!r}) and no answer is left."
        raise UsageError(problem, "Give a file with one answer a line with `--stdin FILE`.") from None


def _cause(code: int | None) -> str:
    if code is None:
        return ""
    if code == -signal.SIGKILL:
        return " (SIGKILL, as happens when memory runs out)"
    return f" ({signal.Signals(-code).name})" if code < 0 else f" (exit code {code})"
