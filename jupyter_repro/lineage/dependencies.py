"""An order of cells in which names are bound before they are read, by the cells' texts alone.

The texts are IPython's transformed ones, see `lineage.names`. Standard library only.
"""

from __future__ import annotations

import symtable
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from jupyter_repro.lineage.names import read_cell


@dataclass
class _Cell:
    reads: set[str] = field(default_factory=set)  # before it binds them itself
    binds: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)  # of these, those that an import binds and nothing else
    later: dict[str, set[str]] = field(default_factory=dict)  # a function or class -> what its body reads when it runs


def dependency_order(sources: Sequence[str]) -> list[int]:
    """Indexes of all cells: what a cell reads is bound before it, by the last cell that binds it where several do.

    Where that would lead in a circle an earlier definition does. Cells that don't need each other stay in the order of
    the document.
    """
    cells = [_read(source) for source in sources]
    _read_through_functions(cells)
    graph = _Graph(len(cells))
    above, below = _uses(cells)
    for cell, definitions in below:  # without these and the next there is a NameError
        graph.add_last(definitions, cell)
    for cell, definitions in above:
        graph.add(max(each for each in definitions if each < cell), cell)
    for definitions in _definitions(cells).values():
        for earlier, later in pairwise(definitions):
            graph.add(earlier, later)
    for cell, definitions in above:
        graph.add_last(definitions, cell)
    return graph.order()


def _read(source: str) -> _Cell:
    names = read_cell(source)
    try:
        table = symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError):
        return _Cell()
    assigned = {each.get_name() for each in table.get_symbols() if each.is_assigned()}
    imported = {each.get_name() for each in table.get_symbols() if each.is_imported()} - assigned
    local = {each.get_name() for inner in _inside(table) for each in inner.get_symbols()}
    by_text = names.stored - local  # literal exec(), code magics
    return _Cell(names.loads, assigned | imported | by_text, imported, _read_later(table))


def _read_later(table: symtable.SymbolTable) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for child in table.get_children():
        reads = found.setdefault(child.get_name(), set())
        for inner in (child, *_inside(child)):
            reads |= {each.get_name() for each in inner.get_symbols() if each.is_global() and each.is_referenced()}
    return found


def _inside(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _inside(child)


def _read_through_functions(cells: Sequence[_Cell]) -> None:
    """Whoever reads a function reads what its body reads."""
    later: dict[str, set[str]] = {}
    for cell in cells:
        for name, reads in cell.later.items():
            later.setdefault(name, set()).update(reads)
    for cell in cells:
        waiting = list(cell.reads)
        reads = set(waiting)
        while waiting:
            more = later.get(waiting.pop(), set()) - reads
            reads |= more
            waiting += more
        cell.reads = reads - (cell.binds - cell.reads)


def _definitions(cells: Sequence[_Cell]) -> dict[str, list[int]]:
    """Name -> cells that bind it and that another one may need. To import a thing again changes nothing."""
    found: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        for name in sorted(cell.binds):
            known = found.setdefault(name, [])
            if not (known and name in cell.imports and all(name in cells[each].imports for each in known)):
                known.append(index)
    read = set().union(*(cell.reads for cell in cells))
    return {name: indexes for name, indexes in found.items() if name in read}


def _uses(cells: Sequence[_Cell]) -> tuple[list[tuple[int, list[int]]], list[tuple[int, list[int]]]]:
    """(cell, cells that bind what it reads): with one of these above it in the document, and without.

    A cell that changes what it reads is a definition itself and needs the one above, no later one.
    """
    definitions = _definitions(cells)
    above: list[tuple[int, list[int]]] = []
    below: list[tuple[int, list[int]]] = []
    for index, cell in enumerate(cells):
        for name in sorted(cell.reads & definitions.keys()):
            others = [each for each in definitions[name] if each != index]
            if not any(each < index for each in others):
                below.append((index, others))
            elif name not in cell.binds:
                above.append((index, others))
    return above, below


class _Graph:
    """What comes before what; it takes nothing that would close a circle."""

    def __init__(self, size: int) -> None:
        self._before: list[set[int]] = [set() for _ in range(size)]

    def add(self, first: int, second: int) -> bool:
        if first in self._before[second]:
            return True
        if first == second or second in self._all_before(first):
            return False
        self._before[second].add(first)
        return True

    def add_last(self, definitions: Sequence[int], cell: int) -> None:
        """The last one that can come before `cell` does; those that can't come after it, or it would be overwritten."""
        for definition in reversed(definitions):
            if self.add(definition, cell):
                return
            self.add(cell, definition)

    def _all_before(self, cell: int) -> set[int]:
        found, waiting = {cell}, [cell]
        while waiting:
            more = self._before[waiting.pop()] - found
            found |= more
            waiting += more
        return found

    def order(self) -> list[int]:
        """In the order of the document, but for what has to come before."""
        done: dict[int, None] = {}
        for cell in range(len(self._before)):
            self._add_to(done, cell)
        return list(done)

    def _add_to(self, done: dict[int, None], cell: int) -> None:
        waiting = [cell]
        while waiting:
            missing: Iterable[int] = self._before[waiting[-1]] - done.keys()
            if missing:
                waiting.append(min(missing))
            else:
                done[waiting.pop()] = None
