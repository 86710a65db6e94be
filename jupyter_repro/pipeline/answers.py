"""Answers to input() that were typed in the session: parameters, and an `input` that gives them in the same order."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from jupyter_repro.model import CellExecution, Parameter
from jupyter_repro.pipeline.code import read_code, unused_name
from jupyter_repro.pipeline.statements import global_names

_INPUT = """\
# The session asked for input. These are the answers that were typed, in order; they are parameters.
def input(prompt="", *, _answers=[{names}]):
    if not _answers:
        raise EOFError("the recorded session has no answer to this input()")
    return f"{{_answers.pop(0)}}"

get_ipython().kernel.raw_input = input  # for modules that ask"""


def answer_parameters(kept: Sequence[CellExecution]) -> tuple[Parameter, ...]:
    """One for each answer, named after what it was assigned to: `n = int(input())` gives `n_answer`."""
    taken = set(global_names(kept))
    found: list[Parameter] = []
    for execution in kept:
        questions = _questions(execution)
        if len(questions) != len(execution.answers):  # asked in a function or a loop
            questions = [("", "")] * len(execution.answers)
        for answer, (assigned, prompt) in zip(execution.answers, questions, strict=True):
            name = unused_name(f"{assigned}_answer" if assigned else f"answer_{len(found) + 1}", taken)
            taken.add(name)
            found.append(Parameter(name=name, default=repr(answer), inferred_type_name="str", help=prompt))
    return tuple(found)


def answering_code(parameters: Sequence[Parameter]) -> str | None:
    """A cell that defines `input`; before each cell, ipykernel makes its own `raw_input` the built-in one."""
    if not parameters:
        return None
    return _INPUT.format(names=", ".join(parameter.name for parameter in parameters))


def _questions(execution: CellExecution) -> list[tuple[str, str]]:
    """(name, prompt) of each top-level `name = input(prompt)`, also with the call inside of another one."""
    tree = read_code(execution.source).parse()
    found = []
    for node in tree.body if tree else ():
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            calls = [each for each in ast.walk(node.value) if isinstance(each, ast.Call) and _asks(each)]
            found += [(node.targets[0].id, _prompt(call)) for call in calls]
    return found


def _asks(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "input"


def _prompt(call: ast.Call) -> str:
    prompt = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else ""
    return " ".join(str(prompt).split())
