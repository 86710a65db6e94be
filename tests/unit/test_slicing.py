"""Slices over recordings by hand; over programs that really run in test_slicing_properties."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jupyter_repro.lineage.slicing import slice_for
from jupyter_repro.lineage.widening import Clue, additions
from jupyter_repro.model import Access, Binding, CellExecution, Late, Recording, Session, Slice, Target

SESSION = Session(id="s", notebook=None, started="", cwd=".", kernel="", pid=1, seed=None)


def access(text: str) -> Access:
    """`x` a name, `#3` an object, `#3.a` a part of one, `file:a.csv` a place."""
    words = text.split()
    parts: dict[str, tuple[str, ...]] = {}
    for label, _, part in (word[1:].partition(".") for word in words if word.startswith("#") and "." in word):
        parts[label] = (*parts.get(label, ()), part)
    return Access(
        names=tuple(word for word in words if word.isidentifier()),
        objects=tuple((int(word[1:]), int(word[1:])) for word in words if word[0] == "#" and "." not in word),
        parts=parts,
        places=tuple(word for word in words if ":" in word),
    )


def ran(writes: str = "", reads: str = "", late: tuple[int, str] | None = None, **fields: Any) -> dict[str, Any]:
    seen = {} if late is None else {"late": Late(owner=late[0], writes=access(late[1]))}
    return {"writes": access(writes), "reads": access(reads), **seen, **fields}


def recording(*cells: dict[str, Any], target: str = "x") -> Recording:
    known: dict[str, Any] = {"execution_count": None, "cell_id": None, "source": "", "status": "ok", "started": None}
    executions = tuple(
        CellExecution(**{"session": "s", "ordinal": ordinal, **known, **fields})
        for ordinal, fields in enumerate(cells, start=1)
    )
    return Recording(session=SESSION, executions=executions, namespace={"x": Binding(reads=access(target))})


def sliced(*cells: dict[str, Any], target: str = "x", text: str = "x") -> Slice:
    return slice_for(recording(*cells, target=target), [Target(kind="expression", text=text)])


def kept(found: Slice) -> list[int]:
    return [each.ordinal for each in found.kept]


CASES: dict[str, tuple[str, list[dict[str, Any]], list[int]]] = {
    "a chain": ("x", [ran("a"), ran("junk"), ran("b", "a"), ran("x", "b")], [1, 3, 4]),
    "the last writer of a name": ("x", [ran("x"), ran("x"), ran("y", "x")], [2]),
    "a name that is updated": ("x", [ran("x"), ran("x", "x"), ran("y"), ran("x", "x")], [1, 2, 4]),
    "a reader before the writer": ("x", [ran("a"), ran("x", "a"), ran("a")], [1, 2]),
    "an object behind two names": (
        "x #1",
        [ran("y #1"), ran("x", "y #1"), ran("#1.*", "y #1"), ran("#2.*", "z #2")],
        [1, 2, 3],
    ),
    "one part of an object": ("x #1.a #1.@", [ran("x #1"), ran("#1.a", "x #1.@"), ran("#1.b", "x #1.@")], [1, 2]),
    "a part that is written again": ("x #1", [ran("x #1"), ran("#1.a", "x #1.@"), ran("#1.a", "x #1.@")], [1, 3]),
    "a part that is read in between": (
        "x #1",
        [ran("x #1"), ran("#1.a", "x #1.@"), ran("y", "x #1.a"), ran("#1.a", "x y #1.@")],
        [1, 2, 3, 4],
    ),
    "a new object needs none of the old one's changes": ("x #2", [ran("x #1"), ran("#1.*", "x #1"), ran("x #2")], [3]),
    "a file": ("x", [ran("file:a entry:a"), ran("file:b entry:b"), ran("x", "file:a entry:a")], [1, 3]),
    "a file that is written anew": ("x", [ran("file:a entry:a"), ran("file:a"), ran("x", "path:a")], [2, 3]),
    "a file that is appended to": (
        "x",
        [ran("file:a entry:a"), ran("file:a", "file:a entry:a"), ran("x", "file:a")],
        [1, 2, 3],
    ),
    "a variable of the environment": ("x", [ran("env:A"), ran("env:B"), ran("x", "env:A")], [1, 3]),
    "any variable of the environment": ("x", [ran("env:A"), ran("env:B"), ran("x", "env:*")], [1, 2, 3]),
    "one option of all, each as it was last": (
        "x",
        [ran("ambient:rc|a"), ran("ambient:rc|a"), ran("ambient:rc|b"), ran("x", "ambient:rc|*")],
        [1, 2, 3, 4],
    ),
    "the draws before a draw": (
        "x",
        [ran("random:numpy"), ran("y random:numpy", "random:numpy"), ran("x random:numpy", "random:numpy")],
        [1, 2, 3],
    ),
    "the draws before a seed": (
        "x",
        [ran("y random:numpy", "random:numpy"), ran("random:numpy"), ran("x random:numpy", "random:numpy")],
        [2, 3],
    ),
    "patches, by the words of what is kept": (
        "x",
        [ran("attribute:json|dumps"), ran("attribute:json|loads"), ran("x", words=("dumps",))],
        [1, 3],
    ),
    "each patch of the same name": (
        "x",
        [ran("attribute:a|dumps"), ran("attribute:b|dumps"), ran("x", words=("dumps",))],
        [1, 2, 3],
    ),
    "what failed half-way": ("x", [ran("a", status="error"), ran("x", "a")], [1, 2]),
    "all before what nobody saw": ("x", [ran("a"), ran(status="unobserved"), ran("b"), ran("x")], [1, 2, 4]),
    "all before what could not be recorded": ("x", [ran("a"), ran("b", incomplete="a fault"), ran("x")], [1, 2, 3]),
    "nothing of what the kernel died in": ("x", [ran("x"), ran(status="lost")], [1]),
    "nothing of what still runs": ("x", [ran("x"), ran(status="running")], [1]),
    "all before what seems lost, but did end": ("x", [ran("a"), ran(status="lost"), ran("x")], [1, 2, 3]),
    "the output before the last one": ("__", [ran("_"), ran("_ __", shifts=True), ran("_ __", shifts=True)], [1, 2, 3]),
    "objects that were too many to look at": ("x heap:*", [ran("x #1"), ran("#1.*"), ran("y")], [1, 2]),
    "a change among too many objects": ("x #1", [ran("x #1"), ran("heap:*", "heap:*"), ran("y")], [1, 2]),
    "too many objects, and none wanted": ("x", [ran("heap:*", "heap:*"), ran("x")], [2]),
    "a thread, by its late work": ("x", [ran("t"), ran("y"), ran("z", late=(1, "x")), ran("w")], [1]),
    "a thread that was overtaken": ("x", [ran("t"), ran("x"), ran("z", late=(1, "x"))], [1, 2]),
    "whoever waits for a thread": (
        "x",
        [ran("t"), ran("y"), ran("z", synchronises=True), ran("w", late=(1, "x")), ran("x", "x")],
        [1, 3, 5],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("target", "cells", "expected"), CASES.values(), ids=CASES)
def test_a_slice_keeps(target: str, cells: list[dict[str, Any]], expected: list[int]) -> None:
    found = sliced(*cells, target=target)
    assert kept(found) == expected
    assert sorted([*expected, *found.dropped]) == list(range(1, len(cells) + 1))


def test_a_long_chain_is_no_obstacle() -> None:
    cells = [ran("x", "x") if n % 2 else ran("y") for n in range(1, 4001)]
    assert kept(sliced(*cells)) == list(range(1, 4001, 2))


def test_large_graphs_and_many_listings_cost_a_step_each() -> None:
    """By the count of what is looked at, not by a clock: every link reads 10,000,000 objects and lists a folder."""
    cells = [
        ran(
            f"link{n} #{10_000_000 + n} file:out/{n} entry:out/{n}",
            f"link{n - 1} file:out/{n - 1} glob:in/{n}/*.csv",
        )
        for n in range(1, 1001)
    ]
    for cell in cells:
        cell["reads"] = replace(cell["reads"], objects=((1, 10_000_000),))
    cells += [ran("x", "link1000")]
    assert len(kept(sliced(*cells))) == 1001  # with a look at each object it would take hours


def test_a_part_of_an_object_that_a_range_wants() -> None:
    cells = [ran("#1 #2 #3"), ran("#2.a", "#2.@"), ran("#2.a", "#2.@"), ran("#5.a"), ran("y")]
    found = recording(*cells, ran("x"))
    wide = Access(names=("x",), objects=((1, 3),))
    found = replace(found, namespace={"x": Binding(reads=wide)})
    assert kept(slice_for(found, [Target(kind="expression", text="x")])) == [1, 3, 6]


def test_widening_follows_names_whatever_their_order() -> None:
    """Each binds what the one after it uses, the last one first to be met: one step for each, not one pass."""
    cells = [ran(bound=(f"a{n}",), names_read=(f"a{n + 1}",)) for n in range(5000)]
    found = recording(*cells, ran("x", bound=("x",), names_read=("a0",)))
    narrow = slice_for(found, [Target(kind="expression", text="x")])
    assert len(additions(found, narrow, Clue())) == 5001 - len(narrow.kept)


def test_the_outputs_and_files_that_are_asked_for() -> None:
    cells = [ran("a"), ran("b", "a"), ran("file:out/f entry:out/f", "b"), ran("entry:out"), ran("file:out/f")]
    found = recording(*cells)
    output = Target(kind="output", text="output of execution 2", ordinal=2)

    assert kept(slice_for(found, [output])) == [1, 2]
    assert kept(slice_for(found, [Target(kind="file", text="out/f")])) == [4, 5]
    assert kept(slice_for(found, [output, Target(kind="file", text="out/f")])) == [1, 2, 4, 5]


def test_an_output_of_what_nobody_saw_needs_all_before_it() -> None:
    found = recording(ran("a"), ran("b", incomplete="a fault"))
    assert kept(slice_for(found, [Target(kind="output", text="output of execution 2", ordinal=2)])) == [1, 2]


REASONS = [
    (ran("x", bound=("x",)), "x", "binds `x`, which the target `x` reads"),
    (ran("x", rebound=("x",)), "x", "rebinds `x`, which the target `x` reads"),
    (ran("x", deleted=("x",)), "x", "deletes `x`, which the target `x` reads"),
    (ran("#1.*", mutated=("a", "b")), "#1", "changes `a`, `b`, which the target `x` reads"),
    (ran("file:a.csv entry:a.csv"), "path:a.csv", "writes a.csv, which the target `x` reads"),
    (ran("entry:a"), "entry:a", "creates or removes a, which the target `x` reads"),
    (ran("env:A"), "env:*", "sets the environment variable A, which the target `x` depends on"),
    (ran("cwd:"), "cwd:", "changes the working directory, which the target `x` depends on"),
    (ran("ambient:pandas|display.width"), "ambient:pandas|*", "sets pandas' options, which the target `x` depends on"),
    (ran("random:numpy"), "random:numpy", "seeds numpy's global stream, which the target `x` depends on"),
    (
        ran("random:numpy", "random:numpy"),
        "random:numpy",
        "draws from numpy's global stream, which the target `x` depends on",
    ),
    (ran(status="unobserved"), "x", "what it did was not observed"),
]


@pytest.mark.parametrize(("cell", "target", "reason"), REASONS)
def test_every_kept_execution_says_why(cell: dict[str, Any], target: str, reason: str) -> None:
    assert [each.reason for each in sliced(cell, target=target).kept] == [reason]
