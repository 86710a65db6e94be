"""What the project's files look like: for finding what children did, which the audit hook can't see."""

from __future__ import annotations

import os

_MAX_ENTRIES = 20_000
SKIPPED = frozenset(
    """
    .git .hg .svn __pycache__ node_modules .jrepro .venv .ipynb_checkpoints .ipython .jupyter
    .mypy_cache .pytest_cache .ruff_cache .tox .nox
    """.split()
)
State = tuple[int, int, int] | str  # inode, size, mtime; "folder"


def sweep(*roots: str) -> dict[str, State]:
    """Every file and folder below the roots, by absolute path; at most 20,000, symbolic links not followed."""
    found: dict[str, State] = {}
    stack = list(dict.fromkeys(roots))
    while stack and len(found) < _MAX_ENTRIES:
        try:
            with os.scandir(stack.pop()) as entries:
                for entry in entries:
                    if entry.name not in SKIPPED:
                        found[entry.path] = _state(entry)
                        if found[entry.path] == "folder":
                            stack.append(entry.path)
        except OSError:
            continue
    return found


def _state(entry: os.DirEntry[str]) -> State:
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    status = entry.stat(follow_symlinks=False)
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def changed(before: dict[str, State], after: dict[str, State]) -> list[tuple[str, bool, bool]]:
    """(path, existed before, exists now) of everything that differs."""
    differing = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return [(path, path in before, path in after) for path in differing]
