"""The markdown cells of the saved notebook that stand directly above the cells of kept executions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_repro.model import CellExecution

NotebookCell = Mapping[str, Any]  # as nbformat or json read it


def headings(kept: Sequence[CellExecution], saved: Sequence[NotebookCell]) -> dict[int, list[NotebookCell]]:
    """Ordinal -> the markdown cells between its cell and the code cell above; each goes to the first execution only."""
    blocks = _blocks(saved)
    by_id = {f"code-{number}": block for number, (_, block) in enumerate(blocks, start=1)}  # before nbformat 4.5
    by_id |= {cell["id"]: block for cell, block in blocks if "id" in cell}
    by_text = {_text(cell): block for cell, block in blocks}
    ids_tell = any(execution.cell_id in by_id for execution in kept)  # VS Code sends its own, consoles send none
    found: dict[int, list[NotebookCell]] = {}
    for execution in kept:
        block = by_id.get(execution.cell_id or "") if ids_tell else by_text.get(execution.source.strip())
        if block:
            found[execution.ordinal] = list(block)
            block.clear()
    return found


def _blocks(saved: Sequence[NotebookCell]) -> list[tuple[NotebookCell, list[NotebookCell]]]:
    """Each code cell with the markdown directly above it."""
    blocks: list[tuple[NotebookCell, list[NotebookCell]]] = []
    above: list[NotebookCell] = []
    for cell in saved:
        if cell["cell_type"] == "markdown":
            above.append(cell)
        elif cell["cell_type"] == "code":
            blocks.append((cell, above))
            above = []
    return blocks


def _text(cell: NotebookCell) -> str:
    return "".join(cell["source"]).strip()
