from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_repro.lineage.saved import SavedCell, saved_cells
from jupyter_repro.lineage.staleness import Stale, stale_executions
from jupyter_repro.model import CellExecution, Value

RERUN = "its cell ran again as execution {}"
EDITED = "the saved notebook has other text in its cell"


def ran(*cells: tuple[str | None, str] | dict[str, Any]) -> list[CellExecution]:
    """Executions 1, 2, 3...: (cell id, source), or all fields."""
    given = [cell if isinstance(cell, dict) else {"cell_id": cell[0], "source": cell[1]} for cell in cells]
    known: dict[str, Any] = {"session": "s", "execution_count": None, "status": "ok", "started": None}
    return [
        CellExecution(**{"cell_id": f"id-{ordinal}", "source": "", **known, **fields, "ordinal": ordinal})
        for ordinal, fields in enumerate(given, start=1)
    ]


def cells(**sources: str) -> list[SavedCell]:
    return [SavedCell(id, source) for id, source in sources.items()]


def texts(*sources: str) -> list[SavedCell]:
    """As in a notebook older than nbformat 4.5."""
    return [SavedCell(None, source) for source in sources]


def reasons(executions: list[CellExecution], saved: list[SavedCell] | None) -> dict[int, tuple[str, ...]]:
    return {stale.ordinal: stale.reasons for stale in stale_executions(executions, saved)}


def test_what_ran_as_saved_is_not_stale() -> None:
    assert stale_executions(ran(("a", "x = 1"), ("b", "x + 1")), cells(a="x = 1", b="x + 1", c="never ran")) == ()


@pytest.mark.parametrize(
    ("saved", "source"), [("x = 1\n", "x = 1"), ("x = 1\r\ny = 2", "x = 1\ny = 2"), ("x", "x  \n")]
)
def test_line_ends_are_no_edit(saved: str, source: str) -> None:
    assert stale_executions(ran(("a", source)), cells(a=saved)) == ()


@pytest.mark.parametrize("source", ["x = 1  # one", "  x = 1", "X = 1", ""])
def test_any_other_text_is_an_edit(source: str) -> None:
    assert reasons(ran(("a", source)), cells(a="x = 1")) == {1: (EDITED,)}


def test_all_but_the_latest_execution_of_a_cell_are_stale() -> None:
    executions = ran(("a", "x = 1"), ("b", "y = 1"), ("a", "x = 2"), ("a", "x = 3"))
    assert reasons(executions, cells(a="x = 3", b="y = 1")) == {
        1: (RERUN.format(4), EDITED),
        3: (RERUN.format(4), EDITED),
    }


def test_a_deleted_cell_is_marked() -> None:
    assert stale_executions(ran(("a", "x = 1"), ("b", "y = 1")), cells(b="y = 1")) == (
        Stale(ordinal=1, reasons=(), deleted=True),
    )


def test_without_the_notebook_edits_and_deletions_are_not_told() -> None:
    assert reasons(ran(("a", "x = 1"), ("a", "x = 2"), ("b", "y")), None) == {1: (RERUN.format(2),)}


# --- by text, where ids don't tell -----------------------------------------------------------------------------------

BY_TEXT = {
    "the same text": (["import os", "x = os.getcwd()"], ["import os", "x = os.getcwd()"], {}),
    "moved": (["a = 1", "b = 2"], ["b = 2", "a = 1"], {}),
    "edited": (
        ["df = pd.read_csv('a.csv')", "fit(df)"],
        ["df = pd.read_csv('a.csv', sep=';')", "fit(df)"],
        {1: (EDITED,)},
    ),
    "edited and run again": (["x = 1", "x = 2"], ["x = 2"], {1: (RERUN.format(2), EDITED)}),
    "run again": (["x = 1", "x = 1"], ["x = 1", "y = 2"], {1: (RERUN.format(2),)}),
    "two cells of the same text": (["df.head()", "df.head()"], ["df.head()", "df.head()"], {}),
}


@pytest.mark.parametrize("case", BY_TEXT)
@pytest.mark.parametrize("saved_ids", [True, False], ids=["console", "old notebook"])
def test_without_ids_the_text_tells(case: str, saved_ids: bool) -> None:
    sources, saved, expected = BY_TEXT[case]
    found = [SavedCell(f"id-{index}" if saved_ids else None, source) for index, source in enumerate(saved)]
    assert reasons(ran(*((None, source) for source in sources)), found) == expected


def test_without_ids_a_text_like_no_other_was_deleted() -> None:
    (stale,) = stale_executions(ran((None, "plt.plot(errors)")), texts("import numpy", "df.describe()"))
    assert stale == Stale(ordinal=1, reasons=(), deleted=True)


def test_ids_that_a_front_end_made_up_tell_which_executions_are_of_one_cell() -> None:
    executions = ran(("vscode:1", "x = 1"), ("vscode:2", "y = 1"), ("vscode:1", "import numpy"), ("vscode:3", "z()"))
    saved = cells(real1="import numpy", real2="y = 1")
    assert reasons(executions, saved) == {1: (RERUN.format(3), EDITED), 4: ()}


def test_an_execution_without_cell_among_others_with_one() -> None:
    executions = ran(("a", "x = 1"), (None, "print(undo_everything)"))
    assert [stale.ordinal for stale in stale_executions(executions, cells(a="x = 1")) if stale.deleted] == [2]


# --- what was read has changed ---------------------------------------------------------------------------------------


def value(digest: str, exact: bool = True) -> Value:
    return Value(digest=digest, type="int", summary=digest, exact=exact)


READS: dict[str, tuple[list[dict[str, Any]], dict[int, str]]] = {
    "not since": ([{"bound": ("x",)}, {"names_read": ("x",)}], {}),
    "bound again": (
        [{"bound": ("x",)}, {"names_read": ("x",)}, {"rebound": ("x",)}],
        {2: "it read `x`, which execution 3 changed since"},
    ),
    "mutated": (
        [{"bound": ("x",)}, {"names_read": ("x",)}, {"mutated": ("x",)}],
        {2: "it read `x`, which execution 3 changed since"},
    ),
    "deleted": (
        [{"bound": ("x",)}, {"names_read": ("x",)}, {"deleted": ("x",)}],
        {2: "it read `x`, which execution 3 deleted since"},
    ),
    "the last change is named": (
        [{"names_read": ("x",)}, {"rebound": ("x",)}, {"deleted": ("x",)}, {"bound": ("x",)}],
        {1: "it read `x`, which execution 4 changed since"},
    ),
    "changed by itself": ([{"bound": ("x",)}, {"names_read": ("x",), "rebound": ("x",)}], {}),
    "changed before it": ([{"bound": ("x",)}, {"mutated": ("x",)}, {"names_read": ("x",)}], {}),
    "several at once": (
        [{"names_read": ("a", "b", "c")}, {"rebound": ("a", "b")}],
        {1: "it read `a`, `b`, which execution 2 changed since"},
    ),
    "IPython's own": ([{"names_read": ("_", "Out", "In")}, {"rebound": ("_", "Out", "In")}], {}),
    "changed back": (
        [
            {"bound": ("x",), "values": {"x": value("1")}},
            {"names_read": ("x",)},
            {"rebound": ("x",), "values": {"x": value("2")}},
            {"rebound": ("x",), "values": {"x": value("1")}},
        ],
        {},
    ),
    "only described, so not known to be the same": (
        [
            {"bound": ("x",), "values": {"x": value("1", exact=False)}},
            {"names_read": ("x",)},
            {"rebound": ("x",), "values": {"x": value("1", exact=False)}},
        ],
        {2: "it read `x`, which execution 3 changed since"},
    ),
    "mutated in between, so not known to be the same": (
        [
            {"bound": ("x",), "values": {"x": value("1")}},
            {"mutated": ("x",)},
            {"names_read": ("x",)},
            {"rebound": ("x",), "values": {"x": value("1")}},
        ],
        {3: "it read `x`, which execution 4 changed since"},
    ),
}


@pytest.mark.parametrize("case", READS)
def test_an_execution_is_stale_when_what_it_read_has_changed(case: str) -> None:
    evidence, expected = READS[case]
    assert reasons(ran(*evidence), None) == {ordinal: (reason,) for ordinal, reason in expected.items()}


# --- the notebook's JSON ---------------------------------------------------------------------------------------------


def test_code_cells_are_read_in_order_with_and_without_ids() -> None:
    content = {
        "cells": [
            {"cell_type": "markdown", "id": "m", "source": "# x"},
            {"cell_type": "code", "id": "a", "source": ["x = 1\n", "y = 2"]},
            {"cell_type": "code", "source": "z = 3"},
        ]
    }
    assert saved_cells(json.dumps(content).encode()) == (SavedCell("a", "x = 1\ny = 2"), SavedCell(None, "z = 3"))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"worksheets": []}', b'{"cells": 3}', b'{"cells": [3]}'),
        *(b'{"cells": [{"cell_type": "code"}]}', b'{"cells": [{"cell_type": "code", "source": [1]}]}'),
    ],
)
def test_what_is_no_notebook_has_no_cells(content: bytes) -> None:
    assert saved_cells(content) is None
