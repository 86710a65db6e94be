"""`jrepro params`: the literals that steer a result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_repro.cli.console import print_table

if TYPE_CHECKING:
    from jupyter_repro.model import Parameter


@click.command("params")
@click.argument("source", type=click.Path(path_type=Path), metavar="NOTEBOOK|DIR")
@click.option("--session", metavar="ID", help="Which recording of the notebook.  [default: the newest]")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(source: Path, session: str | None, as_json: bool) -> None:
    """List what could be a parameter of a recorded NOTEBOOK, or what is one of the pipeline in DIR.

    Each with its cell, type, default, the comment beside it, and the targets that it reaches. Any of them is lifted by
    `jrepro export NOTEBOOK -p NAME`, also out of a call or a dict.
    """
    import msgspec

    found = _of_pipeline(source) if source.is_dir() else _of_notebook(source, session)
    if as_json:
        click.echo(json.dumps([{**msgspec.to_builtins(each), "cell": cell} for each, cell in found]))
    elif found:
        headers = ("name", "cell", "type", "default", "help", "where", "reaches")
        print_table(headers, (_row(each, cell) for each, cell in found))
    else:
        click.echo("No literal steers a result here.")


def _row(parameter: Parameter, cell: Any) -> tuple[str, ...]:
    default = f"(secret, {parameter.secret})" if parameter.secret is not None else parameter.default
    number = "" if cell is None else f"[{cell}]"
    reach = "" if parameter.reaches is None else ", ".join(parameter.reaches) or "nothing that is kept"
    where = f"{parameter.where}{' (input)' if parameter.is_input else ''}"
    return parameter.name, number, parameter.inferred_type_name, default, parameter.help, where, reach


def _of_pipeline(folder: Path) -> list[tuple[Parameter, int | None]]:
    from jupyter_repro.pipeline.manifest import read_pipeline

    return [(each, each.ordinal) for each in read_pipeline(folder).parameters]


def _of_notebook(notebook: Path, session: str | None) -> list[tuple[Parameter, int | None]]:
    """With the number in the prompt of the cell in which each one stands."""
    from jupyter_repro.verify.export import Request, candidates

    recording, found = candidates(Request(notebook=notebook, session=session))
    counts = {execution.ordinal: execution.execution_count for execution in recording.executions}
    return [(each, counts.get(each.ordinal or 0)) for each in found]
