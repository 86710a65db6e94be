"""The frameworks' deterministic modes in plain code: switched on where the recording did, right after the import."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from jupyter_repro.model import CellExecution
from jupyter_repro.pipeline.imports import importer, names_import, with_line_behind

_MODES = {
    "tensorflow": '__import__("tensorflow").config.experimental.enable_op_determinism()',
    "torch": '__import__("os").environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8"); '
    '__import__("torch").use_deterministic_algorithms(True)',
}
_WHY = "as the session was recorded"


def modes_before(kept: Sequence[CellExecution], index: int) -> str | None:
    """A cell before the execution that brings a framework in some other way than by importing it on its top level."""
    lines = [_MODES[library] for library, statement in _imported(kept, index) if statement is None]
    return "\n".join((f"# Deterministic modes, {_WHY}.", *lines)) if lines else None


def modes_inside(kept: Sequence[CellExecution], index: int, source: str) -> str:
    """The execution's source, with the modes switched on behind its imports."""
    for library, statement in _imported(kept, index):
        if statement is not None and (place := names_import(source, library)) is not None:
            source = with_line_behind(source, place, _MODES[library], _WHY)
    return source


def _imported(kept: Sequence[CellExecution], index: int) -> Iterator[tuple[str, ast.stmt | None]]:
    """The frameworks that come with this execution, and its import statements where it has them."""
    for library in _MODES:
        if importer(kept, library) == index:
            statement = names_import(kept[index].source, library)
            yield library, statement if isinstance(statement, (ast.Import, ast.ImportFrom)) else None
