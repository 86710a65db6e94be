"""`jrepro run`: an exported notebook through papermill, with other parameters if you like, and its result judged."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_repro.cli.console import one_line, seconds
from jupyter_repro.errors import NotReproduced, RunFailed

if TYPE_CHECKING:
    from jupyter_repro.model import Clock, Pipeline, Run


@click.command("run")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("-p", "--parameters", "texts", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a parameter.")
@click.option("-r", "--parameters_raw", "raw", nargs=2, multiple=True, metavar="NAME TEXT", help="Set it to a text.")
@click.option(
    "-f", "--parameters_file", "files", multiple=True, type=click.Path(path_type=Path), help="Set those in a YAML file."
)
@click.option("-y", "--parameters_yaml", "yaml", multiple=True, metavar="TEXT", help="Set those in a YAML text.")
@click.option(
    "--clock",
    type=click.Choice(["real", "recorded"]),
    default="real",
    show_default=True,
    help="recorded: Python's clock starts for each execution when it started then, and ticks on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the run's record as JSON.")
def command(  # noqa: PLR0913, PLR0917  click passes each option by its name
    folder: Path,
    texts: tuple[tuple[str, str], ...],
    raw: tuple[tuple[str, str], ...],
    files: tuple[Path, ...],
    yaml: tuple[str, ...],
    clock: Clock,
    as_json: bool,
) -> int:
    """Run the notebook that `jrepro export` wrote into DIR, and judge what comes out by the runs before.

    Where nothing changed, data, code, parameters and environment, its results must be those of the run before: else
    the exit code is 1. Where something changed, the verdict names it, and metrics that left their history.

    The executed notebook, what it wrote and its record are kept in .jrepro/runs/.
    """
    from jupyter_repro.pipeline.manifest import read_pipeline
    from jupyter_repro.run.parameters import Given, unread

    pipeline = read_pipeline(folder)
    given = Given(files=files, yaml=yaml, texts=texts, raw=raw)
    run = run_and_tell(folder, pipeline, given, clock, as_json)
    if not as_json:
        for line in unread(pipeline, run.parameters):
            click.echo(line, err=True)
    return code_of(run)


def run_and_tell(folder: Path, pipeline: Pipeline, given: Any, clock: Clock, as_json: bool) -> Run:
    """Run, judge, and print the record or a few lines; RunFailed where it failed and text is asked for."""
    import msgspec

    from jupyter_repro.run.papermill import is_terminal
    from jupyter_repro.run.runs import project_of
    from jupyter_repro.verify.judging import run_judged
    from jupyter_repro.verify.proofs import standing, standing_words

    known = standing(folder, pipeline)
    for line in standing_words(known, shlex.quote(str(folder))):
        click.echo(line, err=True)
    progress = is_terminal() and not as_json
    run = run_judged(folder, pipeline, given, clock=clock, progress=progress, standing=known.standing)
    executed = project_of(folder, pipeline) / (run.notebook or "")
    if as_json:
        click.echo(json.dumps({**msgspec.to_builtins(run), "path": str(executed)}))
    elif run.status == "ok":
        marked = "" if run.standing == "proven" else f", {run.standing},"
        click.echo(f"Ran {pipeline.name}{marked} in {seconds(run.duration)}: {executed}")
        click.echo("\n".join(verdict_lines(run)))
    else:
        raise RunFailed(f"{pipeline.name} failed in {run.error}.", f"Open {executed} to see the whole error.")
    return run


def code_of(run: Run) -> int:
    if run.status != "ok":
        return RunFailed.exit_code
    return NotReproduced.exit_code if run.verdict == "different" else 0


def verdict_lines(run: Run) -> list[str]:
    words = {
        "baseline": "The first run of its kind: later ones are compared with it",
        "identical": f"Identical to run {run.baseline}",
        "equivalent": f"Equivalent to run {run.baseline}",
        "different": f"Not the result of run {run.baseline}, though nothing had changed",
        "changed": f"Something changed since run {run.baseline}",
        "drifted": f"Something changed since run {run.baseline}, and metrics left their history",
    }
    title = words.get(run.verdict or "", run.verdict or "")
    return [f"{title}{':' if run.reasons else '.'}", *(f"  {one_line(reason)}" for reason in run.reasons)]
