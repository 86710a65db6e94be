"""Which of the files that were written while a cell ran can be its results."""

from __future__ import annotations

from pathlib import PurePosixPath

from jupyter_repro.model import FileAccess

# What people and their editors write, at any time.
_SOURCES = frozenset(
    ".ipynb .py .pyi .md .rst .toml .cfg .ini .yml .yaml .lock .c .h .cpp .js .ts .tsx .html .css .sh .tex .bib".split()
)
_OF_EDITORS = ("~", ".swp", ".swx", ".tmp", ".bak", ".orig", ".rej")


def can_be_result(access: FileAccess) -> bool:
    """What the kernel itself wrote can. Of other processes it isn't known whether a cell started them: while a cell's
    children ran, a person may have saved another document, which a proof must not take away.
    """
    if access.by == "kernel":
        return True
    path = PurePosixPath(access.path)
    hidden = any(part.startswith(".") for part in path.parts)
    return access.by == "child" and not hidden and path.suffix not in _SOURCES and not path.name.endswith(_OF_EDITORS)
