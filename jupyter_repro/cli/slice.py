"""`jrepro slice`: which executions a result needs, and why; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from jupyter_repro.cli.show import find_recorded

if TYPE_CHECKING:
    from jupyter_repro.model import CellExecution, Recording, Slice

_LISTED = 50  # dropped executions
_WIDTH = 60  # characters of a source's first line


@click.command("slice")
@click.argument("session")
@click.option(
    "-t", "--target", "expressions", multiple=True, metavar="EXPR", help="An expression over the final names."
)
@click.option("--json", "as_json", is_flag=True, help="Print the slice as JSON.")
def command(session: str, expressions: tuple[str, ...], as_json: bool) -> None:
    """Show which executions of SESSION a result needs, and why.

    SESSION is an id from `jrepro log`, as much of it as is unique, or a notebook, which stands for its newest session.
    Without -t: what the last cells show and the files that the session wrote.
    """
    from jupyter_repro.lineage.slicing import slice_for
    from jupyter_repro.lineage.targets import default_targets, parse_targets
    from jupyter_repro.store.conversion import to_json
    from jupyter_repro.store.journal_reader import read_recording

    recording = read_recording(*find_recorded(session))
    targets = parse_targets(recording, expressions) if expressions else default_targets(recording)
    found = slice_for(recording, targets)
    click.echo(to_json(found) if as_json else "\n".join(slice_lines(recording, found)))


def slice_lines(recording: Recording, found: Slice) -> Iterator[str]:
    """What is kept, with the reasons, and what is dropped, each with the first line of what ran."""
    sources = {each.ordinal: _first_line(each) for each in recording.executions}
    width = max((len(sources[kept.ordinal]) for kept in found.kept), default=0)
    targets = ", ".join(target.text for target in found.targets)
    yield f"Kept {len(found.kept)} of {len(sources)} executions, for {targets}:"
    yield from (f"{kept.ordinal:>5}  {sources[kept.ordinal]:<{width}}  {kept.reason}" for kept in found.kept)
    if found.dropped:
        yield "Dropped, since nothing of that depends on them:"
        yield from (f"{ordinal:>5}  {sources[ordinal]}" for ordinal in found.dropped[:_LISTED])
    if len(found.dropped) > _LISTED:
        yield f"       and {len(found.dropped) - _LISTED} more"


def _first_line(execution: CellExecution) -> str:
    from jupyter_repro.cli.console import one_line

    return one_line(execution.source.strip().partition("\n")[0])[:_WIDTH]
