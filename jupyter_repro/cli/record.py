"""`jrepro record`: a notebook, headlessly, under recording."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_repro.cli.console import one_line
from jupyter_repro.errors import UsageError

if TYPE_CHECKING:
    from jupyter_repro.run.history import Step
    from jupyter_repro.run.notebooks import Notebook
    from jupyter_repro.run.record import Recorded

_SHOWN = 5  # files


@click.command("record")
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--order", metavar="NUMBERS", help="Code cells in the order to run, counted from 1, as in 1,4,2,4,7.")
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    help='JSON lines to run in order: {"cell": index over the code cells from 0, or null for a deleted one, '
    '"source": its text if it differs from the saved one}.',
)
@click.option("--stdin", type=click.Path(path_type=Path), help="File that answers input(), one line each.")
@click.option("--cwd", type=click.Path(path_type=Path), help="Where to run it.  [default: the notebook's folder]")
@click.option("-k", "--kernel", metavar="NAME", help="Kernel to run it in.  [default: the notebook's own]")
@click.option("--seed", type=int, help="Seed of the global random generators.  [default: a new one, recorded]")
@click.option(
    "--deterministic", is_flag=True, help="Run TensorFlow and torch in their deterministic modes, which are slower."
)
@click.option("--keep-data", is_flag=True, help="Keep copies of the files that are read, see `jrepro data`.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds that one cell may take.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(  # noqa: PLR0913, PLR0917  click passes each option by its name
    notebook: Path,
    order: str | None,
    history: Path | None,
    stdin: Path | None,
    cwd: Path | None,
    kernel: str | None,
    seed: int | None,
    deterministic: bool,
    keep_data: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Run NOTEBOOK headlessly in a fresh kernel and record it.

    All code cells run from top to bottom, unless --order or --history tells what ran and when. A cell that fails
    doesn't end the recording.
    """
    from jupyter_repro.run.notebooks import read_notebook
    from jupyter_repro.run.record import record

    opened = read_notebook(notebook)
    steps = _steps(opened, order, history)
    folder, answers = _folder(cwd), _answers(stdin)
    run = partial(record, opened, steps, cwd=folder, kernel=kernel, answers=answers, timeout=timeout)
    run = partial(run, seed=seed, deterministic=deterministic, keep_data=keep_data)
    recorded = _with_progress(run, f"Recording {notebook.name}", quiet=as_json)
    click.echo(json.dumps(_as_json(recorded)) if as_json else _as_text(recorded, notebook))


def _with_progress(run: Callable[..., Recorded], description: str, *, quiet: bool) -> Recorded:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        try:
            return run(track=partial(bar.track, description=description))
        except KeyboardInterrupt as interrupt:
            if interrupt.args:
                click.echo(interrupt, err=True)
            raise


def _steps(notebook: Notebook, order: str | None, history: Path | None) -> tuple[Step, ...]:
    from jupyter_repro.run.history import by_numbers, from_history, top_to_bottom

    if order is not None and history is not None:
        step = "Type `jrepro record NOTEBOOK` with one of the two."
        raise UsageError("--order and --history both tell what to run.", step)
    if order is not None:
        return by_numbers(notebook, order)
    return top_to_bottom(notebook) if history is None else from_history(notebook, history)


def _folder(cwd: Path | None) -> Path | None:
    if cwd is not None and not cwd.is_dir():
        raise UsageError(f"There is no folder {cwd} to run in.", "Name one with `--cwd DIR`, or leave `--cwd` out.")
    return cwd and cwd.absolute()


def _answers(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        with file.open(encoding="utf-8") as lines:
            return [line.rstrip("\n") for line in lines]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        step = "Name a text file with one answer a line with `--stdin FILE`."
        raise UsageError(f"The answers {file} can't be read: {reason}.", step) from None


def _as_json(recorded: Recorded) -> dict[str, object]:
    return {
        "session": recorded.session,
        "executions": recorded.executions,
        "failed": [failure.ordinal for failure in recorded.failures],
        "notebook": str(recorded.notebook),
        "unhashed": list(recorded.unhashed),
    }


def _as_text(recorded: Recorded, notebook: Path) -> str:
    lines = [f"Recorded {notebook} with kernel {recorded.kernel}: {_count(recorded.executions, 'execution')}."]
    for failure in recorded.failures:
        cell = f"cell {failure.number}" if failure.number else "a deleted cell"
        lines.append(f"  execution {failure.ordinal} ({cell}) failed: {one_line(failure.error)}")
    if recorded.unhashed:
        count = _count(len(recorded.unhashed), "file")
        lines.append(f"  {count} not hashed in time: {', '.join(map(one_line, recorded.unhashed[:_SHOWN]))}")
    return "\n".join([*lines, f"Session {recorded.session}"])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
