"""`jrepro verify`: prove an exported notebook again, here and now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jupyter_repro.model import Pipeline, Recording


@click.command("verify")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="Print the verification as JSON.")
def command(folder: Path, as_json: bool) -> int:
    """Run the notebook in DIR, compare its targets with what was recorded, and say what has changed since."""
    import msgspec

    from jupyter_repro.cli.verdicts import nondeterminism_lines, verification_lines
    from jupyter_repro.pipeline.manifest import read_pipeline
    from jupyter_repro.run.papermill import is_terminal
    from jupyter_repro.verify.prove import prove

    pipeline = read_pipeline(folder)
    recording = _recording(folder, pipeline)
    verification = prove(folder, pipeline, recording, progress=is_terminal() and not as_json)
    if as_json:
        verdict = "proven" if verification.proven else "not proven"
        click.echo(json.dumps({"verdict": verdict, **msgspec.to_builtins(verification)}))
    else:
        if recording is None:
            click.echo("The recording is not here: targets are compared with what the pipeline itself says.")
        click.echo("\n".join((*nondeterminism_lines(pipeline), *verification_lines(verification))))
    return 0 if verification.proven else 1


def _recording(folder: Path, pipeline: Pipeline) -> Recording | None:
    """None where the pipeline came without the project's .jrepro/."""
    from jupyter_repro.errors import ReproError
    from jupyter_repro.run.runs import project_of
    from jupyter_repro.store.journal_reader import read_recording

    try:
        return read_recording(project_of(folder, pipeline), pipeline.session)
    except ReproError:
        return None
