"""What of two texts differs, in words; where recorded contents come from; what was edited in a notebook."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pipeline_sessions import keep, recording

from jupyter_repro import objects
from jupyter_repro.hashing import digest
from jupyter_repro.model import Pipeline
from jupyter_repro.pipeline.manifest import describe
from jupyter_repro.verify.contents import Contents
from jupyter_repro.verify.edits import Edits
from jupyter_repro.verify.rows import differing_rows

TABLE = b"a,b\n1,x\n2,y\n3,z\n"
CASES: dict[str, tuple[str, bytes, bytes, tuple[str, ...]]] = {
    "a cell": ("t.csv", TABLE, TABLE.replace(b"2,y", b"9,y"), ("row 2: a 2 is now 9",)),
    "two cells of a row": ("t.csv", TABLE, TABLE.replace(b"2,y", b"9,q"), ("row 2: a 2 is now 9, b y is now q",)),
    "tabs": ("t.tsv", b"a\tb\n1\t2\n", b"a\tb\n1\t3\n", ("row 1: b 2 is now 3",)),
    "a row more": ("t.csv", TABLE, TABLE + b"4,w\n", ("line 5 is new: 4,w",)),
    "a row less": ("t.csv", TABLE, b"a,b\n1,x\n3,z\n", ("line 3 of the recorded file is gone: 2,y",)),
    "a line": ("t.txt", b"one\ntwo\n", b"one\nTWO\n", ("line 2: two is now TWO",)),
    "no text": ("t.png", b"\x89PNG\xff", b"\x89PNG\xff\xff", ("5 bytes were recorded, 6 are there now",)),
    "a ragged row": ("t.csv", b"a,b\n1,x\n", b"a,b\n1\n", ("row 1: b x is now ",)),
    "an empty file": ("t.csv", b"", b"a\n", ("line 1 is new: a",)),
}


@pytest.mark.parametrize(("path", "before", "after", "wanted"), CASES.values(), ids=CASES)
def test_rows_that_differ(path: str, before: bytes, after: bytes, wanted: tuple[str, ...]) -> None:
    assert differing_rows(path, before, after) == wanted


def test_many_rows_are_cut() -> None:
    before, after = ("\n".join(["a", *(str(n + by) for n in range(100))]).encode() for by in (0, 1))
    found = differing_rows("t.csv", before, after)
    assert (len(found), found[-1]) == (5, "and 96 more")


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_recorded_contents_come_from_objects_or_from_git(project: Path) -> None:
    kept = objects.put(project, b"kept")
    git(project, "init", "-q")
    folder = project / "data [1]"
    folder.mkdir()
    for content in (b"first\n\n", b"second\n"):
        (folder / "a.csv").write_bytes(content)
        git(project, "add", "data [1]")
        git(project, "commit", "-qm", "data")
    (folder / "a.csv").unlink()
    git(project, "commit", "-qam", "gone")
    folder.rmdir()

    contents = Contents(project)
    assert contents.of("x.csv", kept) == b"kept"
    assert contents.of("data [1]/a.csv", digest(b"first\n\n")) == b"first\n\n"
    assert contents.of("data [1]/a.csv", digest(b"third\n")) is None
    assert contents.of("data [1]/a.csv", None) is None


def cell(name: str, source: str, ordinal: int | None = None) -> dict[str, Any]:
    metadata = {"jupyter_repro": {"ordinal": ordinal}} if ordinal else {}
    return {"cell_type": "code", "id": name, "source": source, "metadata": metadata}


CELLS = [cell("seed-1", "np.random.seed([1, 1])"), cell("execution-1", "a = 1", 1), cell("execution-2", "b = a", 2)]


def edited(project: Path, cells: list[dict[str, Any]]) -> Edits:
    found = recording("a = 1", "b = a")
    pipeline: Pipeline = describe(found, keep(found), (), folder=project, project=project)
    (stage,) = pipeline.stages
    exported = objects.put(project, json.dumps({"cells": CELLS}).encode())
    (project / stage.notebook).write_text(json.dumps({"cells": cells}))
    return Edits(project, replace(pipeline, stages=(replace(stage, exported=exported),)), project)


EDITS: dict[str, tuple[list[dict[str, Any]], list[tuple[str, str, str]]]] = {
    "nothing": (CELLS, []),
    "a cell": (
        [*CELLS[:2], cell("execution-2", "b = a + 1", 2)],
        [("cell", "changed", "execution 2 was edited in the exported notebook")],
    ),
    "a seed": (
        CELLS[1:],
        [("seed", "removed", "the cell seed-1 was removed from the exported notebook: it sets random numbers")],
    ),
    "a cell more": (
        [*CELLS, cell("new", "b += 1")],
        [("cell", "added", "the cell new was added to the exported notebook")],
    ),
}


@pytest.mark.parametrize(("cells", "wanted"), EDITS.values(), ids=EDITS)
def test_edits_are_told_and_undone(
    project: Path, cells: list[dict[str, Any]], wanted: list[tuple[str, str, str]]
) -> None:
    edits = edited(project, cells)
    factors = list(edits.factors())
    assert [(factor.kind, factor.state, factor.text) for factor in factors] == wanted
    assert edits.undone([factor.name for factor in factors])["cells"] == CELLS
    assert edits.undone([])["cells"] == cells
    assert [each["id"] for each in edits.undone([factor.name for factor in factors], upto=1)["cells"]] == [
        "seed-1",
        "execution-1",
    ]
