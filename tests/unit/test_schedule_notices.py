"""Who is told, how and when: against real servers of this machine."""

from __future__ import annotations

import json
import shlex
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from jupyter_repro.errors import UsageError
from jupyter_repro.schedule.history import Attempt, append
from jupyter_repro.schedule.notices import check_address, shown, tell
from jupyter_repro.schedule.schedule import Schedule, write_schedule

MOMENT = "2026-01-01T00:00:00Z"
FAILED = Attempt(
    id="2",
    cause="due",
    started=MOMENT,
    ended=MOMENT,
    verdict="failed",
    reason="no rows",
    notebook="/x.ipynb",
    exit_code=3,
)
OK = replace(FAILED, verdict="ok", reason=None, exit_code=0)


def schedule(project: Path, *addresses: str, **fields: Any) -> Schedule:
    made = Schedule(name="nightly", pipeline="p", created=MOMENT, cron="0 6 * * *", notify=addresses, **fields)
    write_schedule(project, made)
    return made


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[misc]  # a port of IPv4
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def command(project: Path) -> str:
    code = (
        f"import os, sys; open({str(project / 'told')!r}, 'a').write(os.environ['JREPRO_VERDICT'] + sys.stdin.read())"
    )
    return f"command:{shlex.join([sys.executable, '-c', code])}"


def test_a_command(project: Path) -> None:
    assert tell(project, schedule(project, command(project)), FAILED) == []
    told = (project / "told").read_text()
    assert told.startswith("failed{")
    assert json.loads(told.removeprefix("failed")) == {
        "schedule": "nightly",
        "verdict": "failed",
        "reason": "no rows",
        "where": "/x.ipynb",
        "started": MOMENT,
        "ended": MOMENT,
        "exit_code": 3,
        "recovered": False,
    }


def test_a_webhook(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, json.loads(body)))
            self.send_response(500 if self.path == "/broken" else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("HOOK", "s3cret")
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        made = schedule(project, f"http://127.0.0.1:{port}/broken", f"http://127.0.0.1:{port}/$HOOK")
        problems = tell(project, made, FAILED)
    assert [path for path, _ in received] == ["/broken", "/s3cret"]  # one that fails silences no other
    assert "nightly: failed\nReason: no rows\nLook at: /x.ipynb" in received[1][1]["text"]
    assert len(problems) == 1
    assert "HTTP Error 500" in problems[0]


def test_a_missing_variable_is_told_without_its_neighbours(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "s3cret")
    (problem,) = tell(project, schedule(project, "http://127.0.0.1:1/$HOOK"), FAILED)
    assert "s3cret" not in problem


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP as a mail needs."""

    mails: list[str] = []  # noqa: RUF012  # one test, one mailbox

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            if line.upper() == "DATA":
                self._say("354 go on")
                self.mails.append("".join(iter(lambda: self.rfile.readline().decode(), ".\r\n")))
            self._say("221 bye" if line.upper() == "QUIT" else "250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def test_a_mail(project: Path) -> None:
    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox)) as port:
        made = schedule(project, f"smtp://127.0.0.1:{port}?to=a@example.org&to=b@example.org&from=c@example.org")
        assert tell(project, made, FAILED) == []
    (mail,) = Mailbox.mails
    assert "Subject: jrepro nightly: failed\r\n" in mail
    assert "To: a@example.org, b@example.org\r\n" in mail
    assert "Reason: no rows" in mail


def test_problems_and_their_end_are_told_but_not_each_good_run(project: Path) -> None:
    made = schedule(project, command(project))
    told = project / "told"
    assert (tell(project, made, OK), told.exists()) == ([], False)
    for verdict in ("skipped", "cancelled"):
        tell(project, made, replace(FAILED, verdict=verdict, exit_code=None))
    assert not told.exists()
    append(project, "nightly", replace(FAILED, id="1"))
    append(project, "nightly", replace(FAILED, id="1b", verdict="skipped", exit_code=None))
    tell(project, made, OK)
    assert json.loads(told.read_text().removeprefix("ok"))["recovered"] is True
    told.unlink()
    append(project, "nightly", OK)
    tell(project, made, replace(OK, id="3"))
    assert not told.exists()
    tell(project, replace(made, notify_on="always"), replace(OK, id="3"))
    assert told.exists()


def test_a_notifier_of_a_package(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pigeon.dist-info").mkdir()
    (tmp_path / "pigeon.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: pigeon\nVersion: 1\n")
    (tmp_path / "pigeon.dist-info/entry_points.txt").write_text("[jrepro.notifiers]\npigeon = pigeon:fly\n")
    (tmp_path / "pigeon.py").write_text(
        "from pathlib import Path\n\ndef fly(address, notice):\n    Path(address[7:]).write_text(notice.subject)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert tell(project, schedule(project, f"pigeon:{project / 'told'}"), FAILED) == []
    assert (project / "told").read_text() == "nightly: failed"


def test_addresses() -> None:
    for address in ("command:true", "https://host/$HOOK", "smtp://me:$PASSWORD@host?to=a@b.c"):
        check_address(address)
    with pytest.raises(UsageError, match="holds a password") as caught:
        check_address("smtp://me:hunter2@host?to=a@b.c")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(UsageError, match="Nobody can be told"):
        check_address("pager:42")
    assert shown("https://me:hunter2@host/x") == "https://host/x"
