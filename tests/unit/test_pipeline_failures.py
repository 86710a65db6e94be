"""Recorded failures: the wrapped cell does what the cell did up to its error, and lets no other error pass."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from pipeline_sessions import failing, recording

from jupyter_repro.pipeline.failures import tolerate


def wrapped(source: str, error: str, taken: tuple[str, ...] = ()) -> str:
    (execution,) = recording(failing(source, error)).executions
    return tolerate(execution, taken)


def run(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(compile(source, "cell", "exec"), namespace)
    del namespace["__builtins__"]
    return namespace


def test_it_reads_well() -> None:
    assert wrapped("x = 1\nraise ValueError('boom')", "ValueError") == textwrap.dedent(
        """\
        try:
            x = 1
            raise ValueError('boom')
        except ValueError as failure:  # it failed when it was recorded, and what follows builds on that
            print(f"{failure.__class__.__name__}: {failure}")"""
    )


@pytest.mark.parametrize(
    ("source", "error", "values"),
    [
        ("x = [1]\nx.append(2)\n1 / 0\nx.append(3)", "ZeroDivisionError", {"x": [1, 2]}),
        ("x = '''a\nb\n  c'''\n1 / 0", "ZeroDivisionError", {"x": "a\nb\n  c"}),
        ("y = 2\nx = f'''a\n{y\n}\n  c'''\n1 / 0", "ZeroDivisionError", {"y": 2, "x": "a\n2\n  c"}),
        ("x = 'a\\\nb'\n1 / 0", "ZeroDivisionError", {"x": "ab"}),
        ("x = (1,\n2)\ny = 1 + \\\n2\n\n# c\n1 / 0", "ZeroDivisionError", {"x": (1, 2), "y": 3}),
        ("if True:\n  x = 1\n\n  1 / 0", "ZeroDivisionError", {"x": 1}),
        ("x = {}\nx['k']\n", "KeyError", {"x": {}}),
        ("x = 1\nraise KeyboardInterrupt", "KeyboardInterrupt", {"x": 1}),
        ("x = 1\nraise SystemExit", "SystemExit", {"x": 1}),
        ("failure = 1\n1 / 0", "ZeroDivisionError", {"failure": 1}),
    ],
)
def test_what_ran_before_the_error_stays(
    source: str, error: str, values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(wrapped(source, error, taken=("failure",))) == values
    assert capsys.readouterr().out.startswith(f"{error}: ")


def test_futures_stay_first() -> None:
    source = wrapped("'doc'\nfrom __future__ import annotations\nx = 1\n1 / 0", "ZeroDivisionError")
    assert source.startswith("'doc'\nfrom __future__ import annotations\ntry:\n    x = 1\n")
    assert run(source)["x"] == 1


@pytest.mark.parametrize("name", ["Mine", "ConnectionError"])
def test_errors_are_known_by_name_where_the_builtin_may_be_another_class(name: str) -> None:
    run(wrapped(f"class {name}(Exception): pass\nraise {name}('boom')", name))
    with pytest.raises(ZeroDivisionError):
        run(wrapped("1 / 0", name))


def test_other_errors_do_not_pass() -> None:
    with pytest.raises(TypeError):
        run(wrapped("1 + ''", "ValueError"))


@pytest.mark.parametrize(
    ("source", "inner"),
    [
        ("%time x = 1\n!ls \\\n-l\n1 / 0", "    %time x = 1\n    !ls \\\n-l\n    1 / 0\n"),
        ("await f()", "    await f()\n"),
        ("  x = 1\n  1 / 0", "    x = 1\n    1 / 0\n"),
        ("%%bash\nexit 3", '    get_ipython().run_cell_magic(\'bash\', \'\', """\\\nexit 3\n""")\n'),
        ("%%bash --out x\necho '\\n'\n", "    get_ipython().run_cell_magic('bash', '--out x', \"echo '\\\\n'\\n\")\n"),
        ("%%nothing", '    get_ipython().run_cell_magic(\'nothing\', \'\', """\\\n""")\n'),
    ],
)
def test_ipython_s_own_syntax_keeps_working(source: str, inner: str) -> None:
    assert wrapped(source, "ValueError").startswith(f"try:\n{inner}except ValueError")
