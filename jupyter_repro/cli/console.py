"""What the commands print, on a terminal and elsewhere: colours and pages only where a person reads them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

import click

_WIDE = 10_000  # columns: where nobody looks, nothing is wrapped or cut


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        table.add_column(header, no_wrap=header == headers[0])  # what is to be copied stays whole
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def print_pages(lines: Iterable[str]) -> None:
    """Through the user's pager where they are more than a terminal shows at once."""
    lines = list(lines)
    if sys.stdout.isatty() and len(lines) >= shutil.get_terminal_size().lines:
        click.echo_via_pager("\n".join(lines))
    else:
        click.echo("\n".join(lines))


def one_line(text: str) -> str:
    """The text with what would move the cursor or talk to the terminal made visible."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def seconds(duration: float | None) -> str:
    if duration is None:
        return ""
    if duration < 0.001:
        return "<1 ms"
    if duration < 1:
        return f"{duration * 1000:.0f} ms"
    if duration < 60:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def local_time(iso: str) -> str:
    """To the second, in the time zone of this machine; the text itself where it is no time."""
    try:
        return datetime.fromisoformat(iso.replace("Z", "+00:00")).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):
        return iso
