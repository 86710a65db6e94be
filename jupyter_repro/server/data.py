"""The files of a session, then and now."""

from __future__ import annotations

import time
from functools import lru_cache

from jupyter_repro.server.reading import Recorded
from jupyter_repro.server.views import DataFile, DataView
from jupyter_repro.verify.data import DIFFERENT, FileState, data_status
from jupyter_repro.verify.inputs import Input, inputs_of

_MOST = 500  # files of an answer
_FRESH = 2.0  # seconds for which the disk isn't looked at again


def data_view(recorded: Recorded) -> DataView:
    """By size and time, as `jrepro data status --quick` compares."""
    return _view(recorded, int(time.monotonic() / _FRESH))


@lru_cache(maxsize=4)
def _view(recorded: Recorded, moment: int) -> DataView:
    inputs = inputs_of(recorded.recording, recorded.project)
    found = data_status(inputs, recorded.project, quick=True)
    states = {each.path: each for each in found.files}
    readers, writers, last = _users(recorded)
    paths = sorted({*inputs.files, *states, *writers} - {recorded.recording.session.notebook or ""})
    files = [
        _file(path, states.get(path), inputs.files.get(path) or last.get(path), readers, writers) for path in paths
    ]
    files.sort(key=lambda each: each.state not in DIFFERENT)
    return DataView(
        files=tuple(files[:_MOST]),
        total=len(files),
        counts=found.counts,
        folders=found.folders,
        unknown=found.unknown,
    )


_Users = dict[str, dict[int, None]]


def _users(recorded: Recorded) -> tuple[_Users, _Users, dict[str, Input]]:
    """By path: who read it, who wrote it, and what it was when it was written last."""
    readers: _Users = {}
    writers: _Users = {}
    last: dict[str, Input] = {}
    for execution in recorded.recording.executions:
        for access in execution.own_files:
            if access.mode.startswith("read"):
                readers.setdefault(access.path, {})[execution.ordinal] = None
            if "write" in access.mode:
                writers.setdefault(access.path, {})[execution.ordinal] = None
                last[access.path] = Input(
                    path=access.path, ordinal=execution.ordinal, digest=access.digest, size=access.size
                )
    return readers, writers, last


def _file(path: str, state: FileState | None, known: Input | None, readers: _Users, writers: _Users) -> DataFile:
    read_by = tuple(readers.get(path, ()))
    if not read_by and known is not None and path not in writers:
        read_by = (known.ordinal,)  # as one of a folder
    return DataFile(
        path=path,
        state=state.state if state is not None else "unchanged",
        reason=state.reason if state is not None else "",
        size=known.size if known is not None else None,
        digest=known.digest if known is not None else None,
        read_by=read_by,
        written_by=tuple(writers.get(path, ())),
        kept=state is not None and state.kept,
    )
