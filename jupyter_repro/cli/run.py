"""`jrepro run`: an exported notebook through papermill, with other parameters if you like."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_repro.cli.console import seconds
from jupyter_repro.errors import RunFailed

if TYPE_CHECKING:
    from jupyter_repro.model import Clock


@click.command("run")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("-p", "--parameters", "given", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a parameter.")
@click.option(
    "--clock",
    type=click.Choice(["real", "recorded"]),
    default="real",
    show_default=True,
    help="recorded: Python's clock starts for each execution when it started then, and ticks on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the run's record as JSON.")
def command(folder: Path, given: tuple[tuple[str, str], ...], clock: Clock, as_json: bool) -> int:
    """Run the notebook that `jrepro export` wrote into DIR. The executed one is kept in .jrepro/runs/."""
    import msgspec

    from jupyter_repro.pipeline.manifest import read_pipeline
    from jupyter_repro.run.papermill import is_terminal
    from jupyter_repro.run.runs import project_of, run_pipeline
    from jupyter_repro.verify.proofs import standing, standing_words

    pipeline = read_pipeline(folder)
    known = standing(folder, pipeline)
    for line in standing_words(known, shlex.quote(str(folder))):
        click.echo(line, err=True)
    shown = is_terminal() and not as_json
    run = run_pipeline(folder, pipeline, given, clock=clock, progress=shown, standing=known.standing)
    executed = project_of(folder, pipeline) / (run.notebook or "")
    if as_json:
        click.echo(json.dumps({**msgspec.to_builtins(run), "path": str(executed)}))
    elif run.status == "ok":
        marked = "" if run.standing == "proven" else f", {run.standing},"
        click.echo(f"Ran {pipeline.name}{marked} in {seconds(run.duration)}: {executed}")
    if run.status != "ok" and not as_json:
        raise RunFailed(f"{pipeline.name} failed in {run.error}.", f"Open {executed} to see the whole error.")
    return 0 if run.status == "ok" else RunFailed.exit_code
