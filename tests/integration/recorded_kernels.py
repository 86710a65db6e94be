"""Real kernels that record themselves by `%repro start`, with what they showed and what their journal holds."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec

from jupyter_repro.model import CellExecution, Recording
from jupyter_repro.run.kernels import Kernel, Reply
from jupyter_repro.store.journal_reader import read_recording

SPEC = KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], display_name="Python")
LOAD = "%load_ext jupyter_repro"


@dataclass(frozen=True)
class Ran:
    """One execution as the front end saw it."""

    reply: Reply
    outputs: list[tuple[str, dict[str, Any]]]

    @property
    def text(self) -> str:
        """All that was shown as plain text."""
        return "".join(_text(kind, content) for kind, content in self.outputs)


def _started(journal: Path) -> str:
    with journal.open() as lines:
        return str(json.loads(next(lines))["started"])


def _text(kind: str, content: dict[str, Any]) -> str:
    if kind == "stream":
        return str(content["text"])
    if kind == "error":
        return f"{content['ename']}: {content['evalue']}\n"
    return str(content.get("data", {}).get("text/plain", "")) + "\n"


class Recorded:
    """A kernel in a project; `start` it, unless a test does that itself."""

    def __init__(self, kernel: Kernel, project: Path) -> None:
        self.kernel = kernel
        self.project = project

    def start(self, options: str = "") -> Ran:
        return self.run(f"{LOAD}\n%repro start {options}")

    def run(self, source: str, cell_id: str | None = None, answers: Iterable[str] = ()) -> Ran:
        outputs: list[tuple[str, dict[str, Any]]] = []
        reply = self.kernel.run(
            source, cell_id=cell_id, answers=answers, on_output=lambda *output: outputs.append(output)
        )
        return Ran(reply, outputs)

    def journals(self) -> list[Path]:
        """From the oldest session to the newest."""
        return sorted((self.project / ".jrepro" / "sessions").glob("*.jsonl"), key=_started)

    def recording(self) -> Recording:
        """The newest session, with the evidence of all that has run."""
        self.run("%repro status")
        return read_recording(self.project, self.journals()[-1].stem)

    def executions(self) -> tuple[CellExecution, ...]:
        return self.recording().executions


@contextmanager
def recorded(project: Path, env: Mapping[str, str] | None = None, spec: KernelSpec = SPEC) -> Iterator[Recorded]:
    (project / ".jrepro").mkdir(parents=True, exist_ok=True)
    with Kernel(spec, cwd=project, env={"JREPRO_PROJECT": os.fspath(project), **(env or {})}) as kernel:
        yield Recorded(kernel, project)


def check_refused(ran: Ran, *parts: str) -> None:
    """It was refused with one line that holds these, and no traceback."""
    lines = ran.text.splitlines()
    assert len(lines) == 1, lines
    assert (ran.reply.status, ran.reply.error_name) == ("error", "UsageError")
    assert lines[0].startswith("UsageError: ")
    assert [part for part in parts if part not in lines[0]] == []
