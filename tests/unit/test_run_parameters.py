"""The parameters of a run as they are given: in files, in texts, raw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_repro.errors import UnknownParameter, UsageError
from jupyter_repro.model import Parameter, Pipeline, Slice, Stage
from jupyter_repro.run.parameters import Given, parse_parameters, unread


def parameter(name: str, default: str, kind: str, **fields: Any) -> Parameter:
    return Parameter(name=name, default=default, inferred_type_name=kind, **fields)


PIPELINE = Pipeline(
    name="nb",
    session="s",
    notebook="nb.ipynb",
    project="..",
    cwd=".",
    created="2026-11-21T10:15:00Z",
    slice=Slice(targets=(), kept=(), dropped=()),
    stages=(Stage(name="nb", notebook="nb.ipynb", ordinals=()),),
    parameters=(
        parameter("steps", "3", "int", help="1..10", reaches=("result",)),
        parameter("label", "'a'", "str"),
        parameter("shape", "(1, 2)", "tuple", reaches=()),
        parameter("key", "None", "str", secret="env:KEY"),
    ),
    expected={},
)


def test_what_stands_further_down_wins(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("steps: 1\nlabel: from file\nshape: [4, 5]\n")
    given = Given(
        files=(file,), yaml=("{steps: 2, label: from yaml}",), texts=(("steps", "4"),), raw=(("label", "17"),)
    )
    assert parse_parameters(PIPELINE, given) == {"steps": 4, "label": "17", "shape": (4, 5)}


@pytest.mark.parametrize(
    ("given", "problem", "step"),
    [
        (Given(texts=(("stps", "3"),)), "nb has no parameter stps.", "Did you mean `-p steps VALUE`?"),
        (Given(texts=(("steps", "many"),)), "steps takes an int, and 'many' is none.", "Its default is 3"),
        (Given(texts=(("steps", "11"),)), "steps: 11 is not in 1..10.", "Its default is 3"),
        (Given(raw=(("steps", "3"),)), "steps takes an int, and '3' is none.", "Its default is 3"),
        (Given(yaml=("steps: [",)), "The text of -y is no YAML", "Write one `NAME: VALUE` a line."),
        (Given(yaml=("3",)), "The text of -y names no parameters.", "Write one `NAME: VALUE` a line."),
        (Given(files=(Path("missing.yaml"),)), "missing.yaml can't be read: No such file", "Look with `ls -l"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_starts(given: Given, problem: str, step: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_parameters(PIPELINE, given)
    assert caught.value.problem.startswith(problem)
    assert caught.value.next_step.startswith(step)


def test_a_secret_takes_no_value_and_the_refusal_does_not_repeat_it() -> None:
    with pytest.raises(UsageError, match="key is a secret") as caught:
        parse_parameters(PIPELINE, Given(texts=(("key", "sk-12345"),)))
    assert "sk-12345" not in str(caught.value)


def test_unknown_names_are_told_apart_by_their_class() -> None:
    with pytest.raises(UnknownParameter):
        parse_parameters(PIPELINE, Given(yaml=("other: 1",)))


def test_a_parameter_that_reaches_no_target_is_reported() -> None:
    assert list(unread(PIPELINE, {"shape": "(1,)", "steps": "2"})) == [
        "shape isn't read by anything kept: it changes no target."
    ]
