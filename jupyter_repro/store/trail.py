"""What a session left behind, in short: so that the origin of a file or of weights can be found by digest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from jupyter_repro.model import FileAccess, Fit
from jupyter_repro.store.folding import Folded


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A file as an execution wrote it, or weights as it trained them."""

    ordinal: int
    digest: str
    path: str | None = None  # None: weights
    time: float | None = None  # of the file; of weights when the execution ended; in seconds since 1970


Trail = tuple[Left, ...]


def trail_of(folded: Folded) -> Trail:
    """In the order of the executions; what can't be read is left out."""
    return tuple(
        left
        for ordinal, fields in sorted(folded.executions.items())
        for left in (*_written(ordinal, fields), *_trained(ordinal, fields))
    )


def _written(ordinal: int, fields: dict[str, Any]) -> Iterator[Left]:
    for each in _read(fields.get("files"), FileAccess):
        if "write" in each.mode and each.by != "unattributed" and each.digest is not None:
            yield Left(ordinal=ordinal, digest=each.digest, path=each.path, time=each.mtime)


def _trained(ordinal: int, fields: dict[str, Any]) -> Iterator[Left]:
    started, duration = instant(fields.get("started")), fields.get("duration")
    time = started + duration if started is not None and isinstance(duration, float) else started
    for each in _read(fields.get("fits"), Fit):
        if each.changed:
            yield Left(ordinal=ordinal, digest=each.final, time=time)


def instant(iso: Any) -> float | None:
    """Seconds since 1970; None where it is no time."""
    try:
        return datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()
    except (AttributeError, TypeError, ValueError, OverflowError):
        return None


def _read(values: Any, kind: type[Any]) -> Iterator[Any]:
    for value in values if isinstance(values, list) else ():
        try:
            yield msgspec.convert(value, kind)
        except msgspec.ValidationError:
            continue
