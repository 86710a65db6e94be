"""Top-level statements of a cell: the global names that each one uses and binds, now or when it is called."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from jupyter_repro.model import CellExecution
from jupyter_repro.pipeline.code import Code, read_code, words

BY_NAME = frozenset(("delattr", "eval", "exec", "getattr", "globals", "locals", "query", "setattr", "vars"))
_SCOPES_THAT_RUN_NOW = frozenset(("lambda", "genexpr", "listcomp", "setcomp", "dictcomp"))
_REMEMBERED = 4096  # sources


@dataclass(slots=True)
class Statement:
    """`node` is None for a cell magic and for text that isn't Python: all its words count as used."""

    node: ast.stmt | None
    uses: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    later: dict[str, set[str]] = field(default_factory=dict)  # function or class -> names that its body uses
    forgets: bool = False  # `%reset`: names that were bound before it are gone


@lru_cache(maxsize=_REMEMBERED)
def read_statements(source: str) -> tuple[Statement, ...]:
    """In the order of the text; callers must not change them."""
    code = read_code(source)
    tree = code.parse()
    if tree is None or code.cell_magic:
        return (Statement(None, uses=set(words(code.text))),)
    return tuple(_read(node, code) for node in tree.body)


def global_names(executions: Iterable[CellExecution]) -> frozenset[str]:
    """Every global name that their code may use or bind."""
    found: set[str] = set()
    for execution in executions:
        for statement in read_statements(execution.source):
            found = found.union(statement.uses, statement.binds, *statement.later.values())
    return frozenset(found)


def _read(node: ast.stmt, code: Code) -> Statement:
    statement = Statement(node)
    nodes = list(ast.walk(node))
    try:
        table = symtable.symtable(ast.unparse(node), "cell", "exec")
    except SyntaxError:  # right in a cell, not in a module
        statement.uses |= {each.id for each in nodes if isinstance(each, ast.Name)}
    else:
        _gather(table, statement, None)
    for each in nodes:  # a decorator may call what it decorates
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and each.decorator_list:
            statement.uses |= statement.later.get(each.name, set())
    _note_names_in_texts(nodes, statement)
    for command in code.commands:
        if node.lineno <= command.first + 1 <= (node.end_lineno or node.lineno):
            statement.uses |= words(command.text)
            statement.forgets |= command.magic in ("reset", "reset_selective")
    return statement


def _gather(table: symtable.SymbolTable, statement: Statement, owner: str | None) -> None:
    """Sort a scope's global names into those of now and those of the function or class `owner`."""
    uses = statement.uses if owner is None else statement.later.setdefault(owner, set())
    top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if top or symbol.is_global():
            if symbol.is_referenced():
                uses.add(symbol.get_name())
            if symbol.is_assigned() or symbol.is_imported():
                statement.binds.add(symbol.get_name())
    for child in table.get_children():
        is_body = isinstance(child, symtable.Function) and child.get_name() not in _SCOPES_THAT_RUN_NOW
        within = table.get_name() if isinstance(table, symtable.Class) else child.get_name()
        _gather(child, statement, owner or (within if is_body else None))


def _note_names_in_texts(nodes: list[ast.AST], statement: Statement) -> None:
    called = {node.id for node in nodes if isinstance(node, ast.Name)}
    called |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    if not BY_NAME.isdisjoint(called):
        texts = (node.value for node in nodes if isinstance(node, ast.Constant))
        statement.uses.update(*(words(text) for text in texts if isinstance(text, str)))
