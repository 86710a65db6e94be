"""`jrepro export`: what a result needs, as a notebook that is proven to give it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_repro.cli.console import one_line

if TYPE_CHECKING:
    from jupyter_repro.model import Pipeline
    from jupyter_repro.verify.export import Exported

_LISTED = 30  # dropped executions


@click.command("export")
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option(
    "-t", "--target", "targets", multiple=True, metavar="EXPR", help="What is to be reproduced: an expression."
)
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME", help="Make this variable a parameter.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Folder to write to.")
@click.option("--session", metavar="ID", help="Which recording of the notebook.  [default: the newest]")
@click.option("--no-prove", is_flag=True, help="Write it without running it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(  # noqa: PLR0913, PLR0917  click passes each option by its name
    notebook: Path,
    targets: tuple[str, ...],
    parameters: tuple[str, ...],
    output: Path | None,
    session: str | None,
    no_prove: bool,
    as_json: bool,
) -> int:
    """Export what a result of NOTEBOOK needs, and prove that it reproduces it.

    Without -t, the targets are what the last cells showed and the files that the session wrote. Without -p, literal
    hyperparameters become parameters by themselves.
    """
    from jupyter_repro.run.papermill import is_terminal
    from jupyter_repro.verify.export import Request, export

    request = Request(
        notebook=notebook, targets=targets, parameters=parameters, folder=output, session=session, proof=not no_prove
    )
    exported = export(request, say=_quiet if as_json else _say, progress=is_terminal() and not as_json)
    click.echo(json.dumps(_as_json(exported)) if as_json else "\n".join(_lines(exported)))
    return 1 if exported.verdict == "not proven" else 0


def _say(line: str) -> None:
    click.echo(line, err=True)


def _quiet(line: str) -> None:
    pass


def _as_json(exported: Exported) -> dict[str, Any]:
    import msgspec

    pipeline = exported.pipeline
    verdicts = {check.subject: check.verdict for check in pipeline.verification.checks} if pipeline.verification else {}
    return {
        "verdict": exported.verdict,
        "session": pipeline.session,
        "paths": {
            "notebook": str(_notebook(exported)),
            "pipeline": str(exported.folder / "pipeline.json"),
            "folder": str(exported.folder),
        },
        "kept": [{"ordinal": kept.ordinal, "reason": kept.reason} for kept in pipeline.slice.kept],
        "dropped": list(pipeline.slice.dropped),
        "targets": [
            {"expr": target.text, "verdict": verdicts.get(target.text, "unproven")} for target in pipeline.slice.targets
        ],
        "parameters": msgspec.to_builtins(pipeline.parameters),
        "verification": msgspec.to_builtins(pipeline.verification),
    }


def _notebook(exported: Exported) -> Path:
    return exported.folder / exported.pipeline.stages[0].notebook


def _lines(exported: Exported) -> Iterator[str]:
    from jupyter_repro.cli.verdicts import verification_lines

    pipeline = exported.pipeline
    yield from _slice_lines(pipeline)
    for parameter in pipeline.parameters:
        yield f"Parameter {parameter.name} = {one_line(parameter.default)}"
    if pipeline.verification is not None:
        yield "Targets:"
        yield from verification_lines(pipeline.verification)
    yield f"Written to {_shown(_notebook(exported))}"
    yield _next_step(exported)


def _slice_lines(pipeline: Pipeline) -> Iterator[str]:
    kept, dropped = pipeline.slice.kept, pipeline.slice.dropped
    yield f"Kept {len(kept)} of {len(kept) + len(dropped)} executions:"
    yield from (f"{each.ordinal:>5}  {one_line(each.reason)}" for each in kept)
    if dropped:
        more = f" and {len(dropped) - _LISTED} more" if len(dropped) > _LISTED else ""
        yield f"Dropped, since nothing here depends on them: {', '.join(map(str, dropped[:_LISTED]))}{more}"


def _next_step(exported: Exported) -> str:
    folder = shlex.quote(str(_shown(exported.folder)))
    if exported.verdict == "not proven":
        return f"Type `jrepro show {exported.pipeline.session}` to see what was recorded."
    if exported.verdict == "unproven":
        return f"It was not run: type `jrepro verify {folder}` to prove it."
    option = f" -p {exported.pipeline.parameters[0].name} VALUE" if exported.pipeline.parameters else ""
    return f"Type `jrepro run {folder}{option}` to run it again."


def _shown(path: Path) -> Path:
    """Relative where that is shorter."""
    return min(path, Path(os.path.relpath(path)), key=lambda each: len(str(each)))
