"""Our own lines in a cell: they steer the recording and belong to no pipeline.

`%repro metric` is none of them: it shows a result.
"""

from __future__ import annotations

import re

_OWN = r"%%?(?:(?:re|un)?load_ext[ \t]+jupyter_repro|repro)\b(?![ \t]+metric\b)"
_CONTROL = re.compile(rf"^[ \t]*{_OWN}.*(?:\n|\Z)", re.MULTILINE)
_CELL = re.compile(r"\A\s*%%repro\b")


def is_own(magic: str) -> bool:
    """Whether a magic's text, from its percent sign on, is one of ours."""
    return re.match(_OWN, magic) is not None


def without_control(source: str) -> str:
    """The source without the lines that start with our magics; the rest as it was, to the letter.

    Quick, for the kernel; `pipeline.kept` knows where a line of a text only looks like a magic.
    """
    return "" if _CELL.match(source) else _CONTROL.sub("", source)


def is_control(source: str) -> bool:
    """Whether a cell holds nothing but our magics."""
    stripped = without_control(source)
    return stripped != source and not stripped.strip()
