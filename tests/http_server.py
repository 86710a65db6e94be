"""A web server in a process of its own: `python http_server.py` prints its port and serves until it is killed.

Each path gives the same table in another way; `/again` gives something else each time.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any


def table() -> bytes:
    return b"a,b\n" + b"".join(b"%d,%d\n" % (each, each * each) for each in range(2000))


_TIMES = count()
_VALIDATORS = {"ETag": '"v1"', "Last-Modified": "Sat, 01 Jan 2022 00:00:00 GMT"}


def _deflated(data: bytes) -> bytes:
    raw = zlib.compressobj(wbits=-15)
    return raw.compress(data) + raw.flush()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        path, status, body, headers = self.path.partition("?")[0], 200, table(), dict(_VALIDATORS)
        if path.endswith("gzip"):
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        elif path == "/deflate":
            body, headers["Content-Encoding"] = _deflated(body), "deflate"
        elif path == "/moved":
            status, body, headers = 302, b"gone there", {"Location": "/table"}
        elif path == "/missing":
            status, body, headers = 404, b"no such thing", {}
        elif path == "/again":
            body, headers = b"a,b\n1,%d\n" % next(_TIMES), {}
        elif path == "/half":
            status, body, headers["Content-Range"] = 206, body[100:200], "bytes 100-199/*"
        elif path == "/empty":
            status, body = 204, b""
        self._send(status, headers, body, path)

    def _send(self, status: int, headers: dict[str, str], body: bytes, path: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        chunked, closing = path.startswith("/chunked"), path == "/until-closed"
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif closing:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        for start in range(0, len(body), 500) if chunked else ():
            part = body[start : start + 500]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n" if chunked else body)


@contextmanager
def serving() -> Iterator[str]:
    """Its address."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as http_server:
        print(http_server.server_port, flush=True)
        http_server.serve_forever()
