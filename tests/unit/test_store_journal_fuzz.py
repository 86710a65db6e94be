"""Whatever is in a journal file, reading it gives a recording or a JournalError."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import ID, Written, binding

from jupyter_repro.errors import JournalError
from jupyter_repro.model import Recording
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.store.sessions import list_sessions

KINDS = [
    "session",
    "began",
    "ended",
    "evidence",
    "fitted",
    "hashed",
    "names",
    "value",
    "module",
    "incomplete",
    "stopped",
    "?",
]
FIELDS = [
    *("schema id notebook started cwd kernel pid seed environment git modules stopped incomplete ordinal").split(),
    *(
        "execution_count cell_id source status duration error answers outputs reads writes names_read bound mutated"
    ).split(),
    *("values files random ambient late code bindings gone expression binding reason name path digest").split(),
]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["ok", "unobserved"])
values = st.recursive(
    scalars | st.integers(0, 4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
lines = st.builds(
    lambda kind, fields: json.dumps({"line": kind, **fields}).encode(),
    st.sampled_from(KINDS) | values,
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=8),
)


@contextmanager
def journal_of(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        sessions = Path(folder, ".jrepro", "sessions")
        sessions.mkdir(parents=True)
        (sessions / f"{ID}.jsonl").write_bytes(content)
        yield Path(folder)


def read(content: bytes) -> Recording | None:
    with journal_of(content) as project:
        try:
            assert len(list_sessions(project)) == 1  # a list shows every session, readable or not
            return read_recording(project, ID)
        except JournalError:
            return None


@given(st.binary())
@settings(deadline=None)
def test_bytes(content: bytes) -> None:
    read(content)


@given(st.lists(lines | st.binary(max_size=20), max_size=12))
@settings(deadline=None)
def test_lines_of_any_content(content: list[bytes]) -> None:
    read(b"\n".join(content))


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A good journal."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Written(Path(folder))
        for name in "abc":
            journal.execution(f"{name} = 'é'", bound=[name])
            journal.names(**{name: binding(name, 1)})
        journal.stopped()
        return journal.path.read_bytes()


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_journal_cut_anywhere_keeps_all_whole_lines(whole: bytes, data: Any) -> None:
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    recording = read(cut)
    ended = cut.count(b'{"line":"began"') - (b'{"line":"began"' in cut.rpartition(b"\n")[2])
    assert recording is None or len(recording.executions) in (ended, ended + 1)  # a line may be whole but for its end
    assert recording is not None or b"\n" not in cut


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_bytes_cost_no_other_line(whole: bytes, data: Any) -> None:
    start = data.draw(st.integers(0, len(whole) - 1))
    damage = data.draw(st.binary(min_size=1, max_size=30)).replace(b"\n", b"?")
    hit = whole[start : start + len(damage)].count(b"\n") + 1
    recording = read(whole[:start] + damage + whole[start + len(damage) :])
    assert recording is not None
    complete = sum(execution.observed for execution in recording.executions)
    assert complete >= 3 - hit
