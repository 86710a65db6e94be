"""Comparing HTML that was shown: as it is, then by the text that a person reads of it, tables row by row."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from jupyter_repro.verify.difference import GOOD, Difference, different, equivalent
from jupyter_repro.verify.texts import compare_texts

# What the text alone doesn't tell: drawings, scripts with data in them, pages inside of the page.
_ACTIVE = re.compile(r"<(?:script|svg|img|canvas|iframe|object|embed|video|audio|meter|progress)\b", re.IGNORECASE)
_IDENTITY = re.compile(r"""(?<=["'#])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?=["'])""")  # of an element
_BREAKING = frozenset(
    "tr div p br li ul ol table thead tbody tfoot h1 h2 h3 h4 h5 h6 pre details summary style".split()
)
_CELLS = frozenset(("td", "th"))


def compare_markup(expected: str, found: str) -> Difference:
    """Text in one piece of markup and the same text in another are equivalent."""
    expected, found = (_IDENTITY.sub("id", text) for text in (expected, found))
    exactly = compare_texts(expected, found)
    if exactly.verdict in GOOD or _ACTIVE.search(expected) or _ACTIVE.search(found):
        return exactly
    read = compare_texts(_read(expected), _read(found))
    if read.verdict == "identical":
        return equivalent("the markup aside")
    if read.verdict == "equivalent":
        return equivalent(f"the markup aside; {read.note}", read.deviation)
    return different(f"{read.expected} of what is to read", f"{read.found} of what is to read", read.deviation)


def _read(text: str) -> str:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    lines = (" ".join(line.split()) for line in reader.lines)
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    """Collects lines: a row of cells is one, with bars between them, and so is a style sheet, which holds colours."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKING:
            self.lines.append("")
        elif tag in _CELLS:
            self.lines[-1] += " | "

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKING:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        self.lines[-1] += data
