"""Orders in which a notebook that nobody recorded may have run, by what its file tells.

A cell that ran twice, or was edited or deleted after it ran, is in no file: at most, numbers are missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from jupyter_repro.lineage.dependencies import dependency_order
from jupyter_repro.run.history import Step, top_to_bottom
from jupyter_repro.run.notebooks import CodeCell, Notebook

COUNTS, DOCUMENT, DEPENDENCIES = "saved execution counts", "top to bottom", "definitions before uses"
_LISTED = 10  # numbers in a note


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`names` are those of all orders that come to this one; `notes` say what the file leaves open."""

    names: tuple[str, ...]
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return " = ".join(self.names)


def candidate_orders(notebook: Notebook) -> tuple[Order, ...]:
    """The likeliest first, each order once. UsageError where the notebook has nothing to run."""
    steps = top_to_bottom(notebook)
    by_count = _by_counts(notebook, steps)
    by_names = dependency_order([_as_python(step.source) for step in steps])
    candidates = [
        *([by_count] if by_count is not None else []),
        Order(names=(DOCUMENT,), steps=steps),
        Order(names=(DEPENDENCIES,), steps=tuple(steps[index] for index in by_names)),
    ]
    merged: dict[tuple[Step, ...], Order] = {}
    for each in candidates:
        known = merged.get(each.steps)
        merged[each.steps] = replace(known, names=(*known.names, *each.names)) if known else each
    return tuple(merged.values())


def _by_counts(notebook: Notebook, steps: Sequence[Step]) -> Order | None:
    """None where no cell has a count."""
    counts = {cell.index + 1: cell.execution_count for cell in notebook.cells if cell.execution_count is not None}
    counted = [(counts[step.number], step.number, step) for step in steps if step.number in counts]
    if not counted:
        return None
    left_out = [step.number for step in steps if step.number is not None and step.number not in counts]
    return Order(
        names=(COUNTS,),
        steps=tuple(step for *_, step in sorted(counted, key=lambda each: each[:2])),
        notes=tuple(_notes(notebook.cells, left_out)),
    )


def _notes(cells: Iterable[CodeCell], left_out: Sequence[int]) -> Iterable[str]:
    counts = Counter(cell.execution_count for cell in cells if cell.execution_count is not None)
    if left_out:
        yield f"without an execution count, and left out: {_cells(left_out)}"
    if gaps := _gaps(sorted(counts)):
        yield f"no saved cell has the count {gaps}: what ran again, or was edited or deleted since, can't be known"
    if twice := sorted(count for count, times in counts.items() if times > 1):
        yield f"counts that several cells have, as after a restart of the kernel: {_listed(map(str, twice))}"


def _gaps(counts: Sequence[int]) -> str:
    gaps = [(before + 1, after - 1) for before, after in pairwise((0, *counts)) if after > before + 1]
    return _listed(str(first) if first == last else f"{first}-{last}" for first, last in gaps)


def _cells(numbers: Sequence[int]) -> str:
    return f"cell{'s' if len(numbers) > 1 else ''} {_listed(map(str, numbers))}"


def _listed(words: Iterable[str]) -> str:
    found = list(words)
    return ", ".join(found[:_LISTED]) + (f" and {len(found) - _LISTED} more" if len(found) > _LISTED else "")


def _as_python(source: str) -> str:
    """As IPython would run it; what it can't read binds and reads nothing."""
    from IPython.core import inputtransformer2

    ipython: Any = inputtransformer2  # it has few types
    try:
        return str(ipython.TransformerManager().transform_cell(source))
    except SyntaxError:
        return ""
