"""Records of folders: of those that were listed, and of those in which very many files were read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jupyter_repro.capture.digests import Border
from jupyter_repro.capture.files import ONLY_LISTED, By, FileEvidence
from jupyter_repro.capture.locality import is_users_file
from jupyter_repro.capture.many import FEW, MANY, by_folder
from jupyter_repro.capture.watch.events import OPEN, FileEvent
from jupyter_repro.model import FileAccess


@dataclass
class _Folder:
    """`listed` are folders, `read` files, at or below it; all paths absolute."""

    listed: list[str]
    read: list[str]


def add_many(files: FileEvidence, paths: Sequence[str], seen: str = "audit", by: By = "kernel") -> None:
    """Very many files were read, and nothing else was done to them."""
    project = str(files.project)
    for folder, found in by_folder(paths).items():
        if len(found) < FEW or folder in files.many:
            for path in filter(is_users_file, found):
                files.read_folders(path)
                files.read(path, seen, by)
        elif is_users_file(os.path.join(folder, "file")):
            files.many[folder] = found
            files.seen_by.setdefault(folder, (seen, by))
            files.read_folders(os.path.join(folder, "file"))
            above = (project + os.sep).startswith(folder.rstrip(os.sep) + os.sep)
            files.reads |= {"file:*"} if above else {files.place("tree", folder), files.place("entry", folder)}


def without_many(files: FileEvidence, events: Sequence[FileEvent], children: bool) -> list[FileEvent]:
    """The events that are left where files were only read, and are very many."""
    plain = [event for event in events if event.kinds == OPEN and (children or event.process != "other")]
    if len(plain) <= MANY:
        return list(events)
    known = {path for paths in files.many.values() for path in paths}
    unseen = [event for event in plain if event.path not in known and event.path not in files.modes]
    if len(unseen) > MANY:
        own = [event.path for event in unseen if event.process == "own" or not children]
        add_many(files, own, files.layer)
        add_many(files, [event.path for event in unseen if event.path not in set(own)], files.layer, "child")
        files.reads.add("cwd:")  # whether the paths were relative isn't known
        known.update(event.path for event in unseen)
    return [event for event in events if event.kinds != OPEN or event.path not in known]


def folder_records(files: FileEvidence, border: Border) -> Iterator[FileAccess]:
    """One for each folder; what is in it may be known later, see `Border.list`."""
    for root, folder in sorted(_folders(files).items()):
        seen, by = files.seen_by.get(root, (files.layer, "kernel"))
        name = files.name(root)
        record = FileAccess(path=name, mode="read" if folder.read else "list", by=by, seen=seen)
        try:
            record = replace(record, mtime=os.stat(root).st_mtime, count=len(folder.read) or None)
        except OSError:  # it has gone
            yield record
            continue
        yield replace(record, **border.list(root, name, folder.listed, folder.read))


def _folders(files: FileEvidence) -> dict[str, _Folder]:
    found = {root: _Folder([], paths) for root, paths in files.many.items()}
    listed = [path for path, modes in files.modes.items() if modes == ONLY_LISTED]
    for root, folders in _roots(listed).items():
        home = next((each for each in files.many if _is_in(root, each)), root)
        found.setdefault(home, _Folder([], [])).listed += folders
    return found


def _roots(listed: Sequence[str]) -> dict[str, list[str]]:
    """Where what is in these folders is told: in each by itself, or further up where they are many."""
    groups = by_folder(folder.rstrip(os.sep) + os.sep for folder in listed)
    return {root or os.sep: [folder.rstrip(os.sep) or os.sep for folder in folders] for root, folders in groups.items()}


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
