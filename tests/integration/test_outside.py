"""A notebook that reads from the network, from `record` to `verify`, with a real server and real kernels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import answer, jrepro, record
from http_server import serving, table
from recorded_kernels import recorded

from jupyter_repro import objects
from jupyter_repro.hashing import digest
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.store.sessions import session_for

if TYPE_CHECKING:
    from tests.conftest import WriteNotebook

NOTEBOOK = Path("notebook.ipynb")
TOKEN = "s3cr3t-t0ken-value"
CELLS = [
    "import os, urllib.request\nimport pandas as pd, requests\nbase = os.environ['BASE']",
    "length = len(requests.get(base + '/table', params={'city': 'paris', 'token': os.environ['TOKEN']}).content)",
    "requests.get(base + '/missing').status_code",
    "other = pd.read_csv(base + '/again')['b'][0]",
    "import sqlite3\ncon = sqlite3.connect(':memory:')\npd.DataFrame({'a': [1, int(other)]}).to_sql('t', con)",
    "asked = pd.read_sql('select a from t where a < 1000', con)",
    "total = length + int(asked['a'].sum())\ntotal",
]
ADDRESS = "/table?city=paris&token=***"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving() as address:
        monkeypatch.setenv("BASE", address)
        monkeypatch.setenv("TOKEN", TOKEN)
        yield address


def holding(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_from_the_record_to_its_verification(server: str, project: Path, write_notebook: WriteNotebook) -> None:
    session = record(project, write_notebook(CELLS))
    executions = read_recording(project, session).executions

    [read] = executions[1].remote
    assert (read.url, read.status, read.complete) == (f"{server}{ADDRESS}", 200, True)
    assert (read.digest, read.etag) == (digest(table()), '"v1"')
    assert f"url:{read.url}" in executions[1].reads.places
    [query] = executions[5].queries
    assert (query.text, query.database, query.rows) == ("select a from t where a < 1000", None, 2)

    shown = jrepro(project, "show", session).stdout
    assert f"network: GET {server}{ADDRESS} (200, {len(table()):,} bytes, sha256 {digest(table())[:12]})" in shown
    assert "database: select a from t where a < 1000 (2 rows, sha256 " in shown

    exported = answer(jrepro(project, "export", "notebook.ipynb", "-t", "length", "--json"))
    assert (exported["verdict"], [kept["ordinal"] for kept in exported["kept"]]) == ("proven", [1, 2])
    [outside] = exported["nondeterminism"]
    assert outside == {"kind": "network", "ordinal": 2, "detail": f"{server}{ADDRESS}", "matters": True}

    failed = jrepro(project, "export", "notebook.ipynb", "-t", "total", "-o", "total")
    assert failed.returncode == 1
    changed = f"network: {server}/again gives other bytes than it gave"
    assert f"Execution 4 reads the network: {server}/again" in failed.stdout
    assert "First difference: execution 4 gave other values" in failed.stdout
    assert changed in failed.stdout
    assert "database: select a from t where a < 1000 gives other rows than it gave (2 rows, then 2)" in failed.stdout
    assert changed in jrepro(project, "verify", "total").stdout

    assert holding(project, TOKEN) == []


def test_kept_data_hold_what_came_over_the_network(server: str, project: Path, write_notebook: WriteNotebook) -> None:
    write_notebook([*CELLS[:2], "part = requests.get(base + '/table', stream=True).raw.read(10)"])
    jrepro(project, "record", "notebook.ipynb", "--keep-data")
    whole, part = (each.remote[0] for each in read_recording(project, session_for(project, NOTEBOOK)).executions[1:])

    assert whole.digest is not None
    assert objects.get(project, whole.digest) == table()
    assert part.digest is not None
    assert not objects.has(project, part.digest)
    assert list((project / ".jrepro" / "objects").glob(".incoming*")) == []
    assert holding(project, TOKEN) == []


def test_a_server_that_is_gone(project: Path, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as address:
        monkeypatch.setenv("BASE", address)
        monkeypatch.setenv("TOKEN", TOKEN)
        record(project, write_notebook(CELLS[:2]))
        assert jrepro(project, "export", "notebook.ipynb", "-t", "length").returncode == 0
    verified = jrepro(project, "verify", "notebook-pipeline")
    assert jrepro(project, "export", "notebook.ipynb", "-t", "length", "-o", "gone").returncode == 1

    assert verified.returncode == 1
    assert f"Execution 2 reads the network: {address}{ADDRESS}" in verified.stdout
    assert f"with url: {ADDRESS} (Caused by" in verified.stdout
    assert TOKEN not in verified.stdout + verified.stderr
    assert holding(project, TOKEN) == []


def test_errors_that_quote_an_address(server: str, tmp_path: Path) -> None:
    request = "requests.get(os.environ['BASE'] + '/missing', params={'key': os.environ['TOKEN']})"
    with recorded(tmp_path / "project", env=dict(os.environ)) as kernel:
        kernel.start()
        ran = kernel.run(f"import os, requests\nanswer = {request}\nanswer.raise_for_status()")
        [execution] = kernel.executions()

    assert f"/missing?key={TOKEN}" in ran.text  # what the user sees is as ever
    assert execution.error is not None
    assert execution.error.message.endswith("/missing?key=***")
    assert holding(kernel.project, TOKEN) == []


def test_a_body_that_two_cells_read(server: str, tmp_path: Path) -> None:
    with recorded(tmp_path / "project", env=dict(os.environ)) as kernel:
        kernel.start()
        kernel.run("import os, urllib.request as u\nresponse = u.urlopen(os.environ['BASE'] + '/chunked')")
        kernel.run("begin = response.read(10)")
        kernel.run("1 + 1")
        kernel.run("rest = response.read()")
        kernel.run("%repro stop")
        kernel.run("u.urlopen(os.environ['BASE'] + '/table').read()")
        executions = read_recording(kernel.project, kernel.journals()[-1].stem).executions

    found = [[(read.size, read.complete) for read in execution.remote] for execution in executions]
    assert found == [[(None, False)], [(10, False)], [], [(len(table()), True)]]


def test_a_library_that_was_there_before_the_recording(server: str, tmp_path: Path) -> None:
    with recorded(tmp_path / "project", env=dict(os.environ)) as kernel:
        kernel.run("import httpx, os, requests")
        kernel.start()
        kernel.run("httpx.get(os.environ['BASE'] + '/gzip').status_code")
        kernel.run("requests.get(os.environ['BASE'] + '/chunked').status_code")
        executions = kernel.executions()

    digests = [read.digest for execution in executions for read in execution.remote]
    assert digests == [digest(table())] * 2
