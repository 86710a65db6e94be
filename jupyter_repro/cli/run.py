"""`jrepro run`: an exported notebook through papermill, with other parameters if you like."""

from __future__ import annotations

import json
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

    from jupyter_repro.cli.verify import recording_of
    from jupyter_repro.pipeline.manifest import read_pipeline
    from jupyter_repro.run.papermill import is_terminal
    from jupyter_repro.run.runs import project_of
    from jupyter_repro.verify.observed import observed_run

    pipeline = read_pipeline(folder)
    recording = recording_of(folder, pipeline)
    progress = is_terminal() and not as_json
    run, explanation = observed_run(folder, pipeline, recording, given, clock=clock, progress=progress)
    executed = project_of(folder, pipeline) / (run.notebook or "")
    if as_json:
        click.echo(json.dumps({**msgspec.to_builtins(run), "path": str(executed)}))
    elif run.status == "ok":
        click.echo(f"Ran {pipeline.name} in {seconds(run.duration)}: {executed}")
        if not (explanation.same or given):
            click.echo(f"It differs from what was recorded: `jrepro why {run.id}` says why.")
    if run.status != "ok" and not as_json:
        raise RunFailed(f"{pipeline.name} failed in {run.error}.", f"Open {executed} to see the whole error.")
    return 0 if run.status == "ok" else RunFailed.exit_code
