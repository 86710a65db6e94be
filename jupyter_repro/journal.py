"""The journal's writer: JSON lines, one writer a file, each line in one write. Standard library only (kernel side)."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_repro.config import store_of

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
    """Appends lines to one session's journal. Raises OSError when a line can't be written whole."""

    def __init__(self, project: Path, session: str) -> None:
        self.path = prepare_store(project) / "sessions" / f"{session}.jsonl"
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)

    def write(self, line: str, /, **fields: Any) -> None:
        data = (_encode({"line": line, **fields}) + "\n").encode("utf-8", "surrogatepass")
        written = os.write(self._fd, data)
        if written != len(data):  # a full disk: what follows would be glued to the torn line
            os.write(self._fd, b"\n")
            raise OSError(28, "No space left on device", str(self.path))

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


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
