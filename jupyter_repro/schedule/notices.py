"""Who is told how a turn ended: a command, a webhook, a mail, or what a package brings by the entry point group
`jrepro.notifiers`, whose entries are functions like `_command` and are named by the scheme of the address.

In an address `$NAME` stands for an environment variable, which is looked up when it is told: so no secret is kept.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from jupyter_repro.errors import UsageError
from jupyter_repro.redact import redact_url
from jupyter_repro.schedule.history import UNDECIDED, Attempt, read_history
from jupyter_repro.schedule.schedule import Schedule

GROUP = "jrepro.notifiers"
_TIMEOUT = 30.0  # seconds
_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    schedule: str
    verdict: str
    reason: str | None
    where: str  # the executed notebook, or the command that says more
    started: str
    ended: str | None
    exit_code: int | None
    recovered: bool = False  # the turn before was a problem, this one is none

    @property
    def subject(self) -> str:
        return f"{self.schedule}: {self.verdict}" + (" again" if self.recovered else "")

    @property
    def text(self) -> str:
        reason = f"Reason: {self.reason}\n" if self.reason else ""
        return f"{self.subject}\n{reason}Look at: {self.where}\nBegan {self.started}, ended {self.ended}.\n"


class Notifier(Protocol):
    def __call__(self, address: str, notice: Notice) -> None:
        """Tell it, within half a minute. Whatever is raised is logged and stops nobody else."""


def tell(project: Path, schedule: Schedule, attempt: Attempt) -> list[str]:
    """Tell those who want to know; what went wrong with that, in words."""
    if not schedule.notify:
        return []
    recovered = attempt.is_good and _was_problem(project, schedule, attempt)
    if not (schedule.notify_on == "always" or attempt.is_problem or recovered):
        return []
    notice = Notice(
        schedule=schedule.name,
        verdict=attempt.verdict,
        reason=attempt.reason,
        where=attempt.notebook or f"jrepro schedule history {schedule.name}",
        started=attempt.started,
        ended=attempt.ended,
        exit_code=attempt.exit_code,
        recovered=recovered,
    )
    return list(_told_all(schedule, notice))


def _told_all(schedule: Schedule, notice: Notice) -> Iterator[str]:
    for address in schedule.notify:
        try:
            notifier_of(address)(_filled(address), notice)
        except Exception as error:  # noqa: BLE001  # one that fails must not silence the others
            said = f"{type(error).__name__}" if "$" in address else f"{type(error).__name__}: {error}"
            yield f"{shown(address)} was not told: {said}"


def _was_problem(project: Path, schedule: Schedule, attempt: Attempt) -> bool:
    decided = [
        each
        for each in read_history(project, schedule.name)
        if each.id != attempt.id and each.verdict not in UNDECIDED and each.started <= attempt.started
    ]
    return bool(decided) and decided[-1].is_problem


def check_address(address: str) -> None:
    """UsageError where nobody can be told by it, or where it holds a password."""
    notifier_of(address)
    if not address.startswith("command:"):
        password = urlsplit(address).password
        if password and not _VARIABLE.fullmatch(password):
            step = "Put it into an environment variable and type `$NAME` in its place, in single quotes."
            raise UsageError(f"{shown(address)} holds a password.", step)


def notifier_of(address: str) -> Notifier:
    """Raises UsageError where none is installed for the address's scheme."""
    scheme = address.partition(":")[0].lower()
    if scheme in _NOTIFIERS:
        return _NOTIFIERS[scheme]
    for entry in entry_points(group=GROUP, name=scheme):
        found: Notifier = entry.load()
        return found
    step = "Type `--notify` with command:PROGRAM, https://HOST/PATH or smtp://HOST?to=ADDRESS."
    raise UsageError(f"Nobody can be told by {shown(address)!r}.", step)


def shown(address: str) -> str:
    """Without what could be a secret."""
    return address if address.startswith("command:") else redact_url(address)


def _filled(address: str) -> str:
    def value(match: re.Match[str]) -> str:
        return os.environ[match[1] or match[2]]

    return address if address.startswith("command:") else _VARIABLE.sub(value, address)


def _command(address: str, notice: Notice) -> None:
    """The notice is its standard input, as JSON, and its environment, as JREPRO_VERDICT and so on."""
    fields = {f"JREPRO_{name.upper()}": str(value) for name, value in asdict(notice).items() if value is not None}
    subprocess.run(
        shlex.split(address.removeprefix("command:")),
        input=json.dumps(asdict(notice)).encode(),
        env={**os.environ, **fields},
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=_TIMEOUT,
    )


def _webhook(address: str, notice: Notice) -> None:
    """A POST of the notice as JSON; `text` is what Slack, Mattermost and their like show."""
    from urllib.request import Request, urlopen

    body = json.dumps({**asdict(notice), "text": notice.text}).encode()
    request = Request(address, body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=_TIMEOUT):
        pass


def _mail(address: str, notice: Notice) -> None:
    """smtp://[USER:PASSWORD@]HOST[:PORT]?to=ADDRESS[&from=ADDRESS]; smtps is TLS from the start."""
    import smtplib
    import ssl
    from email.message import EmailMessage

    parts = urlsplit(address)
    query = parse_qs(parts.query)
    message = EmailMessage()
    message["Subject"] = f"jrepro {notice.subject}"
    message["To"] = ", ".join(query["to"])
    message["From"] = query.get("from", query["to"])[0]
    message.set_content(notice.text)
    secure = parts.scheme == "smtps"
    connect = smtplib.SMTP_SSL if secure else smtplib.SMTP
    with connect(parts.hostname or "localhost", parts.port or (465 if secure else 25), timeout=_TIMEOUT) as server:
        if not secure and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


_NOTIFIERS: dict[str, Notifier] = {
    "command": _command,
    "http": _webhook,
    "https": _webhook,
    "smtp": _mail,
    "smtps": _mail,
}
