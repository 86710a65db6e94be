"""`jrepro slice`: which executions a result needs, and why; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_repro.cli.console import one_line, print_pages
from jupyter_repro.cli.show import asked_for, find_recorded
from jupyter_repro.config import relative

if TYPE_CHECKING:
    from jupyter_repro.cli.markup import Table
    from jupyter_repro.model import CellExecution, Recording, Slice

_LISTED = 50  # dropped executions
_WIDTH = 60  # characters of a source's first line


@click.command("slice")
@click.argument("session")
@asked_for
@click.option("--json", "as_json", is_flag=True, help="Print the slice as JSON.")
@click.option("--mime", "as_mime", is_flag=True, hidden=True)
def command(  # noqa: PLR0913, PLR0917  click passes each option by its name
    session: str,
    expressions: tuple[str, ...],
    numbers: tuple[int, ...],
    files: tuple[Path, ...],
    as_json: bool,
    as_mime: bool,
) -> None:
    """Show which executions of SESSION a result needs, and why.

    SESSION is an id from `jrepro log`, as much of it as is unique, or a notebook, which stands for its newest session.
    Without -t, --cell and --file: what the last cells show and the files that the session wrote.
    """
    from jupyter_repro.cli.markup import bundle
    from jupyter_repro.lineage.dropping import why_dropped
    from jupyter_repro.lineage.slicing import slice_for
    from jupyter_repro.lineage.targets import find_targets
    from jupyter_repro.store.conversion import to_json
    from jupyter_repro.store.journal_reader import read_recording

    project, session_id = find_recorded(session)
    recording = read_recording(project, session_id)
    targets = find_targets(recording, expressions, numbers, [relative(path, project) for path in files])
    found = slice_for(recording, targets)
    if as_json:
        records = {field.name: getattr(found, field.name) for field in fields(found)}
        click.echo(to_json({**records, "why_dropped": why_dropped(recording, found)}))
    elif as_mime:
        click.echo(bundle(slice_lines(recording, found), _tables(recording, found)))
    else:
        print_pages(slice_lines(recording, found))


def _tables(recording: Recording, found: Slice) -> Iterator[Table]:
    from jupyter_repro.cli.markup import Code, Table, Verdict
    from jupyter_repro.lineage.dropping import why_dropped

    sources = {each.ordinal: _first_line(each) for each in recording.executions}
    headers = ("execution", "verdict", "code", "why")
    kept = [
        (str(each.ordinal), Verdict("kept", "good"), Code(sources[each.ordinal]), each.reason) for each in found.kept
    ]
    yield Table(caption=_title(found, len(sources)), headers=headers, rows=kept)
    dropped = [
        (str(each.ordinal), Verdict("dropped"), Code(sources[each.ordinal]), each.reason)
        for each in why_dropped(recording, found)
    ]
    caption = f"Dropped {len(dropped)}, since nothing of that depends on them"
    yield Table(caption=caption, headers=headers, rows=dropped, folded=True)


def _title(found: Slice, count: int) -> str:
    return f"Kept {len(found.kept)} of {count} executions, for {', '.join(target.text for target in found.targets)}:"


def slice_lines(recording: Recording, found: Slice) -> Iterator[str]:
    """What is kept, with the reasons, and what is dropped, each with the first line of what ran."""
    from jupyter_repro.lineage.dropping import why_dropped

    sources = {each.ordinal: _first_line(each) for each in recording.executions}
    width = max(map(len, sources.values()), default=0)
    yield _title(found, len(sources))
    yield from (f"{kept.ordinal:>5}  {sources[kept.ordinal]:<{width}}  {one_line(kept.reason)}" for kept in found.kept)
    if found.dropped:
        yield "Dropped, since nothing of that depends on them:"
        for each in why_dropped(recording, found)[:_LISTED]:
            yield f"{each.ordinal:>5}  {sources[each.ordinal]:<{width}}  {one_line(each.reason)}"
    if len(found.dropped) > _LISTED:
        yield f"       and {len(found.dropped) - _LISTED} more"


def _first_line(execution: CellExecution) -> str:
    return one_line(execution.source.strip().partition("\n")[0])[:_WIDTH]
