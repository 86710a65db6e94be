"""`jrepro why`: why a run or a proof differs from the record."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_repro.config import find_project, relative, store_of
from jupyter_repro.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_repro.model import Clock
    from jupyter_repro.verify.evidence import Home
    from jupyter_repro.verify.explanation import Explanation
    from jupyter_repro.verify.situation import Situation


@click.command("why")
@click.argument("subject", metavar="RUN|DIR")
@click.option("--again", is_flag=True, help="Run it again first, here and now.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def command(subject: str, again: bool, as_json: bool) -> int:
    """Explain why RUN, or the last proof of the pipeline in DIR, differs from what was recorded.

    RUN is the name of a folder in .jrepro/runs/. Nothing runs unless there was no proof, or --again is given. Ends with
    exit code 1 where it differs.
    """
    from jupyter_repro.cli.reasons import explanation_lines
    from jupyter_repro.store.conversion import to_json

    found = find_subject(subject)
    _, explanation = explained(found, again=again, quiet=as_json)
    if as_json:
        click.echo(to_json(explanation))
    else:
        click.echo("\n".join(explanation_lines(explanation, shlex.quote(subject))))
    return 0 if explanation.same else 1


@dataclass(frozen=True, slots=True)
class Subject:
    """A run, or the pipeline of a folder."""

    situation: Situation
    home: Home | None  # None where there was no proof yet
    is_run: bool


def find_subject(text: str) -> Subject:
    """UsageError where there is neither a run nor a pipeline of that name; what `read_pipeline` raises."""
    from jupyter_repro.pipeline.manifest import MANIFEST
    from jupyter_repro.verify.evidence import last_proof

    if (Path(text) / MANIFEST).is_file():
        situation = _situation(Path(text).absolute())
        return Subject(situation, last_proof(situation.project, situation.folder), is_run=False)
    return _run(text)


def _run(text: str) -> Subject:
    from jupyter_repro.run.runs import RECORD, read_run
    from jupyter_repro.verify.evidence import Home

    homes = [Path(text)] if (Path(text) / RECORD).is_file() else _homes(text)
    if len(homes) != 1:
        problem = f"{text} is neither a run nor a pipeline." if not homes else f"Several runs begin with {text}."
        raise UsageError(problem, "Type `ls .jrepro/runs` to see the runs, or `jrepro verify DIR` to prove a pipeline.")
    run = read_run(homes[0])
    project = homes[0].absolute().parents[2]
    situation = _situation(project / run.pipeline, run.parameters, run.clock)
    return Subject(situation, Home(homes[0].absolute()), is_run=True)


def _homes(text: str) -> list[Path]:
    from jupyter_repro.run.runs import RECORD

    runs = [record.parent for record in (store_of(find_project(Path.cwd())) / "runs").glob(f"*/{RECORD}")]
    return [each for each in runs if each.name == text] or [each for each in runs if each.name.startswith(text)]


def explained(found: Subject, *, again: bool, quiet: bool) -> tuple[Home, Explanation]:
    """What is on record of it; where that is nothing, or it is asked for, what running it again shows."""
    from jupyter_repro.run.papermill import is_terminal
    from jupyter_repro.verify.evidence import keep_explanation
    from jupyter_repro.verify.prove import examine
    from jupyter_repro.verify.why import explain

    known = found.home.explanation() if found.home is not None and not again else None
    if known is not None and found.home is not None:
        return found.home, known
    if not quiet:
        click.echo("Running it again, since nothing is on record of how it went." if not again else "Running it again.")
    situation = found.situation
    examined = examine(
        situation.folder,
        situation.pipeline,
        situation.recording,
        given=situation.given,
        clock=situation.clock if found.is_run else None,
        progress=is_terminal() and not quiet,
    )
    if not found.is_run or found.home is None:
        return keep_explanation(examined)
    folder = relative(situation.folder, situation.project)
    explanation = explain(examined, found.home.folder.name, folder)
    found.home.write_explanation(explanation)
    return found.home, explanation


def _situation(folder: Path, given: Mapping[str, str] | None = None, clock: Clock | None = None) -> Situation:
    from jupyter_repro.cli.verify import recording_of
    from jupyter_repro.pipeline.manifest import read_pipeline
    from jupyter_repro.verify.prove import clock_for
    from jupyter_repro.verify.situation import Situation

    pipeline = read_pipeline(folder)
    return Situation(
        folder=folder,
        pipeline=pipeline,
        recording=recording_of(folder, pipeline),
        given=given or {},
        clock=clock or clock_for(pipeline),
    )
