"""A cell's source as Python: IPython's own syntax is found and blanked, every line and column stays where it was."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

_WORD = re.compile(r"[^\W\d]\w*")
_REMEMBERED = 4096  # sources: each analysis reads all cells of a session anew


class Command(NamedTuple):
    """A magic, a shell escape or a question mark: from `column` of line `first` to the end of line `last`, from 0."""

    first: int
    last: int
    column: int
    text: str

    @property
    def is_cell_magic(self) -> bool:
        return self.text.startswith("%%")

    @property
    def magic(self) -> str | None:
        """The magic's name; None for other commands."""
        found = re.match(r"%%?(\w+)", self.text)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Code:
    """`text` is what IPython ran: without pasted prompts and common indentation. `python` is the same with each command
    replaced by `...`; of a cell magic, which is one command, nothing is left.
    """

    text: str
    python: str
    commands: tuple[Command, ...]

    @property
    def cell_magic(self) -> Command | None:
        return next((command for command in self.commands if command.is_cell_magic), None)

    def parse(self) -> ast.Module | None:
        """The tree of `python`, whose positions are those of `text`; None where the syntax is wrong."""
        return _parse(self.python)


@lru_cache(maxsize=_REMEMBERED)
def read_code(source: str) -> Code:
    lines = _cleaned(source)
    text = "".join(lines)
    start = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if lines and lines[start].startswith("%%"):
        magic = Command(start, len(lines) - 1, 0, "".join(lines[start:]))
        return Code(text, "\n" * len(lines), (magic,))
    commands: list[Command] = []
    while len(commands) < len(lines) and (command := _next_command(lines)):
        commands.append(command)
        _blank(lines, command)
    return Code(text, "".join(lines), tuple(commands))


def words(text: str) -> frozenset[str]:
    """Everything in the text that could be a name, whether it is one or not."""
    return frozenset(_WORD.findall(text))


def unused_name(wanted: str, taken: Iterable[str]) -> str:
    """`wanted`, or with the first number appended that makes it a new name."""
    used, name, number = set(taken), wanted, 2
    while name in used:
        name, number = f"{wanted}_{number}", number + 1
    return name


@lru_cache(maxsize=_REMEMBERED)
def _parse(python: str) -> ast.Module | None:
    try:
        return ast.parse(python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _cleaned(source: str) -> list[str]:
    ipython = _ipython()
    lines: list[str] = source.splitlines(keepends=True)
    for clean in (ipython.leading_indent, ipython.classic_prompt, ipython.ipython_prompt):
        lines = clean(lines)
    return lines


def _next_command(lines: list[str]) -> Command | None:
    """The first of IPython's commands that is left; what follows one may not tokenize until it is blanked."""
    ipython = _ipython()
    kinds = (ipython.MagicAssign, ipython.SystemAssign, ipython.EscapedCommand, ipython.HelpEnd)
    tokens = ipython.make_tokens_by_line(lines)
    found: list[Any] = [each for kind in kinds if (each := kind.find(tokens))]
    if not found:
        return None
    first = min(found, key=lambda each: (each.start_line, each.start_col, each.priority))
    start = first.start_line
    last = getattr(first, "q_line", None)
    if last is None:
        last = min(ipython.find_end_of_continued_line(lines, start), len(lines) - 1)
    text = lines[start][first.start_col :] + "".join(lines[start + 1 : last + 1])
    return Command(start, last, first.start_col, text.rstrip("\r\n"))


def _blank(lines: list[str], command: Command) -> None:
    lines[command.first] = lines[command.first][: command.column] + "...\n"
    for number in range(command.first + 1, command.last + 1):
        lines[number] = "\n"


def _ipython() -> Any:
    """IPython's own rules; it has few types, and is imported when a source is read."""
    from IPython.core import inputtransformer2

    return inputtransformer2
