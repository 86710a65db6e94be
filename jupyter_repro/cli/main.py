"""The `jrepro` command: loads a command's module when it is used, and turns errors into messages and exit codes."""

from __future__ import annotations

import errno
import os
import shlex
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from jupyter_repro.errors import ReproError, StorageError

# Each one is the attribute `command` of the module of that name in this package.
COMMANDS = {
    "record": "Run a notebook in a real kernel and record what happens.",
    "log": "List the recorded sessions.",
    "show": "Show what a session ran, in order, and what is stale; or a run.",
    "slice": "Show which executions a result needs, and why.",
    "export": "Export what a result needs, and prove that it reproduces it.",
    "run": "Run an exported notebook, with other parameters if you like.",
    "params": "List the literals that steer a result, and what each one reaches.",
    "runs": "List the runs, with verdicts and metrics.",
    "rerun": "Run a run's pipeline again with the same parameters.",
    "diff": "Compare two runs: what they ran on, and what came out.",
    "schedule": "Run exported notebooks by the clock, or when data change.",
    "verify": "Prove an exported notebook again, here and now.",
    "why": "Explain why a run or a proof differs from the record.",
    "bisect": "Put back one thing after the other until the cause is found.",
    "trace": "Show which run made a file, from what data and weights.",
    "data": "Compare a session's inputs with the disk, keep them, restore them.",
    "doctor": "Show what recording can see here, and what it can't.",
    "enable": "Record every new kernel from now on.",
    "disable": "Stop recording every new kernel.",
}
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
PIPE_CLOSED = 141  # 128 + SIGPIPE
BUG = 70  # EX_SOFTWARE of sysexits.h
_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


class LazyGroup(click.Group):
    """Lists COMMANDS without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"jupyter_repro.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader, say `head`, has seen enough; nothing must be left to flush at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE_CLOSED
        return result


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jupyter-repro", prog_name="jrepro")
@click.pass_context
def jrepro(ctx: click.Context) -> None:
    """Record what really ran in a notebook, export what a result needs, prove that it reproduces."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (by default the process's own); its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character must not stop a command
    try:
        result = jrepro.main(arguments, prog_name="jrepro", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return _tell("Interrupted.", INTERRUPTED)
    except ReproError as error:
        return _tell_error(error)
    except OSError as error:
        return _tell_error(_storage_error(error)) if error.errno in (*_FULL, *_REFUSED) else _tell_bug(error)
    except Exception as error:  # noqa: BLE001  # the last resort: no traceback for a user
        return _tell_bug(error)
    return result if isinstance(result, int) else 0


def _tell(message: str, exit_code: int) -> int:
    click.echo(message, err=True)
    return exit_code


def _tell_error(error: ReproError) -> int:
    return _tell(f"Error: {error.problem}\n{error.next_step}", error.exit_code)


def _storage_error(error: OSError) -> StorageError:
    place = shlex.quote(str(error.filename or "."))
    step = f"Look with `df -h {place}`" if error.errno in _FULL else f"Look at its permissions with `ls -ld {place}`"
    return StorageError(f"{place}: {error.strerror}.", f"{step}, then run the command again.")


def _tell_bug(error: Exception) -> int:
    import traceback

    if os.environ.get("JREPRO_DEBUG"):
        traceback.print_exception(error)
    summary = traceback.format_exception_only(error)[-1].strip()
    return _tell(
        f"Error: this is a bug in jupyter_repro: {summary}\nJREPRO_DEBUG=1 before the command shows where.", BUG
    )
