"""`jrepro log`: the recorded sessions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_repro.cli.console import local_time, one_line, print_table
from jupyter_repro.config import find_project
from jupyter_repro.errors import NoSession

if TYPE_CHECKING:
    from jupyter_repro.store.summary import Summary


@click.command("log")
@click.argument("notebook", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the sessions as JSON.")
def command(notebook: Path | None, as_json: bool) -> None:
    """List the sessions of the project around the current folder, or of NOTEBOOK alone, the newest first.

    A session is `recording` while its kernel runs, `stopped` after its end, and `lost` when the kernel died without a
    word; what it ran until then is on record.
    """
    from jupyter_repro.store.conversion import to_json
    from jupyter_repro.store.sessions import how_to_record, list_sessions, sessions_of

    if notebook is None:
        found = list_sessions(find_project(Path.cwd()))
    elif not (found := sessions_of(find_project(notebook.absolute().parent), notebook)):
        raise NoSession(f"No session of {notebook} was recorded.", how_to_record(notebook))
    if as_json:
        click.echo(to_json([_as_json(summary) for summary in found]))
    elif found:
        _print(found)
    else:
        click.echo(f"Nothing was recorded here yet. {how_to_record('NOTEBOOK.ipynb')}")


def _as_json(summary: Summary) -> dict[str, Any]:
    """The session's own fields, and beside them what its journal adds up to."""
    import msgspec

    return {
        **msgspec.to_builtins(summary.session),
        "executions": summary.executions,
        "state": summary.state(),
        "problems": summary.problems,
    }


def _print(summaries: list[Summary]) -> None:
    print_table(
        ("session", "notebook", "started", "executions", "state"),
        [
            (
                summary.session.id,
                summary.session.notebook or "not known",
                local_time(summary.session.started),
                str(summary.executions),
                summary.state(),
            )
            for summary in summaries
        ],
    )
    for summary in summaries:
        for problem in _problems(summary):
            click.echo(f"{summary.session.id}: {one_line(problem)}")


def _problems(summary: Summary) -> list[str]:
    incomplete = summary.session.incomplete
    return [*summary.problems, *([f"incomplete: {incomplete.splitlines()[-1]}"] if incomplete else [])]
