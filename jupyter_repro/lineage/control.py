"""Our own lines in a cell: they steer the recording and belong to no pipeline."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    r"^[ \t]*(?:%(?:load_ext|reload_ext|unload_ext)[ \t]+jupyter_repro\b.*|%repro\b.*)(?:\n|\Z)", re.MULTILINE
)
_CELL = re.compile(r"\A\s*%%repro\b")


def without_control(source: str) -> str:
    """The source without our magics; the rest as it was, to the letter."""
    return "" if _CELL.match(source) else _CONTROL.sub("", source)


def is_control(source: str) -> bool:
    """Whether a cell holds nothing but our magics."""
    stripped = without_control(source)
    return stripped != source and not stripped.strip()
