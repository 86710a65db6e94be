"""Which libraries an execution really uses: those that it imports, whose names it reads, or that its values are of."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from jupyter_repro.lineage.names import read_cell
from jupyter_repro.model import CellExecution, Recording
from jupyter_repro.pipeline.code import read_code


def libraries_used(kept: Sequence[CellExecution], recording: Recording | None) -> dict[int, frozenset[str]]:
    """Ordinal -> import names of the top level."""
    known: dict[str, set[str]] = {}  # name -> libraries
    if recording is not None:
        known = {name: {_top(each) for each in bound.modules} for name, bound in recording.namespace.items()}
    found = {}
    for execution in kept:
        names = read_cell(execution.source)
        for name, library in _imports(execution.source):
            known.setdefault(name, set()).add(library)
        used = {_top(each) for each in names.imports} | set(execution.modules)
        for name in names.loads | set(execution.names_read):
            used |= known.get(name, set())
        found[execution.ordinal] = frozenset(used)
    return found


def users(names: Sequence[str], used: Mapping[int, frozenset[str]]) -> tuple[int, ...]:
    """The executions that use one of these import names."""
    return tuple(ordinal for ordinal, libraries in used.items() if not libraries.isdisjoint(names))


def _imports(source: str) -> Iterator[tuple[str, str]]:
    """Names that import statements bind, with the library."""
    tree = read_code(source).parse()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            yield from ((alias.asname or _top(alias.name), _top(alias.name)) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((alias.asname or alias.name, _top(node.module)) for alias in node.names)


def _top(module: str) -> str:
    return module.partition(".")[0]
