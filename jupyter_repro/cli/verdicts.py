"""A verification as text: a line for each target, what diverged first, what has changed."""

from __future__ import annotations

from collections.abc import Iterator

import click

from jupyter_repro.cli.console import one_line, seconds
from jupyter_repro.model import Check, Pipeline, Verification

_COLOURS = {"identical": "green", "equivalent": "green", "different": "red", "missing": "red"}
_GOOD = ("identical", "equivalent")


def verification_lines(verification: Verification) -> Iterator[str]:
    for check in verification.checks:
        verdict = click.style(f"{check.verdict:<10}", fg=_COLOURS[check.verdict])
        yield f"  {verdict}  {one_line(check.subject)}{one_line(_detail(check))}"
    if verification.error is not None:
        yield f"The run failed: {one_line(verification.error)}"
    if (divergence := verification.divergence) is not None:
        yield f"First difference: {one_line(divergence.cause)}"
        yield from (f"  {one_line(evidence)}" for evidence in divergence.evidence)
    if verification.changes:
        yield "Changed since it was recorded:"
        yield from (f"  {one_line(change)}" for change in verification.changes)
    word = click.style("Proven", fg="green", bold=True) if verification.proven else click.style("Not proven", fg="red")
    yield f"{word} in {seconds(verification.duration)}."


def nondeterminism_lines(pipeline: Pipeline) -> Iterator[str]:
    """What its results depend on besides what was recorded."""
    if pipeline.nondeterminism:
        yield "Depends on what nobody here can hold still:"
        yield from (f"  {one_line(line)}" for line in pipeline.nondeterminism)


def _detail(check: Check) -> str:
    if check.verdict in _GOOD:
        return f" ({check.tolerance})" if check.tolerance else ""
    if check.found is None:
        return f": {check.expected}"
    recorded = f"recorded {check.expected}, now " if check.expected is not None else ""
    return f": {recorded}{check.found}"
