from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from journals import ID, Written, binding

from jupyter_repro.errors import JournalError, NoSession, StorageError
from jupyter_repro.model import SCHEMA, Access, CellError, Entropy, RandomState, Recording
from jupyter_repro.store.journal_reader import read_recording


def test_the_lines_of_one_execution_are_folded_into_one_record(project: Path) -> None:
    journal = Written(project)
    journal.began("df = load()", "cell-1")
    journal.ended("error", error={"name": "KeyError", "message": "'a'"}, answers=["yes"], peak_memory=9)
    journal.evidence(
        reads={"names": ["load"], "objects": [[1, 3]], "parts": {"4": ["a"]}, "places": ["file:*"]},
        bound=["df"],
        files=[{"path": "data.csv", "mode": "read", "digest": "ab", "size": 3}],
        random=[{"library": "numpy", "before": "a", "after": "b", "seed": 5, "object": "c"}],
        entropy=[{"source": "numpy", "module": "__main__", "count": 2}],
        code={"12": ["load", "path"]},
    )
    journal.stopped()

    recording = read_recording(project, ID)

    execution = recording.executions[0]
    assert (execution.session, execution.ordinal, execution.source, execution.cell_id) == (
        ID,
        1,
        "df = load()",
        "cell-1",
    )
    assert (execution.status, execution.duration, execution.peak_memory) == ("error", 0.5, 9)
    assert (execution.error, execution.answers) == (CellError(name="KeyError", message="'a'"), ("yes",))
    reads = Access(names=("load",), objects=((1, 3),), parts={"4": ("a",)}, places=("file:*",))
    assert (execution.reads, execution.bound) == (reads, ("df",))
    assert execution.files[0].path == "data.csv"
    assert execution.random == (RandomState(library="numpy", before="a", after="b", seed=5, object="c"),)
    assert execution.entropy == (Entropy(source="numpy", module="__main__", count=2),)
    assert execution.observed
    assert recording.code == {12: ("load", "path")}
    assert recording.session.stopped == "2026-11-21T12:30:00Z"
    assert recording.problems == ()


def test_evidence_may_come_after_the_next_execution_began(project: Path) -> None:
    journal = Written(project)
    journal.began("a = 1")
    journal.ended()
    journal.began("b = 2")
    journal.write("evidence", ordinal=1, bound=["a"])
    journal.ended()
    journal.evidence(bound=["b"])
    assert [execution.bound for execution in read_recording(project, ID).executions] == [("a",), ("b",)]


def test_names_are_merged_and_gone_ones_removed(project: Path) -> None:
    journal = Written(project)
    journal.execution("a = 1; b = 2")
    journal.names(a=binding("one"), b=binding("two"))
    journal.execution("del a; b = 3; c = 4")
    journal.names(gone=("a",), b=binding("three"), c=binding(None, 5))
    journal.stopped()
    namespace = read_recording(project, ID).namespace
    assert sorted(namespace) == ["b", "c"]
    assert namespace["b"].value is not None
    assert namespace["b"].value.digest == "three"
    assert namespace["c"].reads.objects == ((5, 5),)


def test_an_evaluated_expression_counts_until_the_next_execution_begins(project: Path) -> None:
    journal = Written(project)
    journal.execution("a = 1")
    journal.write("value", expression="a + 1", binding=binding("two"))
    assert "a + 1" in read_recording(project, ID).namespace
    journal.began("a = 5")
    assert "a + 1" not in read_recording(project, ID).namespace


def test_modules_and_reasons_of_incompleteness_belong_to_the_session(project: Path) -> None:
    journal = Written(project)
    journal.execution()
    journal.write("module", name="clean", path="clean.py", digest="ab")
    journal.write("incomplete", reason="the disk is full")
    journal.write("incomplete", reason="the disk is full")
    session = read_recording(project, ID).session
    assert [(module.name, module.path, module.tracked) for module in session.modules] == [("clean", "clean.py", None)]
    assert session.incomplete == "the disk is full"


def test_cells_from_before_the_recording_are_unobserved_not_incomplete(project: Path) -> None:
    journal = Written(project)
    journal.began("early = 1", started=None)
    journal.write("ended", ordinal=1, status="unobserved")
    execution = read_recording(project, ID).executions[0]
    assert (execution.status, execution.incomplete, execution.observed) == ("unobserved", None, False)


def test_an_execution_without_end_is_lost_when_the_kernel_is_gone(project: Path) -> None:
    journal = Written(project)
    journal.began("first")
    journal.began("second")
    assert [execution.status for execution in read_recording(project, ID).executions] == ["lost", "lost"]


def test_only_the_last_one_runs_in_a_kernel_that_lives(project: Path) -> None:
    journal = Written(project, pid=os.getpid(), started="2999-01-01T00:00:00Z")
    journal.began("first")
    journal.began("second")
    assert [execution.status for execution in read_recording(project, ID).executions] == ["lost", "running"]


def test_a_process_that_began_after_the_session_is_not_its_kernel(project: Path) -> None:
    journal = Written(project, pid=os.getpid(), started="2001-01-01T00:00:00Z")
    journal.began("first")
    assert read_recording(project, ID).executions[0].status == "lost"


def test_an_execution_without_evidence_is_incomplete(project: Path) -> None:
    journal = Written(project)
    journal.began()
    journal.ended()
    execution = read_recording(project, ID).executions[0]
    assert (execution.status, execution.observed) == ("ok", False)
    assert execution.incomplete == "what it read and wrote was not recorded"


def good(journal: Written) -> None:
    journal.execution("x = 1", bound=["x"])
    journal.names(x=binding("one"))


def after(data: bytes) -> Callable[[Written], None]:
    def write(journal: Written) -> None:
        good(journal)
        journal.raw(data)

    return write


def before(data: bytes) -> Callable[[Written], None]:
    def write(journal: Written) -> None:
        journal.raw(data)
        good(journal)

    return write


BAD_LINES = {
    "torn last line": (after(b'{"line":"began","ordinal":2,"sou'), ["line 6 was left out: torn"]),
    "torn in the middle of a character": (after('{"line":"é'.encode()[:-1]), ["line 6 was left out: torn"]),
    "not JSON": (before(b"<html>\n"), ["line 2 was left out: not JSON"]),
    "not UTF-8": (before(b'{"line":"\xff"}\n'), ["line 2 was left out: not JSON"]),
    "three of them": (before(b"a\nb\nc\n"), ["lines 2 to 4 were left out: not JSON"]),
    "a JSON list": (before(b"[1]\n"), ["line 2 was left out: not the journal's"]),
    "JSON null": (before(b"null\n"), ["line 2 was left out: not"]),
    "an object without kind": (before(b'{"ordinal":1}\n'), ["line 2 was left out: not the journal's"]),
    "an ordinal that is none": (
        before(b'{"line":"began","ordinal":"1"}\n'),
        ["line 2 was left out: not the journal's"],
    ),
    "ordinal true": (before(b'{"line":"began","ordinal":true}\n'), ["line 2 was left out: not the journal's"]),
    "ordinal zero": (before(b'{"line":"ended","ordinal":0}\n'), ["line 2 was left out: not the journal's"]),
    "a second session": (before(b'{"line":"session","id":"other"}\n'), ["line 2 was left out: not the journal's"]),
    "names that are a list": (
        before(b'{"line":"names","ordinal":0,"bindings":[]}\n'),
        ["line 2 was left out: not the"],
    ),
    "code of another shape": (
        before(b'{"line":"evidence","ordinal":1,"code":{"a":1}}\n'),
        ["line 2 was left out: not"],
    ),
    "a number too long to read": (before(b'{"line":' + b"9" * 5000 + b"}\n"), ["line 2 was left out: not JSON"]),
    "too deep to read": (before(b"[" * 200_000 + b"\n"), ["line 2 was left out: not JSON"]),
    "NULs after a crash": (after(b"\0" * 4096), []),
    "NULs before a good line": (before(b"\0" * 512), []),
    "empty lines": (before(b"\n\n  \n"), []),
    "a kind of a later version": (before(b'{"line":"weather","ordinal":"?"}\n'), []),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_line_costs_nothing_but_itself(project: Path, case: str) -> None:
    write, problems = BAD_LINES[case]
    journal = Written(project)
    write(journal)
    journal.stopped() if case.startswith("NULs after") else None

    recording = read_recording(project, ID)

    assert [(execution.ordinal, execution.bound, execution.observed) for execution in recording.executions] == [
        (1, ("x",), True)
    ]
    assert list(recording.namespace) == ["x"]
    assert recording.session.environment is not None
    assert len(recording.problems) == len(problems)
    for found, expected in zip(recording.problems, problems, strict=True):
        assert found.startswith(expected)


def test_unknown_fields_are_skipped(project: Path) -> None:
    journal = Written(project)
    journal.began(mood="sunny")
    journal.ended(weather=[1, {"a": None}])
    journal.evidence(bound=["x"], reads={"names": ["a"], "dreams": [1]}, later={"x": 1})
    recording = read_recording(project, ID)
    assert recording.executions[0].observed
    assert recording.executions[0].reads.names == ("a",)
    assert recording.problems == ()


def test_a_field_that_cant_be_read_costs_that_field(project: Path) -> None:
    journal = Written(project)
    journal.execution("x = 1", bound=["x"], values={"x": {"digest": 1}}, files="data.csv")
    journal.execution("y = 2", bound=["y"])
    first, second = read_recording(project, ID).executions
    assert (first.bound, first.values, first.files) == (("x",), {}, ())
    assert not first.observed  # nothing may be concluded from what is missing
    assert second.observed
    assert "`values`" in read_recording(project, ID).problems[0]


@pytest.mark.parametrize("field", ["status", "source", "started", "execution_count"])
def test_a_required_field_that_cant_be_read_falls_back(project: Path, field: str) -> None:
    journal = Written(project)
    journal.began()
    journal.ended()
    journal.evidence(bound=["x"], **{field: ["?"]})
    execution = read_recording(project, ID).executions[0]
    assert execution.bound == ("x",)
    assert not execution.observed


def test_an_end_whose_beginning_is_gone_is_kept(project: Path) -> None:
    journal = Written(project)
    journal.ordinal = 1
    journal.ended("error")
    journal.evidence(bound=["x"])
    execution = read_recording(project, ID).executions[0]
    assert (execution.status, execution.bound, execution.source) == ("error", ("x",), "")
    assert execution.incomplete == "the line with its source can't be read"


def test_missing_ordinals_are_named_and_make_the_session_incomplete(project: Path) -> None:
    journal = Written(project)
    journal.execution()
    journal.ordinal = 3
    journal.execution()
    recording = read_recording(project, ID)
    assert [execution.ordinal for execution in recording.executions] == [1, 4]
    assert recording.problems == ("executions 2 to 3 can't be read",)
    assert recording.session.incomplete == "executions 2 to 3 can't be read"


def test_without_its_first_line_a_session_is_known_by_its_id(project: Path) -> None:
    journal = Written(project)
    journal.execution()
    _, *rest = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"?\n" + b"".join(rest))
    recording = read_recording(project, ID)
    assert (recording.session.id, recording.session.started) == (ID, "2026-11-21T12:00:00Z")
    assert recording.session.incomplete == "the session's first line can't be read"
    assert recording.executions[0].observed


def test_a_field_of_the_session_that_cant_be_read_costs_that_field(project: Path) -> None:
    journal = Written(project)
    journal.execution()
    first, *rest = journal.path.read_text().splitlines(keepends=True)
    journal.path.write_text("".join([json.dumps({**json.loads(first), "environment": 3, "pid": "?"}) + "\n", *rest]))
    recording = read_recording(project, ID)
    assert (recording.session.environment, recording.session.kernel) == (None, "ipykernel 7.4.0")
    assert {problem.split("`")[1] for problem in recording.problems} == {"environment", "pid"}


def test_any_text_comes_back_as_it_was_typed(project: Path) -> None:
    source = "s = '\ud83d \x00 \u2028 \u0085 😀 \r é'\n"
    Written(project).execution(source)
    recording = read_recording(project, ID)
    assert recording.executions[0].source == source
    assert recording.problems == ()


def test_a_newer_journal_is_refused_with_the_command_that_upgrades(project: Path) -> None:
    journal = Written(project)
    first, *rest = journal.path.read_text().splitlines(keepends=True)
    journal.path.write_text("".join([json.dumps({**json.loads(first), "schema": SCHEMA + 1}) + "\n", *rest]))
    with pytest.raises(JournalError) as caught:
        read_recording(project, ID)
    assert f"schema {SCHEMA + 1}" in caught.value.problem
    assert "pip install --upgrade jupyter-repro" in caught.value.next_step


@pytest.mark.parametrize("content", [b"", b"\n", b"garbage", b"\0\0\0\n", b'{"line":"stopped","stopped":"now"}\n'])
def test_a_journal_without_a_session_or_an_execution_is_refused(project: Path, content: bytes) -> None:
    journal = Written(project)
    journal.path.write_bytes(content)
    with pytest.raises(JournalError):
        read_recording(project, ID)


@pytest.mark.parametrize("session", ["20990101-000000-ffffff", "", "../../etc/passwd", "a/b", ".", "a\0b"])
def test_an_unknown_session_is_no_session(project: Path, session: str) -> None:
    with pytest.raises(NoSession, match="jrepro log"):
        read_recording(project, session)


def test_a_journal_that_cant_be_opened_is_a_storage_error(project: Path) -> None:
    (project / ".jrepro" / "sessions" / f"{ID}.jsonl").mkdir(parents=True)
    with pytest.raises(StorageError, match="ls -l"):
        read_recording(project, ID)


# What a killed kernel leaves: evidence of a change, and bindings from before it.
def killed(project: Path, *, value: str | None = None, **evidence: list[str]) -> Recording:
    journal = Written(project)
    journal.execution("x = [1]", bound=["x"])
    journal.names(x=binding("old", 1), y=binding("other", 2))
    values = {"x": {"digest": value, "type": "list", "summary": ""}} if value else {}
    journal.execution("x = [2]", values=values, **evidence)
    return read_recording(project, ID)


def test_a_name_bound_after_the_last_bindings_is_not_taken_for_its_earlier_value(project: Path) -> None:
    recording = killed(project, rebound=["x"])
    assert list(recording.namespace) == ["y"]
    assert "`x`" in recording.problems[0]


def test_a_name_mutated_after_the_last_bindings_has_no_known_value(project: Path) -> None:
    recording = killed(project, mutated=["x"])
    assert recording.namespace["x"].value is None
    assert recording.namespace["x"].reads.objects == ((1, 1),)
    assert recording.namespace["y"].value is not None


def test_a_change_that_left_the_value_as_it_was_costs_nothing(project: Path) -> None:
    assert killed(project, value="old", rebound=["x"]).namespace["x"].value is not None


def test_after_a_clean_end_unchanged_bindings_were_not_written_again(project: Path) -> None:
    journal = Written(project)
    journal.execution("x = [1]", bound=["x"])
    journal.names(x=binding("old", 1))
    journal.execution("x.cache()", mutated=["x"])
    journal.stopped()
    assert read_recording(project, ID).namespace["x"].value is not None


def test_a_line_that_was_left_out_may_have_held_the_last_bindings(project: Path) -> None:
    journal = Written(project)
    journal.execution("x = [1]; z = 1", bound=["x", "z"])
    journal.names(x=binding("old", 1), z=binding("z", 3))
    journal.execution("x = [2]", rebound=["x"])
    journal.raw(b"?\n")
    journal.execution("y = 3", bound=["y"])
    journal.names(y=binding("new", 2))
    journal.stopped()
    assert list(read_recording(project, ID).namespace) == ["z", "y"]
