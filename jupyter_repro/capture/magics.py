"""`%repro`: start and stop recording, look at what was recorded, slice and export from where the work is done."""

from __future__ import annotations

import atexit
import json
import os
import re
import shlex
import subprocess
import sys
import traceback
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from IPython.core.error import UsageError as MagicError

from jupyter_repro.capture.collector import spared
from jupyter_repro.capture.processes import command
from jupyter_repro.errors import NotReproduced, ReproError, StorageError, UsageError

_HELP = "Type `%repro start`, `status`, `log`, `slice NAME`, `export NAME`, `metric NAME VALUE` or `stop`."
_METRIC = re.compile(r"metric[ \t]+([\w.-]+)[ \t]+(\S.*)")
_SEEDS = 2**32
_SHOWN = 5  # files
_GLANCE, _PATIENCE = 1.0, 30.0  # seconds for files that aren't hashed yet: to look at the record, to conclude from it
_recorder: Any = None
_unhashed: tuple[str, ...] = ()


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"%repro: {message}.", _HELP)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise UsageError(message or "", _HELP)


def register(shell: Any) -> None:
    shell.register_magic_function(_repro, "line", "repro")


def unregister(shell: Any) -> None:
    if _recorder is not None:
        _stop(Namespace())
    shell.magics_manager.magics["line"].pop("repro", None)


def current_session_id() -> str | None:
    """The session that is being recorded in this process, if any."""
    return None if _recorder is None else str(_recorder.session.id)


def left_unhashed() -> tuple[str, ...]:
    """Files that the last recording did not hash before it was stopped."""
    return _unhashed


def stop(patience: float | None = None) -> None:
    """`patience` in seconds for files that aren't hashed yet."""
    global _recorder, _unhashed  # noqa: PLW0603 - one recording a process
    recorder, _recorder = _recorder, None
    atexit.unregister(stop)
    if recorder is not None:
        recorder.stop(*(() if patience is None else (patience,)))
        _unhashed = recorder.unhashed


def _repro(line: str) -> None:
    """Record this notebook: %repro start | status | log | slice NAME | export NAME | metric NAME VALUE | stop

    start takes --seed N, --deterministic, --keep-data and --notebook PATH.
    """
    if (metric := _METRIC.fullmatch(line.strip())) is not None:
        _show_metric(*metric.groups())
        return
    try:
        arguments = _parser().parse_args(_words(line) or ["status"])
        arguments.run(arguments)
    except ReproError as error:
        raise MagicError(str(error)) from None
    except MagicError:
        raise
    except Exception as error:  # noqa: BLE001 - the rest of the cell is the user's
        raise MagicError(_bug(error)) from None


def _show_metric(name: str, expression: str) -> None:
    """What a run of the exported notebook takes down as a metric; an error in the expression is the user's."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    print(f"{name} =", eval(expression, shell.user_ns))


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%repro: {error}.", _HELP) from None


def _bug(error: Exception) -> str:
    if os.environ.get("JREPRO_DEBUG"):
        traceback.print_exception(error)
    summary = traceback.format_exception_only(error)[-1].strip()
    return f"This is a bug in jupyter_repro: {summary}. Type `%env JREPRO_DEBUG=1` and the line again to see where."


def _parser() -> _Parser:
    parser = _Parser(prog="%repro", add_help=False)
    commands = parser.add_subparsers(required=True, metavar="command", parser_class=_Parser)

    def add(name: str, run: Callable[[Namespace], None]) -> ArgumentParser:
        parser = commands.add_parser(name, add_help=False)
        parser.set_defaults(run=run)
        return parser

    start = add("start", _start)
    start.add_argument("--seed", type=_seed)
    start.add_argument("--deterministic", action="store_true")
    start.add_argument("--keep-data", action="store_true")
    start.add_argument("--notebook", type=Path)
    start.add_argument("--quiet", action="store_true")
    add("stop", _stop)
    add("status", _status)
    add("log", _log)
    for name, run in (("slice", _slice), ("export", _export)):
        known = add(name, run)
        known.add_argument("targets", nargs="*", metavar="NAME")
        known.add_argument("--cell", action="append", default=[], type=int)
        known.add_argument("--file", action="append", default=[])
        if name == "export":
            known.add_argument("--no-prove", action="store_true")
            known.add_argument("-o", "--output", type=Path)
            known.add_argument("-p", "--parameter", action="append", default=[])
    return parser


def _seed(text: str) -> int:
    """A seed that every library takes."""
    seed = int(text)
    if not 0 <= seed < _SEEDS:
        raise ArgumentTypeError(f"{text} is not a whole number from 0 to {_SEEDS - 1}")
    return seed


def _start(arguments: Namespace) -> None:
    global _recorder  # noqa: PLW0603 - one recording a process
    if _recorder is not None:
        if not arguments.quiet:
            print(f"Already recording as session {_recorder.session.id}. Type `%repro stop` to end it.")
        return
    from IPython.core.getipython import get_ipython

    try:
        with spared():
            from jupyter_repro.capture.opening import open_recorder
            from jupyter_repro.capture.recorder import EXIT_TIME

            _recorder = open_recorder(
                get_ipython(),
                notebook=arguments.notebook,
                seed=arguments.seed,
                say=_sayer(arguments.quiet),
                deterministic=arguments.deterministic,
                keep_data=arguments.keep_data,
            )
    except OSError as error:
        raise StorageError(
            f"Nothing is recorded: {error.filename or 'the project'} can't be written ({error.strerror}).",
            "Type `%env JREPRO_PROJECT=FOLDER` with a folder that you can write to, then `%repro start`.",
        ) from error
    atexit.register(stop, EXIT_TIME)


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
    if lost := recorder.keeper.journal.waiting:
        print(f"Lost: the last {lost} lines of the record, {_unwritten(recorder)}.")
    if recorder.unhashed:
        print(f"Not hashed in time: {_some(recorder.unhashed)}. That they change won't be noticed.")


def _unwritten(recorder: Any) -> str:
    fault = recorder.keeper.journal.fault
    return f"since {fault.filename} can't be written ({fault.strerror})"


def _next_step(recorder: Any) -> str:
    session = recorder.session
    arguments = [_notebook(session)] if session.notebook else [_notebook(session), "--session", session.id]
    return f"Type `jrepro export {shlex.join(arguments)}` to export what a result needs."


def _notebook(session: Any) -> str:
    """A name where no front end told the path, as in Colab: the session has all that ran, only headings are lost."""
    return session.notebook or f"notebook-{session.id[-6:]}.ipynb"


def _status(arguments: Namespace) -> None:
    recorder = _recording()
    session = recorder.session
    print(f"Recording as session {session.id}: {recorder.ordinal} executions, seed {session.seed}.")
    print(f"Notebook: {session.notebook or 'unknown; name it with `%repro start --notebook PATH` in a new kernel'}")
    print(f"Kept in: {recorder.keeper.journal.path.parent.parent}")
    if recorder.keeper.incomplete:
        print(f"Incomplete: {recorder.keeper.incomplete}")
    _gather(recorder)
    if waiting := recorder.keeper.journal.waiting:
        print(f"Not on disk yet: the last {waiting} lines of the record, {_unwritten(recorder)}.")
    _display("show", session.id, "--brief")


def _log(arguments: Namespace) -> None:
    _gather(_recording())
    _display("show", _recording().session.id)


def _slice(arguments: Namespace) -> None:
    _check_record("slice", arguments)
    _display("slice", _recording().session.id, *_targets(arguments))


def _check_record(name: str, arguments: Namespace) -> None:
    """What is concluded from the record must not be concluded from an older one."""
    recorder = _recording()
    _gather(recorder, _PATIENCE)
    again = shlex.join([name, *arguments.targets])
    if recorder.running:
        raise UsageError(
            "What this cell does is not on record before it ends.", f"Type `%repro {again}` in a cell of its own."
        )
    if recorder.keeper.journal.waiting:
        raise StorageError(
            f"The record is not whole, {_unwritten(recorder)}.", f"Make room there, then type `%repro {again}`."
        )


def _gather(recorder: Any, patience: float = _GLANCE) -> None:
    if unhashed := recorder.catch_up(patience):
        print(f"Not hashed yet: {_some(unhashed)}.")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _export(arguments: Namespace) -> None:
    recorder = _recording()
    _check_record("export", arguments)
    _evaluate(recorder, arguments.targets)
    options = [*_targets(arguments), *(part for name in arguments.parameter for part in ("-p", name))]
    options += ["-o", str(arguments.output)] if arguments.output else []
    options += ["--no-prove"] if arguments.no_prove else []
    notebook = os.path.join(recorder.project, _notebook(recorder.session))
    _command("export", notebook, "--session", recorder.session.id, *options)


def _evaluate(recorder: Any, expressions: list[str]) -> None:
    """The proof compares with the value that the expression has here; from the journal alone only names have values."""
    for expression in expressions:
        try:
            recorder.evaluate(expression)
        except Exception as error:
            raise UsageError(
                f"`{expression}` can't be evaluated: {error}.", "Name a variable: `%repro export NAME`."
            ) from error


def _targets(arguments: Namespace) -> list[str]:
    options = (("-t", arguments.targets), ("--cell", arguments.cell), ("--file", arguments.file))
    return [part for option, values in options for value in values for part in (option, str(value))]


def _display(*arguments: str) -> None:
    """What a `jrepro` command tells: tables where the front end shows HTML, text elsewhere."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    shell.display_pub.publish(json.loads(_answer(*arguments, "--mime")))


def _command(*arguments: str) -> None:
    print(_answer(*arguments), end="")


def _answer(*arguments: str) -> str:
    """Run a `jrepro` command in a process of its own, on what the journal holds by now."""
    environment = {**os.environ, "JREPRO_PROJECT": str(_recording().project)}
    line = command("jupyter_repro.cli.main", *arguments)
    finished = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    _, failed, error = finished.stderr.rpartition("Error: ")
    if failed and finished.returncode != NotReproduced.exit_code:
        print(finished.stdout, end="")
        raise MagicError(" ".join(error.split()))
    print(finished.stderr, end="", file=sys.stderr)
    return finished.stdout
