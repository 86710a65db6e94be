"""Reading a notebook for execution: its code cells and what it says of its kernel.

Plain JSON: importing nbformat costs more than reading any notebook.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from jupyter_repro.errors import NotebookError

_FORMAT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCell:
    index: int  # over the notebook's code cells, from 0
    id: str
    source: str
    execution_count: int | None = None  # as it is saved
    outputs: tuple[Any, ...] = ()  # as they are saved, in nbformat's JSON; nothing of them was checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    path: Path  # absolute
    cells: tuple[CodeCell, ...]  # the code cells, of which there is at least one
    kernel: str | None  # the kernelspec's name
    language: str | None  # in lower case


def read_notebook(path: Path) -> Notebook:
    """The notebook at `path`; NotebookError where there is none, where it is of a foreign format, or has no code cells.

    Cells of notebooks older than nbformat 4.5 have no ids: they get `code-1`, `code-2`... by position, so that two
    recordings of one notebook speak of the same cells.
    """
    content = _load(path)
    _check_format(content, path)
    cells = tuple(
        _code_cell(index, cell, _source(cell, number, path))
        for index, (number, cell) in enumerate(_code_cells(content, path))
    )
    if not any(cell.source.strip() for cell in cells):
        step = f"Write a code cell, then type `jrepro record {quote(str(path))}`."
        raise NotebookError(f"{path} has no code to run.", step)
    return Notebook(
        path=path.absolute(),
        cells=cells,
        kernel=_metadata(content, "kernelspec", "name"),
        language=_language(content),
    )


def _load(path: Path) -> dict[str, Any]:
    step = "Type `jrepro record NOTEBOOK` with the path of a Jupyter notebook (.ipynb)."
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise NotebookError(f"There is no notebook {path}.", step) from None
    except OSError as error:
        raise NotebookError(f"{path} can't be read: {error.strerror or error}.", step) from None
    except (ValueError, RecursionError):
        raise NotebookError(f"{path} is not a notebook: it holds no JSON.", step) from None
    if not isinstance(content, dict) or not ("nbformat" in content or "cells" in content):
        raise NotebookError(f"{path} is not a notebook: it is JSON of another kind.", step)
    return content


def _check_format(content: dict[str, Any], path: Path) -> None:
    version = content.get("nbformat", _FORMAT)
    if isinstance(version, int) and version < _FORMAT:
        step = f"Convert it with `jupyter nbconvert --to notebook --nbformat 4 --inplace {quote(str(path))}`."
        raise NotebookError(f"{path} is in the old notebook format {version}.", step)
    if version != _FORMAT:
        step = "Type `pip install --upgrade jupyter-repro`, or save it as nbformat 4."
        raise NotebookError(f"{path} is in notebook format {version}, which this version can't read.", step)


def _code_cells(content: dict[str, Any], path: Path) -> list[tuple[int, dict[str, Any]]]:
    cells = content.get("cells")
    if not isinstance(cells, list):
        raise _damaged(path, "it has no list of cells")
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict):
            raise _damaged(path, f"its cell {number} is no object")
    return [(number, cell) for number, cell in enumerate(cells, start=1) if cell.get("cell_type") == "code"]


def _code_cell(index: int, cell: dict[str, Any], source: str) -> CodeCell:
    count, outputs = cell.get("execution_count"), cell.get("outputs")
    return CodeCell(
        index=index,
        id=str(cell.get("id") or f"code-{index + 1}"),
        source=source,
        execution_count=count if type(count) is int and count > 0 else None,
        outputs=tuple(outputs) if isinstance(outputs, list) else (),
    )


def _source(cell: dict[str, Any], number: int, path: Path) -> str:
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    if not isinstance(source, str):
        raise _damaged(path, f"its cell {number} has no source")
    return source


def _damaged(path: Path, problem: str) -> NotebookError:
    step = f"Open and save it in JupyterLab, then type `jrepro record {quote(str(path))}` again."
    return NotebookError(f"{path} is not a valid notebook: {problem}.", step)


def _language(content: dict[str, Any]) -> str | None:
    language = _metadata(content, "kernelspec", "language") or _metadata(content, "language_info", "name")
    return language.lower() if language else None


def _metadata(content: dict[str, Any], section: str, key: str) -> str | None:
    found: Any = content
    for part in ("metadata", section, key):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found else None
