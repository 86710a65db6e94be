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
    from jupyter_repro.model import Parameter
    from jupyter_repro.verify.proving import Exported
    from jupyter_repro.verify.tried import Tried


@click.command("export")
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option(
    "-t", "--target", "targets", multiple=True, metavar="EXPR", help="What is to be reproduced: an expression."
)
@click.option(
    "--cell", "numbers", multiple=True, type=int, metavar="N", help="What the cell with the prompt [N] shows."
)
@click.option("--file", "files", multiple=True, type=click.Path(path_type=Path), help="A file that was written.")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME", help="Make this variable a parameter.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Folder to write to.")
@click.option("--session", metavar="ID", help="Which recording of the notebook.  [default: the newest]")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds that one cell may take while a notebook that was never recorded is tried.",
)
@click.option(
    "--prove-budget",
    "budget",
    metavar="DURATION",
    help="How long proving may take, in all: 90s, 10m, 1h30m. What isn't proven by then is not proven.",
)
@click.option("--no-prove", is_flag=True, help="Write it without running it: it stays marked as unproven.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(  # noqa: PLR0913, PLR0917  click passes each option by its name
    notebook: Path,
    targets: tuple[str, ...],
    numbers: tuple[int, ...],
    files: tuple[Path, ...],
    parameters: tuple[str, ...],
    output: Path | None,
    session: str | None,
    timeout: float | None,
    budget: str | None,
    no_prove: bool,
    as_json: bool,
) -> int:
    """Export what a result of NOTEBOOK needs, and prove that it reproduces it.

    Without -t, --cell and --file, the targets are what the last cells showed and the files that the session wrote.
    Without -p, literal hyperparameters become parameters by themselves.

    A notebook that was never recorded is run first, in the orders that its file tells of, and what each run shows is
    compared with what the file shows. Files that the cells change are put back.
    """
    from jupyter_repro.run.papermill import is_terminal
    from jupyter_repro.verify.budget import parse_duration
    from jupyter_repro.verify.export import Request, export

    seconds = parse_duration(budget) if budget is not None else None
    if session is None and (tried := _try(notebook, targets, timeout, as_json)) is not None and tried.obstacle:
        click.echo(json.dumps(_obstacle_json(tried)) if as_json else "\n".join(_obstacle_lines(tried, notebook)))
        return 1
    request = Request(
        notebook=notebook,
        targets=targets,
        numbers=numbers,
        files=files,
        parameters=parameters,
        folder=output,
        session=session,
        proof=not no_prove,
        budget=seconds,
    )
    exported = export(request, say=_quiet if as_json else _say, progress=is_terminal() and not as_json)
    click.echo(json.dumps(_as_json(exported)) if as_json else "\n".join(_lines(exported)))
    return 0 if exported.verdict in ("proven", "unproven") else 1


def _try(notebook: Path, targets: tuple[str, ...], timeout: float | None, as_json: bool) -> Tried | None:
    """What came of it, where the notebook was never recorded."""
    from jupyter_repro.cli.tried import unwatched, watch
    from jupyter_repro.run.papermill import is_terminal
    from jupyter_repro.verify.cold import Trying, try_unrecorded

    shown = is_terminal() and not as_json
    trying = Trying(timeout=timeout, say=_quiet if as_json else _say, watch=watch if shown else unwatched)
    return try_unrecorded(notebook, targets, trying)


def _obstacle_json(tried: Tried) -> dict[str, Any]:
    from jupyter_repro.cli.tried import tried_json

    return {"verdict": "not proven", "session": None, "problem": tried.obstacle, "saved": tried_json(tried)}


def _obstacle_lines(tried: Tried, notebook: Path) -> Iterator[str]:
    from jupyter_repro.cli.tried import obstacle_lines, tried_lines

    yield from tried_lines(tried)
    yield from obstacle_lines(tried, notebook)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _quiet(line: str) -> None:
    pass


def _as_json(exported: Exported) -> dict[str, Any]:
    import msgspec

    from jupyter_repro.cli.tried import tried_json

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
        "nondeterminism": msgspec.to_builtins(pipeline.nondeterminism),
        "verification": msgspec.to_builtins(pipeline.verification),
        "widened": msgspec.to_builtins(pipeline.widened),
        "missing": msgspec.to_builtins(exported.missing) if exported.verdict == "proven" else [],
        **({"saved": tried_json(exported.tried)} if exported.tried is not None else {}),
    }


def _notebook(exported: Exported) -> Path:
    return exported.folder / exported.pipeline.stages[0].notebook


def _lines(exported: Exported) -> Iterator[str]:
    from jupyter_repro.cli.slice import slice_lines
    from jupyter_repro.cli.tried import saved_lines, tried_lines
    from jupyter_repro.cli.verdicts import nondeterminism_lines, verification_lines, widening_lines

    pipeline, tried = exported.pipeline, exported.tried
    if tried is not None:
        yield from tried_lines(tried)
    yield from slice_lines(exported.recording, pipeline.slice)
    for parameter in pipeline.parameters:
        yield one_line(_parameter_line(parameter))
    yield from nondeterminism_lines(pipeline.nondeterminism, _typed(exported))
    if pipeline.verification is not None:
        yield "Targets:"
        yield from verification_lines(pipeline.verification, pipeline.nondeterminism)
        yield from widening_lines(pipeline.widened, exported.missing, pipeline.verification)
    if tried is not None:
        yield from saved_lines(tried, pipeline.slice.targets, exported.verdict)
    yield f"Written to {_shown(_notebook(exported))}"
    yield _next_step(exported)


def _parameter_line(parameter: Parameter) -> str:
    if parameter.secret is not None:
        return f"Secret {parameter.name}, read from {parameter.secret}"
    where = f", in {parameter.where}" if parameter.where else ""
    idle = " (it isn't read by anything kept)" if parameter.reaches == () else ""
    return f"Parameter {parameter.name} = {parameter.default}{where}{idle}"


def _next_step(exported: Exported) -> str:
    folder = _typed(exported)
    if exported.verdict == "not proven: budget":
        return f"Type `jrepro verify {folder}` to prove it without a limit."
    if exported.verdict == "not proven":
        return f"Type `jrepro show {exported.pipeline.session}` to see what was recorded."
    if exported.verdict == "unproven":
        return f"It is unproven, for it was not run: type `jrepro verify {folder}` to prove it."
    settable = [each.name for each in exported.pipeline.parameters if each.secret is None]
    option = f" -p {settable[0]} VALUE" if settable else ""
    if (proof := exported.pipeline.verification) is not None and proof.clock == "recorded":
        option += " --clock recorded"
    return f"Type `jrepro run {folder}{option}` to run it again."


def _typed(exported: Exported) -> str:
    """The pipeline's folder as one types it."""
    return shlex.quote(str(_shown(exported.folder)))


def _shown(path: Path) -> Path:
    """Relative where that is shorter."""
    return min(path, Path(os.path.relpath(path)), key=lambda each: len(str(each)))
