"""A verification as text: a line for each target, what diverged first, what has changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from jupyter_repro.cli.console import one_line, seconds
from jupyter_repro.model import Check, Kept, Nondeterminism, Spread, Verification, Widening

_COLOURS = {"identical": "green", "equivalent": "green", "different": "red", "missing": "red"}
_INDENT = " " * 14  # below a check's subject
_GOOD = ("identical", "equivalent")


def verification_lines(verification: Verification, uses: Sequence[Nondeterminism] = ()) -> Iterator[str]:
    from jupyter_repro.verify.comparators import faults

    yield from map(one_line, faults())
    for check in verification.checks:
        verdict = click.style(f"{check.verdict:<10}", fg=_COLOURS[check.verdict])
        yield f"  {verdict}  {one_line(check.subject)}{one_line(_detail(check))}"
        if check.spread is not None:
            yield f"{_INDENT}nondeterministic: {one_line(spread_words(check.spread))}"
    if verification.error is not None:
        yield f"The run failed: {one_line(verification.error)}"
    if (divergence := verification.divergence) is not None:
        yield f"First difference: {one_line(divergence.cause)}"
        yield from (f"  {one_line(evidence)}" for evidence in divergence.evidence)
        for name, spread in divergence.spreads.items():
            yield one_line(f"  {name} is nondeterministic: {spread_words(spread)}")
    yield from _again_lines(verification, uses)
    if verification.changes:
        yield "Changed since it was recorded:"
        yield from (f"  {one_line(change)}" for change in verification.changes)
    if verification.exceeded:
        yield click.style(f"Not proven: budget of {seconds(verification.budget)}.", fg="red")
        return
    word = click.style("Proven", fg="green", bold=True) if verification.proven else click.style("Not proven", fg="red")
    yield f"{word} in {seconds(verification.duration)}{_under(verification, uses)}."


def spread_words(spread: Spread) -> str:
    """What two runs gave, and how far apart their numbers are."""
    words = f"two runs here gave {spread.first} and {spread.second}"
    if (numbers := spread.numbers) is None:
        return words
    relative = f", {numbers.relative:.2g} relative" if numbers.relative is not None else ""
    count = f"; {numbers.count:,} numbers differ" if numbers.count > 1 else ""
    far = f"at most {numbers.absolute:.2g} absolute{relative}{count}"
    return f"{words} (from {numbers.low:.6g} to {numbers.high:.6g}, {far})"


def _again_lines(verification: Verification, uses: Sequence[Nondeterminism]) -> Iterator[str]:
    """What a second run told, where one was made."""
    from jupyter_repro.pipeline.uses import phrase

    if verification.again == "same":
        yield "A second run here gave the same again: it differs from the record, not from run to run."
    elif verification.again == "other" and verification.nondeterministic:
        found = [f"execution {use.ordinal} {phrase(use.kind, use.detail)}" for use in uses if use.matters]
        source = one_line("; ".join(found)) or "not known: no execution is seen to use what no seed replays"
        yield f"It differs from run to run here. Source: {source}."
    elif verification.again == "other":
        yield "A second run here differs from the first one in part: what isn't marked as nondeterministic has changed."
    elif verification.again == "failed":
        yield "A second run here failed, where the first one did not."
    elif verification.again == "budget":
        yield "There was no time for a second run, which tells what differs from run to run from what has changed."


def widening_lines(steps: Sequence[Widening], missing: Sequence[Kept], verification: Verification) -> Iterator[str]:
    """What the evidence had left out, and what adding it was worth."""
    if not steps:
        return
    if verification.proven:
        yield "The evidence alone was not enough. Missing was:"
        yield from (one_line(f"  execution {kept.ordinal}: {kept.reason}") for kept in missing)
    else:
        tried = "; then ".join(", ".join(str(kept.ordinal) for kept in step.added) for step in steps)
        yield f"Adding executions did not help: {tried}."


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
