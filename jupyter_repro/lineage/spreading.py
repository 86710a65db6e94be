"""Where what isn't deterministic goes: through names, calls and files, execution after execution, to the targets.

It errs on the safe side: whatever a statement touches together with such a value is taken to hold it. What goes through
attributes of libraries, or through the network and back, isn't seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from jupyter_repro.lineage.nondeterminism import Scope, Source, sources
from jupyter_repro.model import CellExecution, Target

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_SHOWING = frozenset(("print", "display"))  # they keep nothing of what they show
_BODIES = ("body", "orelse", "finalbody")


@dataclass(frozen=True)
class Found:
    """A source in an execution."""

    ordinal: int
    source: Source


@dataclass
class Spreading:
    """Follows the kept executions in true order; the scope and all sets grow with them."""

    scope: Scope
    found: dict[Found, None] = field(default_factory=dict)
    held: dict[str, set[Found]] = field(default_factory=dict)  # name -> what its value may hold
    shown: dict[int, set[Found]] = field(default_factory=dict)
    in_files: dict[str, set[Found]] = field(default_factory=dict)
    _latent: dict[str, tuple[Source, ...]] = field(default_factory=dict)  # function or class -> what calling it reads
    _ordinal: int = 0

    def run(self, execution: CellExecution, tree: ast.Module) -> None:
        """One execution, with what its record says of files and of names that changed through others."""
        read = [file.path for file in execution.own_files if "read" in file.mode]
        written = [file.path for file in execution.own_files if "write" in file.mode]
        ordinal = execution.ordinal
        self._ordinal = ordinal
        into = set[Found]().union(*(self.in_files.get(path, ()) for path in read))
        before = len(self.found)
        self.shown[ordinal] = set()
        self._block(tree.body, into)
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            self.shown[ordinal] |= self._in(tree.body[-1], into)
        through = self._all(tree, into) | set(list(self.found)[before:])
        self._hold(execution.mutated if through else (), through)
        for path in written:
            self.in_files[path] = through

    def note(self, execution: CellExecution, found: Iterable[Source], only_shown: bool = False) -> None:
        """What an execution reads of which nothing but that is known: it may be anywhere in what it does, or shows."""
        self._ordinal = execution.ordinal
        added = {self._add(source) for source in found}
        self.shown.setdefault(execution.ordinal, set()).update(added)
        if added and not only_shown:
            self._hold((*execution.bound, *execution.rebound, *execution.mutated), added)
        for path in (file.path for file in execution.own_files if "write" in file.mode and not only_shown):
            self.in_files.setdefault(path, set()).update(added)

    def reaching(self, targets: Iterable[Target]) -> set[Found]:
        """What the targets may hold."""
        found = set[Found]()
        for target in targets:
            if target.kind == "output":
                found |= self.shown.get(target.ordinal or 0, set())
            elif target.kind == "file":
                found |= self.in_files.get(target.text, set())
            else:
                tree = ast.parse(target.text, mode="eval")
                found |= self._in(tree, set())
        return found

    def _all(self, tree: ast.AST, into: set[Found]) -> set[Found]:
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        return into.union(*(self.held.get(name, ()) for name in names))

    def _block(self, statements: Iterable[ast.stmt], into: set[Found]) -> None:
        for statement in statements:
            self._statement(statement, into)
            self.scope.note(statement)

    def _statement(self, statement: ast.stmt, into: set[Found]) -> None:
        if isinstance(statement, _DEFINITIONS):
            self._define(statement)
        elif hasattr(statement, "body") or isinstance(statement, ast.Match):
            self._compound(statement, into)
        elif through := self._in(statement, into):
            self._spread(statement, through)
        elif isinstance(statement, ast.Assign):
            self._clear(statement.targets)

    def _define(self, statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        inherited = [source for name in _loads(statement) for source in self._latent.get(name, ())]
        own = [Source(each.kind, f"{each.detail} in {statement.name}") for each in sources(statement, self.scope)]
        self._latent[statement.name] = (*own, *inherited)
        self.held[statement.name] = self._all(statement, set())

    def _compound(self, statement: ast.stmt, into: set[Found]) -> None:
        heads = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, (ast.stmt, *_PARTS))]
        through = into.union(*(self._in(head, into) for head in heads))
        if through:
            self._hold(_stored(heads), through)
        parts = [part for part in ast.iter_child_nodes(statement) if isinstance(part, _PARTS)]
        repeats = 2 if isinstance(statement, (ast.For, ast.AsyncFor, ast.While)) else 1
        for _ in range(repeats):  # what comes late in a loop's body reaches its beginning
            for owner in (statement, *parts):
                for name in _BODIES:
                    self._block(getattr(owner, name, ()), through)

    def _in(self, node: ast.AST, into: set[Found]) -> set[Found]:
        """What the node's value may hold, besides what decides whether it runs at all."""
        found = set(into)
        found |= {self._add(source) for source in sources(node, self.scope)}
        for name in _loads(node):
            found |= self.held.get(name, set())
            found |= {self._add(source) for source in self._latent.get(name, ())}
        return found

    def _add(self, source: Source) -> Found:
        found = Found(self._ordinal, source)
        self.found[found] = None
        return found

    def _spread(self, statement: ast.stmt, through: set[Found]) -> None:
        if isinstance(statement, ast.Expr):
            call = statement.value
            self.shown[self._ordinal] |= through
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _SHOWING:
                return
            self._hold(_loads(statement), through)  # a call may change whatever it is given
        else:
            self._hold(_stored((statement,)), through)

    def _hold(self, names: Iterable[str], through: set[Found]) -> None:
        for name in names:
            self.held.setdefault(name, set()).update(through)

    def _clear(self, targets: Iterable[ast.expr]) -> None:
        for target in targets:
            if isinstance(target, ast.Name):
                self.held.pop(target.id, None)
                self._latent.pop(target.id, None)


_PARTS = (ast.ExceptHandler, ast.match_case)


def _loads(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}


def _stored(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that are bound, and those of which a part is."""
    found = set[str]()
    for node in (each for top in nodes for each in ast.walk(top)):
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            owner: ast.AST = node
            while isinstance(owner, (ast.Attribute, ast.Subscript)):
                owner = owner.value
            found |= {owner.id} if isinstance(owner, ast.Name) else set()
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found
