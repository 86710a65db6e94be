"""The shared slicing cases through the real path: record a history, export a target, prove it in a fresh kernel."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_repro.capture.fingerprint import fingerprint
from jupyter_repro.cli.main import main
from jupyter_repro.store.journal_reader import read_recording

Case = dict[str, Any]
_FILES = ("slicing.jsonl", "slicing_more.jsonl")
# Cases that are known to fail, with the reason; strict, so that each gain is banked.
_NOT_REPRODUCED: dict[str, str] = {}
_NOT_MINIMAL: dict[str, str] = {  # reproduced all the same
    "alias_in_two_containers": "of a tuple, all is read: only the items of a dict are parts of their own",
    "getattr_by_name": "the attribute's name is a value, so that any attribute may be the one",
    "numeric_errors": "whoever uses numpy may print: what turns an array into text isn't seen",
}


def _cases() -> list[Case]:
    folder = Path(__file__).parent
    return [json.loads(line) for name in _FILES for line in (folder / name).read_text().splitlines() if line.strip()]


def _parameters() -> list[Any]:
    return [pytest.param(case, id=case["id"], marks=_marks(case["id"])) for case in _cases()]


def _marks(case: str) -> list[pytest.MarkDecorator]:
    reason = _NOT_REPRODUCED.get(case)
    return [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]


@pytest.mark.parametrize("case", _parameters())
def test_result_is_reproduced_and_nothing_else_is_kept(
    case: Case, project: Path, write_notebook: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = write_notebook(case["cells"])
    history, answers = project / "history.jsonl", project / "answers.txt"
    history.write_text("\n".join(map(json.dumps, case["exec_order"])))
    answers.write_text("".join(f"{answer}\n" for answer in case.get("stdin", ())))

    assert main(["record", str(notebook), "--history", str(history), "--stdin", str(answers), "--json"]) == 0
    session = json.loads(capsys.readouterr().out)["session"]
    exit_code = main(["export", str(notebook), "-t", case["target_expr"], "-o", str(project / "out"), "--json"])
    report = json.loads(capsys.readouterr().out)

    _assert_undisturbed(case, project, session)
    assert (exit_code, report["verdict"]) == (0, "proven"), report
    assert [target["verdict"] for target in report["targets"]] == ["identical"]
    kept = {each["ordinal"] - 1 for each in report["kept"]}
    assert set(case["needed"]) <= kept
    assert bool(kept & set(case["droppable"])) is (case["id"] in _NOT_MINIMAL)


def _assert_undisturbed(case: Case, project: Path, session: str) -> None:
    """The recorded run gave what a plain kernel gives, and left nothing unsaid."""
    recording = read_recording(project, session)
    value = recording.namespace[case["target_expr"]].value
    assert value is not None
    if "expected_value_repr" in case:
        assert value.digest == fingerprint(ast.literal_eval(case["expected_value_repr"])).digest
    assert not recording.problems
    assert [each.ordinal for each in recording.executions if each.incomplete] == []
