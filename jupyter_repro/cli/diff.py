"""`jrepro diff`: what two runs ran on, and what came out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_repro.cli.console import one_line

if TYPE_CHECKING:
    from jupyter_repro.verify.judging import Compared

_GOOD = ("identical", "equivalent")


@click.command("diff")
@click.argument("before", metavar="RUN")
@click.argument("after", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def command(before: str, after: str, as_json: bool) -> int:
    """Compare two runs, ids from `jrepro runs`: parameters, data, code, environment, what came out, and metrics.

    The exit code is 1 where their results differ.
    """
    import msgspec

    from jupyter_repro.config import find_project
    from jupyter_repro.run.runs import read_run, the_run
    from jupyter_repro.verify.judging import compare_runs

    project = find_project(Path.cwd())
    one, other = (read_run(the_run(project, text)) for text in (before, after))
    compared = compare_runs(one, other, project)
    if as_json:
        click.echo(json.dumps({"before": one.id, "after": other.id, **msgspec.to_builtins(compared)}))
    else:
        click.echo("\n".join(_lines(compared)))
    return 0 if all(check.verdict in _GOOD for check in compared.checks) else 1


def _lines(compared: Compared) -> Iterator[str]:
    yield "Changed:" if compared.changes else "Nothing that they ran on changed."
    yield from (f"  {one_line(change)}" for change in compared.changes)
    yield "Results:" if compared.checks else "Neither shows or wrote anything."
    for check in compared.checks:
        was = f": was {check.expected}, now {check.found}" if check.verdict not in _GOOD else ""
        yield one_line(f"  {check.verdict:<10}  {check.subject}{was}")
    if compared.metrics:
        yield "Metrics:"
    for name, (one, other) in compared.metrics.items():
        before = f"{_number(one)} -> " if one != other else ""
        yield one_line(f"  {name}: {before}{_number(other)}")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
