"""The kept executions as one program: where each name is used, bound and changed, and which literals may move up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from jupyter_repro.model import CellExecution
from jupyter_repro.pipeline.lifting import Literal, find_literals, literal_names
from jupyter_repro.pipeline.statements import Statement, read_statements

_FINISHED = ("ok", "unobserved")  # others may have stopped before the assignment
_Places = dict[str, list[int]]


class Program:
    """Statements are numbered through all executions; evidence is looked up by ordinal."""

    def __init__(self, kept: Iterable[CellExecution]) -> None:
        self.literals: dict[str, list[tuple[CellExecution, Literal]]] = {}  # name -> its literal assignments
        self._ordinals: list[int] = []  # of each statement
        self._assigns: dict[tuple[str, int], int] = {}  # (name, ordinal) -> the statement that assigns a literal
        self._uses: _Places = defaultdict(list)
        self._binds: _Places = defaultdict(list)
        self._bodies: dict[str, list[tuple[int, str]]] = defaultdict(list)  # name -> functions that use it
        self._resets: list[int] = []
        self._bound: _Places = defaultdict(list)  # by evidence: ordinals
        self._changed: _Places = defaultdict(list)
        for execution in kept:
            self._add(execution)

    def _add(self, execution: CellExecution) -> None:
        for statement in read_statements(execution.source):
            self._add_statement(statement, execution.ordinal)
        for name in (*execution.bound, *execution.rebound):
            self._bound[name].append(execution.ordinal)
        for name in (*execution.mutated, *execution.deleted):
            self._changed[name].append(execution.ordinal)
        if execution.status in _FINISHED:
            for literal in find_literals(execution.source):
                self.literals.setdefault(literal.name, []).append((execution, literal))

    def _add_statement(self, statement: Statement, ordinal: int) -> None:
        index = len(self._ordinals)
        self._ordinals.append(ordinal)
        for name in statement.uses:
            self._uses[name].append(index)
        for name in statement.binds:
            self._binds[name].append(index)
        for function, names in statement.later.items():
            for name in names:
                self._bodies[name].append((index, function))
        for name in literal_names(statement.node):
            self._assigns.setdefault((name, ordinal), index)
        if statement.forgets:
            self._resets.append(index)

    def objection(self, name: str) -> str | None:
        """Why the assignment to `name` can't move to the top; None where it can."""
        places = [execution.ordinal for execution, _ in self.literals.get(name, [])]
        if not places:
            return self._why_no_literal(name)
        if len(places) > 1:
            return f"it is assigned {len(places)} times, in executions {_listed(places)}"
        return self._used_before(name, self._assigns[name, places[0]])

    @property
    def resets(self) -> bool:
        """Whether an execution forgets names."""
        return bool(self._resets)

    def is_bound_once(self, name: str) -> bool:
        """Whether nothing but its literal assignment binds, changes or deletes the name."""
        execution, _ = self.literals[name][0]
        bound = self._binds[name] == [self._assigns[name, execution.ordinal]]
        return bound and not self._changed[name] and set(self._bound[name]) <= {execution.ordinal}

    def is_read(self, name: str) -> bool:
        """Whether a statement behind its literal assignment, or any function, uses the name."""
        execution, _ = self.literals[name][0]
        uses = self._uses[name]
        return bool(self._bodies[name]) or (bool(uses) and uses[-1] > self._assigns[name, execution.ordinal])

    def _used_before(self, name: str, index: int) -> str | None:
        """Moved to the top, the name would have its value before the code has bound it."""
        ordinal = self._ordinals[index]
        assigned = f"before execution {ordinal} assigns it"
        for place in (*self._uses[name][:1], *self._binds[name][:1]):
            if place < index:
                return f"execution {self._ordinals[place]} uses it {assigned}"
        for function in self._reach(name, index):
            if self._uses[function] and self._uses[function][0] < index:
                return (
                    f"execution {self._ordinals[self._uses[function][0]]} uses {function}, which reads it, {assigned}"
                )
        for place in (*self._bound[name][:1], *self._changed[name][:1]):
            if place < ordinal:
                return f"execution {place} changes it {assigned}"
        if self._resets and self._resets[0] < index:
            return f"execution {self._ordinals[self._resets[0]]} resets the namespace {assigned}"
        return None

    def _reach(self, name: str, before: int) -> Iterator[str]:
        """Functions and classes, defined before a statement, whose bodies use `name`, themselves or through others."""
        found, pending = {name}, [name]
        while pending:
            for place, function in self._bodies[pending.pop()]:
                if place < before and function not in found:
                    found.add(function)
                    pending.append(function)
                    yield function

    def _why_no_literal(self, name: str) -> str:
        binding = [self._ordinals[index] for index in self._binds[name]]
        if binding and (name, binding[0]) in self._assigns:
            return f"execution {binding[0]}, which assigns it, did not run to its end"
        places = [*binding, *self._bound[name]]
        if not places:
            return "no execution that is kept assigns it"
        return f"execution {places[0]} gives it a value, but not as `{name} = <literal>` on the top level of a cell"


def _listed(numbers: list[int]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
