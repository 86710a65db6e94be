"""What was found of a run or a proof, kept beside it: `why.json`, and `bisect.json` of a search.

Runs are in `.jrepro/runs/<id>/`, proofs in `.jrepro/proofs/<id>/`.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from jupyter_repro.config import relative, store_of
from jupyter_repro.errors import StorageError
from jupyter_repro.journal import new_session_id, prepare_store
from jupyter_repro.store.conversion import from_json, to_json
from jupyter_repro.verify.explanation import Bisection, Explanation
from jupyter_repro.verify.prove import Examined
from jupyter_repro.verify.why import explain, with_shown

_WHY, _BISECT = "why.json", "bisect.json"
_PROOFS_KEPT = 20  # of one project; older ones go
Record = TypeVar("Record", Explanation, Bisection)


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of a run or a proof."""

    folder: Path

    def explanation(self) -> Explanation | None:
        """With what a search has shown since; None where nothing that can be read is there."""
        found, search = _read(self.folder / _WHY, Explanation), self.bisection()
        if found is None or search is None:
            return found
        return with_shown(found, [factor.key for each in search.isolated for factor in each.factors])

    def bisection(self) -> Bisection | None:
        return _read(self.folder / _BISECT, Bisection)

    def write_explanation(self, explanation: Explanation) -> None:
        _write(self.folder / _WHY, explanation)
        (self.folder / _BISECT).unlink(missing_ok=True)

    def write_bisection(self, bisection: Bisection) -> None:
        _write(self.folder / _BISECT, bisection)


def keep_explanation(examined: Examined) -> tuple[Home, Explanation]:
    """Explain a proof, and write that down under an identity of its own, where the project can be written."""
    project, identity = examined.situation.project, new_session_id()
    explanation = explain(examined, identity, relative(examined.situation.folder, project))
    home = Home(_proofs(project) / identity)
    with suppress(OSError, StorageError):
        prepare_store(project)
        home.folder.mkdir(parents=True)
        home.write_explanation(explanation)
        _remove_old(project)
    return home, explanation


def last_proof(project: Path, folder: Path) -> Home | None:
    """The newest of the pipeline in the folder."""
    name = relative(folder, project)
    for home in sorted(_proofs(project).glob("*/"), reverse=True):
        found = _read(home / _WHY, Explanation)
        if found is not None and found.pipeline == name:
            return Home(home)
    return None


def _proofs(project: Path) -> Path:
    return store_of(project) / "proofs"


def _remove_old(project: Path) -> None:
    for home in sorted(_proofs(project).glob("*/"))[:-_PROOFS_KEPT]:
        shutil.rmtree(home, ignore_errors=True)


def _read(path: Path, kind: type[Record]) -> Record | None:
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return from_json(path.read_bytes(), kind)
    return None


def _write(path: Path, record: Explanation | Bisection) -> None:
    """Whole or not at all."""
    partial = path.with_name(f".{path.name}")
    try:
        partial.write_text(f"{to_json(record, indent=2)}\n")
        partial.replace(path)
    except OSError as error:
        raise _not_written(path.parent, error) from error


def _not_written(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{folder} can't be written: {error.strerror or error}.", f"Look with `ls -ld {folder.parent}`."
    )
