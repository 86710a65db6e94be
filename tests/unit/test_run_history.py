from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jupyter_repro.errors import UsageError
from jupyter_repro.run.history import Step, by_numbers, from_history, top_to_bottom
from jupyter_repro.run.notebooks import Notebook, read_notebook

if TYPE_CHECKING:
    from tests.conftest import WriteNotebook


@pytest.fixture
def notebook(write_notebook: WriteNotebook) -> Notebook:
    return read_notebook(write_notebook([("markdown", "# Title"), "a = 1", "", "b = a"]))


A = Step(number=1, cell_id="cell-1", source="a = 1")
B = Step(number=3, cell_id="cell-3", source="b = a")


def history(lines: list[str]) -> Path:
    path = Path("history.jsonl")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_top_to_bottom_leaves_out_empty_cells(notebook: Notebook) -> None:
    assert top_to_bottom(notebook) == (A, B)


def test_numbers_may_repeat_and_go_back(notebook: Notebook) -> None:
    assert by_numbers(notebook, "3, 1,2,1") == (B, A, A)


def test_lines_that_steer_a_recording_are_left_out(write_notebook: WriteNotebook) -> None:
    cells = ["%load_ext jupyter_repro\n%repro start", "%load_ext jupyter_repro\nimport json", "%repro stop\n%repro log"]

    assert [step.source for step in top_to_bottom(read_notebook(write_notebook(cells)))] == ["import json"]
    with pytest.raises(UsageError, match="no code to run"):
        top_to_bottom(read_notebook(write_notebook(["%repro start"])))


@pytest.mark.parametrize("order", ["0", "4", "-1", "1,,3", "", "one", "1-3", "1.0", "²", "2"])
def test_other_orders_are_refused(notebook: Notebook, order: str) -> None:
    with pytest.raises(UsageError) as raised:
        by_numbers(notebook, order)

    assert f"jrepro record {notebook.path} --order" in raised.value.next_step


def test_a_history_tells_repeats_edits_and_deleted_cells(notebook: Notebook) -> None:
    edited, deleted = "a = '\u2028'", "print('gone')"
    lines = [{"cell": 2}, {"cell": 0, "source": edited}, {"cell": None, "source": deleted}, {"cell": 1}, {"cell": 2}]
    path = history(["", *(json.dumps(line, ensure_ascii=False) for line in lines), ""])

    assert from_history(notebook, path) == (
        B,
        Step(number=1, cell_id="cell-1", source=edited),
        Step(number=None, cell_id="deleted-2086e38736e2", source=deleted),  # the same text again is the same cell
        B,
    )


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[0]",
        "{}",
        '{"source": "a = 1"}',
        '{"cell": 3}',
        '{"cell": -1}',
        '{"cell": true}',
        '{"cell": "0"}',
        '{"cell": 0.0}',
        '{"cell": null}',
        '{"cell": 0, "source": ["a = 1"]}',
        '{"cell": 0, "text": "a = 1"}',
    ],
)
def test_a_bad_line_is_named(notebook: Notebook, line: str) -> None:
    with pytest.raises(UsageError, match=r"Line 2 of the history history\.jsonl") as raised:
        from_history(notebook, history(['{"cell": 0}', line]))

    assert "jrepro record" in raised.value.next_step


@pytest.mark.parametrize("lines", [[], [" "], ['{"cell": 1}']])
def test_a_history_of_nothing_is_refused(notebook: Notebook, lines: list[str]) -> None:
    with pytest.raises(UsageError, match="names no execution"):
        from_history(notebook, history(lines))


def test_a_history_that_can_not_be_read_is_refused(notebook: Notebook) -> None:
    with pytest.raises(UsageError, match=r"missing\.jsonl can't be read"):
        from_history(notebook, Path("missing.jsonl"))
    Path("binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="binary can't be read"):
        from_history(notebook, Path("binary"))
