"""What a file held when it was recorded: from the objects that were kept, else from git's history, by sha256."""

from __future__ import annotations

from pathlib import Path

from jupyter_repro import objects
from jupyter_repro.errors import StorageError
from jupyter_repro.hashing import digest
from jupyter_repro.store.repository import committed_versions


class Contents:
    """Of one project. Git is asked once for each file."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._found: dict[tuple[str, str], bytes | None] = {}

    def of(self, path: str, sha256: str | None) -> bytes | None:
        """None where nobody kept it."""
        if sha256 is None:
            return None
        key = path, sha256
        if key not in self._found:
            self._found[key] = self._look(path, sha256)
        return self._found[key]

    def _look(self, path: str, sha256: str) -> bytes | None:
        try:
            return objects.get(self._project, sha256)
        except StorageError:
            versions = committed_versions(self._project / path)
            return next((each for each in versions if digest(each) == sha256), None)
