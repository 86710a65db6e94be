"""`jrepro show`: what a session ran, in true order, and what of it is stale; or what a run ran on and came to."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_repro.cli.console import print_pages
from jupyter_repro.config import find_project, relative

if TYPE_CHECKING:
    from jupyter_repro.lineage.saved import SavedCell
    from jupyter_repro.model import Recording, Run


def asked_for(command: Callable[..., None]) -> Callable[..., None]:
    """The options for targets."""
    for option in (
        click.option(
            "--file", "files", multiple=True, type=click.Path(path_type=Path), help="A file that was written."
        ),
        click.option("--cell", "numbers", multiple=True, type=int, metavar="N", help="What the cell [N] shows."),
        click.option("-t", "--target", "expressions", multiple=True, metavar="EXPR", help="What an expression gives."),
    ):
        command = option(command)
    return command


@click.command("show")
@click.argument("session")
@click.option("--why-kept", is_flag=True, help="Show for each execution why a result needs it, or why not.")
@asked_for
@click.option("--brief", is_flag=True, help="Show in a few lines how the session stands.")
@click.option("--json", "as_json", is_flag=True, help="Print the full records as JSON.")
@click.option("--mime", "as_mime", is_flag=True, hidden=True)
def command(  # noqa: PLR0913, PLR0917  click passes each option by its name
    session: str,
    why_kept: bool,
    expressions: tuple[str, ...],
    numbers: tuple[int, ...],
    files: tuple[Path, ...],
    brief: bool,
    as_json: bool,
    as_mime: bool,
) -> None:
    """Show what SESSION ran in true order, what each execution read and wrote, and which ones are stale.

    SESSION is an id from `jrepro log`, as much of it as is unique, or a notebook, which stands for its newest session;
    or the id of a run, from `jrepro runs`.

    An execution is stale when its cell ran again, when the saved notebook has other text in its cell, or when what it
    read has changed since.
    """
    from jupyter_repro.cli.markup import bundle
    from jupyter_repro.cli.runlines import run_lines
    from jupyter_repro.cli.timeline import head, overview, stale_table, timeline, timeline_table
    from jupyter_repro.lineage.staleness import stale_executions
    from jupyter_repro.store.conversion import to_json
    from jupyter_repro.store.journal_reader import read_recording
    from jupyter_repro.store.liveness import state_of
    from jupyter_repro.verify.proofs import pipelines_of, standing_words

    if (run := _run(session)) is not None:
        click.echo(to_json(run) if as_json else "\n".join(run_lines(run)))
        return
    project, session_id = find_recorded(session)
    recording = read_recording(project, session_id)
    asked = bool(expressions or numbers or files)
    if why_kept and brief:
        raise click.UsageError("--why-kept and --brief can't be shown together: choose one.")
    if asked and not why_kept:
        raise click.UsageError("-t, --cell and --file go with --why-kept.")
    reasons = _reasons(recording, expressions, numbers, [relative(path, project) for path in files]) if why_kept else {}
    saved = _saved(project, recording.session.notebook)
    stale = stale_executions(recording.executions, saved)
    state = state_of(recording.session)
    pipelines = pipelines_of(project, session_id)
    if as_json:
        records = {field.name: getattr(recording, field.name) for field in fields(recording)}
        more = {"pipelines": [known for _, known in pipelines], **({"why_kept": reasons} if why_kept else {})}
        click.echo(to_json({**records, **more, "state": state, "stale": stale, "saved": saved is not None}))
        return
    tell = overview if brief else partial(timeline, reasons=reasons)
    marks = [line for _, known in pipelines for line in standing_words(known, shlex.quote(known.pipeline))]
    lines = [*tell(recording, state, stale, saved is not None), *marks]
    if as_mime:
        table = stale_table(recording, stale) if brief else timeline_table(recording, stale, reasons)
        click.echo(bundle(lines, [table], head(recording, state, stale, saved is not None)))
    else:
        print_pages(lines)


def _reasons(
    recording: Recording, expressions: Iterable[str], numbers: Iterable[int], paths: Iterable[str]
) -> dict[int, str]:
    """By ordinal, "kept: ..." or "dropped: ..."."""
    from jupyter_repro.lineage.dropping import why_dropped
    from jupyter_repro.lineage.slicing import slice_for
    from jupyter_repro.lineage.targets import find_targets

    found = slice_for(recording, find_targets(recording, expressions, numbers, paths))
    kept = {each.ordinal: f"kept: {each.reason}" for each in found.kept}
    return kept | {each.ordinal: f"dropped: {each.reason}" for each in why_dropped(recording, found)}


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
