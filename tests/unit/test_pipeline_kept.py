from __future__ import annotations

import pytest
from pipeline_sessions import failing, keep, recording

from jupyter_repro.pipeline.code import read_code
from jupyter_repro.pipeline.kept import kept_executions, without_own_magics


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("x = 1\ny = 2", "x = 1\ny = 2"),
        ("%matplotlib inline\nx = 1", "...\nx = 1"),
        ("!echo it's\nx = 1", "...\nx = 1"),
        ("files = !ls \\\n  -l\nx = 1", "files = ...\n\nx = 1"),
        ("x?\n%time y = 2", "...\n...\n"),
        ("if x:\n    %time y\n", "if x:\n    ...\n"),
        ("print('''\n%time y\n''')", "print('''\n%time y\n''')"),
        ("  x = 1\n  y = 2", "x = 1\ny = 2"),
        (">>> x = 1\n>>> y", "x = 1\ny"),
        ("%%time\nx = 1", "\n\n"),
        ("\n%%bash\necho it's", "\n\n\n"),
        ("x = f'{a!r}' if a != b else \"?\"", "x = f'{a!r}' if a != b else \"?\""),
        ("", ""),
    ],
)
def test_commands_are_blanked_in_place(source: str, python: str) -> None:
    assert read_code(source).python == python


@pytest.mark.parametrize(
    ("source", "rest"),
    [
        ("%load_ext jupyter_repro\n%repro start\nx = 1", "x = 1"),
        ("x = 1\n%repro status\ny = 2", "x = 1\ny = 2"),
        ("%reload_ext jupyter_repro", ""),
        ("# start the recording\n%repro start --seed 3\n", ""),
        ("repro start", ""),
        ("load_ext jupyter_repro", ""),
        ("%%repro note\nx = 1", "x = 1"),
        ("if x:\n    %repro stop\n", "if x:\n    pass\n"),
        ("x\n%repro stop", "x\npass"),  # x was not shown
        ("%repro stop\nx", "x"),
        ("%load_ext autoreload", "%load_ext autoreload"),
        ("repro = 5", "repro = 5"),
        ("text = '''\n%repro start\n'''", "text = '''\n%repro start\n'''"),
        ("# only a comment", "# only a comment"),
    ],
)
def test_our_own_magics_leave_no_trace(source: str, rest: str) -> None:
    assert without_own_magics(source) == rest


def test_what_holds_only_our_magics_or_never_ran_is_not_kept() -> None:
    found = recording(
        "%load_ext jupyter_repro\n%repro start",
        failing("x = (1", "SyntaxError"),
        failing("exec('x = (1')", "SyntaxError"),
        "x = 1",
        "y = 2",
    )
    kept = kept_executions(found, keep(found, 1, 2, 3, 4))
    assert [(each.ordinal, each.source) for each in kept] == [(3, "exec('x = (1')"), (4, "x = 1")]
