"""Recorded failures that a result needs. To papermill any error output is a failed run: the cell must catch them."""

from __future__ import annotations

import ast
import builtins
import io
import tokenize
from collections.abc import Collection

from jupyter_repro.model import CellExecution
from jupyter_repro.pipeline.code import Code, Command, read_code, unused_name

FAILURES = ("error", "interrupted")
QUIETEN = """\
# The next cell shows a traceback and goes on, as %run and %%capture do. To papermill that would be a failed run.
get_ipython()._showtraceback = lambda kind, error, trace: print(f"{kind.__name__}: {error}")"""
UNQUIETEN = "del get_ipython()._showtraceback"
# Libraries have classes of their own by these names.
_REUSED = frozenset(("ConnectionError", "TimeoutError", "Warning"))
_COMMENT = "it failed when it was recorded, and what follows builds on that"


def shows_other_errors(execution: CellExecution) -> bool:
    """Whether it showed tracebacks beside that of its own failure, if it failed."""
    shown = sum(output.kind == "error" for output in execution.outputs)
    return shown > (execution.status in FAILURES)


def tolerate(execution: CellExecution, taken: Collection[str]) -> str:
    """The source in a `try` block that lets the recorded error pass, and no other one.

    `taken` holds all names of the kept code: the one that the block binds for a moment is none of them.
    """
    code = read_code(execution.source)
    if code.parse() is None:
        return execution.source
    caught = unused_name("failure", taken)
    head, body = _split_futures(code)
    if magic := code.cell_magic:
        head, body = "", f"    {_call(magic)}\n"
    name = execution.error.name if execution.error else "KeyboardInterrupt"
    return f"{head}try:\n{body}{_handler(name, caught)}"


def _handler(name: str, caught: str) -> str:
    report = f'    print(f"{{{caught}.__class__.__name__}}: {{{caught}}}")'
    builtin = getattr(builtins, name, None)
    if isinstance(builtin, type) and issubclass(builtin, BaseException) and name not in _REUSED:
        return f"except {name} as {caught}:  # {_COMMENT}\n{report}"
    check = f'    if {caught}.__class__.__name__ != "{name}":\n        raise\n'
    return f"except BaseException as {caught}:  # {_COMMENT}\n{check}{report}"


def _split_futures(code: Code) -> tuple[str, str]:
    """`from __future__` imports must stay first; the rest is indented for the block."""
    lines = code.text.splitlines(keepends=True)
    tree = code.parse()
    futures = [
        each.end_lineno or 0
        for each in (tree.body if tree else ())
        if isinstance(each, ast.ImportFrom) and each.module == "__future__"
    ]
    first = max(futures, default=0)
    kept_as_is = _continuations(code)
    body = [line if number in kept_as_is or not line.strip() else f"    {line}" for number, line in enumerate(lines)]
    text = "".join(body[first:])
    return "".join(lines[:first]), text if text.endswith("\n") else f"{text}\n"


def _continuations(code: Code) -> set[int]:
    """Lines, from 0, that begin inside of a string or of a command: indenting them would change what they say."""
    found = {line for command in code.commands for line in range(command.first + 1, command.last + 1)}
    nested: list[int] = []  # rows where an f-string began: it comes in several tokens since Python 3.12
    for token in tokenize.generate_tokens(io.StringIO(code.python).readline):
        kind = tokenize.tok_name[token.type]
        if kind.endswith("STRING_START"):
            nested.append(token.start[0])
        elif kind == "STRING" or kind.endswith("STRING_END"):
            first = nested.pop() if kind.endswith("STRING_END") else token.start[0]
            found.update(range(first, token.end[0]))
    return found


def _call(magic: Command) -> str:
    """What IPython makes of a cell magic."""
    line, _, body = magic.text.partition("\n")
    name, _, argument = line[2:].rstrip().partition(" ")
    if body and not body.endswith("\n"):
        body += "\n"
    return f"get_ipython().run_cell_magic({name!r}, {argument!r}, {_quoted(body)})"


def _quoted(body: str) -> str:
    readable = f'"""\\\n{body}"""'
    try:
        return readable if ast.literal_eval(readable) == body else repr(body)
    except (SyntaxError, ValueError):
        return repr(body)
