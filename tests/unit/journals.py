"""Journals for tests, written through the real writer."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_repro.journal import Journal
from jupyter_repro.model import SCHEMA, Environment, Session

ID = "20261121-120000-abc123"
DEAD = 2**22 + 1  # above the largest process id of Linux: no kernel has it


class Written:
    """One session's journal, line by line."""

    def __init__(self, project: Path, session: str = ID, **fields: Any) -> None:
        self._journal = Journal(project, session)
        self.path = self._journal.path
        self.ordinal = 0
        environment = Environment(python="3.11.7", implementation="cpython", platform="linux", machine="x86_64")
        known = {"started": "2026-11-21T12:00:00.000000Z", "cwd": ".", "kernel": "ipykernel 7.4.0", "pid": DEAD}
        record = Session(id=session, **{"notebook": "notebook.ipynb", "seed": 7, **known, **fields})  # type: ignore[arg-type]
        self.write("session", schema=SCHEMA, **{**asdict(record), "environment": asdict(environment)})

    def write(self, line: str, **fields: Any) -> None:
        self._journal.write(line, **fields)

    def raw(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    def began(self, source: str = "x = 1", cell_id: str | None = None, **fields: Any) -> int:
        self.ordinal += 1
        given = {"execution_count": self.ordinal, "cell_id": cell_id, "started": "2026-11-21T12:00:01Z", **fields}
        self.write("began", ordinal=self.ordinal, source=source, **given)
        return self.ordinal

    def ended(self, status: str = "ok", **fields: Any) -> None:
        self.write("ended", **{"ordinal": self.ordinal, "status": status, "duration": 0.5, **fields})

    def evidence(self, **fields: Any) -> None:
        self.write("evidence", ordinal=self.ordinal, **fields)

    def names(self, gone: tuple[str, ...] = (), **bindings: Any) -> None:
        self.write("names", ordinal=self.ordinal, bindings=bindings, gone=gone)

    def execution(self, source: str = "x = 1", cell_id: str | None = None, **evidence: Any) -> int:
        ordinal = self.began(source, cell_id)
        self.ended()
        self.evidence(**evidence)
        return ordinal

    def stopped(self) -> None:
        self.write("stopped", stopped="2026-11-21T12:30:00Z")


def binding(digest: str | None = None, *labels: int) -> dict[str, Any]:
    value = {"digest": digest, "type": "int", "summary": "1"} if digest else None
    return {"reads": {"objects": [[label, label] for label in labels]}, "value": value}
