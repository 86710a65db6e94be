"""What executions get from outside of this machine's files: over the network, and from databases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from jupyter_repro.capture.after_import import AfterImport
from jupyter_repro.capture.closure import Reach
from jupyter_repro.capture.queries import Queries
from jupyter_repro.capture.query_sources import PATCHES as QUERY_PATCHES
from jupyter_repro.capture.query_sources import QuerySources
from jupyter_repro.capture.remote import RemoteReads
from jupyter_repro.capture.remote_sources import PATCHES as REMOTE_PATCHES
from jupyter_repro.capture.remote_sources import RemoteSources
from jupyter_repro.lineage.names import TEXT_LENGTH, Names
from jupyter_repro.model import Query, RemoteRead
from jupyter_repro.redact import redact_sql, redact_url

# Libraries that fetch in C or Rust.
_NATIVE = frozenset("polars pyarrow duckdb tensorflow keras xarray netCDF4 h5py zarr rasterio osgeo deltalake".split())
# Drivers whose functions can't be listened to.
_DRIVERS = frozenset("sqlite3 duckdb _duckdb psycopg2 pymysql MySQLdb mysql pyodbc oracledb snowflake".split())
_ADDRESS = re.compile(r"\b(?:https?|ftp|s3a?|gs|gcs|az|abfss?|hf|hdfs)://[^\s'\"<>`|;)]+")
_STATEMENT = re.compile(r"\s*(?:select|with|insert|update|delete|create|copy|attach|merge|from|pivot|describe)\s", re.I)
_MOST_ADDRESSES = 100  # that a cell's text names


class FromOutside(NamedTuple):
    remote: tuple[RemoteRead, ...] = ()
    queries: tuple[Query, ...] = ()

    @property
    def places(self) -> set[str]:
        """As `lineage.places` names them; a database in a file is that file."""
        databases = {f"query:{query.database or ''}" for query in self.queries if query.is_remote}
        return {f"url:{read.url}" for read in self.remote} | databases


class Outside:
    def __init__(self, project: Path) -> None:
        self.remote = RemoteReads()
        self._queries = Queries()
        self._remote_sources = RemoteSources(self.remote)
        self._query_sources = QuerySources(self._queries, project)
        self._after_import = AfterImport(frozenset((*REMOTE_PATCHES, *QUERY_PATCHES)), self._imported)

    def start(self) -> None:
        self._remote_sources.start()
        self._query_sources.start()
        self._after_import.start()

    def stop(self) -> None:
        self._after_import.stop()
        self._query_sources.stop()
        self._remote_sources.stop()

    def seen(self) -> FromOutside:
        """What was seen to come since the last call. Raises a fault of ours that happened meanwhile."""
        return FromOutside(self.remote.records(), self._queries.records())

    def collect(self, names: Names, reach: Reach, namespace: Mapping[str, object]) -> FromOutside:
        """The same, and what the text of the cell names where nobody sees."""
        remote, queries = self.seen()
        native = _NATIVE & reach.modules if names.calls else frozenset()
        if native or names.commands:
            texts = [*names.commands, *(_texts(names, reach, namespace) if native else ())]
            known = {read.url for read in remote}
            remote += tuple(RemoteRead(url=url, seen="literal") for url in _addresses(texts) if url not in known)
        if names.calls and _DRIVERS & reach.modules:
            queries = _with_statements(queries, sorted(filter(_STATEMENT.match, names.strings | reach.strings)))
        return FromOutside(remote, queries)

    def _imported(self, module: str) -> None:
        sources = self._remote_sources if module in REMOTE_PATCHES else self._query_sources
        sources.imported(module)


def _with_statements(queries: tuple[Query, ...], texts: Sequence[str]) -> tuple[Query, ...]:
    """What the text holds, for drivers that don't tell what they run. A single statement gave duckdb's single frame."""
    frames = [query for query in queries if query.seen == "duckdb"]
    statements = [_with_end(redact_sql(text), text) for text in texts]
    if len(frames) == len(statements) == 1:
        return tuple(replace(query, text=statements[0]) if query in frames else query for query in queries)
    known = {query.text for query in queries}
    return (*queries, *(Query(text=text, seen="literal") for text in statements if text not in known))


def _with_end(statement: str, text: str) -> str:
    return f"{statement}…" if len(text) == TEXT_LENGTH else statement


def _texts(names: Names, reach: Reach, namespace: Mapping[str, object]) -> Iterator[str]:
    """In the code that may have run, and behind the names that it uses."""
    yield from sorted(names.strings | reach.strings)
    yield from (value for name in sorted(names.loads) if type(value := namespace.get(name)) is str)


def _addresses(texts: Iterable[str]) -> Iterator[str]:
    """Those that texts name, redacted, each once."""
    found = dict.fromkeys(redact_url(match) for text in texts for match in _ADDRESS.findall(text))
    yield from list(found)[:_MOST_ADDRESSES]
