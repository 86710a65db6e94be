"""What comes over the network: which responses an execution got, and the digest of each body as it is read.

A body is digested chunk by chunk on its way to the user, so it is never held a second time. What an execution leaves
unread and a later one reads is in the records of both.
"""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from jupyter_repro.capture.locality import is_infrastructure
from jupyter_repro.model import RemoteRead
from jupyter_repro.redact import redact_url

_MOST = 1_000  # responses of one execution that have a record each
_MOST_DECODED = 1 << 20  # bytes that come out of a decoder at once
_AUTOMATIC = 47  # zlib's and gzip's format, whichever it is
_RAW = -15  # what some servers call deflate


class Sink(Protocol):
    """Where the bytes of one body go, for a recording that keeps them.

    `close` is called once all of it was read; what is never closed holds a part of a body.
    """

    def write(self, data: bytes, /) -> object: ...

    def close(self, digest: str, /) -> object: ...


class Response(NamedTuple):
    url: str
    method: str
    status: int
    header: Callable[[str], str | None]  # looks one up by its name
    seen: str
    decoded: bool = False  # content encodings are undone before we see a byte


class Body:
    """The body of one response while it is read."""

    def __init__(self, response: Response, sink: Sink | None = None) -> None:
        self.complete = False
        self.size = 0
        self.url = response.url
        self._response = response
        self._sink = sink
        self._encoding = "" if response.decoded else (response.header("Content-Encoding") or "").strip().lower()
        self._decoder = _Decoder() if self._encoding in ("gzip", "x-gzip", "deflate") else None
        self._sha = hashlib.sha256()

    def add(self, data: bytes | memoryview) -> None:
        for part in (data,) if self._decoder is None else self._decoder.decode(data):
            self._sha.update(part)
            self.size += len(part)
            if self._sink is not None:
                self._sink.write(bytes(part))

    def finish(self) -> None:
        """All of it was read."""
        if not self.complete:
            self.complete = True
            if self._sink is not None:
                self._sink.close(self._sha.hexdigest())

    def record(self) -> RemoteRead:
        response = self._response
        has_body = response.method != "HEAD"
        was_read = has_body and (self.complete or self.size > 0)
        is_encoded = self._encoding not in ("", "identity") and self._decoder is None
        return RemoteRead(
            url=redact_url(self.url),
            method=response.method,
            status=response.status,
            digest=self._sha.hexdigest() if was_read else None,
            size=self.size if was_read else None,
            complete=self.complete or not has_body,
            etag=response.header("ETag"),
            modified=response.header("Last-Modified"),
            range=response.header("Content-Range"),
            encoding=self._encoding if is_encoded else None,
            seen=response.seen,
        )


class _Decoder:
    """gzip and deflate. What is neither goes through as it is."""

    def __init__(self) -> None:
        self._member: Any = None  # zlib's object; None before the first byte
        self._is_plain = False

    def decode(self, data: bytes | memoryview) -> Iterator[bytes]:
        rest = bytes(data)
        if self._member is None and rest:
            self._begin(rest)
        while rest:
            if self._is_plain:
                yield rest
                return
            if self._member.eof:  # one member stands behind the other
                self._member = zlib.decompressobj(_AUTOMATIC)
            try:
                part = self._member.decompress(rest, _MOST_DECODED)
            except zlib.error:
                self._is_plain = True
                continue
            rest = self._member.unconsumed_tail or self._member.unused_data
            yield part

    def _begin(self, data: bytes) -> None:
        for bits in (_AUTOMATIC, _RAW):
            self._member = zlib.decompressobj(bits)
            try:
                self._member.copy().decompress(data, 1)
            except zlib.error:
                continue
            return
        self._is_plain = True


class RemoteReads:
    """Collects what `remote_sources` reports. Nothing here raises into the user's call."""

    def __init__(self) -> None:
        self.is_active = False
        self.open_sink: Callable[[], Sink] | None = None  # set it, and each body goes to a sink of its own, too
        self._touched: dict[Body, None] = {}  # since the last records were taken
        self._fault: Exception | None = None

    def opened(self, response: Response) -> Body | None:
        """A response has arrived; None where it isn't the user's."""
        if not self.is_active or is_infrastructure(type(threading.current_thread()).__module__):
            return None
        body = Body(response, self.open_sink() if self.open_sink is not None else None)
        self._touched[body] = None
        return body

    def read(self, body: Body, data: bytes | memoryview) -> None:
        """These bytes of it were read."""
        try:
            body.add(data)
            self._touched[body] = None
        except Exception as error:  # noqa: BLE001 - the user's read goes on
            self.note_fault(error)

    def finished(self, body: Body) -> None:
        try:
            if not body.complete:
                body.finish()
                self._touched[body] = None
        except Exception as error:  # noqa: BLE001 - the same
            self.note_fault(error)

    def note_fault(self, error: Exception) -> None:
        self._fault = error

    def records(self) -> tuple[RemoteRead, ...]:
        """Of the responses that came, or were read from, since the last call. Raises a fault of ours meanwhile."""
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        if not self._touched:
            return ()
        touched, self._touched = self._touched, {}
        bodies = list(touched)
        rest = {redact_url(body.url): None for body in bodies[_MOST:]}
        return (*(body.record() for body in bodies[:_MOST]), *(RemoteRead(url=url) for url in rest))
