"""What came of trying a notebook that was never recorded, as text and as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_repro.cli.console import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_repro.model import Target
    from jupyter_repro.run.history import Step
    from jupyter_repro.run.record import Track
    from jupyter_repro.verify.saved import SavedCheck
    from jupyter_repro.verify.tried import Tried

_LISTED = 20  # cells


def tried_lines(tried: Tried) -> Iterator[str]:
    """Which order it was, what it doesn't explain, and what is missing."""
    comparison = tried.comparison
    yield f"Order of the cells: {tried.order}."
    yield from (f"  {note}" for note in tried.notes)
    if not comparison.checks:
        yield "The file shows no outputs: nothing could be compared with them."
    yield from _listed(
        "Can't have produced what the file shows, in this order:",
        [_check_line(check) for check in comparison.checks if not check.agrees],
    )
    shown = {check.cell for check in comparison.checks}
    failures = [each for each in comparison.failures if each.cell not in shown]
    yield from _listed("Failed:", [f"  cell {each.cell}: {one_line(each.error)}" for each in failures])
    for package in tried.lacking.packages:
        yield f"Missing package: {package.module} (`pip install {shlex.quote(package.distribution)}`)"
    yield from (f"Missing file: {one_line(path)}" for path in tried.lacking.files)


def _listed(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield title
    yield from lines[:_LISTED]
    if len(lines) > _LISTED:
        yield f"  and {len(lines) - _LISTED} cells more"


def _check_line(check: SavedCheck) -> str:
    saved = f"saved {check.expected}, now " if check.expected is not None else ""
    elsewhere = f"; it agrees in the order {', '.join(check.agrees_in)}" if check.agrees_in else ""
    cause = f"; {check.cause}" if check.cause else ""
    return one_line(f"  cell {check.cell}: {saved}{check.found}{cause}{elsewhere}")


def saved_lines(tried: Tried, targets: Iterable[Target], verdict: str) -> Iterator[str]:
    """How much of what the file shows stands behind a verdict; which targets are not what it shows."""
    agreeing, compared = tried.comparison.agreeing, len(tried.comparison.checks)
    if not compared:
        return
    word = "Proven against" if verdict == "proven" else "It agrees with"
    yield f"{word} the saved outputs of {agreeing} of {compared} {'cell' if compared == 1 else 'cells'}."
    other = {check.ordinal: check.cell for check in tried.comparison.checks if not check.agrees}
    for target in targets:
        if target.kind == "output" and target.ordinal in other:
            yield f"The {target.text} is not what the file shows in cell {other[target.ordinal]}."


def obstacle_lines(tried: Tried, notebook: Path) -> Iterator[str]:
    """Why nothing was exported, and what to type next."""
    again = f"`jrepro export {shlex.quote(str(notebook))}"
    yield f"Not exported: {one_line(tried.obstacle or '')}"
    if tried.lacking.packages:
        names = " ".join(shlex.quote(each.distribution) for each in tried.lacking.packages)
        yield f"Type `pip install {names}` in the kernel's environment, then {again}` again."
    elif tried.lacking.files:
        yield f"Put the missing files there, then type {again}` again."
    else:
        yield f"Mend the cell and type {again}` again, or {again} -t NAME` for a result that doesn't need it."


def tried_json(tried: Tried) -> dict[str, Any]:
    import msgspec

    comparison = tried.comparison
    return {
        "order": tried.order,
        "notes": list(tried.notes),
        "compared": len(comparison.checks),
        "agree": comparison.agreeing,
        "cells": msgspec.to_builtins(comparison.checks),
        "failed": msgspec.to_builtins(comparison.failures),
        "missing": msgspec.to_builtins(tried.lacking),
        "tried": msgspec.to_builtins(tried.orders),
    }


def watch(description: str) -> Track:
    """A bar on a terminal while steps are gone through."""

    def track(steps: Sequence[Step]) -> Iterable[Step]:
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            yield from bar.track(steps, description=description)

    return track


def unwatched(description: str) -> Callable[[Sequence[Step]], Iterable[Step]]:
    return iter
