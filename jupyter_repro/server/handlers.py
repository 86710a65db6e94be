"""Handlers for the operations, each as Jupyter's own ask who may enter; the work is done beside the server's loop.

Who may read notebooks may read what was recorded of them; who may start kernels may export. A notebook is named by its
path relative to the server's root.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from jupyter_repro.errors import NoSession, ReproError, UsageError
from jupyter_repro.server.operations import OPERATIONS, Asked, Operation
from jupyter_repro.server.places import Refused, notebook_below
from jupyter_repro.store.conversion import from_json, to_json

BASE = "jupyter-repro"
_VARIABLES = {"ordinal": r"\d{1,9}"}
_WORKERS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="jupyter-repro")


def routes(base_url: str) -> list[tuple[str, type[APIHandler]]]:
    by_path = groupby(sorted(OPERATIONS, key=_path), key=_path)
    found = [(_pattern(base_url, path), _handler(list(operations))) for path, operations in by_path]
    return [(url_path_join(base_url, BASE, "openapi.json"), OpenApiHandler), *found]


def _path(operation: Operation) -> str:
    return operation.path


def _pattern(base_url: str, path: str) -> str:
    pattern = re.sub(r"\{(\w+)\}", lambda found: f"(?P<{found[1]}>{_VARIABLES.get(found[1], '[^/]+')})", path)
    return re.escape(url_path_join(base_url, BASE)) + pattern


class _Handler(APIHandler):
    auth_resource = "contents"
    _track_activity = False  # the panel asks every few seconds, which must not keep an idle server up

    async def answer(self, operation: Operation, path: dict[str, str]) -> None:
        """The text is made beside the loop, too: encoding a long answer takes a while."""
        query = {name: self.get_query_arguments(name) for name in ("notebook", *operation.query)}
        work = _Work(operation, self.settings["server_root_dir"], path, query, self.request.body)
        try:
            text = await asyncio.get_running_loop().run_in_executor(_WORKERS, work)
        except (Refused, NoSession) as error:
            raise web.HTTPError(404, _plain(error)) from error
        except (UsageError, msgspec.MsgspecError, ValueError) as error:
            raise web.HTTPError(400, _plain(error)) from error
        except ReproError as error:
            raise web.HTTPError(500, _plain(error)) from error
        self.set_status(operation.status)
        self.finish(text)


class OpenApiHandler(_Handler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        from importlib.metadata import version

        from jupyter_repro.server.openapi import document

        self.finish(to_json(document(version("jupyter-repro"))))


class _Work:
    """One request, done in a thread."""

    def __init__(
        self, operation: Operation, root: str, path: dict[str, str], query: dict[str, list[str]], body: bytes
    ) -> None:
        self._operation, self._root, self._path, self._query, self._body = operation, root, path, query, body

    def __call__(self) -> str:
        operation = self._operation
        notebooks = self._query.pop("notebook")
        if len(notebooks) != 1:
            raise ValueError("The query must name one notebook.")
        kinds = operation.query
        asked = Asked(
            root=self._root,
            notebook=notebook_below(self._root, notebooks[0]),
            path=self._path,
            query={name: [kinds[name](value) for value in values] for name, values in self._query.items()},
            body=from_json(self._body, operation.body) if operation.body is not None else None,
        )
        return to_json(operation.run(asked))


def _plain(error: Exception) -> str:
    """Tornado takes a message for a format."""
    return str(error).replace("%", "%%")


def _handler(operations: list[Operation]) -> type[APIHandler]:
    methods = {operation.method.lower(): _method(operation) for operation in operations}
    return type("OperationHandler", (_Handler,), methods)


def _method(operation: Operation) -> Callable[..., Awaitable[None]]:
    async def method(self: _Handler, **path: str) -> None:
        await self.answer(operation, path)

    method.__name__ = operation.method.lower()
    action = "read" if operation.method == "GET" else "write"
    checked: Callable[..., Awaitable[None]] = authorized(action, resource=operation.resource)(method)
    return web.authenticated(checked)  # type: ignore[return-value]  # it redirects those who aren't
