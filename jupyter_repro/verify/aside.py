"""The user's files around a proof: what the notebook will make is moved aside, what it will change is copied, and all
of it is put back as it was.

The files lie in `.jrepro/aside/<id>/` with a list of them: the next proof puts back what a killed one left there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from jupyter_repro.config import store_of
from jupyter_repro.errors import StorageError
from jupyter_repro.hashing import FileHasher
from jupyter_repro.journal import new_session_id, prepare_store
from jupyter_repro.lineage.results import can_be_result
from jupyter_repro.model import CellExecution
from jupyter_repro.store.conversion import from_json, to_json
from jupyter_repro.verify.inputs import files_in

_LIST = "files.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What executions make and change, as absolute paths in the order in which they do."""

    made: tuple[str, ...] = ()  # files and folders that did not exist before
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    path: str
    kept: str | None  # its name here; None where there was nothing at `path`
    moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    pid: int
    entries: tuple[_Entry, ...]


def touched(executions: Iterable[CellExecution], project: Path) -> Touched:
    """What the executions made, changed or deleted, by the record."""
    made: dict[str, None] = {}
    changed: dict[str, None] = {}
    known: set[str] = set()  # read, or made before
    unknown: list[str] = []  # folders of whose files some were read, and nobody knows which
    for execution in executions:
        strange = {access.path for access in execution.files if not can_be_result(access)}
        by_mode = {access.path: access.mode for access in execution.files if access.path not in strange}
        written = {path for path, mode in by_mode.items() if mode in ("write", "read+write", "delete")}
        unknown += [f"{access.path}/" for access in execution.own_files if access.count and access.manifest is None]
        new = {place[6:] for place in execution.writes.places if place.startswith("entry:")} - known - strange
        new = {path for path in new if not path.startswith(tuple(unknown))}
        made.update(dict.fromkeys(sorted(path for path in new if by_mode.get(path) != "delete")))
        changed.update(dict.fromkeys(sorted(written - made.keys())))
        known |= new | by_mode.keys() | _read_in_folders(execution, project)
    return Touched(made=_absolute(made, project), changed=_absolute(changed, project))


def _read_in_folders(execution: CellExecution, project: Path) -> set[str]:
    """What stands in manifests. StorageError where one is missing: then nobody knows what must stay where it is."""
    folders = [access for access in execution.own_files if access.manifest is not None]
    return {access.path for folder in folders for access in files_in(folder, project)}


def _absolute(paths: Iterable[str], project: Path) -> tuple[str, ...]:
    return tuple(os.path.normpath(project / path) for path in paths)


@contextmanager
def set_aside(project: Path, files: Touched, spared: Sequence[Path]) -> Iterator[dict[str, Path]]:
    """While the block runs, what the notebook makes is not there; the originals, by path, are where the mapping says.

    The `spared` paths, and the folders that hold them, are left alone. StorageError where something can't be kept safe:
    then nothing was touched.
    """
    recover(project)
    entries = tuple(_plan(files, spared))
    if not entries:  # the project need not even be writable
        yield {}
        return
    try:
        folder = prepare_store(project) / "aside" / new_session_id()
        folder.mkdir(parents=True)
        (folder / _LIST).write_text(to_json(_List(pid=os.getpid(), entries=entries)))
        for entry in entries:
            _keep(folder, entry)
    except OSError as error:
        recover(project, own=True)
        problem = f"The files that the notebook writes can't be kept safe: {error}."
        raise StorageError(
            problem, "Make room there or make it writable, or leave the proof out with `--no-prove`."
        ) from error
    try:
        yield {entry.path: folder / entry.kept for entry in entries if entry.kept}
    finally:
        _restore(folder, entries)


def recover(project: Path, *, own: bool = False) -> None:
    """Put back what proofs left aside whose process has gone."""
    for listed in sorted((store_of(project) / "aside").glob(f"*/{_LIST}")):
        try:
            left = from_json(listed.read_bytes(), _List)
        except (OSError, msgspec.DecodeError):
            continue
        if (left.pid == os.getpid()) if own else not _is_alive(left.pid):
            _restore(listed.parent, left.entries, newer=listed.parent.name)


def _is_alive(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)


def _plan(files: Touched, spared: Sequence[Path]) -> Iterator[_Entry]:
    """Nothing inside of a folder that is moved is listed by itself."""
    moved: list[str] = []
    for path in sorted(files.made):
        if any(_is_inside(path, folder) for folder in moved) or _is_spared(path, spared):
            continue
        yield _Entry(path=path, kept=str(len(moved)) if os.path.lexists(path) else None, moved=True)
        moved.append(path)
    for number, path in enumerate(files.changed, start=len(moved)):
        inside = any(_is_inside(path, folder) for folder in moved)
        if not inside and not _is_spared(path, spared) and not os.path.isdir(path):
            yield _Entry(path=path, kept=str(number) if os.path.lexists(path) else None)


def _is_spared(path: str, spared: Sequence[Path]) -> bool:
    return any(_is_inside(str(each), path) for each in spared)


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def _keep(folder: Path, entry: _Entry) -> None:
    if entry.kept is None:
        return
    if entry.moved:
        shutil.move(entry.path, folder / entry.kept)
    else:
        shutil.copy2(entry.path, folder / entry.kept, follow_symlinks=False)


def _restore(folder: Path, entries: Iterable[_Entry], newer: str | None = None) -> None:
    """Put the originals back. What is there by now goes, or is kept under a name with `newer` in it."""
    for entry in entries:
        original = folder / entry.kept if entry.kept else None
        if original is None and newer is None:
            _remove(entry.path)
        elif original is not None and os.path.lexists(original):  # else it was never taken
            _put_back(original, entry, newer)
    shutil.rmtree(folder, ignore_errors=True)


def _put_back(original: Path, entry: _Entry, newer: str | None) -> None:
    if not entry.moved and _is_same(original, Path(entry.path)):
        shutil.copystat(original, entry.path, follow_symlinks=False)
        return
    if newer is not None and os.path.lexists(entry.path):
        os.rename(entry.path, f"{entry.path}.proof-{newer}")
    _remove(entry.path)
    os.makedirs(os.path.dirname(entry.path), exist_ok=True)
    shutil.move(original, entry.path)


def _is_same(one: Path, other: Path) -> bool:
    hasher = FileHasher()
    digest = hasher.digest(one)
    return digest is not None and digest == hasher.digest(other)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.unlink(path)
