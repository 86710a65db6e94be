"""What may give a kept execution something else when it runs again, whatever is done here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jupyter_repro.model import CellExecution

_LISTED = 20  # addresses of one execution


def nondeterminism(kept: Sequence[CellExecution]) -> tuple[str, ...]:
    """One line each, in true order."""
    return tuple(line for execution in kept for line in _lines(execution))


def _lines(execution: CellExecution) -> Iterator[str]:
    who = f"execution {execution.ordinal}"
    addresses = dict.fromkeys((read.url, read.seen == "literal") for read in execution.remote if _counts(read.status))
    for url, is_guess in list(addresses)[:_LISTED]:
        yield f"{who} {'may read' if is_guess else 'reads'} {url} over the network"
    if len(addresses) > _LISTED:
        yield f"{who} reads {len(addresses) - _LISTED} more addresses over the network"
    databases = dict.fromkeys(query.database for query in execution.queries if query.is_remote)
    yield from (f"{who} asks {database or 'a database'}, a server that keeps its own state" for database in databases)


def _counts(status: int | None) -> bool:
    """A redirection leads to an address that counts by itself."""
    return status is None or not 300 <= status < 400
