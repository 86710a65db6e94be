"""Literals in expressions: keyword arguments, entries of dicts, paths that are read; and names in their place."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from jupyter_repro.model import CellExecution, Parameter
from jupyter_repro.pipeline.code import read_code, unused_name
from jupyter_repro.pipeline.lifting import keeps_columns, literal_type, offset_of
from jupyter_repro.pipeline.statements import global_names

_FINISHED = ("ok", "unobserved")
_MUTABLE = (list, dict, set)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_REPEATED = (*_SCOPES, ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class _Found:
    wanted: str  # what it would be called
    where: str
    node: ast.expr
    is_input: bool = False
    hidden: frozenset[str] = frozenset()  # names that mean something else where it stands


def inner_parameters(kept: Sequence[CellExecution], cwd: str) -> tuple[Parameter, ...]:
    """In the order of the text. A literal of a cell that ran again is one parameter, for all of its executions.

    `cwd`, relative to the project, is where paths in the code start from.
    """
    taken, found = set(global_names(kept)), dict[tuple[str, str, int], Parameter]()
    inputs = input_paths(kept)
    for execution in kept:
        if execution.status not in _FINISHED:
            continue
        for each, start, end in _literals(execution, inputs, cwd):
            place = (execution.ordinal, start, end)
            key = (execution.cell_id or str(execution.ordinal), execution.source, start)
            if (known := found.get(key)) is not None:
                found[key] = _with_place(known, place)
                continue
            name = unused_name(each.wanted, taken | each.hidden)
            taken.add(name)
            found[key] = _parameter(name, each, execution, place)
    return tuple(found.values())


def with_names(execution: CellExecution, parameters: Iterable[Parameter]) -> str:
    """The source of an execution with each literal replaced by the parameter's name."""
    source = execution.source
    places = [(place, each.name) for each in parameters for place in each.places if place[0] == execution.ordinal]
    for (_, start, end), name in sorted(places, reverse=True):
        source = source[:start] + name + source[end:]
    return source


def _names(statement: ast.stmt) -> frozenset[str]:
    """Every name in a statement, with those of functions' own variables, which would hide a parameter."""
    nodes = list(ast.walk(statement))
    return frozenset(
        {node.id for node in nodes if isinstance(node, ast.Name)}
        | {node.arg for node in nodes if isinstance(node, ast.arg)}
        | {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
        | {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    )


def _parameter(name: str, each: _Found, execution: CellExecution, place: tuple[int, int, int]) -> Parameter:
    kind = literal_type(each.node)
    text = execution.source[place[1] : place[2]]
    return Parameter(
        name=name,
        default=text,
        inferred_type_name=kind.__name__ if kind and kind is not type(None) else "None",
        help=_comment(execution.source, each.node),
        ordinal=execution.ordinal,
        where=each.where,
        places=(place,),
        is_input=each.is_input,
    )


def _with_place(parameter: Parameter, place: tuple[int, int, int]) -> Parameter:
    return replace(parameter, places=(*parameter.places, place))


def _comment(source: str, node: ast.expr) -> str:
    """Beside it, where nothing but brackets and commas stands between."""
    line = source.split("\n")[(node.end_lineno or 1) - 1].encode()[node.end_col_offset or 0 :].decode()
    code, mark, comment = line.partition("#")
    return comment.strip() if mark and not code.strip(" \t,;)]}") else ""


def _literals(execution: CellExecution, inputs: frozenset[str], cwd: str) -> Iterator[tuple[_Found, int, int]]:
    code = read_code(execution.source)
    tree = code.parse()
    if tree is None or not keeps_columns(execution.source, code):
        return
    for statement in tree.body:
        for each in _in_node(statement, inputs, cwd, repeated=False, name=""):
            node = each.node
            start = offset_of(execution.source, node.lineno, node.col_offset)
            end = offset_of(execution.source, node.end_lineno or 0, node.end_col_offset or 0)
            yield replace(each, hidden=_names(statement)) if _has_scopes(statement) else each, start, end


def _has_scopes(statement: ast.stmt) -> bool:
    return any(isinstance(node, (*_SCOPES, *_COMPREHENSIONS)) for node in ast.walk(statement))


def _in_node(node: ast.AST, inputs: frozenset[str], cwd: str, *, repeated: bool, name: str) -> Iterator[_Found]:
    """`name` is the variable to which the expression goes; what is `repeated` gives a new list or dict each time."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
    if isinstance(node, ast.Call):
        yield from (each for each in _in_call(node, inputs, cwd) if _may_move(each.node, repeated))
    elif isinstance(node, ast.Dict):
        yield from (each for each in _in_dict(node, name) if _may_move(each.node, repeated))
    repeated = repeated or isinstance(node, (*_REPEATED, *_COMPREHENSIONS))
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.JoinedStr, ast.pattern)):
            continue
        yield from _in_node(child, inputs, cwd, repeated=repeated, name=name)


def _may_move(node: ast.expr, repeated: bool) -> bool:
    kind = literal_type(node)
    return kind is not None and not (repeated and kind in _MUTABLE)


def _in_call(node: ast.Call, inputs: frozenset[str], cwd: str) -> Iterator[_Found]:
    function = node.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    for keyword in node.keywords:
        if keyword.arg is not None:
            is_input = _is_input(keyword.value, inputs, cwd)
            yield _Found(keyword.arg, f"{called}({keyword.arg}=)", keyword.value, is_input)
    for argument in node.args:
        if _is_input(argument, inputs, cwd):
            yield _Found("input_path", f"{called}(...)", argument, is_input=True)


def _in_dict(node: ast.Dict, name: str) -> Iterator[_Found]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier():
            wanted = f"{name}_{key.value}" if name else key.value
            yield _Found(wanted, f"{name or 'dict'}[{key.value!r}]", value)


def _is_input(node: ast.expr, inputs: frozenset[str], cwd: str) -> bool:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return is_input_path(node.value, inputs, cwd)


def is_input_path(text: str, inputs: frozenset[str], cwd: str) -> bool:
    return os.path.normpath(os.path.join(cwd, text)) in inputs if text and len(text) < 1000 else False


def input_paths(kept: Iterable[CellExecution]) -> frozenset[str]:
    """Files that are read before they are written; as records name them, but for a slash at a folder's end."""
    found, written = set[str](), set[str]()
    for access in (access for execution in kept for access in execution.own_files):
        if access.mode.startswith(("read", "list")) and access.path not in written:
            found.add(os.path.normpath(access.path))
        if "write" in access.mode:
            written.add(access.path)
    return frozenset(found)
