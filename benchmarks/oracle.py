"""Slices of real exploration against an oracle: the smallest set of executions that is still proven.

Each example is recorded as its history tells, and sliced for what its last cell shows and the files that it wrote.
The oracle leaves out one execution of the slice after the other, the latest first, and proves what is left in a fresh
kernel: delta debugging, to a set of which each single execution is needed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from figures import Figure
from pairs import say

from jupyter_repro.lineage.slicing import slice_for
from jupyter_repro.lineage.targets import default_targets
from jupyter_repro.model import Kept, Recording, Slice
from jupyter_repro.pipeline.manifest import describe, write_pipeline
from jupyter_repro.pipeline.notebook import assemble
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.verify.expectation import recorded_values
from jupyter_repro.verify.prove import prove

_EXAMPLES = Path(__file__).parent.parent / "examples"
_TIMEOUT = 600  # seconds for a whole history


def measure(pairs: int) -> list[Figure]:
    """Once: what is kept doesn't vary."""
    return [_measure(history.parent) for history in sorted(_EXAMPLES.glob("*/history.jsonl"))]


def _measure(example: Path) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / example.name
        shutil.copytree(example, project, ignore=shutil.ignore_patterns(".jrepro"))
        recording = _record(project)
        found = slice_for(recording, default_targets(recording))
        if not _is_proven(project, recording, found):
            raise SystemExit(f"The slice of {example.name} is not proven.")
        smallest = _smallest(project, recording, found)
    count = len(recording.executions)
    spare = sorted({each.ordinal for each in found.kept} - {each.ordinal for each in smallest.kept})
    say(
        example.name,
        1,
        1,
        f"{len(found.kept)} of {count} kept, {len(smallest.kept)} needed; to spare: {spare or 'none'}",
    )
    return Figure(
        label=f"{example.name}: kept of {count} executions (recorded), oracle (plain)",
        unit="",
        goal=1.0,
        plain=(len(smallest.kept),),
        recorded=(len(found.kept),),
    )


def _record(project: Path) -> Recording:
    (project / ".jrepro").mkdir()
    notebook = next(project.glob("*.ipynb"))
    command = [
        sys.executable,
        "-m",
        "jupyter_repro.cli",
        "record",
        notebook.name,
        "--history",
        "history.jsonl",
        "--json",
    ]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    recording = read_recording(project, json.loads(done.stdout)["session"])
    _start_afresh(project)
    return recording


def _start_afresh(project: Path) -> None:
    """A folder that the session made would be there for a candidate that doesn't make it."""
    for path in project.iterdir():
        if path.is_dir() and path.name not in (".jrepro", "data"):
            shutil.rmtree(path)


def _smallest(project: Path, recording: Recording, found: Slice) -> Slice:
    """Latest first: what only they need goes with them."""
    kept = list(found.kept)
    for number, each in enumerate(reversed(found.kept), start=1):
        rest = [other for other in kept if other != each]
        needed = not rest or not _is_proven(project, recording, _with(found, rest))
        say(project.name, number, len(found.kept), f"execution {each.ordinal} is {'needed' if needed else 'to spare'}")
        kept = kept if needed else rest
    return _with(found, kept)


def _with(found: Slice, kept: Sequence[Kept]) -> Slice:
    ordinals = {each.ordinal for each in kept}
    others = {*found.dropped, *(each.ordinal for each in found.kept)} - ordinals
    return replace(found, kept=tuple(kept), dropped=tuple(sorted(others)))


def _is_proven(project: Path, recording: Recording, chosen: Slice) -> bool:
    """Whether these executions alone reproduce the targets."""
    folder = project / "candidate"
    pipeline = describe(recording, chosen, (), folder, project)
    pipeline = replace(pipeline, expected=recorded_values(recording, chosen.targets))
    write_pipeline(folder, pipeline, assemble(recording, chosen, (), ()))
    return prove(folder, pipeline, recording).proven
