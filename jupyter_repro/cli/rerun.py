"""`jrepro rerun`: what a run did, once more."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("rerun")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print the new run's record as JSON.")
def command(run: str, as_json: bool) -> int:
    """Run a pipeline again with the parameters of RUN, an id from `jrepro runs`, on today's data and environment."""
    from jupyter_repro.cli.run import code_of, run_and_tell
    from jupyter_repro.config import find_project
    from jupyter_repro.pipeline.manifest import read_pipeline
    from jupyter_repro.run.parameters import Given
    from jupyter_repro.run.runs import read_run, the_run

    project = find_project(Path.cwd())
    before = read_run(the_run(project, run))
    folder = project / before.pipeline
    given = Given(texts=tuple(before.parameters.items()))
    return code_of(run_and_tell(folder, read_pipeline(folder), given, before.clock, as_json))
