"""What `%repro` shows in a notebook: text for consoles, and tables in HTML that need no script and no colour."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import click

from jupyter_repro.cli.console import one_line

Tone = Literal["good", "bad", "warning", "quiet"]
# A front end's own colours, which fit its theme; else some that are dark enough on white.
_COLOURS = {
    "good": "var(--jp-success-color0, #1b5e20)",
    "bad": "var(--jp-error-color0, #b71c1c)",
    "warning": "var(--jp-warn-color0, #8a4b00)",
    "quiet": "inherit",
}
_SIGNS = {"good": "\N{CHECK MARK}", "bad": "\N{MULTIPLICATION X}", "warning": "!", "quiet": "\N{EN DASH}"}
_CELL = "text-align: left; vertical-align: top"
_CODE = f"{_CELL}; font-family: monospace; white-space: pre-wrap"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word; its sign and its colour only say it again."""

    word: str
    tone: Tone = "quiet"


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """One below the other."""

    lines: Sequence[str]


Cell = str | Verdict | Code | Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    caption: str
    headers: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]  # the first cell of each is its row's header
    folded: bool = False  # shown on demand

    def html(self) -> str:
        head = "".join(f'<th scope="col" style="{_CELL}">{_text(header)}</th>' for header in self.headers)
        body = "".join(f"<tr>{''.join(_row(row))}</tr>" for row in self.rows)
        caption = "" if self.folded else f'<caption style="{_CELL}; caption-side: top">{_text(self.caption)}</caption>'
        table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<details><summary>{_text(self.caption)}</summary>{table}</details>" if self.folded else table


def bundle(lines: Iterable[str], tables: Iterable[Table], heading: Iterable[str] = ()) -> str:
    """MIME type -> text, as JSON: the lines as they are for a console; paragraphs and tables instead for a page."""
    paragraphs = "".join(f'<p style="margin: 0.2em 0">{_text(line)}</p>' for line in heading)
    markup = f"<div>{paragraphs}{''.join(table.html() for table in tables if table.rows)}</div>"
    return json.dumps({"text/plain": click.unstyle("\n".join(lines)), "text/html": markup})


def _row(cells: Sequence[Cell]) -> Iterator[str]:
    yield f'<th scope="row" style="{_CELL}">{_markup(cells[0])}</th>'
    for cell in cells[1:]:
        yield f'<td style="{_CODE if isinstance(cell, Code) else _CELL}">{_markup(cell)}</td>'


def _markup(cell: Cell) -> str:
    if isinstance(cell, Verdict):
        sign = f'<span aria-hidden="true">{_SIGNS[cell.tone]}</span>'
        return f'<strong style="color: {_COLOURS[cell.tone]}; white-space: nowrap">{sign} {_text(cell.word)}</strong>'
    if isinstance(cell, Lines):
        return "<br>".join(map(_text, cell.lines))
    return _text(cell.text if isinstance(cell, Code) else cell)


def _text(text: str) -> str:
    return escape(one_line(click.unstyle(text)))
