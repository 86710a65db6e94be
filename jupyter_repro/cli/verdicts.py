"""A verification as text: a line for each target, what diverged first, what has changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from jupyter_repro.cli.console import one_line, seconds
from jupyter_repro.model import Check, Nondeterminism, Verification

_COLOURS = {"identical": "green", "equivalent": "green", "different": "red", "missing": "red"}
_GOOD = ("identical", "equivalent")


def verification_lines(verification: Verification, uses: Sequence[Nondeterminism] = ()) -> Iterator[str]:
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
    yield f"{word} in {seconds(verification.duration)}{_under(verification, uses)}."


def _under(verification: Verification, uses: Sequence[Nondeterminism]) -> str:
    """Under which clock, where that is a part of what was shown."""
    if verification.clock == "recorded":
        return ", with the clock as it was recorded"
    return ", by today's clock" if any(use.kind == "clock" and use.matters for use in uses) else ""


def nondeterminism_lines(uses: Sequence[Nondeterminism], folder: str) -> Iterator[str]:
    """A line for each execution and kind that a target may hold; `folder` is the pipeline's, as one types it."""
    from jupyter_repro.pipeline.uses import phrase, remedy

    found: dict[tuple[int, str], list[str]] = {}
    for use in uses:
        if use.matters:
            found.setdefault((use.ordinal, use.kind), []).append(use.detail)
    for (ordinal, kind), details in found.items():
        step = remedy(kind, folder)
        yield one_line(f"Execution {ordinal} {phrase(kind, ', '.join(details))}") + (f"; {step}" if step else "")


def _detail(check: Check) -> str:
    if check.verdict in _GOOD:
        return f" ({check.tolerance})" if check.tolerance else ""
    if check.found is None:
        return f": {check.expected}"
    recorded = f"recorded {check.expected}, now " if check.expected is not None else ""
    return f": {recorded}{check.found}"
