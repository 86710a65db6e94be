"""Why an execution is dropped, in words."""

from __future__ import annotations

from typing import Any

import pytest
from test_slicing import ran, recording

from jupyter_repro.lineage.dropping import why_dropped
from jupyter_repro.lineage.slicing import slice_for
from jupyter_repro.model import AmbientChange, FileAccess, RandomState, Target

LAST = ran("x", bound=("x",))


def written(path: str, **fields: Any) -> FileAccess:
    return FileAccess(path=path, mode="write", digest="d", **fields)


CASES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "shows": ([ran(), LAST], "leaves nothing that a later execution could use"),
    "nobody reads": ([ran("a", bound=("a",)), LAST], "binds `a`, which nothing reads"),
    "set anew": (
        [ran("a", bound=("a",)), ran("a", rebound=("a",)), LAST],
        "binds `a`, which execution 2 sets anew before it is read",
    ),
    "read by what is dropped": (
        [ran("a", bound=("a",)), ran("b", "a", bound=("b",), names_read=("a",)), LAST],
        "binds `a`, which only execution 2 reads, for nothing that is kept",
    ),
    "read by many, the last of which sets it anew": (
        [
            ran("a", bound=("a",)),
            *(ran("", "a", names_read=("a",)) for _ in range(4)),
            ran("a", "a", rebound=("a",), names_read=("a",)),
            ran("b", "a", bound=("b",), names_read=("a",)),
            LAST,
        ],
        "binds `a`, which only executions 2, 3, 4 and 2 more read, for nothing that is kept",
    ),
    "names with one fate": ([ran("a b", bound=("a", "b")), LAST], "binds `a`, `b`, which nothing reads"),
    "deletes": ([ran("a", deleted=("a",)), LAST], "deletes `a`, which nothing reads"),
    "mutates": ([ran("#1.*", mutated=("a",)), LAST], "changes `a` in a way that nothing kept depends on"),
    "a file": ([ran("file:a.csv", files=(written("a.csv"),)), LAST], "writes a.csv, which nothing kept reads"),
    "a stranger's file": (
        [ran(files=(written("a.csv", by="unattributed"),)), LAST],
        "leaves nothing that a later execution could use",
    ),
    "a draw": (
        [ran("random:numpy", random=(RandomState(library="numpy", before="a", after="b"),)), LAST],
        "draws from numpy's global stream, on which nothing kept depends",
    ),
    "settings": (
        [ran("ambient:rc|a", ambient=(AmbientChange(group="rc", key="a"),)), LAST],
        "changes settings on which nothing kept depends",
    ),
    "failed": (
        [ran("a", bound=("a",), status="error"), LAST],
        "failed, and binds `a`, which nothing reads",
    ),
}


@pytest.mark.parametrize(("cells", "reason"), CASES.values(), ids=CASES)
def test_a_dropped_execution_says_why(cells: list[dict[str, Any]], reason: str) -> None:
    found = recording(*cells)
    dropped = why_dropped(found, slice_for(found, [Target(kind="expression", text="x")]))
    assert dropped[0].ordinal == 1
    assert dropped[0].reason == reason


def test_all_that_is_dropped_is_told_of_in_order() -> None:
    found = recording(ran("a"), LAST, ran("b"), ran(status="lost"))
    chosen = slice_for(found, [Target(kind="expression", text="x")])
    assert [each.ordinal for each in why_dropped(found, chosen)] == list(chosen.dropped) == [1, 3, 4]
    assert why_dropped(found, chosen)[-1].reason == "the kernel died in it"
