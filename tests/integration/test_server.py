"""The server extension in a real Jupyter server: what the panel asks for, and what nobody gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from jupyter_servers import JupyterServer, run_server

from jupyter_repro.journal import Journal

pytestmark = pytest.mark.xdist_group("server")
STARTED = "2026-01-01T10:00:00Z"
OLD, NEW, OTHER, OUTSIDE = (f"2026010{day}-100000-aaaaaa" for day in range(1, 5))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Over the folder `root` of a project, so that one of the project's notebooks lies outside."""
    project = tmp_path_factory.mktemp("project")
    root = project / "root"
    root.mkdir()
    record(project, OLD, "root/explore.ipynb", ["x = 1"])
    record(project, NEW, "root/explore.ipynb", ["x = 2", "x"])
    record(project, OTHER, "root/other.ipynb", ["y = 1"])
    record(project, OUTSIDE, "outside.ipynb", ["z = 1"])
    with run_server("jupyter_server", root, tmp_path_factory.mktemp("home")) as running:
        yield running


def record(project: Path, session: str, notebook: str, sources: list[str]) -> None:
    journal = Journal(project, session)
    header = {"notebook": notebook, "started": STARTED, "cwd": ".", "kernel": "test", "pid": 0, "seed": 1}
    journal.write("session", schema=1, id=session, **header)
    for ordinal, source in enumerate(sources, start=1):
        journal.write("began", ordinal=ordinal, execution_count=ordinal, cell_id=None, source=source, started=STARTED)
        journal.write("ended", ordinal=ordinal, status="ok", duration=0.5)
        journal.write("evidence", ordinal=ordinal)
    journal.write("stopped", stopped=STARTED)
    journal.close()


def get(server: JupyterServer, path: str, notebook: str, **headers: str) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    headers = {"Authorization": f"token {server.token}", **headers}
    connection.request("GET", f"/jupyter-repro/{path}?{urlencode({'notebook': notebook})}", headers=headers)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response, body


def test_sessions_of_a_notebook_newest_first(server: JupyterServer) -> None:
    response, body = get(server, "sessions", "explore.ipynb")
    assert response.status == 200
    found = [(each["session"]["id"], each["executions"], each["state"]) for each in json.loads(body)]
    assert found == [(NEW, 2, "stopped"), (OLD, 1, "stopped")]


def test_no_session_is_an_empty_list(server: JupyterServer) -> None:
    response, body = get(server, "sessions", "never-recorded.ipynb")
    assert (response.status, json.loads(body)) == (200, [])


def test_executions_are_the_records(server: JupyterServer) -> None:
    response, body = get(server, f"sessions/{NEW}/executions", "/explore.ipynb")
    assert response.status == 200
    executions = json.loads(body)
    assert [(each["ordinal"], each["source"], each["status"]) for each in executions] == [
        (1, "x = 2", "ok"),
        (2, "x", "ok"),
    ]
    assert executions[0]["duration"] == 0.5


def test_executions_are_sent_again_only_when_the_journal_changed(server: JupyterServer) -> None:
    path = f"sessions/{OTHER}/executions"
    response, _ = get(server, path, "other.ipynb")
    tag = {"If-None-Match": response.headers["Etag"]}
    response, body = get(server, path, "other.ipynb", **tag)
    assert (response.status, body) == (304, "")

    journal = server.root.parent / ".jrepro" / "sessions" / f"{OTHER}.jsonl"
    with journal.open("a") as lines:
        lines.write(json.dumps({"line": "incomplete", "reason": "by hand"}) + "\n")
    response, _ = get(server, path, "other.ipynb", **tag)
    assert response.status == 200


@pytest.mark.parametrize("path", ["sessions", f"sessions/{OUTSIDE}/executions"])
@pytest.mark.parametrize("notebook", ["../outside.ipynb", "a/../../outside.ipynb"])
def test_nothing_from_outside_the_root(server: JupyterServer, path: str, notebook: str) -> None:
    response, body = get(server, path, notebook)
    assert response.status == 404
    assert "z = 1" not in body


@pytest.mark.parametrize("session", [OUTSIDE, OTHER, "20200101-000000-ffffff", "..%2F..%2Fsecret"])
def test_a_session_of_another_notebook_is_not_found(server: JupyterServer, session: str) -> None:
    response, body = get(server, f"sessions/{session}/executions", "explore.ipynb")
    assert response.status == 404
    assert "jrepro record" in json.loads(body)["message"]


@pytest.mark.parametrize("path", ["sessions", f"sessions/{NEW}/executions"])
def test_only_for_those_who_may_enter(server: JupyterServer, path: str) -> None:
    response, body = get(server, path, "explore.ipynb", Authorization="token wrong")
    assert response.status == 403
    assert "x = 2" not in body
