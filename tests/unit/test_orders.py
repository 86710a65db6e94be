"""Orders in which a notebook may have run, from its texts and its execution counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from jupyter_repro.errors import UsageError
from jupyter_repro.lineage.dependencies import dependency_order
from jupyter_repro.run.notebooks import Notebook, read_notebook
from jupyter_repro.run.orders import COUNTS, DEPENDENCIES, DOCUMENT, candidate_orders

DEPENDENCY_ORDERS = {  # cells, their order from 1
    "nothing needs anything": (["a = 1", "b = 2", "print(1)"], "1 2 3"),
    "as it stands": (["a = 1", "b = a", "c = b"], "1 2 3"),
    "bound below": (["b = a", "a = 1"], "2 1"),
    "a chain from below": (["c = b", "b = a", "a = 1"], "3 2 1"),
    "imports at the end": (["np.zeros(3)", "x = 1", "import numpy as np"], "3 1 2"),
    "the last definition wins": (["n = 1", "train(n)", "n = 2"], "1 3 2"),
    "the last of several below": (["train(n)", "n = 1", "n = 2"], "2 3 1"),
    "a change in place of its own": (["df = load()", "df = df.dropna()", "df = df.head()"], "1 2 3"),
    "a change before the definition": (["n += 1", "n = 0", "print(n)"], "2 1 3"),
    "changes below their use": (["plot(df)", "df = load()", "df = df.dropna()"], "2 3 1"),
    "a definition that needs its use": (["a = 1", "b = a", "a = b + 1"], "1 2 3"),
    "a later definition that needs its use by more names": (
        ["a = 1", "b = 0", "b = a", "c = b", "a = c"],
        "1 2 3 4 5",
    ),
    "a circle": (["a = b", "b = a"], "2 1"),
    "to import again changes nothing": (["import json", "json.dumps(1)", "import json\nx = 1"], "1 2 3"),
    "an import below a use and above": (["import os", "os.sep", "import os", "y", "y = 1"], "1 2 3 5 4"),
    "what a function reads when it is called": (["def f():\n    return rate", "f()", "rate = 2"], "1 3 2"),
    "what a function calls": (["f()", "def f():\n    return g()", "def g():\n    return k", "k = 1"], "2 3 4 1"),
    "a function that nobody calls": (["def f():\n    return rate", "x = 1", "rate = 2"], "1 2 3"),
    "what a method reads": (["class A:\n    def m(self):\n        return k", "A().m()", "k = 1"], "1 3 2"),
    "names inside of a function": (["def f():\n    x = 1\n    return x", "print(x)", "x = 5"], "1 3 2"),
    "a loop's own name": (["for i in range(3):\n    print(i)", "for i in range(4):\n    print(i)"], "1 2"),
    "own names don't hold a definition back": (
        ["for i in xs:\n    use(f, i)", "xs = [1]", "def f():\n    pass\nfor i in range(2):\n    pass"],
        "2 3 1",
    ),
    "a magic's code": (["print(t)", "%%time\nt = 1"], "2 1"),
    "a shell command's name": (["!ls {folder}", "folder = 'x'"], "2 1"),
    "what can't be read": (["b = a", "def broken(:", "a = 1"], "3 1 2"),
    "names of nowhere": (["print(unknown)", "a = 1"], "1 2"),
    "no cell": ([], ""),
}


@pytest.mark.parametrize("name", DEPENDENCY_ORDERS)
def test_definitions_come_before_uses(name: str) -> None:
    cells, expected = DEPENDENCY_ORDERS[name]
    sources = [cell if "broken" in cell else TransformerManager().transform_cell(cell) for cell in cells]
    assert [index + 1 for index in dependency_order(sources)] == list(map(int, expected.split()))


def test_a_long_notebook_needs_no_deep_stack() -> None:
    cells = [f"v{n} = v{n + 1}" for n in range(2000)]
    assert dependency_order(cells) == list(reversed(range(2000)))


def notebook(*cells: tuple[str, int | None]) -> Notebook:
    content = {
        "cells": [
            {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": count}
            for source, count in cells
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    Path("counts.ipynb").write_text(json.dumps(content), encoding="utf-8")
    return read_notebook(Path("counts.ipynb"))


def numbers(found: Notebook) -> dict[tuple[str, ...], list[int | None]]:
    return {order.names: [step.number for step in order.steps] for order in candidate_orders(found)}


@pytest.mark.usefixtures("project")
def test_candidates_the_likeliest_first_and_each_once() -> None:
    assert numbers(notebook(("a = 1", 2), ("print(a)", 3), ("a = 2", 1))) == {
        (COUNTS,): [3, 1, 2],
        (DOCUMENT,): [1, 2, 3],
        (DEPENDENCIES,): [1, 3, 2],
    }
    assert numbers(notebook(("a = 1", 1), ("print(a)", 2))) == {(COUNTS, DOCUMENT, DEPENDENCIES): [1, 2]}
    assert numbers(notebook(("print(a)", None), ("a = 1", None))) == {(DOCUMENT,): [1, 2], (DEPENDENCIES,): [2, 1]}


@pytest.mark.usefixtures("project")
def test_cells_that_do_nothing_are_in_no_order() -> None:
    cells = notebook(("%load_ext jupyter_repro\n%repro start", 1), ("a = 1", 2), ("", None), ("b = 2", 3))
    (order,) = candidate_orders(cells)
    assert ([step.number for step in order.steps], order.notes) == ([2, 4], ())
    with pytest.raises(UsageError, match="no code to run"):
        candidate_orders(notebook(("%repro start", 1)))


@pytest.mark.usefixtures("project")
def test_what_the_counts_leave_open_is_said() -> None:
    cells = [("a", 2), ("b", 4), ("c", None), ("d", 9), ("e", 4), ("f", None)]
    order = candidate_orders(notebook(*cells))[0]
    assert [step.number for step in order.steps] == [1, 2, 5, 4]
    assert order.notes == (
        "without an execution count, and left out: cells 3, 6",
        "no saved cell has the count 1, 3, 5-8: what ran again, or was edited or deleted since, can't be known",
        "counts that several cells have, as after a restart of the kernel: 4",
    )


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("count", [True, "3", 0, -1, 1.5, [1]])
def test_what_is_no_count_counts_as_none(count: object) -> None:
    assert list(numbers(notebook(("a = 1", count), ("b = 2", None)))) == [(DOCUMENT, DEPENDENCIES)]  # type: ignore[arg-type]
