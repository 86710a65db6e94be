"""What became of a session's inputs: compared with the disk, or with those of another session."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from jupyter_repro import objects
from jupyter_repro.capture.locality import is_users_file
from jupyter_repro.capture.sweep import SKIPPED
from jupyter_repro.hashing import FileHasher
from jupyter_repro.verify.inputs import Input, Inputs, Listed, join, parent

State = Literal["unchanged", "changed", "removed", "added", "unknown"]
DIFFERENT: tuple[State, ...] = ("removed", "changed", "added")
_SAME_TIME = 1e-6  # seconds: what a float of today's dates can hold

Item = TypeVar("Item")
Track = Callable[[Sequence[Item]], Iterable[Item]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    path: str
    state: State
    reason: str = ""  # in words, where there is more to say
    digest: str | None = None  # as recorded
    kept: bool = False  # the recorded content can be restored


@dataclass(frozen=True, slots=True, kw_only=True)
class DataState:
    """`files` holds those that aren't unchanged; the counts are of all, by state, and the same for each folder."""

    counts: dict[str, int]
    folders: dict[str, dict[str, int]]
    files: tuple[FileState, ...]
    unknown: dict[str, str]  # folders of which isn't known what was in them, and why

    @property
    def differs(self) -> bool:
        return any(self.counts.get(state) for state in DIFFERENT)


def data_status(inputs: Inputs, project: Path, *, quick: bool = False, track: Track[Input] = iter) -> DataState:
    """The inputs against the disk now. `quick` takes a file of the same size and time for the same."""
    disk = _Disk(project, quick)
    found = [disk.state(each) for each in track(list(inputs.files.values()))]
    found += [_new(path, "") for folder, listed in inputs.listed.items() for path in disk.added(folder, listed, inputs)]
    return _summed_up(found, inputs.unknown)


def data_difference(before: Inputs, after: Inputs, project: Path) -> DataState:
    """The inputs of one session against those of another one."""
    found = []
    for path in sorted(before.files.keys() | after.files.keys()):
        one, other = before.files.get(path), after.files.get(path)
        if one is not None and other is not None:
            found.append(_compared(one, other, project))
        elif one is not None:
            gone = _is_known_not_in(path, after)
            state: State = "removed" if gone else "unknown"
            found.append(_state(one, project, state, "" if gone else "the second session did not look at it"))
        else:
            new = _is_known_not_in(path, before)
            found.append(_new(path, "") if new else FileState(path=path, state="unknown", reason=_UNSEEN))
    return _summed_up(found, {**before.unknown, **after.unknown})


_UNSEEN = "the first session did not look at it"


class _Disk:
    def __init__(self, project: Path, quick: bool) -> None:
        self._project = project
        self._quick = quick
        self._hasher = FileHasher()

    def state(self, was: Input) -> FileState:
        try:
            state, reason = self._now(was, os.stat(self._project / was.path))
        except OSError:
            state, reason = "removed", ""
        return _state(was, self._project, state, _by_itself(was) or reason)

    def _now(self, was: Input, status: os.stat_result) -> tuple[State, str]:
        if was.size is None or was.path.endswith("/"):
            return ("unknown", _UNHASHED) if was.read else ("unchanged", "")
        same_time = was.mtime is not None and abs(status.st_mtime - was.mtime) < _SAME_TIME
        if status.st_size != was.size:
            return "changed", ""
        if was.digest is None:
            return _by_time(was, same_time)
        if self._quick and same_time:
            return "unchanged", ""
        now = self._hasher.digest(self._project / was.path)
        if now is None:
            return "unknown", "it can't be read"
        return ("unchanged" if now == was.digest else "changed"), ""

    def added(self, folder: str, listed: Listed, inputs: Inputs) -> Iterator[str]:
        try:
            with os.scandir(self._project / folder) as entries:
                now = [entry.name + ("/" if entry.is_dir() else "") for entry in entries if _is_data(entry)]
        except OSError:
            return
        for path in sorted(join(folder, name) for name in now):
            if path not in listed.names and path.rstrip("/") not in inputs.written and listed.asked_for(path):
                yield path


def _by_time(was: Input, same_time: bool) -> tuple[State, str]:
    """Where its content isn't known."""
    if not same_time:
        return "changed", "by its time; it was not hashed" if was.read else "by its time; it was only listed"
    if was.read:
        return "unknown", _CHANGING if was.changed else _UNHASHED
    return "unchanged", ""


_CHANGING = "it changed before it was hashed"
_UNHASHED = "its content was not recorded"


def _is_data(entry: os.DirEntry[str]) -> bool:
    return entry.name not in SKIPPED and is_users_file(os.path.abspath(entry.path))


def _by_itself(was: Input) -> str:
    return f"execution {was.written_by} wrote it" if was.written_by is not None else ""


def _state(was: Input, project: Path, state: State, reason: str = "") -> FileState:
    kept = was.digest is not None and state != "unchanged" and objects.has(project, was.digest)
    reason = "" if state == "unchanged" else reason
    return FileState(path=was.path, state=state, reason=reason, digest=was.digest, kept=kept)


def _new(path: str, reason: str) -> FileState:
    return FileState(path=path, state="added", reason=reason)


def _compared(one: Input, other: Input, project: Path) -> FileState:
    if one.digest is not None and other.digest is not None:
        return _state(one, project, "unchanged" if one.digest == other.digest else "changed")
    if one.path.endswith("/"):
        return _state(one, project, "unchanged")
    if one.size is not None and other.size is not None and one.size != other.size:
        return _state(one, project, "changed")
    same_time = one.mtime is not None and one.mtime == other.mtime
    if same_time and not (one.changed or other.changed):
        return _state(one, project, "unchanged")
    return _state(one, project, "unknown", "one of the sessions has no digest of it")


def _is_known_not_in(path: str, inputs: Inputs) -> bool:
    """Whether a session listed the folder, and it was not there."""
    listed = inputs.listed.get(parent(path))
    return listed is not None and path not in listed.names and listed.asked_for(path)


def _summed_up(found: Sequence[FileState], unknown: dict[str, str]) -> DataState:
    by_folder: dict[str, Counter[str]] = {}
    for each in found:
        by_folder.setdefault(parent(each.path), Counter())[each.state] += 1
    counts: Counter[str] = Counter(each.state for each in found)
    return DataState(
        counts=dict(counts),
        folders={folder: dict(counted) for folder, counted in sorted(by_folder.items())},
        files=tuple(sorted((each for each in found if each.state != "unchanged"), key=lambda each: each.path)),
        unknown=unknown,
    )
