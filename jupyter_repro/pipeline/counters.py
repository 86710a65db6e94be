"""Execution numbers: code that says `Out[7]` or `_7` needs the cells to count as they did when they were recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jupyter_repro.model import CellExecution
from jupyter_repro.pipeline.code import read_code
from jupyter_repro.pipeline.statements import global_names

_OUTPUTS = re.compile(r"Out|_oh|_\d+")
_INPUTS = re.compile(r"In|_ih|_i{1,3}|_i\d+")
_HISTORY_MAGICS = frozenset("edit hist history load macro notebook pastebin recall rep rerun save".split())

_DEFINITION = '''\
def {name}(number):
    """Count on from this number: the recorded code speaks of executions by their numbers."""
    shell, history = get_ipython(), get_ipython().history_manager
    step = number - len(history.input_hist_parsed)
    shell.execution_count += step
    if step < 0 and history.session_number:  # the history file takes each number once in a session
        history.end_session()
        history.new_session()
    for inputs in (history.input_hist_parsed, history.input_hist_raw):
        del inputs[number:]
        inputs.extend([""] * (number - len(inputs)))
'''


def reads_numbers(kept: Iterable[CellExecution]) -> bool:
    """Whether any of them refers to executions by number."""
    return any(_names(each, _OUTPUTS) or reads_inputs(each) for each in kept)


def reads_inputs(execution: CellExecution) -> bool:
    """Whether it looks at the text of earlier executions."""
    magics = {command.magic for command in read_code(execution.source).commands}
    return _names(execution, _INPUTS) or not magics.isdisjoint(_HISTORY_MAGICS)


def _names(execution: CellExecution, pattern: re.Pattern[str]) -> bool:
    return any(pattern.fullmatch(name) for name in global_names([execution]))


class Numbering:
    """Walks over the code cells of the notebook and says what to run before one so that it gets its number."""

    def __init__(self, name: str) -> None:
        self.name = name  # of the function that the notebook defines
        self._next: int | None = 1
        self._defined = False

    def before(self, wanted: int | None) -> str | None:
        """Code that must run before a cell that had the number `wanted`; None where the count is right already."""
        if wanted is None or wanted == self._next:
            return None
        call = f"{self.name}({wanted})\n"
        source = call if self._defined else f"{_DEFINITION.format(name=self.name)}\n\n{call}"
        self._defined = True
        self._next = wanted
        return source.rstrip("\n")

    def count(self, takes_parameters: bool) -> None:
        """A code cell has run; papermill may have put one more behind the cell that takes the parameters."""
        self._next = None if takes_parameters or self._next is None else self._next + 1
