"""`jrepro runs`: the runs of a project, the newest first."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_repro.cli.console import local_time, print_table, seconds
from jupyter_repro.errors import UsageError

if TYPE_CHECKING:
    from jupyter_repro.model import Run

_SHOWN = 3  # metrics and parameters in a row of the table


@click.command("runs")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--json", "as_json", is_flag=True, help="Print the records as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table as CSV, a column for each parameter and metric.")
def command(folder: Path | None, as_json: bool, as_csv: bool) -> None:
    """List the runs of this project, or of the pipeline in DIR, the newest first, each with its verdict."""
    import msgspec

    if as_json and as_csv:
        raise UsageError("Runs are listed in one form.", "Leave out `--json` or `--csv`.")
    runs = _runs(folder)
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(run) for run in runs]))
    elif as_csv:
        _print_csv(runs)
    elif runs:
        print_table(("run", "pipeline", "started", "took", "verdict", "parameters", "metrics"), map(_row, runs))
    else:
        click.echo("No runs yet: type `jrepro run DIR` with a folder that `jrepro export` wrote.")


def _runs(folder: Path | None) -> list[Run]:
    from jupyter_repro.config import find_project, relative
    from jupyter_repro.pipeline.manifest import read_pipeline
    from jupyter_repro.run.runs import list_runs, project_of

    project = find_project(Path.cwd()) if folder is None else project_of(folder, read_pipeline(folder))
    name = None if folder is None else relative(folder, project)
    return [run for run in reversed(list_runs(project)) if name in (None, run.pipeline)]


def _row(run: Run) -> tuple[str, ...]:
    parameters = _some([f"{name}={value}" for name, value in run.parameters.items()])
    metrics = _some([f"{name}={value:g}" for name, value in run.metrics.items()])
    verdict = run.verdict or run.status
    return run.id, run.pipeline, local_time(run.started), seconds(run.duration), verdict, parameters, metrics


def _some(words: Sequence[str]) -> str:
    return " ".join(words[:_SHOWN]) + (" ..." if len(words) > _SHOWN else "")


def _print_csv(runs: Sequence[Run]) -> None:
    parameters = sorted({name for run in runs for name in run.values})
    metrics = sorted({name for run in runs for name in run.metrics})
    writer = csv.writer(sys.stdout)
    fixed = ("run", "pipeline", "started", "status", "verdict", "seconds", "cpu_seconds", "peak_bytes")
    writer.writerow((*fixed, *(f"parameter {name}" for name in parameters), *(f"metric {name}" for name in metrics)))
    for run in runs:
        used = run.resources
        row = [run.id, run.pipeline, run.started, run.status, run.verdict, run.duration]
        row += [used.cpu if used is not None else None, used.peak_memory if used is not None else None]
        row += [run.values.get(name) for name in parameters]
        writer.writerow([*row, *(run.metrics.get(name) for name in metrics)])
