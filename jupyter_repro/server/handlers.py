"""What was recorded of one notebook, over the functions that the command line uses.

    GET /jupyter-repro/sessions?notebook=PATH                 [{...Summary, "state": State}], the newest first
    GET /jupyter-repro/sessions/ID/executions?notebook=PATH   [CellExecution], in true order; 304 while its ETag holds

PATH is relative to the server's root. Who may read notebooks may read what was recorded of them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ApiPath, to_os_path, url_path_join
from tornado import web

from jupyter_repro.config import find_project, store_of
from jupyter_repro.errors import NoSession, ReproError
from jupyter_repro.hashing import stat_key
from jupyter_repro.model import CellExecution
from jupyter_repro.store.conversion import to_json
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.store.sessions import how_to_record, sessions_of
from jupyter_repro.store.summary import Summary

_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")


def routes(base_url: str) -> list[tuple[str, type[APIHandler]]]:
    sessions = url_path_join(base_url, "jupyter-repro", "sessions")
    return [(sessions, SessionsHandler), (rf"{sessions}/([^/]+)/executions", ExecutionsHandler)]


class _RecordsHandler(APIHandler):
    auth_resource = "contents"
    _track_activity = False  # the panel asks every few seconds, which must not keep an idle server up

    def notebook(self) -> Path:
        """The notebook that is asked for; 404 for what isn't below the server's root."""
        root = os.path.abspath(os.path.expanduser(self.settings["server_root_dir"]))
        path = os.path.abspath(to_os_path(ApiPath(self.get_query_argument("notebook")), root))
        if os.path.commonpath([root, path]) != root:
            raise web.HTTPError(404, "There is no such notebook below the server's root.")
        return Path(path)

    async def read(
        self, read: Callable[_Arguments, _Answer], *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> _Answer:
        """What `read` reads from files, beside the server's loop."""
        try:
            return await asyncio.to_thread(read, *args, **kwargs)
        except NoSession as error:
            raise web.HTTPError(404, str(error)) from error
        except ReproError as error:
            raise web.HTTPError(500, str(error)) from error


class SessionsHandler(_RecordsHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.finish(to_json(await self.read(_sessions, self.notebook())))


class ExecutionsHandler(_RecordsHandler):
    @web.authenticated
    @authorized
    async def get(self, session: str) -> None:
        notebook = self.notebook()
        self.set_header("Etag", await self.read(_tag, notebook, session))
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
        else:
            self.finish(to_json(await self.read(_executions, notebook, session)))


def _sessions(notebook: Path) -> list[dict[str, Any]]:
    found = sessions_of(_project(notebook), notebook)
    return [{**msgspec.to_builtins(summary), "state": summary.state()} for summary in found]


def _executions(notebook: Path, session: str) -> tuple[CellExecution, ...]:
    return read_recording(_project(notebook), _summary(notebook, session).session.id).executions


def _tag(notebook: Path, session: str) -> str:
    """It changes with the journal, and when the kernel ends without a word."""
    state = _summary(notebook, session).state()
    journal = store_of(_project(notebook)) / "sessions" / f"{session}.jsonl"
    return f'"{state}-{"-".join(map(str, stat_key(journal.stat())))}"'


def _summary(notebook: Path, session: str) -> Summary:
    """NoSession also for a session of another notebook, which may lie where the server doesn't reach."""
    for summary in sessions_of(_project(notebook), notebook):
        if summary.session.id == session:
            return summary
    raise NoSession(f"There is no session {session} of {notebook.name}.", how_to_record(notebook))


def _project(notebook: Path) -> Path:
    return find_project(notebook.parent)
