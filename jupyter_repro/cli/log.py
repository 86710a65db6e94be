"""`jrepro log`: the recorded sessions."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
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
@click.option("--runs", is_flag=True, help="List the runs of exported notebooks instead.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(notebook: Path | None, runs: bool, as_json: bool) -> None:
    """List the sessions of the project around the current folder, or of NOTEBOOK alone, the newest first.

    A session is `recording` while its kernel runs, `stopped` after its end, and `lost` when the kernel died without a
    word; what it ran until then is on record.
    """
    from jupyter_repro.store.conversion import to_json
    from jupyter_repro.store.sessions import how_to_record, list_sessions, sessions_of
    from jupyter_repro.verify.proofs import pipelines_of

    project = find_project(Path.cwd() if notebook is None else notebook.absolute().parent)
    if runs:
        _print_runs(project, as_json)
        return
    if notebook is None:
        found = list_sessions(project)
    elif not (found := sessions_of(project, notebook)):
        raise NoSession(f"No session of {notebook} was recorded.", how_to_record(notebook))
    if as_json:
        pipelines = pipelines_of(project)
        known = {each.session.id: [of for session, of in pipelines if session == each.session.id] for each in found}
        click.echo(to_json([{**_as_json(each), "pipelines": known[each.session.id]} for each in found]))
    elif found:
        _print(found)
        for line in _standings(project, {summary.session.id for summary in found}):
            click.echo(line)
    else:
        click.echo(f"Nothing was recorded here yet. {how_to_record('NOTEBOOK.ipynb')}")


def _print_runs(project: Path, as_json: bool) -> None:
    """The newest first, each with how its pipeline stood when it began."""
    from jupyter_repro.run.runs import list_runs
    from jupyter_repro.store.conversion import to_json

    found = list_runs(project)[::-1]
    if as_json:
        click.echo(to_json(found))
    elif found:
        rows = [(run.id, run.pipeline, local_time(run.started), run.status, run.standing) for run in found]
        print_table(("run", "pipeline", "started", "status", "pipeline was"), rows)
    else:
        click.echo("Nothing was run here yet. Type `jrepro run DIR` to run an exported notebook.")


def _standings(project: Path, sessions: set[str]) -> Iterator[str]:
    """A line for each exported pipeline that isn't proven."""
    from jupyter_repro.verify.proofs import pipelines_of, standing_words

    for session, known in pipelines_of(project):
        if session in sessions:
            yield from (f"{session}: {line}" for line in standing_words(known, shlex.quote(known.pipeline)))


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
