"""Names that statements may load before they bind them: by the syntax tree, and by symtable where scopes are opened."""

from __future__ import annotations

import ast
import symtable
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

_SURE_STORES = (
    ast.Assign,
    ast.AnnAssign,
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
)
_NESTED = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    *(ast.Import, ast.ImportFrom),
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Step(NamedTuple):
    """One top-level statement: names that it may read from the namespace, names that it binds for sure."""

    loads: frozenset[str]
    stores: frozenset[str]


class Flow:
    """What statements may load before they bind it themselves; a branch that isn't taken binds nothing."""

    def __init__(self, cell: ast.AST) -> None:
        self._cell = cell

    @cached_property
    def loaded(self) -> Counter[str]:
        """How often the cell loads which names anywhere."""
        return load_counts(self._cell)

    def step(self, statement: ast.stmt) -> Step:
        if isinstance(statement, (ast.For, ast.AsyncFor)):
            inside = self.block(statement.body).loads - _bound_by(statement.target)
            after = self.block(statement.orelse).loads
            return Step(_loads(statement.iter, statement.target) | inside | after, frozenset())
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            targets = [item.optional_vars for item in statement.items if item.optional_vars is not None]
            bound = frozenset[str]().union(*map(_bound_by, targets))
            managers = _loads(*targets, *(item.context_expr for item in statement.items))
            return Step(managers | (self.block(statement.body).loads - bound), frozenset())
        if isinstance(statement, (ast.If, ast.While)):
            body, other = self.block(statement.body), self.block(statement.orelse)
            stores = body.stores & other.stores if isinstance(statement, ast.If) else frozenset[str]()
            return Step(_loads(statement.test) | body.loads | other.loads, stores)
        return self._simple(statement)

    def block(self, statements: Iterable[ast.stmt]) -> Step:
        loads, stores = set[str](), set[str]()
        for step in map(self.step, statements):
            loads |= step.loads - stores
            stores |= step.stores
        return Step(frozenset(loads), frozenset(stores))

    def _simple(self, statement: ast.stmt) -> Step:
        nodes = list(ast.walk(statement))
        loads, stores = _loaded(nodes), _bound(nodes)
        if any(isinstance(node, _NESTED) for node in nodes):
            loads, stores = self._with_scopes(statement, loads)
        sure = stores - _perhaps_bound_by(statement, nodes) if isinstance(statement, _SURE_STORES) else frozenset()
        return Step(loads, sure)

    def _with_scopes(self, statement: ast.stmt, found: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Of a statement that opens scopes or imports; `found` are the names that it loads in any scope."""
        updated = {
            node.target.id
            for node in ast.walk(statement)
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
        }
        deleted = {
            node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)
        }
        loads, stores = updated | deleted, set[str]()  # symtable says of these only that they store
        try:
            table = symtable.symtable(ast.unparse(statement), "cell", "exec")
        except SyntaxError:  # it parses inside of a cell, but not alone: an await in a comprehension
            return frozenset(loads | found), frozenset(stores)
        _gather(table, _deferred(statement, self.loaded), loads, stores)
        return frozenset(loads), frozenset(stores)


def _loads(*nodes: ast.AST) -> frozenset[str]:
    """Names that are read or deleted anywhere in these."""
    return _loaded(each for top in nodes for each in ast.walk(top))


def _loaded(nodes: Iterable[ast.AST]) -> frozenset[str]:
    found = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return frozenset(found)


def _bound_by(node: ast.AST) -> frozenset[str]:
    return _bound(ast.walk(node))


def _bound(nodes: Iterable[ast.AST]) -> frozenset[str]:
    return frozenset(each.id for each in nodes if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load))


def _perhaps_bound_by(statement: ast.stmt, nodes: Iterable[ast.AST]) -> frozenset[str]:
    """By `:=`, which may be skipped, or by an annotation alone, which binds nothing."""
    targets = [each.target for each in nodes if isinstance(each, ast.NamedExpr)]
    if isinstance(statement, ast.AnnAssign) and statement.value is None:
        return _bound_by(statement)
    return frozenset(target.id for target in targets)


def load_counts(node: ast.AST) -> Counter[str]:
    return Counter(each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load))


def _deferred(statement: ast.stmt, loaded: Counter[str]) -> set[str]:
    """Functions whose bodies run only if a later cell calls them: nothing outside of their own text loads them, or the
    class whose methods they are.
    """
    found, used = set[str](), set[str]()
    methods: dict[ast.AST, bool] = {}
    for node in ast.walk(statement):
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            loads = loaded[node.name] > load_counts(node)[node.name] or bool(node.decorator_list)
            if isinstance(node, ast.ClassDef):
                methods |= dict.fromkeys(node.body, loads or bool(node.keywords))
            else:
                (used if loads or methods.get(node, False) else found).add(node.name)
    return found - used


def _gather(
    table: symtable.SymbolTable, deferred: set[str], loads: set[str], stores: set[str], top: bool = True
) -> None:
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (top or symbol.is_global()):
            loads.add(symbol.get_name())
        if top and (symbol.is_assigned() or symbol.is_imported()):
            stores.add(symbol.get_name())
    for child in table.get_children():
        if not (child.get_type() == "function" and child.get_name() in deferred):
            _gather(child, deferred, loads, stores, top=False)
