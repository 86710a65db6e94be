"""What `jrepro run`, which stays papermill, costs against nbclient alone on the same trivial cells."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from figures import Figure
from pairs import alternate, compared

from jupyter_repro.model import Pipeline, Slice, Stage
from jupyter_repro.pipeline.manifest import write_manifest

_COUNTS = (200, 1000)
_GOAL = 1.3
_TIMEOUT = 300  # seconds
_NBCLIENT = """\
import sys
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


def measure(pairs: int) -> list[Figure]:
    figures = []
    for count in _COUNTS:
        found = alternate(f"engine, {count}", pairs, lambda first, n=count: _pair(n, first), lambda cpu: f"{cpu:.2f} s")
        label = f"{count} trivial cells, executed: CPU of nbclient and of jrepro run"
        figures.append(compared(label, "s", _GOAL, found, float))
    return figures


def _pair(count: int, ours_first: bool) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary, "project")
        _write(project, count)
        commands: dict[str, Sequence[str]] = {
            "nbclient": (sys.executable, "-c", _NBCLIENT, "pipe/nb.ipynb", "executed.ipynb"),
            "ours": (sys.executable, "-m", "jupyter_repro.cli", "run", "pipe"),
        }
        order = ("ours", "nbclient") if ours_first else ("nbclient", "ours")
        used = {name: _cpu(commands[name], project) for name in order}
    return used["nbclient"], used["ours"]


def _write(project: Path, count: int) -> None:
    (project / ".jrepro").mkdir(parents=True)
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "source": f"x = {n}",
            "outputs": [],
            "execution_count": None,
        }
        for n in range(count)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (project / "pipe").mkdir()
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (project / "pipe/nb.ipynb").write_text(json.dumps(notebook))
    pipeline = Pipeline(
        name="nb",
        session="none",
        notebook=None,
        project="..",
        cwd=".",
        created="2026-11-21T00:00:00Z",
        slice=Slice(targets=(), kept=(), dropped=()),
        stages=(Stage(name="nb", notebook="nb.ipynb", ordinals=()),),
        parameters=(),
        expected={},
    )
    write_manifest(project / "pipe", pipeline)


def _cpu(command: Sequence[str], project: Path) -> float:
    """Seconds, with those of the kernel."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = _children()
    subprocess.run(command, cwd=project, env=environment, capture_output=True, check=True, timeout=_TIMEOUT)
    return _children() - before


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
