"""A run judged by those before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_repro.model import FileAccess, Run
from jupyter_repro.verify.judging import judge, what_changed


def run(number: int, **fields: Any) -> Run:
    base: dict[str, Any] = {
        "pipeline": "pipe",
        "status": "ok",
        "verdict": "identical",
        "started": f"2026-11-21T10:{number:02d}:00Z",
        "notebook": f".jrepro/runs/r{number}/nb.ipynb",
        "values": {"steps": "3"},
        "data": {"data.csv": "d1"},
        "code": {"nb.ipynb": "c1"},
        "environment": {"numpy": "2.0"},
        "metrics": {"rmse": 1.0},
    }
    return Run(id=f"r{number}", **{**base, **fields})


def show(project: Path, made: Run, text: str) -> Run:
    """Its executed notebook shows this."""
    home = project / ".jrepro/runs" / made.id
    home.mkdir(parents=True)
    outputs = [{"output_type": "stream", "name": "stdout", "text": text}]
    cells = [{"cell_type": "code", "metadata": {"jupyter_repro": {"ordinal": 2}}, "source": "", "outputs": outputs}]
    (home / "nb.ipynb").write_text(json.dumps({"cells": cells}))
    return made


def test_the_first_run_is_the_baseline(project: Path) -> None:
    others = [run(1, pipeline="other"), run(2, status="failed"), run(3, verdict="different")]
    assert judge(run(4), others, project).verdict == "baseline"


@pytest.mark.parametrize(
    ("before", "after", "verdict", "reasons"),
    [
        ("rmse: 1.0", "rmse: 1.0", "identical", ()),
        ("rmse: 1.0", "rmse: 1.0000000001", "equivalent", ()),
        ("rmse: 1.0", "rmse: 2.0", "different", ("output of execution 2: was 'rmse: 1.0' in line 1, now 'rmse: 2.0'",)),
    ],
)
def test_where_nothing_changed_the_result_must_be_the_same(
    project: Path, before: str, after: str, verdict: str, reasons: tuple[str, ...]
) -> None:
    others = [show(project, run(1), before), run(2, values={"steps": "4"})]
    judged = judge(show(project, run(3), after), others, project)
    assert (judged.verdict, judged.baseline) == (verdict, "r1")
    assert [found.startswith(reason) for found, reason in zip(judged.reasons, reasons, strict=True)] == [True] * len(
        reasons
    )


def test_files_count_too(project: Path) -> None:
    made = [run(n, outs=(FileAccess(path="out.bin", mode="write", digest=str(n)),)) for n in (1, 2)]
    judged = judge(made[1], made[:1], project)
    assert judged.verdict == "different"
    assert judged.reasons == ("file out.bin: was sha256 1, now sha256 2",)


@pytest.mark.parametrize(
    ("fields", "change"),
    [
        ({"values": {"steps": "4"}}, "parameter: steps was 3, now 4"),
        ({"data": {"data.csv": "d2"}}, "data: data.csv differs"),
        ({"data": {"data.csv": None}}, "data: data.csv is missing"),
        ({"code": {"nb.ipynb": "c2"}}, "code: nb.ipynb differs"),
        ({"environment": {"numpy": "2.1"}}, "environment: numpy 2.0 is now 2.1"),
        ({"clock": "recorded"}, "clock: real is now recorded"),
    ],
)
def test_what_changed_is_named(project: Path, fields: dict[str, Any], change: str) -> None:
    after = run(2, **fields)
    assert list(what_changed(run(1), after)) == [change]
    judged = judge(after, [run(1)], project)
    assert (judged.verdict, judged.reasons) == ("changed", (change,))


@pytest.mark.parametrize(
    ("history", "value", "verdict"),
    [
        ([1.0, 1.1, 0.9, 1.05], 1.15, "changed"),
        ([1.0, 1.1, 0.9, 1.05], 3.0, "drifted"),
        ([1.0, 1.0, 1.0], 1.0, "changed"),
        ([1.0, 1.0, 1.0], 1.1, "drifted"),
        ([1.0, 1.0], 9.0, "changed"),  # too few to tell
    ],
)
def test_metrics_are_compared_with_their_history(
    project: Path, history: list[float], value: float, verdict: str
) -> None:
    others = [run(n, metrics={"rmse": each}, data={"data.csv": str(n)}) for n, each in enumerate(history)]
    judged = judge(run(20, metrics={"rmse": value}, data={"data.csv": "new"}), others, project)
    assert judged.verdict == verdict
    assert judged.reasons[0] == "data: data.csv differs"
    assert any(reason.startswith("metric: rmse is") for reason in judged.reasons) == (verdict == "drifted")


def test_a_metric_that_is_gone_is_named(project: Path) -> None:
    judged = judge(run(2, metrics={}, data={}), [run(1)], project)
    assert (judged.verdict, judged.reasons[-1]) == ("drifted", "metric: rmse is missing; it was 1")
