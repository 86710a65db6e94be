"""What the network and databases give now against what they gave when it was recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

from jupyter_repro.model import Query, RemoteRead

Record = TypeVar("Record", RemoteRead, Query)


def changed_responses(recorded: Sequence[RemoteRead], found: Sequence[RemoteRead]) -> Iterator[str]:
    """In words; the n-th response of an address is compared with its n-th."""
    for before, now in _pairs(recorded, found, key=_request):
        if before.status != now.status:
            yield f"network: {now.url} answers {now.status}, it answered {before.status}"
        elif before.complete and now.complete and before.digest != now.digest:
            yield f"network: {now.url} gives other bytes than it gave ({_difference(before, now)})"


def changed_rows(recorded: Sequence[Query], found: Sequence[Query]) -> Iterator[str]:
    """The same of frames that statements gave."""
    then, today = ([query for query in queries if query.digest is not None] for queries in (recorded, found))
    for before, now in _pairs(then, today, key=_statement):
        if before.digest != now.digest:
            what = now.text or "a statement that is not known"
            yield f"database: {what} gives other rows than it gave ({now.rows} rows, then {before.rows})"


def _request(read: RemoteRead) -> Hashable:
    return read.method, read.url, read.range


def _statement(query: Query) -> Hashable:
    return query.database, query.text


def _difference(before: RemoteRead, now: RemoteRead) -> str:
    facts = [f"sha256 {before.digest and before.digest[:12]} is now {now.digest and now.digest[:12]}"]
    for name, old, new in (("ETag", before.etag, now.etag), ("Last-Modified", before.modified, now.modified)):
        if old != new:
            facts.append(f"{name} {old or 'none'} is now {new or 'none'}")
    return ", ".join(facts)


def _pairs(
    recorded: Iterable[Record], found: Iterable[Record], key: Callable[[Record], Hashable]
) -> Iterator[tuple[Record, Record]]:
    waiting: dict[Hashable, list[Record]] = defaultdict(list)
    for record in found:
        waiting[key(record)].append(record)
    for record in recorded:
        if waiting[key(record)]:
            yield record, waiting[key(record)].pop(0)
