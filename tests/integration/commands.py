"""`jrepro` as a person types it: a process of its own, in a project's folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

JREPRO = (sys.executable, "-m", "jupyter_repro.cli")


def jrepro(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*JREPRO, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    """What `--json` printed."""
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def record(folder: Path, notebook: Path) -> str:
    """The id of the session that recorded the notebook from top to bottom."""
    done = jrepro(folder, "record", str(notebook), "--json")
    assert done.returncode == 0, done.stderr
    session: str = answer(done)["session"]
    return session
