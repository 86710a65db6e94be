"""Where responses come in: the lowest layers that the libraries for it share.

http.client serves urllib, requests and boto3 (both through urllib3), and pandas; httpcore serves httpx; aiohttp serves
fsspec's http and s3. What C and Rust code fetches (polars' and pyarrow's object stores, duckdb's httpfs, curl), what
worker processes fetch, FTP and web sockets don't come by here.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps
from typing import Any

from jupyter_repro.capture.identity import identity
from jupyter_repro.capture.remote import Body, RemoteReads, Response
from jupyter_repro.capture.replaced import Replaced


class RemoteSources:
    def __init__(self, reads: RemoteReads) -> None:
        self.reads = reads
        self._replaced: list[Replaced] = []
        self.bodies: weakref.WeakKeyDictionary[Any, Body] = weakref.WeakKeyDictionary()  # of http.client's responses

    def start(self) -> None:
        self.reads.is_active = True
        for module in PATCHES:
            if module in sys.modules:
                self.imported(module)

    def stop(self) -> None:
        self.reads.is_active = False
        while self._replaced:
            self._replaced.pop().undo()

    def imported(self, module: str) -> None:
        """A library has arrived. Never raises."""
        try:
            PATCHES[module](self)
        except Exception as error:  # noqa: BLE001 - an import of the user's must not fail for it
            self.reads.note_fault(error)

    def replace(self, owner: Any, name: str, new: Callable[..., Any]) -> None:
        self._replaced.append(Replaced(owner, name, new))

    def note(self, noting: Callable[[], Any]) -> Any:
        """What it gives; None where it failed."""
        try:
            return noting()
        except Exception as error:  # noqa: BLE001 - the user's call goes on
            self.reads.note_fault(error)
            return None


# --- http.client and urllib3 ------------------------------------------------------------------------------------------


def _patch_http_client(sources: RemoteSources) -> None:
    client: Any = sys.modules["http.client"]
    putrequest, getresponse = client.HTTPConnection.putrequest, client.HTTPConnection.getresponse
    asked: weakref.WeakKeyDictionary[Any, tuple[str, str]] = weakref.WeakKeyDictionary()  # method and target

    @wraps(putrequest)
    def noting_putrequest(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        sources.note(lambda: asked.__setitem__(self, (str(method), str(url))))
        return putrequest(self, method, url, *args, **kwargs)

    @wraps(getresponse)
    def noting_getresponse(self: Any, *args: Any, **kwargs: Any) -> Any:
        response = getresponse(self, *args, **kwargs)
        sources.note(lambda: _opened(sources, self, response, *asked.pop(self, ("GET", "/"))))
        return response

    sources.replace(client.HTTPConnection, "putrequest", noting_putrequest)
    sources.replace(client.HTTPConnection, "getresponse", noting_getresponse)
    for name in ("read", "read1", "readline", "readinto"):
        _note_reading(sources, client.HTTPResponse, name)


def _opened(sources: RemoteSources, connection: Any, response: Any, method: str, target: str) -> None:
    url = _address(connection, target)
    body = sources.reads.opened(Response(url, method, response.status, response.headers.get, "http.client"))
    if body is not None:
        sources.bodies[response] = body
        if response.length == 0:
            sources.reads.finished(body)


def _address(connection: Any, target: str) -> str:
    if not target.startswith("/"):  # through a proxy the whole address is asked for
        return target
    standard = connection.default_port
    tunnel = getattr(connection, "_tunnel_host", None)
    host, port = (tunnel, connection._tunnel_port) if tunnel else (connection.host, connection.port)
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    scheme = "https" if standard == 443 else "http"
    return f"{scheme}://{host}{'' if port in (None, standard) else f':{port}'}{target}"


def _note_reading(sources: RemoteSources, owner: Any, name: str) -> None:
    """Reading methods call each other; what the outermost one gives was read."""
    original, bodies = vars(owner)[name], sources.bodies

    @wraps(original)
    def reading(self: Any, *args: Any, **kwargs: Any) -> Any:
        body = bodies.pop(self, None)
        if body is None:
            return original(self, *args, **kwargs)
        try:
            given = original(self, *args, **kwargs)
        finally:
            bodies[self] = body
        sources.note(lambda: _was_read(sources.reads, body, self, given, args))
        return given

    sources.replace(owner, name, reading)


def _was_read(reads: RemoteReads, body: Body, response: Any, given: Any, args: tuple[Any, ...]) -> None:
    """`given`: bytes, or how many were put into the buffer that stands first among the arguments."""
    if given:
        reads.read(body, memoryview(args[0]).cast("B")[:given] if isinstance(given, int) else given)
    if not response.length and (response.isclosed() or response.length == 0):
        reads.finished(body)


def _patch_urllib3(sources: RemoteSources) -> None:
    """It takes chunked bodies apart itself."""
    response: Any = sys.modules["urllib3.response"].HTTPResponse
    handle_chunk, update_length = response._handle_chunk, response._update_chunk_length

    @wraps(handle_chunk)
    def noting_chunk(self: Any, *args: Any, **kwargs: Any) -> Any:
        chunk = handle_chunk(self, *args, **kwargs)
        if (body := sources.note(lambda: sources.bodies.get(self._fp))) is not None:
            sources.reads.read(body, chunk)
        return chunk

    @wraps(update_length)
    def noting_length(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = update_length(self, *args, **kwargs)
        if self.chunk_left == 0 and (body := sources.note(lambda: sources.bodies.get(self._fp))) is not None:
            sources.reads.finished(body)
        return given

    sources.replace(response, "_handle_chunk", noting_chunk)
    sources.replace(response, "_update_chunk_length", noting_length)


# --- httpcore ---------------------------------------------------------------------------------------------------------


class _Stream:
    """What httpcore gives the body's parts by, with an ear on it."""

    def __init__(self, stream: Any, reads: RemoteReads, body: Body) -> None:
        self._stream, self._reads, self._body = stream, reads, body

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            self._reads.read(self._body, part)
            yield part
        self._reads.finished(self._body)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            self._reads.read(self._body, part)
            yield part
        self._reads.finished(self._body)

    def __getattr__(self, name: str) -> Any:
        """close, aclose"""
        return getattr(self._stream, name)


def _patch_httpcore(sources: RemoteSources) -> None:
    httpcore: Any = sys.modules["httpcore"]
    handle = httpcore.ConnectionPool.handle_request
    handle_async = httpcore.AsyncConnectionPool.handle_async_request

    @wraps(handle)
    def noting(self: Any, request: Any) -> Any:
        response = handle(self, request)
        sources.note(lambda: _listen(sources.reads, request, response))
        return response

    @wraps(handle_async)
    async def noting_async(self: Any, request: Any) -> Any:
        response = await handle_async(self, request)
        sources.note(lambda: _listen(sources.reads, request, response))
        return response

    sources.replace(httpcore.ConnectionPool, "handle_request", noting)
    sources.replace(httpcore.AsyncConnectionPool, "handle_async_request", noting_async)


def _listen(reads: RemoteReads, request: Any, response: Any) -> None:
    headers = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in response.headers}
    url, scheme = request.url, request.url.scheme
    port = None if url.port == {b"http": 80, b"https": 443}.get(scheme) else url.port
    address = f"{scheme.decode()}://{url.host.decode()}{f':{port}' if port else ''}{url.target.decode()}"
    method, status = request.method.decode(), response.status
    body = reads.opened(Response(address, method, status, lambda name: headers.get(name.lower()), "httpcore"))
    if body is not None:
        response.stream = _Stream(response.stream, reads, body)


# --- aiohttp ----------------------------------------------------------------------------------------------------------


def _patch_aiohttp(sources: RemoteSources) -> None:
    """Its bodies are read through a class that takes no weak references: their responses say how long they live."""
    response: Any = sys.modules["aiohttp.client_reqrep"].ClientResponse
    reader: Any = sys.modules["aiohttp.streams"].StreamReader
    start, read_chunk = response.start, reader._read_nowait_chunk
    bodies: dict[int, Body] = {}  # by the address of the reader

    @wraps(start)
    async def noting_start(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = await start(self, *args, **kwargs)
        sources.note(lambda: _follow(sources.reads, self, bodies))
        return given

    @wraps(read_chunk)
    def noting_chunk(self: Any, *args: Any, **kwargs: Any) -> Any:
        chunk = read_chunk(self, *args, **kwargs)
        if bodies and (body := bodies.get(identity(self))) is not None:
            sources.reads.read(body, chunk)
            if self.at_eof():
                sources.reads.finished(body)
        return chunk

    sources.replace(response, "start", noting_start)
    sources.replace(reader, "_read_nowait_chunk", noting_chunk)


def _follow(reads: RemoteReads, response: Any, bodies: dict[int, Body]) -> None:
    url, header = str(response.url), response.headers.get
    body = reads.opened(Response(url, response.method, response.status, header, "aiohttp", decoded=True))
    if body is None:
        return
    content = response.content
    address = identity(content)
    bodies[address] = body
    weakref.finalize(response, bodies.pop, address, None).atexit = False
    content.on_eof(lambda: reads.finished(body) if content.at_eof() else None)  # its end may come alone


PATCHES: dict[str, Callable[[RemoteSources], None]] = {
    "http.client": _patch_http_client,
    "urllib3.response": _patch_urllib3,
    "httpcore": _patch_httpcore,
    "aiohttp.client_reqrep": _patch_aiohttp,
}
