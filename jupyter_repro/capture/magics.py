"""`%repro`: start and stop recording, look at what was recorded, slice and export from where the work is done."""

from __future__ import annotations

import atexit
import os
import shlex
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from IPython.core.error import UsageError as MagicError

from jupyter_repro.errors import ReproError, StorageError, UsageError

_HELP = "Type `%repro start`, `status`, `log`, `slice NAME`, `export NAME` or `stop`."
_recorder: Any = None


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"%repro: {message}.", _HELP)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise UsageError(message or "", _HELP)


def register(shell: Any) -> None:
    shell.register_magic_function(_repro, "line", "repro")


def unregister(shell: Any) -> None:
    stop()
    shell.magics_manager.magics["line"].pop("repro", None)


def current_session_id() -> str | None:
    """The session that is being recorded in this process, if any."""
    return None if _recorder is None else str(_recorder.session.id)


def stop() -> None:
    global _recorder
    recorder, _recorder = _recorder, None
    if recorder is not None:
        recorder.stop()


def _repro(line: str) -> None:
    """Record this notebook: %repro start [--seed N] [--notebook PATH] | status | log | slice | export NAME | stop"""
    try:
        arguments = _parser().parse_args(shlex.split(line) or ["status"])
        arguments.run(arguments)
    except ReproError as error:
        raise MagicError(str(error)) from None


def _parser() -> _Parser:
    parser = _Parser(prog="%repro", add_help=False)
    commands = parser.add_subparsers(required=True, metavar="command", parser_class=_Parser)

    def add(name: str, run: Callable[[Namespace], None]) -> ArgumentParser:
        command = commands.add_parser(name, add_help=False)
        command.set_defaults(run=run)
        return command

    start = add("start", _start)
    start.add_argument("--seed", type=int)
    start.add_argument("--notebook", type=Path)
    start.add_argument("--quiet", action="store_true")
    add("stop", _stop)
    add("status", _status)
    add("log", _log)
    for name, run in (("slice", _slice), ("export", _export)):
        command = add(name, run)
        command.add_argument("targets", nargs="*", metavar="NAME")
        if name == "export":
            command.add_argument("--no-prove", action="store_true")
            command.add_argument("-o", "--output", type=Path)
            command.add_argument("-p", "--parameter", action="append", default=[])
    return parser


def _start(arguments: Namespace) -> None:
    global _recorder  # noqa: PLW0603 - one recording a process
    if _recorder is not None:
        if not arguments.quiet:
            print(f"Already recording as session {_recorder.session.id}. Type `%repro stop` to end it.")
        return
    from IPython.core.getipython import get_ipython

    from jupyter_repro.capture.opening import open_recorder

    try:
        _recorder = open_recorder(
            get_ipython(), notebook=arguments.notebook, seed=arguments.seed, say=_sayer(arguments.quiet)
        )
    except OSError as error:
        raise StorageError(
            f"Nothing is recorded: {error.filename or 'the project'} can't be written ({error.strerror}).",
            "Set JREPRO_PROJECT to a folder that you can write to, then type `%repro start`.",
        ) from error
    atexit.register(stop)


def _sayer(quiet: bool) -> Callable[[str], None]:
    return (lambda text: None) if quiet else print


def _recording() -> Any:
    if _recorder is None:
        raise UsageError("This kernel is not being recorded.", "Type `%repro start`.")
    return _recorder


def _stop(arguments: Namespace) -> None:
    recorder = _recording()
    stop()
    print(f"Stopped session {recorder.session.id} after {recorder.ordinal} executions. {_next_step(recorder)}")


def _next_step(recorder: Any) -> str:
    notebook = recorder.session.notebook or "NOTEBOOK.ipynb"
    return f"Type `jrepro export {shlex.quote(notebook)}` to export what a result needs."


def _status(arguments: Namespace) -> None:
    recorder = _recording()
    session = recorder.session
    print(f"Recording as session {session.id}: {recorder.ordinal} executions, seed {session.seed}.")
    print(f"Notebook: {session.notebook or 'unknown; name it with `%repro start --notebook PATH` in a new kernel'}")
    print(f"Kept in: {recorder.journal.path.parent.parent}")
    if recorder.incomplete:
        print(f"Incomplete: {recorder.incomplete}")
    _command("show", session.id, "--brief")


def _log(arguments: Namespace) -> None:
    _command("show", _recording().session.id)


def _slice(arguments: Namespace) -> None:
    _command("slice", _recording().session.id, *_targets(arguments))


def _export(arguments: Namespace) -> None:
    recorder = _recording()
    if recorder.session.notebook is None:
        raise UsageError(
            "The path of this notebook is unknown.", "Type `%repro stop`, then `%repro start --notebook PATH`."
        )
    _evaluate(recorder, arguments.targets)
    options = [*_targets(arguments), *(part for name in arguments.parameter for part in ("-p", name))]
    options += ["-o", str(arguments.output)] if arguments.output else []
    options += ["--no-prove"] if arguments.no_prove else []
    notebook = os.path.join(recorder.project, recorder.session.notebook)
    _command("export", notebook, "--session", recorder.session.id, *options)


def _evaluate(recorder: Any, expressions: list[str]) -> None:
    """The proof compares with the value that the expression has here; from the journal alone only names have values."""
    recorder.gather()
    for expression in expressions:
        try:
            recorder.evaluate(expression)
        except Exception as error:
            raise UsageError(
                f"`{expression}` can't be evaluated: {error}.", "Name a variable: `%repro export NAME`."
            ) from error


def _targets(arguments: Namespace) -> list[str]:
    return [part for target in arguments.targets for part in ("-t", target)]


def _command(*arguments: str) -> None:
    """Run a `jrepro` command in a process of its own, on what the journal holds by now."""
    recorder = _recording()
    recorder.gather()
    recorder.settle(thorough=True)
    environment = {**os.environ, "JREPRO_PROJECT": str(recorder.project)}
    command = [sys.executable, "-m", "jupyter_repro.cli", *arguments]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    print(finished.stdout, end="")
    print(finished.stderr, end="", file=sys.stderr)
