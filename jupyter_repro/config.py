"""Where things live. Standard library only: the kernel side imports this module."""

from __future__ import annotations

import os
import stat
from pathlib import Path

STORE = ".jrepro"
_MARKERS = (STORE, ".git")


def find_project(start: str | os.PathLike[str]) -> Path:
    """The folder whose `.jrepro/` serves `start`: `$JREPRO_PROJECT`, the nearest ancestor that has a `.jrepro/`, else a
    repository's root, else `start` itself. Neither the home folder nor one that everybody writes to, such as the
    system's for temporary files, becomes a project by accident.
    """
    if chosen := os.environ.get("JREPRO_PROJECT"):
        return Path(chosen).absolute()
    folder = Path(start).absolute()
    home = Path.home()
    for marker in _MARKERS:
        for candidate in (folder, *folder.parents):
            if candidate != folder and (candidate == home or _is_everybodys(candidate)):
                break
            if (candidate / marker).exists():
                return candidate
    return folder


def _is_everybodys(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & stat.S_ISVTX)
    except OSError:
        return False


def store_of(project: Path) -> Path:
    return project / STORE


def relative(path: str | os.PathLike[str], project: Path) -> str:
    """As records name files: relative to the project where inside it, else absolute, with forward slashes."""
    absolute = Path(os.path.abspath(path))
    try:
        return absolute.relative_to(project).as_posix()
    except ValueError:
        return absolute.as_posix()
