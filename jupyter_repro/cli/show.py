"""`jrepro show`: what a session ran, in true order, and what of it is stale; or what a run ran on and came to."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_repro.cli.console import print_pages
from jupyter_repro.config import find_project

if TYPE_CHECKING:
    from jupyter_repro.lineage.saved import SavedCell
    from jupyter_repro.model import Run


@click.command("show")
@click.argument("session")
@click.option("--brief", is_flag=True, help="Show in a few lines how the session stands.")
@click.option("--json", "as_json", is_flag=True, help="Print the full records as JSON.")
def command(session: str, brief: bool, as_json: bool) -> None:
    """Show what SESSION ran in true order, what each execution read and wrote, and which ones are stale.

    SESSION is an id from `jrepro log`, as much of it as is unique, or a notebook, which stands for its newest session;
    or the id of a run, from `jrepro runs`.

    An execution is stale when its cell ran again, when the saved notebook has other text in its cell, or when what it
    read has changed since.
    """
    from jupyter_repro.cli.runlines import run_lines
    from jupyter_repro.cli.timeline import overview, timeline
    from jupyter_repro.lineage.staleness import stale_executions
    from jupyter_repro.store.conversion import to_json
    from jupyter_repro.store.journal_reader import read_recording
    from jupyter_repro.store.liveness import state_of

    if (run := _run(session)) is not None:
        click.echo(to_json(run) if as_json else "\n".join(run_lines(run)))
        return
    project, session_id = find_recorded(session)
    recording = read_recording(project, session_id)
    saved = _saved(project, recording.session.notebook)
    stale = stale_executions(recording.executions, saved)
    state = state_of(recording.session)
    if as_json:
        records = {field.name: getattr(recording, field.name) for field in fields(recording)}
        click.echo(to_json({**records, "state": state, "stale": stale, "saved": saved is not None}))
    else:
        tell = overview if brief else timeline
        print_pages(tell(recording, state, stale, saved is not None))


def _run(text: str) -> Run | None:
    from jupyter_repro.run.runs import find_run, read_run

    home = None if text.endswith(".ipynb") else find_run(find_project(Path.cwd()), text)
    return read_run(home) if home is not None else None


def find_recorded(session: str) -> tuple[Path, str]:
    """The project and the id of a session that is given by id or notebook."""
    from jupyter_repro.store.sessions import find_session, session_for

    path = Path(session)
    if path.suffix == ".ipynb" or path.is_file():
        project = find_project(path.absolute().parent)
        return project, session_for(project, path)
    project = find_project(Path.cwd())
    return project, find_session(project, session)


def _saved(project: Path, notebook: str | None) -> tuple[SavedCell, ...] | None:
    """Its code cells as they are on disk; None where there is no notebook to read."""
    from jupyter_repro.lineage.saved import saved_cells

    if notebook is None:
        return None
    try:
        return saved_cells((project / notebook).read_bytes())
    except OSError:
        return None
