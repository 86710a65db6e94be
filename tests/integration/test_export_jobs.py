"""Exports that the server starts: real proofs in processes of their own, which outlive it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from commands import record
from conftest import WriteNotebook
from jupyter_servers import JupyterServer, run_server

from jupyter_repro.server.jobs import OVER

pytestmark = pytest.mark.xdist_group("server")
_PATIENCE = 120.0  # seconds
SLOW = "import time\nfrom pathlib import Path\ntime.sleep(600 if Path('slow').exists() else 0)"
FAILING = "from pathlib import Path\nn = len(Path('data.csv').read_text())\nn"


@pytest.fixture
def server(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    with run_server("jupyter_server", project, tmp_path_factory.mktemp("home")) as running:
        yield running


def call(server: JupyterServer, method: str, path: str = "", body: Any = None) -> Any:
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    headers = {"Authorization": f"token {server.token}"}
    url = f"/jupyter-repro/exports{path}?notebook={quote('notebook.ipynb')}"
    connection.request(method, url, body=json.dumps(body) if body is not None else None, headers=headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def wait(server: JupyterServer, job: str, *statuses: str) -> Any:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = call(server, "GET", f"/{job}")
        if found["status"] in (statuses or OVER):
            return found
        time.sleep(0.1)
    pytest.fail(f"The export is still {found['status']}: {found['log']}")


def test_an_export_is_proven(server: JupyterServer, project: Path, write_notebook: WriteNotebook) -> None:
    session = record(project, write_notebook(["rate = 3", "unused = 1", "result = rate * 2\nresult"]))
    started = call(server, "POST", "", {"session": session, "name": "my export"})
    assert started["status"] == "queued"
    done = wait(server, started["id"])
    assert (done["status"], done["verdict"], done["exported"]) == ("done", "proven", "my export/notebook.ipynb")
    assert any(line.startswith("Proving: 2 of 3") for line in done["log"])
    pipeline = json.loads((project / "my export" / "pipeline.json").read_text())
    assert [each["name"] for each in pipeline["parameters"]] == ["rate"]


def test_a_job_outlives_the_server(
    project: Path, write_notebook: WriteNotebook, tmp_path_factory: pytest.TempPathFactory
) -> None:
    session = record(project, write_notebook(["x = 1\nx"]))
    with run_server("jupyter_server", project, tmp_path_factory.mktemp("home")) as first:
        request = {"session": session, "parameters": []}
        running, queued = (call(first, "POST", "", {**request, "name": name})["id"] for name in ("one", "two"))
    with run_server("jupyter_server", project, tmp_path_factory.mktemp("home")) as second:
        assert {each["id"] for each in call(second, "GET")} == {running, queued}
        assert [wait(second, each)["verdict"] for each in (running, queued)] == ["proven", "proven"]


def test_a_proof_that_fails_says_where(server: JupyterServer, project: Path, write_notebook: WriteNotebook) -> None:
    (project / "data.csv").write_text("1,2,3\n")
    session = record(project, write_notebook([FAILING]))
    (project / "data.csv").write_text("1,2,3,4\n")
    done = wait(server, call(server, "POST", "", {"session": session})["id"])
    assert (done["status"], done["verdict"]) == ("done", "not proven")
    assert done["verification"]["divergence"]["ordinal"] == 1
    assert done["verification"]["changes"] == ["data: data.csv differs from the one that was read"]


def test_cancelling_puts_the_files_back(server: JupyterServer, project: Path, write_notebook: WriteNotebook) -> None:
    session = record(project, write_notebook([SLOW, "Path('out.txt').write_text('new')"]))
    (project / "out.txt").write_text("the user's")
    (project / "slow").touch()
    job = call(server, "POST", "", {"session": session})["id"]
    wait(server, job, "running")
    cancelled = call(server, "DELETE", f"/{job}")
    assert cancelled["status"] == "cancelled"
    assert (project / "out.txt").read_text() == "the user's"
    assert call(server, "DELETE", f"/{job}") == cancelled


def test_what_cannot_be_exported_is_told(server: JupyterServer, project: Path, write_notebook: WriteNotebook) -> None:
    session = record(project, write_notebook(["x = 1\nx"]))
    failed = wait(server, call(server, "POST", "", {"session": session, "targets": ["y"]})["id"])
    assert failed["status"] == "failed"
    assert "'y' was not bound" in failed["error"]
