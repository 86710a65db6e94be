"""An explanation as text: what differs first, of which inputs, and the causes with their evidence."""

from __future__ import annotations

from collections.abc import Iterator

import click

from jupyter_repro.cli.console import local_time, one_line
from jupyter_repro.model import Check
from jupyter_repro.verify.explanation import Cause, Explanation, First

_COLOURS = {"shown": "red", "likely": "yellow", "possible": "cyan", "later": "white"}
_SHOWN = 10  # causes, values, inputs; --json has all
_LINES = 3  # of a cell


def explanation_lines(explanation: Explanation, subject: str) -> Iterator[str]:
    """`subject` is what to type for it."""
    head = f"{explanation.id} of {explanation.pipeline}, {local_time(explanation.started)}"
    if explanation.same:
        yield f"{one_line(head)}: it gave what was recorded."
        return
    yield f"{one_line(head)}: it differs from what was recorded."
    if explanation.error is not None:
        yield f"The run failed: {one_line(explanation.error)}"
    if explanation.first is not None:
        yield from _first_lines(explanation.first)
    else:
        yield "Which execution differed first is not known: no values on the way to the targets are on record here."
        for check in explanation.checks:
            if check.verdict in ("different", "missing"):
                yield f"  {_compared(check)}"
    yield from cause_lines(explanation, subject)


def _first_lines(first: First) -> Iterator[str]:
    number = f" [{first.execution_count}]" if first.execution_count is not None else ""
    yield f"First difference: {one_line(first.text)}{number}"
    lines = first.source.strip().splitlines()
    yield from (f"    {one_line(line)}" for line in lines[:_LINES])
    if len(lines) > _LINES:
        yield f"    ... ({len(lines)} lines)"
    yield from (f"  {_compared(check)}" for check in first.values[:_SHOWN])
    if first.inputs:
        yield "Its inputs that differ:"
        yield from (f"  {one_line(each.name)}: {one_line(each.text)}" for each in first.inputs[:_SHOWN])


def _compared(check: Check) -> str:
    return one_line(f"{check.subject}: recorded {check.expected}, now {check.found}")


def cause_lines(explanation: Explanation, subject: str) -> Iterator[str]:
    yield "Causes, the likeliest first:"
    for number, cause in enumerate(explanation.causes[:_SHOWN], start=1):
        yield from _cause_lines(number, cause)
    if len(explanation.causes) > _SHOWN:
        yield f"  and {len(explanation.causes) - _SHOWN} more: --json has all"
    if any(cause.strength == "shown" for cause in explanation.causes):
        yield "Shown by `jrepro bisect`: with what is marked so as it was recorded, the run gives what was recorded."
    elif explanation.factors:
        yield f"`jrepro bisect {subject}` puts back one after the other, and runs again, to be sure."


def _cause_lines(number: int, cause: Cause) -> Iterator[str]:
    strength = click.style(f"{cause.strength:<8}", fg=_COLOURS[cause.strength])
    yield f"  {number}. {strength}  {cause.kind}: {one_line(cause.text)}"
    yield from (f"                {one_line(each)}" for each in cause.evidence)
