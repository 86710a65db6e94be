"""A folder of its own for a run: the project as it is, by links, and real files for what the run writes.

So runs at the same time don't meet in each other's files, and what a run wrote appears in the project whole, or not at
all. Files are linked one by one: what walks through folders doesn't follow links to folders.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from jupyter_repro.config import STORE

_LEFT_OUT = frozenset((STORE, ".git", "__pycache__", ".ipynb_checkpoints", ".venv", "node_modules"))
_MOST = 50_000  # entries; what lies beyond is linked folder by folder
_CHUNK = ".jrepro-part"


class Workspace:
    """`outs` are files, relative to the project, that are known to be written: copies, or not there."""

    def __init__(self, project: Path, folder: Path, outs: Iterable[str], updated: Iterable[str]) -> None:
        self.project = project
        self.folder = folder
        self._outs = frozenset(outs)
        self._updated = frozenset(updated)
        self._links: set[str] = set()
        self._copies: dict[str, tuple[int, int]] = {}  # size and time of what was copied
        self._count = 0

    def build(self) -> None:
        """OSError where a link can't be made."""
        self._mirror(Path())

    def path_of(self, path: Path) -> Path:
        """Where what lies at a path of the project is for the run; other paths as they are."""
        try:
            return self.folder / path.relative_to(self.project)
        except ValueError:
            return path

    def written(self) -> list[str]:
        """What the run wrote, relative to the project with forward slashes."""
        return sorted(self._written(Path()))

    def publish(self, paths: Iterable[str]) -> None:
        """Put each file into the project whole, as one step."""
        for path in paths:
            target = self.project / path
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}{_CHUNK}{os.getpid()}")
            shutil.copy2(self.folder / path, part)
            os.replace(part, os.path.realpath(target))

    def keep(self, paths: Iterable[str], home: Path) -> None:
        """Move the files to `home`, which appears whole."""
        part = home.with_name(f".{home.name}{_CHUNK}")
        for path in paths:
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(self.folder / path, part / path)
        if part.exists():
            part.replace(home)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _mirror(self, below: Path) -> None:
        here = self.folder / below
        here.mkdir(parents=True, exist_ok=True)
        for entry in os.scandir(self.project / below):
            name = (below / entry.name).as_posix()
            if entry.name in _LEFT_OUT or self.folder.is_relative_to(entry.path):
                continue
            self._count += 1
            if entry.is_dir(follow_symlinks=False) and (self._count < _MOST or self._is_above_an_out(name)):
                self._mirror(below / entry.name)
            elif name in self._updated:
                shutil.copy2(entry.path, here / entry.name)
                self._copies[name] = _stamp(here / entry.name)
            elif name not in self._outs:
                (here / entry.name).symlink_to(os.path.realpath(entry.path))
                self._links.add(name)

    def _is_above_an_out(self, name: str) -> bool:
        return any(out.startswith(f"{name}/") for out in self._outs | self._updated)

    def _written(self, below: Path) -> Iterator[str]:
        for entry in os.scandir(self.folder / below):
            name = (below / entry.name).as_posix()
            if entry.name in _LEFT_OUT:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._written(below / entry.name)
            elif entry.is_file(follow_symlinks=False) and self._copies.get(name) != _stamp(Path(entry.path)):
                yield name


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
