"""What executions got from outside of the machine: another run may get something else."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_repro.lineage.nondeterminism import Source
from jupyter_repro.model import CellExecution

NETWORK, DATABASE = "network", "database"
_LISTED = 20  # addresses of one execution


def from_outside(execution: CellExecution) -> Iterator[Source]:
    addresses = dict.fromkeys((read.url, read.seen == "literal") for read in execution.remote if _counts(read.status))
    for url, is_guess in list(addresses)[:_LISTED]:
        yield Source(NETWORK, f"{url}, as its text says" if is_guess else url)
    if len(addresses) > _LISTED:
        yield Source(NETWORK, f"{len(addresses) - _LISTED} more addresses")
    for database in dict.fromkeys(query.database for query in execution.queries if query.is_remote):
        yield Source(DATABASE, database or "its address is not known")


def _counts(status: int | None) -> bool:
    """A redirection leads to an address that counts by itself."""
    return status is None or not 300 <= status < 400
