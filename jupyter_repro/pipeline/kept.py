"""The executions that the notebook is made of: what the slice keeps, without our own magics and what never ran."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from jupyter_repro.lineage.control import is_own
from jupyter_repro.model import CellExecution, Recording, Slice
from jupyter_repro.pipeline.code import Code, Command, read_code

_METRIC = re.compile(r"%repro[ \t]+metric[ \t]+([\w.-]+)[ \t]+(\S.*?)\s*")
_BEFORE_RUNNING = frozenset(("SyntaxError", "IndentationError", "TabError"))


def kept_executions(recording: Recording, chosen: Slice) -> tuple[CellExecution, ...]:
    """In true order. What holds only our own magics vanishes, and what a syntax error kept from running."""
    ordinals = {kept.ordinal for kept in chosen.kept}
    found = (
        replace(execution, source=without_own_magics(with_printed_metrics(execution.source)))
        for execution in recording.executions
        if execution.ordinal in ordinals and not _never_ran(execution)
    )
    return tuple(execution for execution in found if execution.source.strip())


def with_printed_metrics(source: str) -> str:
    """With `%repro metric NAME VALUE` as the call of print that shows the same."""
    code = read_code(source)
    lines = source.splitlines(keepends=True)
    for command in code.commands:
        if (found := _METRIC.fullmatch(command.text)) and command.first == command.last:
            line = lines[command.first]
            end = "\n" if line.endswith("\n") else ""
            lines[command.first] = f'{line[: command.column]}print("{found[1]} =", {found[2]}){end}'
    return "".join(lines)


def without_own_magics(source: str) -> str:
    """The source without lines that control the recording; empty where nothing but comments would be left."""
    code = read_code(source)
    if _is_automagic(source, code):
        return ""
    lines = source.splitlines(keepends=True)
    own = [command for command in code.commands if _is_own(command, code)]
    for command in reversed(own):
        last = command.first if command.is_cell_magic else command.last
        lines[command.first : last + 1] = [f"{' ' * command.column}pass\n"] if command.column else []
    rest = "".join(lines)
    if not own or not _holds_code(lines):
        return "" if own else source
    if own[-1].first == _last_statement_line(code) and _shows_its_last_line(rest):
        rest = f"{rest.rstrip()}\npass"  # our magic stood there: what precedes it was not shown
    return rest


def _is_own(command: Command, code: Code) -> bool:
    stands_alone = not code.text.splitlines()[command.first][: command.column].strip()
    return stands_alone and is_own(command.text)


def _is_automagic(source: str, code: Code) -> bool:
    """One line alone works without its percent sign."""
    return "\n" not in source.strip() and is_own(f"%{source.strip()}") and code.parse() is None


def _holds_code(lines: list[str]) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)


def _last_statement_line(code: Code) -> int:
    tree = code.parse()
    return tree.body[-1].lineno - 1 if tree and tree.body else -1


def _shows_its_last_line(source: str) -> bool:
    tree = read_code(source).parse()
    return tree is not None and bool(tree.body) and isinstance(tree.body[-1], ast.Expr)


def _never_ran(execution: CellExecution) -> bool:
    failed_to_parse = execution.error is not None and execution.error.name in _BEFORE_RUNNING
    return failed_to_parse and read_code(execution.source).parse() is None
