"""The inputs of a session: the files that it read or listed, and had not written itself before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath

from jupyter_repro.errors import StorageError
from jupyter_repro.lineage.places import Patterns, demanded
from jupyter_repro.manifests import Entry, Manifest, read_manifest
from jupyter_repro.model import CellExecution, FileAccess, Pipeline, Recording

_PATTERNS = ("glob:", "match:", "tree:", "path:")  # places of which a new file can be one


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """As it was read last; `path` is that of a FileAccess, and ends with a slash where it is a folder."""

    path: str
    ordinal: int
    read: bool = True  # not only listed
    digest: str | None = None
    size: int | None = None
    mtime: float | None = None
    changed: bool = False  # before it was hashed
    written_by: int | None = None  # an execution of the session that wrote it, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A folder as it was listed last; `places` is what that execution asked for."""

    ordinal: int
    names: frozenset[str]  # of entries, as `Input.path` has them
    places: tuple[str, ...]

    def asked_for(self, path: str) -> bool:
        return is_asked_for(path, self.places)


@dataclass(slots=True)
class Inputs:
    files: dict[str, Input] = field(default_factory=dict)
    listed: dict[str, Listed] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)  # by the session itself
    unknown: dict[str, str] = field(default_factory=dict)  # folders of which isn't known what was in them, and why


def inputs_of(recording: Recording, project: Path) -> Inputs:
    """Never raises for a manifest that can't be read: its folder is `unknown` then."""
    inputs = Inputs()
    if recording.session.notebook is not None:  # Jupyter saves it at any time
        inputs.written.add(recording.session.notebook)
    for execution in recording.executions:
        _add(inputs, execution, project)
    return inputs


def files_in(access: FileAccess, project: Path) -> tuple[FileAccess, ...]:
    """The files that were read, where the record is one of a folder; else the record. Raises StorageError."""
    if access.manifest is None:
        return (access,)
    entries = read_manifest(project, access.manifest).entries.values()
    return tuple(
        replace(
            access,
            path=join(access.path, entry.path),
            digest=entry.digest,
            size=entry.size,
            mtime=_seconds(entry),
            changed=entry.changed,
            manifest=None,
            count=None,
        )
        for entry in entries
        if entry.read
    )


def join(folder: str, path: str) -> str:
    """The name that records give to an entry of a folder."""
    if path == ".":
        return folder
    return path if folder == "." else f"{folder.rstrip('/')}/{path}"


def parent(path: str) -> str:
    return str(PurePosixPath(path.rstrip("/")).parent)


@lru_cache(maxsize=1 << 16)
def is_asked_for(path: str, places: tuple[str, ...]) -> bool:
    """Whether these places, which were read, hold what is at a path: a listing by a pattern asks for some names."""
    return demanded(f"entry:{path.rstrip('/')}", places, _patterns(places), ()) is not None


@lru_cache(maxsize=1 << 10)
def _patterns(places: tuple[str, ...]) -> Patterns:
    return Patterns(places)


def _add(inputs: Inputs, execution: CellExecution, project: Path) -> None:
    made = {place[6:] for place in execution.writes.places if place.startswith("entry:")}
    own = inputs.written | made
    for access in execution.own_files:
        if access.mode == "list" or access.count is not None or access.manifest is not None:
            _add_folder(inputs, access, execution, project, own)
        elif access.mode.startswith("read") and access.path not in own:
            inputs.files[access.path] = _input(access, execution.ordinal)
    for access in execution.own_files:
        if access.mode not in ("read", "list"):
            inputs.written.add(access.path)
            if (known := inputs.files.get(access.path)) is not None:
                inputs.files[access.path] = replace(known, written_by=execution.ordinal)
    inputs.written |= made


def _input(access: FileAccess, ordinal: int) -> Input:
    if access.mode == "read+write":  # the digest is that of what it became
        return Input(path=access.path, ordinal=ordinal, written_by=ordinal)
    return Input(
        path=access.path,
        ordinal=ordinal,
        digest=access.digest,
        size=access.size,
        mtime=access.mtime,
        changed=access.changed,
    )


def _add_folder(
    inputs: Inputs, access: FileAccess, execution: CellExecution, project: Path, own: Iterable[str]
) -> None:
    try:
        if access.manifest is None:
            raise StorageError("it was not looked at in time", "")
        manifest = read_manifest(project, access.manifest)
    except StorageError as error:
        inputs.unknown[access.path] = error.problem.rstrip(".")
        return
    inputs.unknown.pop(access.path, None)
    places = tuple(sorted(place for place in execution.reads.places if place.startswith(_PATTERNS)))
    for entry in manifest.entries.values():
        path = join(access.path, entry.path)
        if path.rstrip("/") in own or not (entry.read or is_asked_for(path, places)):
            continue
        known = inputs.files.get(path)
        if entry.read or known is None or not known.read:
            inputs.files[path] = _from_entry(entry, path, execution.ordinal)
    for folder, names in _names(access.path, manifest):
        inputs.listed[folder] = Listed(ordinal=execution.ordinal, names=names, places=places)


def _from_entry(entry: Entry, path: str, ordinal: int) -> Input:
    return Input(
        path=path,
        ordinal=ordinal,
        read=entry.read,
        digest=entry.digest,
        size=entry.size,
        mtime=_seconds(entry),
        changed=entry.changed,
    )


def _names(root: str, manifest: Manifest) -> Iterator[tuple[str, frozenset[str]]]:
    """Each folder that was listed, and what was directly in it."""
    below: dict[str, set[str]] = {join(root, folder): set() for folder in manifest.listed}
    for entry in manifest.entries:
        path = join(root, entry)
        if (names := below.get(parent(path))) is not None:
            names.add(path)
    for folder, names in below.items():
        yield folder, frozenset(names)


def _seconds(entry: Entry) -> float | None:
    return None if entry.mtime_ns is None else entry.mtime_ns / 1e9


def dependencies(pipeline: Pipeline, project: Path) -> Iterator[FileAccess]:
    """Files: those of a folder one by one, but for what the pipeline writes itself."""
    for stage in pipeline.stages:
        written = {out.path for out in stage.outs}
        for dep in stage.deps:
            with suppress(StorageError):  # an export on another machine has no objects
                yield from (file for file in files_in(dep, project) if file.path not in written)
