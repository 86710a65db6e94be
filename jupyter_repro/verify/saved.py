"""What a run of a notebook shows, against what its file shows: cell by cell, as far as that can be compared."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_repro.lineage.slicing import slice_for
from jupyter_repro.model import CellExecution, Recording, Target, Verdict
from jupyter_repro.pipeline.code import read_code
from jupyter_repro.run.history import Step
from jupyter_repro.run.notebooks import CodeCell
from jupyter_repro.verify.difference import GOOD, Difference, missing
from jupyter_repro.verify.outputs import compare_outputs
from jupyter_repro.verify.prove import recorded_outputs

# What a front end adds for itself. Colab's HTML is its own, too: the kernel's is among what it replaced.
_OF_FRONT_ENDS = ("application/vnd.google.colaboratory", "application/vnd.microsoft", "application/vnd.jupyter.widget")
_COLAB = "colab-df-"
_NEEDED = {"stream": ("name", "text"), "error": ("ename", "evalue")}


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCheck:
    """One cell whose file shows something: whether the run showed it, too."""

    cell: int  # number of the code cell, from 1
    ordinal: int | None  # of the execution; None where the order leaves the cell out
    verdict: Verdict
    tolerance: str | None = None
    expected: str | None = None
    found: str | None = None
    cause: str | None = None  # in words, where one is known
    agrees_in: tuple[str, ...] = ()  # other orders, by name, in which it agrees

    @property
    def agrees(self) -> bool:
        return self.verdict in GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFailure:
    """A cell that failed, or was not reached, and whose file shows no such error."""

    cell: int
    ordinal: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    checks: tuple[SavedCheck, ...]
    failures: tuple[CellFailure, ...]

    @property
    def agreeing(self) -> int:
        return sum(check.agrees for check in self.checks)

    @property
    def contradicted(self) -> bool:
        """Whether the run can't be the one that was saved."""
        return bool(self.failures) or self.agreeing < len(self.checks)


def compare_with_saved(
    cells: Sequence[CodeCell],
    steps: Sequence[Step],
    recording: Recording,
    project: Path,
    errors: Mapping[int, str],
) -> Comparison:
    """`steps` are those that were recorded, one after the other; `errors` says how executions failed, by ordinal.

    Cells that show nothing to compare are left out; those that the order leaves out are not.
    """
    ordinals = {step.number: ordinal for ordinal, step in enumerate(steps, start=1)}
    executions = {each.ordinal: each for each in recording.executions}
    failures = tuple(_failures(cells, ordinals, executions, errors))
    failed = {failure.ordinal: failure.error for failure in failures}
    checks = []
    for cell in cells:
        if shown := comparable(cell.outputs):
            ordinal = ordinals.get(cell.index + 1)
            difference = _compare(shown, executions.get(ordinal or 0), project, failed.get(ordinal or 0))
            cause = None if difference.verdict in GOOD or ordinal in failed else _cause(recording, ordinal)
            checks.append(_check(cell, ordinal, difference, cause))
    return Comparison(checks=tuple(checks), failures=failures)


def comparable(outputs: Sequence[Any]) -> tuple[dict[str, Any], ...]:
    """Saved outputs that a run can be compared with; none where there is only what went to standard error."""
    valid = tuple(_without_own_forms(each) for each in outputs if _is_valid(each))
    shown = tuple(each for each in valid if each.get("data") != {})
    return shown if any(each.get("name") != "stderr" for each in shown) else ()


def _is_valid(output: Any) -> bool:
    if not isinstance(output, dict) or not isinstance(output.get("output_type"), str):
        return False
    if output["output_type"] in ("display_data", "execute_result"):
        return isinstance(output.get("data"), dict)
    return all(key in output for key in _NEEDED.get(output["output_type"], ("unknown",)))


def _without_own_forms(output: dict[str, Any]) -> dict[str, Any]:
    if "data" not in output:
        return output
    data = {mime: value for mime, value in output["data"].items() if not mime.startswith(_OF_FRONT_ENDS)}
    if _COLAB in str(data.get("text/html")):
        del data["text/html"]
    return {**output, "data": data}


def _compare(
    shown: Sequence[dict[str, Any]], execution: CellExecution | None, project: Path, error: str | None
) -> Difference:
    if execution is None:
        return missing(error or "it is not in this order")
    found = recorded_outputs(execution, project)
    if error is not None or found is None:
        return missing(error or "what it showed is not in the record")
    return compare_outputs(shown, [_without_own_forms(each) for each in found], partly=True)


def _check(cell: CodeCell, ordinal: int | None, difference: Difference, cause: str | None) -> SavedCheck:
    return SavedCheck(
        cell=cell.index + 1,
        ordinal=ordinal,
        verdict=difference.verdict,
        tolerance=difference.note,
        expected=difference.expected,
        found=difference.found,
        cause=cause,
    )


def _failures(
    cells: Sequence[CodeCell],
    ordinals: Mapping[int | None, int],
    executions: Mapping[int, CellExecution],
    errors: Mapping[int, str],
) -> Iterator[CellFailure]:
    for cell in cells:
        ordinal = ordinals.get(cell.index + 1)
        if ordinal is None:
            continue
        execution = executions.get(ordinal)
        error = errors.get(ordinal, "it was not reached" if execution is None else None)
        if error is not None and not _is_saved(cell, execution):
            yield CellFailure(cell=cell.index + 1, ordinal=ordinal, error=error)


def _is_saved(cell: CodeCell, execution: CellExecution | None) -> bool:
    """Whether the file shows an error of the same kind."""
    name = execution.error.name if execution is not None and execution.error is not None else None
    return any(_is_valid(each) and each.get("ename") == name for each in cell.outputs) if name else False


def _cause(recording: Recording, ordinal: int | None) -> str | None:
    """Random numbers that nothing in the notebook seeds, in what the execution needs: the last ones drawn before."""
    if ordinal is None:
        return None
    kept = {each.ordinal for each in slice_for(recording, [_output(ordinal)]).kept}
    drawing = [each.ordinal for each in recording.executions if each.ordinal in kept and _draws_unseeded(each)]
    if not drawing:
        return None
    where = "it" if drawing[-1] == ordinal else f"execution {drawing[-1]}, which it needs,"
    return f"{where} draws random numbers that nothing in the notebook seeds"


def _draws_unseeded(execution: CellExecution) -> bool:
    drawn = bool(execution.entropy) or any(state.seed is not None for state in execution.random)
    return drawn and _acts(execution.source)


def _acts(source: str) -> bool:
    """More than imports, in which libraries draw for themselves."""
    code = read_code(source)
    tree = code.parse()
    return bool(code.commands) or (tree is not None and any(isinstance(each, ast.Call) for each in ast.walk(tree)))


def _output(ordinal: int) -> Target:
    return Target(kind="output", text=f"output of execution {ordinal}", ordinal=ordinal)
