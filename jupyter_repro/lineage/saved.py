"""The code cells of a notebook as it is saved, and which of them an execution was one of."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_repro.model import CellExecution

_ALIKE = 0.6  # shared tokens: from here on a text counts as an edit of another one


@dataclass(frozen=True, slots=True)
class SavedCell:
    id: str | None  # None in notebooks older than nbformat 4.5
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What became of an execution's cell. Equal keys are the same cell; None is like no other."""

    key: str | None
    edited: bool = False
    deleted: bool = False


def saved_cells(content: bytes) -> tuple[SavedCell, ...] | None:
    """The code cells of a notebook's JSON; None where it is no notebook of nbformat 4."""
    try:
        cells = json.loads(content)["cells"]
        return tuple(SavedCell(cell.get("id"), _text(cell["source"])) for cell in cells if cell["cell_type"] == "code")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def match_cells(executions: Sequence[CellExecution], saved: Sequence[SavedCell] | None) -> list[Match]:
    """One match for each execution: by the cell's id, or by text where ids don't tell.

    Notebooks older than nbformat 4.5 have no ids, consoles send none, and VS Code sends its own.
    """
    if saved is None:
        return [Match(key=execution.cell_id) for execution in executions]
    texts = _Texts([_normalised(cell.source) for cell in saved])
    by_id = {cell.id: _normalised(cell.source) for cell in saved if cell.id is not None}
    if not any(execution.cell_id in by_id for execution in executions):
        latest = {each.cell_id: texts.like(_normalised(each.source)) for each in executions}
        by_id = {cell_id: text for cell_id, text in latest.items() if cell_id is not None and text is not None}
    return [_match(execution, by_id, texts) for execution in executions]


def _match(execution: CellExecution, by_id: dict[str, str], texts: _Texts) -> Match:
    cell_id, text = execution.cell_id, _normalised(execution.source)
    if cell_id is None:
        return texts.match(text)
    return Match(key=cell_id, edited=by_id.get(cell_id, text) != text, deleted=cell_id not in by_id)


class _Texts:
    """Finds the saved text that a text is, or is an edit of."""

    def __init__(self, texts: list[str]) -> None:
        self._count = Counter(texts)
        self._tokens = {text: _tokens(text) for text in texts}
        self._known: dict[str, str | None] = {}

    def like(self, text: str) -> str | None:
        if text not in self._known:
            self._known[text] = text if text in self._tokens else self._most_alike(text)
        return self._known[text]

    def match(self, text: str) -> Match:
        found = self.like(text)
        if found is None:
            return Match(key=None, deleted=True)
        # Of two cells with the same text it can't be told which one ran.
        return Match(key=found if self._count[found] == 1 else None, edited=found != text)

    def _most_alike(self, text: str) -> str | None:
        tokens = _tokens(text)
        likeness = {each: _likeness(tokens, known) for each, known in self._tokens.items()}
        best = max(likeness, key=likeness.__getitem__, default=None)
        return best if best is not None and likeness[best] >= _ALIKE else None


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _normalised(source: str) -> str:
    """Front ends differ in line ends and in the newline after the last line."""
    return source.replace("\r\n", "\n").rstrip()


def _tokens(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+|[^\w\s]", text))


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / ((len(one) + len(other)) or 1)
