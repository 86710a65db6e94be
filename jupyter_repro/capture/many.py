"""Files by the thousand: they are told by folder, in one manifest, and not one by one."""

from __future__ import annotations

import os
from collections.abc import Iterable

MANY = 1_000  # files that one execution read; fewer are told one by one
FEW = 100  # in one folder
_MOST_FOLDERS = 20


def by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    """The files below at most 20 folders: each by its own, or by one further up."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        folder = path.rpartition(os.sep)[0]
        group = groups.get(folder)
        if group is None:
            group = groups[folder] = []
        group.append(path)
    while len(groups) > _MOST_FOLDERS:
        groups = _merged(groups)
    return groups


def _merged(groups: dict[str, list[str]]) -> dict[str, list[str]]:
    """The deepest ones go into what holds them."""
    deepest = max(folder.count(os.sep) for folder in groups)
    merged: dict[str, list[str]] = {}
    for folder, paths in groups.items():
        home = folder.rpartition(os.sep)[0] if folder.count(os.sep) == deepest else folder
        merged.setdefault(home, []).extend(paths)
    return merged
