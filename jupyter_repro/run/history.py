"""What a recording executes and in which order: top to bottom, by cell numbers, or as a history file tells."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Any

from jupyter_repro.errors import UsageError
from jupyter_repro.hashing import digest
from jupyter_repro.lineage.control import without_control
from jupyter_repro.run.notebooks import CodeCell, Notebook

_KEYS = {"cell", "source"}
_ORDER_STEP = "Give numbers of code cells from 1, as in `jrepro record {} --order 1,3,2,3`."
_HISTORY_STEP = (
    'Each line is {{"cell": index over the code cells from 0, or null, "source": text where it differs}}; '
    "then type `jrepro record {} --history FILE`."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One execution to make."""

    number: int | None  # of the cell as a person counts code cells, from 1; None where the notebook has it no more
    cell_id: str | None
    source: str


def top_to_bottom(notebook: Notebook) -> tuple[Step, ...]:
    """Every code cell once."""
    nothing = UsageError(f"{notebook.path} has no code to run.", "Write a code cell, then type the command again.")
    return _runnable(map(_step, notebook.cells), nothing)


def by_numbers(notebook: Notebook, order: str) -> tuple[Step, ...]:
    """`order` is "1,4,2,4": numbers of code cells, from 1. UsageError for anything else."""
    nothing = UsageError(f"The order {order} names only empty cells.", _next_step(_ORDER_STEP, notebook))
    return _runnable([_step(_numbered(notebook, part.strip())) for part in order.split(",")], nothing)


def from_history(notebook: Notebook, file: Path) -> tuple[Step, ...]:
    """`file` holds a JSON object a line, see `_HISTORY_STEP`. UsageError names the line that is wrong."""
    next_step = _next_step(_HISTORY_STEP, notebook)
    try:
        lines = file.read_text(encoding="utf-8").split("\n")  # not splitlines(): JSON may hold other line ends
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"The history {file} can't be read: {reason}.", next_step) from None
    told = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                told.append(_told(notebook, json.loads(line)))
            except (ValueError, RecursionError) as error:
                raise UsageError(f"Line {number} of the history {file} can't be used: {error}.", next_step) from None
    return _runnable(told, UsageError(f"The history {file} names no execution.", next_step))


def _runnable(steps: Iterable[Step], nothing: UsageError) -> tuple[Step, ...]:
    """Without lines that steer a recording, as this one is steered from outside, and without empty cells, which a front
    end doesn't send and IPython doesn't count. Raises `nothing` where nothing is left.
    """
    ours_left_out = (replace(step, source=without_control(step.source)) for step in steps)
    runnable = tuple(step for step in ours_left_out if step.source.strip())
    if not runnable:
        raise nothing
    return runnable


def _next_step(template: str, notebook: Notebook) -> str:
    return template.format(quote(str(notebook.path)))


def _step(cell: CodeCell) -> Step:
    return Step(number=cell.index + 1, cell_id=cell.id, source=cell.source)


def _numbered(notebook: Notebook, text: str) -> CodeCell:
    cells = {str(cell.index + 1): cell for cell in notebook.cells}
    if text not in cells:
        problem = f"The order names {text!r}, but {notebook.path.name} has the code cells 1 to {len(cells)}."
        raise UsageError(problem, _next_step(_ORDER_STEP, notebook))
    return cells[text]


def _told(notebook: Notebook, told: Any) -> Step:
    """ValueError, in words that end a sentence, where `told` is not what a line of a history holds."""
    if not isinstance(told, dict) or "cell" not in told or told.keys() - _KEYS:
        raise ValueError('it is no object with "cell" and, where needed, "source"')
    index, source = told["cell"], told.get("source")
    if not isinstance(source, str | None):
        raise ValueError('"source" is no text')
    if index is None:
        if source is None:
            raise ValueError('it needs "source", as it names no cell')
        return Step(number=None, cell_id=f"deleted-{digest(source.encode())[:12]}", source=source)
    if type(index) is not int or not 0 <= index < len(notebook.cells):
        raise ValueError(f'"cell" is {json.dumps(index)}, but the code cells are 0 to {len(notebook.cells) - 1}')
    cell = notebook.cells[index]
    return Step(number=index + 1, cell_id=cell.id, source=cell.source if source is None else source)
