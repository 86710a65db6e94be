"""What was edited in an exported notebook since it was written, cell by cell, and a notebook with some edits undone."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_repro import objects
from jupyter_repro.errors import StorageError
from jupyter_repro.model import Pipeline
from jupyter_repro.verify.explanation import Factor, Kind, State

Cell = Mapping[str, Any]
_LINES = 6  # of a difference that are shown
_SEEDS = re.compile(r"seed|default_rng|shake_128|random_state", re.IGNORECASE)
_WORDS: Mapping[State, str] = {
    "changed": "was edited in the exported notebook",
    "removed": "was removed from the exported notebook",
    "added": "was added to the exported notebook",
}


class Edits:
    """The code cells of the notebook as it is against those that were exported, by their ids."""

    def __init__(self, folder: Path, pipeline: Pipeline, project: Path) -> None:
        stage = pipeline.stages[0]
        path = folder / stage.notebook  # where it is gone, running it says so
        self._now = _notebook(path.read_bytes() if path.is_file() else b"")
        self._then = _exported(project, stage.exported)

    def factors(self) -> Iterator[Factor]:
        if self._then is None or not self._now["cells"]:
            return
        before, after = _by_id(self._then), _by_id(self._now)
        for name in (*before, *(after.keys() - before.keys())):
            old, new = _source(before.get(name)), _source(after.get(name))
            if old != new:
                yield _factor(name, before.get(name) or after[name], old, new)

    def undone(self, names: Collection[str], upto: int | None = None) -> dict[str, Any]:
        """The notebook with the edits of the cells of these ids undone, cut behind the execution `upto`."""
        before = _by_id(self._then) if self._then is not None else {}
        cells = [before.get(each["id"]) if each.get("id") in names else each for each in self._now["cells"]]
        there = [each for each in cells if each is not None]
        for name in before:
            if name in names and name not in _by_id(self._now):
                there.insert(_place(there, list(before), name), before[name])
        return {**self._now, "cells": list(_cut(there, upto))}


def _exported(project: Path, digest: str | None) -> dict[str, Any] | None:
    """None where it was exported on another machine, or before exports were kept."""
    try:
        return _notebook(objects.get(project, digest)) if digest is not None else None
    except StorageError:
        return None


def _notebook(data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except ValueError:
        content = {}
    return content if isinstance(content, dict) and isinstance(content.get("cells"), list) else {"cells": []}


def _by_id(notebook: Mapping[str, Any]) -> dict[str, Cell]:
    """An unnamed cell of an older format has its place as its id."""
    cells = (each for each in notebook["cells"] if each.get("cell_type") == "code")
    return {each.get("id", f"cell {number}"): each for number, each in enumerate(cells, start=1)}


def _source(cell: Cell | None) -> str | None:
    if cell is None:
        return None
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _factor(name: str, cell: Cell, old: str | None, new: str | None) -> Factor:
    state: State = "added" if old is None else "removed" if new is None else "changed"
    ordinal = _ordinal(name, cell)
    changed = [line for line in _difference(old or "", new or "") if line[:1] in "+-"]
    kind: Kind = "seed" if changed and all(_SEEDS.search(line) or line[1:2] == "#" for line in changed) else "cell"
    where = f"execution {ordinal}" if name == f"execution-{ordinal}" else f"the cell {name}"
    return Factor(
        kind=kind,
        name=name,
        text=f"{where} {_WORDS[state]}" + (": it sets random numbers" if kind == "seed" else ""),
        state=state,
        ordinals=(ordinal,) if ordinal is not None else (),
        details=(*changed[:_LINES], *([f"and {len(changed) - _LINES} more lines"] if len(changed) > _LINES else [])),
    )


def _difference(old: str, new: str) -> list[str]:
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""))[2:]


def _ordinal(name: str, cell: Cell) -> int | None:
    """Of the execution that it is, or that it comes before."""
    ordinal = cell.get("metadata", {}).get("jupyter_repro", {}).get("ordinal")
    if isinstance(ordinal, int):
        return ordinal
    found = re.fullmatch(r"[a-z]+-(\d+)", name)
    return int(found[1]) if found else None


def _place(cells: Sequence[Cell], order: Sequence[str], name: str) -> int:
    """Behind the nearest cell that came before it and is still there."""
    ids = [each.get("id") for each in cells]
    for earlier in reversed(order[: order.index(name)]):
        if earlier in ids:
            return ids.index(earlier) + 1
    return 0


def _cut(cells: Sequence[Cell], upto: int | None) -> Iterator[Cell]:
    for cell in cells:
        yield cell
        if upto is not None and cell.get("metadata", {}).get("jupyter_repro", {}).get("ordinal") == upto:
            return
