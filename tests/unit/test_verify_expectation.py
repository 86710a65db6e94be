"""What a target is compared by, with the recording at hand and without; what counts as a change."""

from __future__ import annotations

import platform
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_repro.hashing import digest
from jupyter_repro.lineage.targets import parse_targets
from jupyter_repro.model import (
    Access,
    Binding,
    Environment,
    FileAccess,
    Module,
    Pipeline,
    Recording,
    Session,
    Slice,
    Stage,
    Target,
    Value,
)
from jupyter_repro.verify.expectation import expectation_of, recorded_values
from jupyter_repro.verify.factors import outer_factors
from jupyter_repro.verify.findings import Findings, read_findings
from jupyter_repro.verify.kernel_factors import kernel_factors
from jupyter_repro.verify.situation import Situation

SESSION = Session(
    id="s", notebook="n.ipynb", started="2026-01-01T00:00:00Z", cwd=".", kernel="k", pid=1, seed=None, stopped="x"
)


def value(text: str) -> Value:
    return Value(digest=digest(text.encode()), type="int", summary=text)


def binding(text: str | None, *reads: str) -> Binding:
    return Binding(reads=Access(names=reads), value=value(text) if text is not None else None)


RECORDING = Recording(
    session=SESSION,
    executions=(),
    namespace={
        "a": binding("1", "a"),
        "k": binding("2", "k"),
        "f": binding("f", "f", "k"),
        "large": binding(None, "large"),
        "a + 5": binding("6", "a"),
    },
)

EXPECTED = {  # expression -> what is compared, or why nothing is
    "a": {"a"},
    "a + 5": {"a + 5"},
    "a + 1": {"a"},
    "f(3)": {"f", "k"},
    "len([a])": {"a"},
    "large": "its value was not recorded",
    "large.shape": "the value of large was not recorded",
    "1 + 1": "it reads no recorded name",
}


def pipeline(targets: tuple[Target, ...]) -> Pipeline:
    return Pipeline(
        name="n",
        session="s",
        notebook="n.ipynb",
        project="..",
        cwd=".",
        created="2026-01-01T00:00:00Z",
        slice=Slice(targets=targets, kept=(), dropped=()),
        stages=(Stage(name="n", notebook="n.ipynb", ordinals=()),),
        parameters=(),
        expected=recorded_values(RECORDING, targets),
    )


@pytest.mark.parametrize("expression", EXPECTED)
def test_what_a_target_is_compared_by(expression: str) -> None:
    (target,) = parse_targets(RECORDING, [expression])
    expectation = expectation_of(target, pipeline((target,)), RECORDING)
    wanted = EXPECTED[expression]
    if isinstance(wanted, str):
        assert (expectation.reason, dict(expectation.values)) == (wanted, {})
    else:
        assert (expectation.reason, set(expectation.values)) == (None, wanted)
        assert expectation.by_names == (expression not in wanted)


def test_a_manifest_is_enough_for_what_names_tell() -> None:
    targets = parse_targets(RECORDING, ["a", "a + 1", "a + 5"])
    alone = pipeline(targets)
    assert [set(expectation_of(target, alone, None).values) for target in targets] == [{"a"}, {"a"}, {"a + 5"}]


def test_what_changed_is_told(project: Path) -> None:
    (project / "same.csv").write_text("1")
    (project / "other.csv").write_text("2")
    (project / "helper.py").write_text("x = 2")
    deps = tuple(
        FileAccess(path=name, mode="read", digest=digest(b"1")) for name in ("same.csv", "other.csv", "gone.csv")
    )
    environment = Environment(
        python="3.1.0",
        implementation="cpython",
        platform=f"{sys.platform} {platform.release()}",
        machine=platform.machine(),
        distributions={"numpy": "1.0", "pandas": "2.0", "gone": "1.0", "unknown": "1.0"},
    )
    stage = Stage(name="n", notebook="n.ipynb", ordinals=(), deps=deps)
    module = Module(name="helper", path="helper.py", digest=digest(b"x = 1"))
    recording = replace(RECORDING, session=replace(SESSION, modules=(module,)))
    findings = Findings(python="3.2.0", distributions={"numpy": "1.1", "pandas": "2.0", "gone": None})

    changed = replace(pipeline(()), project=".", stages=(stage,), environment=environment)
    situation = Situation(folder=project, pipeline=changed, recording=recording)
    found = (*outer_factors(situation), *kernel_factors(situation, findings))

    assert [factor.words for factor in found] == [
        "data: other.csv differs from the one that was read",
        "data: gone.csv is missing",
        "code: helper.py (helper) differs from the one that was imported",
        "package: numpy 1.0 is now 1.1",
        "package: gone 1.0 is now missing",
        "Python: 3.1.0 is now 3.2.0",
    ]


def test_a_kernel_that_died_leaves_what_it_had_found(tmp_path: Path) -> None:
    assert read_findings(tmp_path / "none").after == {}
    lines = '{"ordinal": 2, "checks": [{"subject": "x", "verdict": "identical"}]}\n{"ordinal": 3, "che'
    (tmp_path / "torn").write_text(lines)
    findings = read_findings(tmp_path / "torn")
    assert [(check.subject, check.ordinal) for check in findings.after[2]] == [("x", 2)]
    assert 3 not in findings.after
