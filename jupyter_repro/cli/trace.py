"""`jrepro trace`: where a file comes from."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_repro.cli.console import local_time, one_line, print_pages
from jupyter_repro.cli.training import fit_line

if TYPE_CHECKING:
    from jupyter_repro.model import Environment, FileAccess
    from jupyter_repro.verify.trace import Source, Step, Trace

_SHOWN = 20  # files, fits and modules of a step; --json has all
_DIGEST = 12  # characters of a digest
_ALIASES = {"sklearn": "scikit-learn", "PIL": "pillow", "cv2": "opencv-python", "yaml": "PyYAML", "tf": "tensorflow"}
_BACKENDS = ("tensorflow", "jax", "torch")


@click.command("trace")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole chain as JSON.")
def command(file: Path, as_json: bool) -> None:
    """Show where FILE comes from, be it a model, a table or a figure: which recorded execution wrote it, what that
    depended on (executions, data, git commit, environment, training), and which earlier runs it started from.

    It is found by its content, wherever it lies now. Where nobody wrote that content, by its path.
    """
    from jupyter_repro.store.conversion import to_json
    from jupyter_repro.verify.trace import trace

    found = trace(file)
    if as_json:
        click.echo(to_json(found))
    else:
        print_pages(map(one_line, _lines(found)))


def _lines(found: Trace) -> Iterator[str]:
    yield f"{found.path}  sha256 {found.digest}"
    if found.changed:
        recorded = found.steps[0].digest[:_DIGEST]
        yield f"This is not what was recorded: nobody wrote that content. The last recorded write left {recorded}."
    if found.others:
        yield f"{len(found.others)} other recorded writes left the same bytes; this is the likeliest one."
    for step in found.steps:
        yield ""
        yield from _step_lines(step)
    yield ""
    yield from _next_step(found.steps[0])


def _step_lines(step: Step) -> Iterator[str]:
    yield from _head(step)
    yield f"  It depends on {len(step.kept)} of {step.executions} executions:"
    yield from (f"  {kept.ordinal:>5}  {_first_line(step.sources[kept.ordinal])}" for kept in step.kept)
    yield from _section("Data", [_file_line(access) for access in step.data])
    yield from _section("Local modules", [f"{each.path}  sha256 {each.digest[:_DIGEST]}" for each in step.modules])
    yield from _section("Training", [_trained(each.ordinal, fit_line(each.fit), each.continues) for each in step.fits])
    yield from _section("Started from", [_source(each) for each in step.started_from])
    yield f"  Git: {_git(step)}"
    if step.environment is not None:
        yield f"  Environment: {_environment(step.environment, step)}"
    if step.incomplete:
        yield f"  The record is not whole: {step.incomplete.strip().splitlines()[-1]}"


def _head(step: Step) -> Iterator[str]:
    count = f" [{step.execution_count}]" if step.execution_count is not None else ""
    what = step.path if step.path is not None else f"weights {step.digest[:_DIGEST]}"
    if step.run is not None:
        given = "".join(f" -p {name} {value}" for name, value in step.run.parameters.items())
        yield f"{what}: written by run {step.run.id} of {step.run.pipeline}{given}, {local_time(step.run.started)}"
        yield f"  as recorded in execution {step.ordinal}{count} of session {step.session}, whose data these are"
    else:
        verb = "written" if step.path is not None else "left"
        when = f", {local_time(step.started)}" if step.started else ""
        yield f"{what}: {verb} by execution {step.ordinal}{count} of session {step.session}{when}"
    yield f"  Notebook: {step.notebook or 'not known'}{f', seed {step.seed}' if step.seed is not None else ''}"


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"  {title}:"
        yield from (f"    {line}" for line in lines[:_SHOWN])
    if lines[_SHOWN:]:
        yield f"    and {len(lines) - _SHOWN} more"


def _file_line(access: FileAccess) -> str:
    return f"{access.path}  sha256 {access.digest[:_DIGEST] if access.digest else 'not known'}"


def _trained(ordinal: int, line: str, continues: int | None) -> str:
    return f"execution {ordinal}: {line}" + (f", goes on from execution {continues}" if continues is not None else "")


def _source(source: Source) -> str:
    where = f"run {source.run}" if source.run else f"execution {source.of} of session {source.session}"
    what = (
        f"{source.path}, which {where} wrote"
        if source.kind == "file"
        else f"weights {source.digest[:_DIGEST]}, which {where} left"
    )
    others = f" (as did {source.others} other{'s' if source.others > 1 else ''})" if source.others else ""
    return f"execution {source.ordinal} took {what}{others}"


def _git(step: Step) -> str:
    git = step.git
    if git is None:
        return "no repository"
    branch = f" on {git.branch}" if git.branch else ""
    return f"commit {git.commit}{branch}, {'with uncommitted changes' if git.dirty else 'clean'}"


def _environment(environment: Environment, step: Step) -> str:
    """Python, the platform, and the distributions that the code names."""
    from jupyter_repro.lineage.names import read_cell

    words = {word for source in step.sources.values() for name in read_cell(source).imports for word in name.split(".")}
    named = {_ALIASES.get(word, word) for word in words}
    named |= set(_BACKENDS) if any(each.fit.library == "keras" for each in step.fits) else set()
    versions = environment.distributions
    shown = [f"{name} {versions[name]}" for name in sorted(named & versions.keys())]
    rest = len(versions) - len(shown)
    return ", ".join(
        [f"Python {environment.python}", environment.platform, *shown, *([f"{rest} more"] if rest else [])]
    )


def _first_line(source: str) -> str:
    first, _, more = source.strip().partition("\n")
    return first[:100] + (" …" if more else "")


def _next_step(step: Step) -> Iterator[str]:
    if step.path is None or step.notebook is None or step.path.startswith("/"):
        return
    notebook, path = shlex.quote(step.notebook), shlex.quote(step.path)
    yield f"Type `jrepro export {notebook} --session {step.session} --file {path}` to export and prove what made it."
