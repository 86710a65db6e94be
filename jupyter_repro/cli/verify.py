"""`jrepro verify`: prove an exported notebook again, here and now."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jupyter_repro.model import Clock, Pipeline, Recording


@click.command("verify")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--clock",
    type=click.Choice(["real", "recorded"]),
    help="Under which clock.  [default: the recorded one if a target may hold the time]",
)
@click.option("--prove-budget", "budget", metavar="DURATION", help="How long it may take, in all: 90s, 10m, 1h30m.")
@click.option("--json", "as_json", is_flag=True, help="Print the verification as JSON.")
def command(folder: Path, clock: Clock | None, budget: str | None, as_json: bool) -> int:
    """Run the notebook in DIR, compare its targets with what was recorded, and say what has changed since."""
    import msgspec

    from jupyter_repro.cli.reasons import cause_lines
    from jupyter_repro.cli.verdicts import nondeterminism_lines, verification_lines
    from jupyter_repro.pipeline.manifest import read_pipeline
    from jupyter_repro.run.papermill import is_terminal
    from jupyter_repro.verify.budget import Budget, parse_duration
    from jupyter_repro.verify.evidence import keep_explanation
    from jupyter_repro.verify.proofs import keep_verified, standing, standing_words
    from jupyter_repro.verify.prove import examine

    limit = Budget(parse_duration(budget) if budget is not None else None)
    pipeline = read_pipeline(folder)
    recording, before = recording_of(folder, pipeline), standing(folder, pipeline)
    shown = is_terminal() and not as_json
    examined = examine(folder, pipeline, recording, clock=clock, progress=shown, budget=limit)
    verification, (_, explanation) = examined.verification, keep_explanation(examined)
    keep_verified(folder, pipeline, verification)
    if as_json:
        known = {"verdict": verification.verdict, "before": before.standing}
        why = msgspec.to_builtins(explanation, str_keys=True)
        click.echo(json.dumps({**known, **msgspec.to_builtins(verification), "why": why}))
    else:
        if recording is None:
            click.echo("The recording is not here: targets are compared with what the pipeline itself says.")
        for line in standing_words(before, shlex.quote(str(folder))):
            click.echo(f"Until now: {line.partition(';')[0]}.")
        lines = nondeterminism_lines(pipeline.nondeterminism, shlex.quote(str(folder)))
        click.echo("\n".join((*lines, *verification_lines(verification, pipeline.nondeterminism))))
        if not (verification.proven or verification.exceeded):
            click.echo("\n".join(cause_lines(explanation, shlex.quote(str(folder)))))
    return 0 if verification.proven else 1


def recording_of(folder: Path, pipeline: Pipeline) -> Recording | None:
    """None where the pipeline came without the project's .jrepro/."""
    from jupyter_repro.errors import ReproError
    from jupyter_repro.run.runs import project_of
    from jupyter_repro.store.journal_reader import read_recording

    try:
        return read_recording(project_of(folder, pipeline), pipeline.session)
    except ReproError:
        return None
