"""What executions ask databases, as far as a layer that `query_sources` listens to sees it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any, NamedTuple

from jupyter_repro.capture.fingerprint import fingerprint
from jupyter_repro.capture.locality import is_infrastructure
from jupyter_repro.model import Query
from jupyter_repro.redact import redact_database, redact_sql

_MOST = 500  # statements of one execution that have a record each
_OTHERS = "-- other statements"
_LONGEST = 2_000  # characters of a statement
_LARGEST_FRAME = 64 << 20  # bytes; a larger frame is not digested: that would be felt


class Database(NamedTuple):
    url: str | None  # with all that it says; it is redacted when it is written down
    is_remote: bool = False


class _Asked(NamedTuple):
    text: str
    database: Database
    seen: str


class Queries:
    """Nothing here raises into the user's call."""

    def __init__(self) -> None:
        self.is_active = False
        self._counts: dict[_Asked, int] = {}  # since the last records were taken
        self._frames: list[tuple[_Asked, int, str | None]] = []  # how many rows, and the digest
        self._here = threading.local()  # `last`: what this thread asked last; `cursor`: which one a library drives
        self._fault: Exception | None = None

    def asked(self, text: str, database: Database, seen: str) -> None:
        """A statement was run."""
        if not self.is_active or is_infrastructure(type(threading.current_thread()).__module__):
            return
        asked = _Asked(text, database, seen)
        if asked not in self._counts and len(self._counts) >= _MOST:
            asked = _Asked(_OTHERS, database, seen)
        self._counts[asked] = self._counts.get(asked, 0) + 1
        self._here.last = asked

    def drive(self, cursor: Any) -> None:
        """A library that reports its statements itself is about to use this DB-API cursor."""
        self._here.cursor = cursor

    def is_driven(self, cursor: Any) -> bool:
        return getattr(self._here, "cursor", None) is cursor

    def forget_last(self) -> None:
        self._here.last = None

    def built(self, frame: Any, text: str, database: Database, seen: str) -> None:
        """A frame was built from the rows that a statement gave; what this thread asked last, if no layer saw that."""
        asked = getattr(self._here, "last", None)
        if asked is None:
            self.asked(text, database, seen)
            asked = getattr(self._here, "last", None)
        if asked is not None and len(self._frames) < _MOST:
            is_large = int(frame.memory_usage().sum()) > _LARGEST_FRAME
            self._frames.append((asked, len(frame), None if is_large else fingerprint(frame).digest))

    def note_fault(self, error: Exception) -> None:
        self._fault = error

    def records(self) -> tuple[Query, ...]:
        """Of what was asked since the last call. Raises a fault of ours meanwhile."""
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        if not self._counts:
            return ()
        self._here.cursor = self._here.last = None
        counts, self._counts = self._counts, {}
        frames, self._frames = self._frames, []
        for asked, _, _ in frames:
            counts[asked] -= 1
        return (
            *(_record(asked, count) for asked, count in counts.items() if count > 0),
            *(replace(_record(asked, 1), rows=rows, digest=digest) for asked, rows, digest in frames),
        )


def _record(asked: _Asked, count: int) -> Query:
    text = redact_sql(asked.text) if asked.text is not _OTHERS else _OTHERS
    return Query(
        text=text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…",
        database=redact_database(asked.database.url) if asked.database.url is not None else None,
        is_remote=asked.database.is_remote,
        count=count,
        seen=asked.seen,
    )
