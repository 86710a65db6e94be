"""The server extension in a real Jupyter server: what the panel asks for, and what nobody gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jsonschema
import pytest
from jupyter_servers import JupyterServer, run_server

from jupyter_repro.journal import Journal
from jupyter_repro.server.openapi import document
from jupyter_repro.server.operations import OPERATIONS, Operation

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
    (root / "link.ipynb").symlink_to(project / "outside.ipynb")
    (root / "folder").symlink_to(project, target_is_directory=True)
    save(root / "explore.ipynb", ["x = 2", "x + 1"])
    with run_server("jupyter_server", root, tmp_path_factory.mktemp("home")) as running:
        yield running


def record(project: Path, session: str, notebook: str, sources: list[str]) -> None:
    journal = Journal(project, session)
    header = {"notebook": notebook, "started": STARTED, "cwd": ".", "kernel": "test", "pid": 0, "seed": 1}
    journal.write("session", schema=1, id=session, **header)
    for ordinal, source in enumerate(sources, start=1):
        journal.write(
            "began", ordinal=ordinal, execution_count=ordinal, cell_id=f"cell-{ordinal}", source=source, started=STARTED
        )
        journal.write("ended", ordinal=ordinal, status="ok", duration=0.5)
        journal.write("evidence", ordinal=ordinal, bound=[source[0]])
    journal.write("stopped", stopped=STARTED)
    journal.close()


def save(path: Path, sources: list[str]) -> None:
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources, start=1)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


def get(server: JupyterServer, path: str, notebook: str, **headers: str) -> tuple[HTTPResponse, str]:
    return ask(server, "GET", path, {"notebook": notebook}, None, headers)


def ask(  # noqa: PLR0913, PLR0917  a request has as many parts
    server: JupyterServer, method: str, path: str, query: Any, body: Any = None, headers: Any = None
) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    headers = {"Authorization": f"token {server.token}", **(headers or {})}
    content = None if body is None else json.dumps(body)
    connection.request(method, f"/jupyter-repro/{path}?{urlencode(query, doseq=True)}", body=content, headers=headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response, text


def test_sessions_of_a_notebook_newest_first(server: JupyterServer) -> None:
    response, body = get(server, "sessions", "explore.ipynb")
    assert response.status == 200
    found = [(each["session"]["id"], each["executions"], each["state"]) for each in json.loads(body)]
    assert found == [(NEW, 2, "stopped"), (OLD, 1, "stopped")]


def test_no_session_is_an_empty_list(server: JupyterServer) -> None:
    response, body = get(server, "sessions", "never-recorded.ipynb")
    assert (response.status, json.loads(body)) == (200, [])


def test_a_page_of_the_timeline(server: JupyterServer) -> None:
    query = {"notebook": "/explore.ipynb", "first": 1, "count": 1}
    response, body = ask(server, "GET", f"sessions/{NEW}/timeline", query)
    page = json.loads(body)
    assert response.status == 200
    assert (page["total"], page["first"]) == (2, 1)
    assert [(row["ordinal"], row["line"], row["status"], row["duration"]) for row in page["rows"]] == [
        (2, "x", "ok", 0.5)
    ]


def test_the_text_that_ran_against_the_saved_one(server: JupyterServer) -> None:
    _, body = get(server, f"sessions/{NEW}/executions/2", "explore.ipynb")
    found = json.loads(body)
    assert found["execution"]["source"] == "x"
    assert [(line["mark"], line["text"]) for line in found["difference"]] == [("-", "x"), ("+", "x + 1")]
    response, _ = get(server, f"sessions/{NEW}/executions/3", "explore.ipynb")
    assert response.status == 404


def test_an_edited_cell_is_among_the_findings(server: JupyterServer) -> None:
    _, body = get(server, f"sessions/{NEW}/findings", "explore.ipynb")
    assert [(each["kind"], each["ordinal"]) for each in json.loads(body)] == [("edited", 2)]


def test_an_answer_is_sent_again_only_when_the_record_changed(server: JupyterServer) -> None:
    path = f"sessions/{OTHER}"
    response, _ = get(server, path, "other.ipynb")
    tag = {"If-None-Match": response.headers["Etag"]}
    response, body = get(server, path, "other.ipynb", **tag)
    assert (response.status, body) == (304, "")

    journal = server.root.parent / ".jrepro" / "sessions" / f"{OTHER}.jsonl"
    with journal.open("a") as lines:
        lines.write(json.dumps({"line": "incomplete", "reason": "by hand"}) + "\n")
    response, _ = get(server, path, "other.ipynb", **tag)
    assert response.status == 200


@pytest.mark.parametrize("path", ["sessions", f"sessions/{OUTSIDE}/timeline"])
@pytest.mark.parametrize(
    "notebook",
    ["../outside.ipynb", "a/../../outside.ipynb", "link.ipynb", "folder/outside.ipynb", "..\\outside.ipynb"],
)
def test_nothing_from_outside_the_root(server: JupyterServer, path: str, notebook: str) -> None:
    response, body = get(server, path, notebook)
    assert response.status == 404
    assert "z = 1" not in body


@pytest.mark.parametrize("session", [OUTSIDE, OTHER, "20200101-000000-ffffff", "..%2F..%2Fsecret"])
def test_a_session_of_another_notebook_is_not_found(server: JupyterServer, session: str) -> None:
    response, body = get(server, f"sessions/{session}/timeline", "explore.ipynb")
    assert response.status == 404
    assert "jrepro record" in json.loads(body)["message"]


@pytest.mark.parametrize("path", ["sessions", f"sessions/{NEW}/timeline"])
def test_only_for_those_who_may_enter(server: JupyterServer, path: str) -> None:
    response, body = get(server, path, "explore.ipynb", Authorization="token wrong")
    assert response.status == 403
    assert "x = 2" not in body


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
def test_every_operation_refuses_strangers_and_paths_out_of_the_root(
    server: JupyterServer, operation: Operation
) -> None:
    path = operation.path[1:].format(session=NEW, ordinal=1, job="20260101-100000-aaaaaa")
    body = {"session": NEW} if operation.body is not None else None
    query = {"notebook": "explore.ipynb"}
    refused, _ = ask(server, operation.method, path, query, body, {"Authorization": "token wrong"})
    outside, _ = ask(server, operation.method, path, {"notebook": "folder/outside.ipynb"}, body)
    unnamed, _ = ask(server, operation.method, path, {}, body)
    assert (refused.status, outside.status, unnamed.status) == (403, 404, 400)


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.method == "GET"], ids=lambda each: each.path)
def test_answers_are_as_the_document_says(server: JupyterServer, operation: Operation) -> None:
    _, text = get(server, "openapi.json", "")
    published = json.loads(text)
    assert published["paths"].keys() == document("")["paths"].keys() == {each.path for each in OPERATIONS}
    if "{job}" not in operation.path:
        response, body = get(server, operation.path[1:].format(session=NEW, ordinal=1), "explore.ipynb")
        content = published["paths"][operation.path]["get"]["responses"][str(response.status)]["content"]
        schema = {**content["application/json"]["schema"], "components": published["components"]}
        jsonschema.Draft202012Validator(schema).validate(json.loads(body))


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("sessions/{}/preview", {"target": "nothing_like_this"}, 400),
        ("sessions/{}/preview", {"cell": "one"}, 400),
        ("sessions/{}/timeline", {"first": "a"}, 400),
        ("sessions/{}/executions/x", {}, 404),
        ("exports/..%2F..%2Fsecret", {}, 404),
        ("exports/20200101-000000-ffffff", {}, 404),
    ],
)
def test_what_is_wrong_with_a_question(server: JupyterServer, path: str, query: Any, status: int) -> None:
    response, body = ask(server, "GET", path.format(NEW), {"notebook": "explore.ipynb", **query})
    assert response.status == status
    assert "Traceback" not in body


@pytest.mark.parametrize("name", ["../up", "a/b", "a%2Fb", ".hidden", "", "folder", "a\\b"])
def test_exports_stay_beside_the_notebook(server: JupyterServer, name: str) -> None:
    request = {"session": NEW, "name": name or " "}
    response, _ = ask(server, "POST", "exports", {"notebook": "explore.ipynb"}, request)
    assert response.status == 404
    assert not (server.root.parent / ".jrepro" / "jobs").exists()


def test_a_cookie_alone_starts_no_export(server: JupyterServer) -> None:
    """Jupyter's protection against requests that another site forges."""
    response, _ = ask(server, "GET", "sessions", {"notebook": "explore.ipynb", "token": server.token}, None)
    login = HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    login.request("GET", f"/?token={server.token}")
    answered = login.getresponse()
    answered.read()
    cookies = "; ".join(each.split(";")[0] for each in answered.headers.get_all("Set-Cookie") or [])
    login.close()
    assert "username" in cookies
    headers = {"Authorization": "", "Cookie": cookies}
    response, body = ask(server, "POST", "exports", {"notebook": "explore.ipynb"}, {"session": NEW}, headers)
    assert response.status == 403
    assert "XSRF" in body.upper()
