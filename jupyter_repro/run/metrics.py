"""Metrics that nobody asked for: scalars that cells show or print by name."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_repro.pipeline.code import read_code

_NUMBER = r"[-+]?(?:\d[\d,_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_LINE = re.compile(rf"^\s*([^\W\d][\w .()@/%-]{{0,40}}?)\s*[:=]\s*({_NUMBER})\s*(%?)\s*$")
_PLAIN = re.compile(rf"^(?:np\.\w+\()?({_NUMBER})\)?$")
_CALLS = re.compile(r"score|error|loss|auc|accuracy|rmse|mae|mse|r2|f1|precision|recall", re.IGNORECASE)


def names_of(sources: Iterable[str]) -> tuple[str, ...]:
    """Names whose values are metrics where they are scalars: shown, printed, or given by a function that scores."""
    found: dict[str, None] = {}
    for source in sources:
        tree = read_code(source).parse()
        body = tree.body if tree is not None else []
        found.update((name, None) for node in body for name in _names(node, node is body[-1]))
    return tuple(found)


def shown_metrics(cells: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Name -> number, of lines such as `accuracy: 0.93` and of cells that end with a call of a score."""
    found: dict[str, float] = {}
    for cell in cells:
        for output in cell.get("outputs", ()):
            if output.get("output_type") == "stream" and output.get("name") == "stdout":
                found.update(_in_text("".join(output["text"])))
            elif output.get("output_type") == "execute_result":
                found.update(_in_result(cell, output))
    return found


def collecting_expression(names: Sequence[str], distributions: Sequence[str]) -> str:
    """What the kernel is to evaluate: the JSON that `capture.metrics.collect` gives."""
    call = f"scope['collect'](globals(), {json.dumps(list(names))}, {json.dumps(list(distributions))})"
    return f"(lambda scope: (exec({_collector()!r}, scope), {call})[1])({{'__name__': 'jrepro_metrics'}})"


@lru_cache(maxsize=1)
def _collector() -> str:
    spec = find_spec("jupyter_repro.capture.metrics")
    return Path(spec.origin).read_text(encoding="utf-8") if spec is not None and spec.origin is not None else ""


def _names(node: ast.stmt, is_last: bool) -> Iterator[str]:
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _CALLS.search(_called(node.value)):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    if not isinstance(node, ast.Expr):
        return
    if is_last and isinstance(node.value, ast.Name):
        yield node.value.id
    if isinstance(node.value, ast.Call) and _called(node.value) in ("print", "display"):
        for argument in node.value.args:
            yield from _in_argument(argument)


def _in_argument(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.Name):
        yield argument.id
    elif isinstance(argument, ast.JoinedStr):
        for part in argument.values:
            if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name):
                yield part.value.id


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _in_text(text: str) -> Iterator[tuple[str, float]]:
    for line in text.splitlines():
        if (found := _LINE.match(line)) and (number := _number(found[2])) is not None:
            yield found[1].strip(), number / 100 if found[3] else number


def _in_result(cell: Mapping[str, Any], output: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    text = "".join(output.get("data", {}).get("text/plain", ""))
    found, tree = _PLAIN.match(text.strip()), read_code("".join(cell["source"])).parse()
    if found is None or tree is None or not tree.body or not isinstance(tree.body[-1], ast.Expr):
        return
    value = tree.body[-1].value
    name = value.id if isinstance(value, ast.Name) else _called(value) if isinstance(value, ast.Call) else ""
    number = _number(found[1])
    if number is not None and (isinstance(value, ast.Name) or _CALLS.search(name)):
        yield name, number


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", "").replace("_", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
