"""Taking a literal assignment out of a cell's text, and leaving every other byte as it was."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass

from jupyter_repro.pipeline.code import Code, read_code
from jupyter_repro.pipeline.rules import kinds_of

_SCALARS = (bool, int, float, complex, str, type(None))


@dataclass(frozen=True, slots=True)
class Literal:
    """A top-level statement `NAME = literal` or `A = B = literal`, and its place in the cell's source."""

    name: str
    text: str  # of the value
    type_name: str
    comment: str  # beside it, where the line holds nothing else
    start: int
    end: int
    alone: bool  # assigned to this one name only
    closes_cell: bool  # last statement, after an expression that would be shown if it were the last one


def find_literals(source: str) -> list[Literal]:
    """Those that could be taken out, in the order of the text."""
    code = read_code(source)
    tree = code.parse()
    if tree is None or not keeps_columns(source, code):
        return []
    found = []
    for index, node in enumerate(tree.body):
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            closes = index > 0 and node is tree.body[-1] and isinstance(tree.body[index - 1], ast.Expr)
            found += [_literal(source, node, name, closes) for name in literal_names(node)]
    return found


def literal_names(node: ast.stmt | None) -> list[str]:
    """The names to which a statement assigns one literal."""
    if isinstance(node, ast.AnnAssign):
        targets: list[ast.expr] = [node.target]
    elif isinstance(node, ast.Assign):
        targets = node.targets
    else:
        return []
    return [each.id for each in targets if isinstance(each, ast.Name)] if literal_type(node.value) else []


def literal_type(node: ast.expr | None) -> type | None:
    """The type of a number, text, bool or None, or of a list, tuple, set or dict of them; None for anything else."""
    if node is None:
        return None
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):  # no literal, or one that fails: `{[]: 1}`
        return None
    return type(value) if _is_plain(value) else None


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(each) for pair in value.items() for each in pair)
    if isinstance(value, (list, tuple, set)):
        return all(_is_plain(each) for each in value)
    return isinstance(value, _SCALARS)


def without_literal(source: str, name: str) -> str:
    """The source without its one assignment to `name`; where others get the same value, they get it from `name`."""
    literal = next(each for each in find_literals(source) if each.name == name)
    start, end = literal.start, literal.end
    if not literal.alone:
        return source[:start] + _remaining_targets(source[start:end], literal) + source[end:]
    if literal.closes_cell:
        return f"{source[:start]}pass{source[end:]}"
    return _cut(source, start, end)


def _cut(source: str, start: int, end: int) -> str:
    line_start = source.rfind("\n", 0, start) + 1
    before = source[line_start:start]
    follows = re.match(r"[ \t]*;[ \t]*(?=[^\s#])", source[end:])
    if follows:
        return source[:start] + source[end + follows.end() :]
    if before.strip():
        return source[: line_start + len(before.rstrip().rstrip(";").rstrip())] + source[end:]
    line_end = source.find("\n", end) + 1
    if not line_end:  # the last line, which no newline ends: nor should what is the last one now
        return source[:line_start].removesuffix("\n")
    return source[:line_start] + source[line_end:]


def _remaining_targets(statement: str, literal: Literal) -> str:
    """`a = b = 1` without a: `b = a`."""
    parts = _split_at_equals(statement)
    others = [target.strip() for target in parts[:-1] if target.strip() != literal.name]
    return " = ".join([*others, literal.name])


def _literal(source: str, node: ast.Assign | ast.AnnAssign, name: str, closes: bool) -> Literal:
    start, end = span(source, node)
    kind = literal_type(node.value)
    alone = isinstance(node, ast.AnnAssign) or len(node.targets) == 1
    beside = re.match(r"[ \t]*;?[ \t]*(?:#([^\n]*))?(?:\n|$)", source[end:]) if alone and not node.col_offset else None
    return Literal(
        name=name,
        text=_split_at_equals(source[start:end])[-1].strip(),
        type_name=_annotated(node) or (kind.__name__ if kind and kind is not type(None) else "None"),
        comment=(beside[1] or "").strip() if beside else "",
        start=start,
        end=end,
        alone=alone,
        closes_cell=closes,
    )


def _annotated(node: ast.stmt) -> str | None:
    """The type that is written beside it, where it is one of those that a parameter may have."""
    text = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
    return text if text and kinds_of(text) else None


def _split_at_equals(statement: str) -> list[str]:
    """The targets and the value of an assignment, as they are written."""
    starts = [0]
    for line in statement.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    depth, parts, begin = 0, [], 0
    for token in tokenize.generate_tokens(io.StringIO(statement).readline):
        depth += (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
        if token.string == "=" and depth == 0:
            at = starts[token.start[0] - 1] + token.start[1]
            parts.append(statement[begin:at])
            begin = at + 1
    return [*parts, statement[begin:]]


def span(source: str, node: ast.stmt) -> tuple[int, int]:
    """Where a statement begins and ends in the text: trees count lines from 1, and columns in UTF-8 bytes."""
    end = offset_of(source, node.end_lineno or 0, node.end_col_offset or 0)
    return offset_of(source, node.lineno, node.col_offset), end


def offset_of(source: str, line: int, column: int) -> int:
    lines = source.split("\n")
    within = len(lines[line - 1].encode()[:column].decode())
    return sum(len(each) + 1 for each in lines[: line - 1]) + within


def keeps_columns(source: str, code: Code) -> bool:
    """Whether IPython's clean-up changed no more than blank lines."""
    pairs = zip(source.splitlines(), code.text.splitlines(), strict=True)
    return "\r" not in source and all(raw == text or not raw.strip() for raw, text in pairs)
