"""Where the kept code imports a library, and lines that are to run right behind the import."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache

from jupyter_repro.model import CellExecution
from jupyter_repro.pipeline.code import read_code
from jupyter_repro.pipeline.lifting import keeps_columns, span


def importer(kept: Sequence[CellExecution], library: str) -> int:
    """The first execution that imports the library, by evidence or by its text; `len(kept)` where none is known to."""
    if library == "random":
        return -1  # the kernel has it
    for index, execution in enumerate(kept):
        if execution.status != "unobserved" and (
            library in execution.modules or names_import(execution.source, library) is not None
        ):
            return index
    return len(kept)


def import_statement(source: str, library: str) -> ast.stmt | None:
    """The top-level statement that imports the library: the first that names it, else the last that may bring it."""
    imports = [each for each in _top_level(source) if isinstance(each, (ast.Import, ast.ImportFrom))]
    return names_import(source, library) or (imports[-1] if imports else None)


@lru_cache(maxsize=4096)
def names_import(source: str, library: str) -> ast.stmt | None:
    """The first top-level statement that imports the library by its name."""
    for statement in _top_level(source):
        for node in ast.walk(statement):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            if library in {name.partition(".")[0] for name in names}:
                return statement
    return None


def calls_behind(source: str, statement: ast.stmt) -> bool:
    """Whether anything behind the statement could draw."""
    behind = [each for each in _top_level(source) if each.lineno > statement.lineno]
    return any(isinstance(node, ast.Call) for each in behind for node in ast.walk(each))


def with_line_behind(source: str, statement: ast.stmt, line: str, why: str) -> str:
    """The source with `line` behind a top-level statement of it."""
    _, end = span(source, statement)
    rest = source[end:].partition("\n")[0]
    if rest.strip() and not rest.strip().startswith("#"):  # other statements on the same line
        return f"{source[:end]}; {line.removesuffix(';')}{source[end:]}"
    end += len(rest)
    return f"{source[:end]}\n{line}  # {why}{source[end:]}"


def _top_level(source: str) -> list[ast.stmt]:
    code = read_code(source)
    tree = code.parse() if keeps_columns(source, code) else None
    return tree.body if tree else []
