"""What is seen of the network, by every library that reads from it: real requests to a real server."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import io
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from http_server import serving, table

from jupyter_repro.capture.closure import Reach
from jupyter_repro.capture.outside import Outside
from jupyter_repro.lineage.names import Names, read_cell
from jupyter_repro.model import RemoteRead

TABLE = hashlib.sha256(table()).hexdigest()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    outside = Outside(tmp_path)
    outside.start()
    yield outside
    outside.stop()


def by_urllib(url: str) -> None:
    try:
        with urllib.request.urlopen(url) as response:
            response.read()
    except urllib.error.HTTPError as error:
        error.read()


def by_urllib_lines(url: str) -> None:
    with urllib.request.urlopen(url) as response:
        list(response)


def by_urllib_pieces(url: str) -> None:
    with urllib.request.urlopen(url) as response:
        response.read(10)
        response.read1(10)
        response.readline()
        while response.readinto(bytearray(999)):
            pass


def by_requests(url: str) -> None:
    import requests

    assert requests.get(url, timeout=10).content


def by_requests_stream(url: str) -> None:
    import requests

    with requests.get(url, timeout=10, stream=True) as response:
        list(response.iter_lines())


def by_httpx(url: str) -> None:
    import httpx

    assert httpx.get(url, follow_redirects=True).content


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: in this one another test may have left a loop running."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result()


def by_httpx_async(url: str) -> None:
    import httpx

    async def read() -> None:
        async with httpx.AsyncClient(follow_redirects=True) as client, client.stream("GET", url) as response:
            async for _ in response.aiter_bytes(100):
                pass

    run(read())


def by_aiohttp(url: str) -> None:
    aiohttp: Any = pytest.importorskip("aiohttp")

    async def read() -> None:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            await response.read()

    run(read())


def by_aiohttp_chunks(url: str) -> None:
    aiohttp: Any = pytest.importorskip("aiohttp")

    async def read() -> None:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            async for _ in response.content.iter_chunked(100):
                pass

    run(read())


def by_fsspec(url: str) -> None:
    pytest.importorskip("aiohttp")
    import fsspec

    with fsspec.open(url, "rb") as file:
        file.read()


def by_pandas(url: str) -> None:
    import pandas as pd

    pd.read_csv(url, compression=None)


def by_a_thread(url: str) -> None:
    thread = threading.Thread(target=by_urllib, args=(url,))
    thread.start()
    thread.join()


READERS = [
    by_urllib,
    by_requests,
    by_requests_stream,
    by_httpx,
    by_httpx_async,
    by_aiohttp,
    by_aiohttp_chunks,
    by_fsspec,
    by_a_thread,
]
ENCODED = ["/gzip", "/deflate", "/chunked", "/chunked-gzip", "/until-closed", "/table"]


def seen(outside: Outside) -> list[RemoteRead]:
    return list(outside.seen().remote)


@pytest.mark.parametrize("path", [*ENCODED, "/moved"])
@pytest.mark.parametrize("read", READERS)
def test_a_body_that_is_read(outside: Outside, server: str, read: Callable[[str], None], path: str) -> None:
    read(server + path)

    found = seen(outside)[-1]
    assert (found.method, found.status, found.digest, found.size) == ("GET", 200, TABLE, len(table()))
    assert found.url == server + ("/table" if path == "/moved" else path)
    assert (found.etag, found.modified, found.complete) == ('"v1"', "Sat, 01 Jan 2022 00:00:00 GMT", True)
    assert seen(outside) == []


@pytest.mark.parametrize("path", ["/table", "/chunked", "/until-closed"])
@pytest.mark.parametrize("read", [by_urllib_lines, by_urllib_pieces, by_pandas])
def test_reading_by_lines_and_pieces(outside: Outside, server: str, read: Callable[[str], None], path: str) -> None:
    read(server + path)

    assert [(each.digest, each.complete) for each in seen(outside)] == [(TABLE, True)]


@pytest.mark.parametrize("read", [by_urllib, by_requests, by_httpx])
def test_answers_that_say_no(outside: Outside, server: str, read: Callable[[str], None]) -> None:
    read(f"{server}/missing")

    assert [(each.status, each.size, each.complete) for each in seen(outside)] == [(404, len(b"no such thing"), True)]


def test_redirections_have_records_of_their_own(outside: Outside, server: str) -> None:
    by_requests(f"{server}/moved")

    assert [(each.url, each.status) for each in seen(outside)] == [(f"{server}/moved", 302), (f"{server}/table", 200)]


def test_a_body_that_is_read_in_part_and_later_to_its_end(outside: Outside, server: str) -> None:
    response = urllib.request.urlopen(f"{server}/table")
    [nothing] = seen(outside)
    begin = response.read(10)
    [part] = seen(outside)
    response.read()
    [whole] = seen(outside)

    assert (nothing.digest, nothing.complete) == (None, False)
    assert (part.digest, part.size, part.complete) == (hashlib.sha256(begin).hexdigest(), 10, False)
    assert (whole.digest, whole.complete) == (TABLE, True)


def test_a_part_that_was_asked_for_and_a_head(outside: Outside, server: str) -> None:
    by_urllib(f"{server}/half")
    urllib.request.urlopen(urllib.request.Request(f"{server}/table", method="HEAD")).close()

    half, head = seen(outside)
    assert (half.status, half.range, half.size) == (206, "bytes 100-199/*", 100)
    assert (head.method, head.digest, head.complete, head.etag) == ("HEAD", None, True, '"v1"')


def test_what_is_sent_and_who_sends_it_is_not_recorded(outside: Outside, server: str) -> None:
    import requests

    requests.post(
        f"{server}/table?city=paris&token=s3cr3t",
        auth=("s3cr3t-user", "s3cr3t-word"),
        headers={"X-Api-Key": "s3cr3t"},
        cookies={"session": "s3cr3t"},
        data=b"s3cr3t",
        timeout=10,
    )

    found = seen(outside)
    assert found[0].method == "POST"
    assert found[0].url == f"{server}/table?city=paris&token=***"
    assert "s3cr3t" not in repr(found)


def test_bytes_can_be_kept_while_they_are_read(outside: Outside, server: str) -> None:
    kept: list[Kept] = []

    class Kept(io.BytesIO):
        digest: str | None = None

        def close(self, digest: str | None = None) -> None:
            self.digest = digest

    def open_sink() -> Kept:
        kept.append(Kept())
        return kept[-1]

    outside.remote.open_sink = open_sink
    by_requests(f"{server}/chunked-gzip")
    with urllib.request.urlopen(f"{server}/table") as response:
        response.read(7)

    assert [(each.getvalue(), each.digest) for each in kept] == [(table(), TABLE), (table()[:7], None)]


def test_a_fault_of_ours_does_not_reach_the_user(outside: Outside, server: str) -> None:
    def broken() -> Any:
        raise RuntimeError("no sink")

    outside.remote.open_sink = broken
    with urllib.request.urlopen(f"{server}/table") as response:
        assert response.read() == table()
    with pytest.raises(RuntimeError, match="no sink"):
        outside.seen()


def test_afterwards_everything_is_as_it_was(tmp_path: Path) -> None:
    owners = [http.client.HTTPResponse, http.client.HTTPConnection]
    owners += [sys.modules["httpcore"].ConnectionPool] if "httpcore" in sys.modules else []
    before, finders = [dict(vars(owner)) for owner in owners], list(sys.meta_path)
    outside = Outside(tmp_path)
    outside.start()
    assert [dict(vars(owner)) for owner in owners] != before
    outside.stop()

    assert [dict(vars(owner)) for owner in owners] == before
    assert sys.meta_path == finders


TEXTS = [
    (
        "import polars as pl\npl.read_parquet('https://h/x.parquet?sig=abc')",
        {"polars"},
        ["https://h/x.parquet?sig=***"],
    ),
    ("import pyarrow\npyarrow.x('s3://bucket/key')", {"pyarrow"}, ["s3://bucket/key"]),
    ("pl.read_csv(URL)", {"polars"}, ["https://elsewhere/y.csv"]),
    ("import polars\nprint('nothing')", {"polars"}, []),
    ("x = 'https://h/x.parquet'", {"polars"}, []),  # nothing is called
    ("print('https://h/x.parquet')", {"math"}, []),  # nothing that could fetch it unseen
]


@pytest.mark.parametrize(("cell", "modules", "urls"), TEXTS)
def test_addresses_that_native_code_may_read(outside: Outside, cell: str, modules: set[str], urls: list[str]) -> None:
    found = outside.collect(read_cell(cell), Reach(modules=modules), {"URL": "https://elsewhere/y.csv"})

    assert [read.url for read in found.remote] == urls
    assert {(read.seen, read.digest) for read in found.remote} <= {("literal", None)}


def test_addresses_in_shell_commands(outside: Outside) -> None:
    names = Names(commands=["curl -s https://me:s3cr3t@h/x.csv?key=s3cr3t | head"])

    assert [read.url for read in outside.collect(names, Reach(), {}).remote] == ["https://h/x.csv?key=***"]
