"""What is added to a slice that was not proven: by what went wrong, the likely before the rest, the cheap first."""

from __future__ import annotations

from typing import Any

import pytest
from test_slicing import kept, ran, recording

from jupyter_repro.lineage.slicing import slice_for, with_more
from jupyter_repro.lineage.widening import Clue, additions
from jupyter_repro.model import AmbientChange, FileAccess, Target

X = Target(kind="expression", text="x")
LAST = ran(
    "x", bound=("x",), names_read=("y",), words=("lib", "go", "print"), files=(FileAccess(path="in.csv", mode="read"),)
)


def wrote(path: str) -> tuple[FileAccess, ...]:
    return (FileAccess(path=path, mode="write"),)


LIKELY: dict[str, tuple[dict[str, Any], str | None, str]] = {  # the one that is likely, the run's error, why
    "the name that is missing": (
        ran(bound=("q",)),
        "NameError: name 'q' is not defined",
        "binds `q`, which was missing",
    ),
    "the file that is missing": (
        ran(files=wrote("out/a.csv")),
        "FileNotFoundError: [Errno 2] No such file or directory: 'out/a.csv'",
        "writes out/a.csv, which was missing",
    ),
    "a name that it reads": (ran(mutated=("y",)), None, "changes `y`, which execution 4 reads"),
    "a file that it opens": (ran(files=wrote("in.csv")), None, "writes in.csv, which execution 4 opens"),
    "what all share": (
        ran(ambient=(AmbientChange(group="option", key="pandas.x"),)),
        None,
        "changes option pandas.x, which all cells share",
    ),
    "the same library": (ran(words=("lib", "print")), None, "uses `lib`, as execution 4 does"),
}


@pytest.mark.parametrize("name", LIKELY)
def test_what_is_likely_comes_first(name: str) -> None:
    likely, error, reason = LIKELY[name]
    found = recording(ran(words=("print",)), likely, ran(bound=("z",)), LAST, likely)
    narrow = slice_for(found, [X])
    assert kept(narrow) == [4]

    added = additions(found, narrow, Clue(ordinal=4, error=error))

    assert [(each.ordinal, each.reason) for each in added if each.ordinal < 4] == [(2, f"{reason} (added by widening)")]


def test_the_cheapest_come_first_and_the_costly_follow() -> None:
    found = recording(
        ran(mutated=("y",), duration=900.0), ran(mutated=("y",), duration=0.2), ran(bound=("z",), duration=0.1), LAST
    )
    narrow = slice_for(found, [X])
    added = additions(found, narrow, Clue(ordinal=4))
    assert [each.ordinal for each in added] == [2]
    wider = with_more(found, narrow, added)
    assert [each.ordinal for each in additions(found, wider, Clue(ordinal=4), 1)] == [1]


def test_a_slice_widens_to_what_touches_the_same_names_and_then_to_all() -> None:
    found = recording(
        ran("x", bound=("x",)),
        ran("y", bound=("y",)),
        ran("", mutated=("x",)),
        ran("z", bound=("z",), status="error"),
        ran("x", rebound=("x",)),
        ran("x", rebound=("x",), status="lost"),
    )
    narrow = slice_for(found, [X])
    assert kept(narrow) == [5]

    wider = with_more(found, narrow, additions(found, narrow, Clue()))
    assert kept(wider) == [1, 3, 5]
    assert wider.targets == narrow.targets
    widest = with_more(found, wider, additions(found, wider, Clue(), 1))
    assert (kept(widest), widest.dropped) == ([1, 2, 3, 4, 5], (6,))
    assert additions(found, widest, Clue(), 2) == ()


def test_after_many_steps_all_is_added() -> None:
    found = recording(*(ran(mutated=("y",), duration=100.0) for _ in range(9)), LAST)
    narrow = slice_for(found, [X])
    assert len(additions(found, narrow, Clue(ordinal=10))) == 1
    assert len(additions(found, narrow, Clue(ordinal=10), 5)) == 9
