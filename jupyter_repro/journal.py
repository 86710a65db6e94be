"""The journal's writer: JSON lines, one writer a file, each line in one write. Standard library only (kernel side)."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import secrets
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_repro.config import store_of

_MOST_WAITING = 16 << 20  # bytes of lines that wait for space on a disk
_LARGE = frozenset(("evidence", "names", "module", "value"))
_TORN = "torn"  # what is left of a line that is written in part
_SCALARS = frozenset((str, int, float, bool, type(None)))
_fields: dict[type, tuple[tuple[str, Any], ...]] = {}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def now() -> str:
    """ISO 8601 in UTC with microseconds."""
    return datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")


def new_session_id() -> str:
    """Sorts by time; the random part keeps two kernels apart that start in the same second."""
    return datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)


def prepare_store(project: Path) -> Path:
    """Make `.jrepro/` with its own .gitignore; OSError where the folder can't be written."""
    store = store_of(project)
    (store / "sessions").mkdir(parents=True, exist_ok=True)
    ignore = store / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return store


class Journal:
    """Appends lines to one session's journal, each once, in order.

    A line that can't be written, as on a full disk, waits in memory and goes out before the next one.
    """

    def __init__(self, project: Path, session: str) -> None:
        self.path = prepare_store(project) / "sessions" / f"{session}.jsonl"
        self.fault: OSError | None = None  # why lines are waiting
        self.dropped = 0  # lines that were too many to wait
        self._waiting: list[tuple[str, bytes]] = []
        self._lock = threading.Lock()  # a cell can run in a thread of its own
        self._pid = os.getpid()
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file = _file_behind(self._fd)

    @property
    def waiting(self) -> int:
        """Lines that are not on disk."""
        return len(self._waiting)

    def write(self, line: str, /, **fields: Any) -> bool:
        """Whether it is on disk, with all that waited."""
        if os.getpid() != self._pid:  # a fork of the kernel has no say
            return True
        self._wait(line, fields)
        return self.flush()

    def write_with_next(self, line: str, /, **fields: Any) -> None:
        """To disk in one go with the line that follows at once: each write may hand Python's lock to another thread."""
        if os.getpid() == self._pid:
            self._wait(line, fields)

    def _wait(self, line: str, fields: dict[str, Any]) -> None:
        # A file's name can hold bytes that are no text: as JSON escapes, any reader takes them.
        data = (_encode({"line": line, **fields}) + "\n").encode("utf-8", "backslashreplace")
        with self._lock:
            self._waiting.append((line, data))

    def flush(self) -> bool:
        """Try to write what waits: whether nothing does any more."""
        with self._lock:
            try:
                self._append()
            except OSError as error:
                error.filename = error.filename or str(self.path)
                self.fault = error
                self._limit()
        return self.fault is None

    def _append(self) -> None:
        if _file_behind(self._fd) != self._file:  # the user's code has closed it, or the file is gone
            self._open_again()
        if self._waiting:
            self._forget(os.write(self._fd, b"".join(data for _, data in self._waiting)))
        if self._waiting:  # the system took a part only
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self.fault = None

    def _forget(self, written: int) -> None:
        """The first bytes of what waits are on disk; of the line where they stop, the rest goes on waiting."""
        while self._waiting and written >= len(self._waiting[0][1]):
            written -= len(self._waiting.pop(0)[1])
        if written:
            self._waiting[0] = (_TORN, self._waiting[0][1][written:])

    def _open_again(self) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        if _file_behind(descriptor) != self._file:
            os.close(descriptor)
            raise FileNotFoundError(errno.ENOENT, "the session's journal was removed", str(self.path))
        self._fd = descriptor

    def _limit(self) -> None:
        """Evidence can be missing: then its execution counts as one that nobody observed. The rest is small."""
        if sum(len(data) for _, data in self._waiting) > _MOST_WAITING:
            kept = [each for each in self._waiting if each[0] not in _LARGE]
            self.dropped += len(self._waiting) - len(kept)
            self._waiting = kept

    def close(self) -> None:
        if self._fd >= 0 and _file_behind(self._fd) == self._file:
            os.close(self._fd)
        self._fd = -1


def _file_behind(descriptor: int) -> tuple[int, int] | None:
    """Which file a descriptor leads to: its number comes back for another file once it has been closed."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_nlink else None


def plain(record: Any) -> Any:
    """A record as JSON types; fields that hold their default are left out."""
    kind = type(record)
    if kind in _SCALARS:
        return record
    if kind is tuple or kind is list:
        return [plain(each) for each in record]
    if kind is dict:
        return {str(key): plain(value) for key, value in record.items()}
    fields = _fields.get(kind) or _fields.setdefault(kind, _defaults(kind))
    kept = ((name, getattr(record, name), default) for name, default in fields)
    return {name: plain(value) for name, value, default in kept if value != default}


def _defaults(kind: type) -> tuple[tuple[str, Any], ...]:
    """The fields of a record type, with their defaults."""
    found = []
    for field in dataclasses.fields(kind):
        made = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        found.append((field.name, made))
    return tuple(found)
