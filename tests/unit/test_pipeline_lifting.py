"""What a cell is like after an assignment was taken out of it, to the byte."""

from __future__ import annotations

import pytest

from jupyter_repro.pipeline.lifting import find_literals, without_literal


@pytest.mark.parametrize(
    ("source", "rest"),
    [
        ("n = 5", ""),
        ("n = 5\n", ""),
        ("n = 5;", ""),
        ("n = 5  # trees\nx = n", "x = n"),
        ("x = 1\nn = 5", "x = 1"),
        ("# top\n\nn = 5\n\n# end\n", "# top\n\n\n# end\n"),
        ("x = f(); n = 5  # both\ny = 2", "x = f()  # both\ny = 2"),
        ("n = 5; x = f()", "x = f()"),
        ("x = 1 ; n = 5 ; y = 2", "x = 1 ; y = 2"),
        ("a = n = 5  # same", "a = n  # same"),
        ("n = d['k = v'] = 5", "d['k = v'] = n"),
        ("n: int = (\n    5\n)\nx = n", "x = n"),
        ("n = [1,  # one\n     2]\nx = n", "x = n"),
        ("n = 'a' \\\n    'b'\nx = n", "x = n"),
        ("é = 'ü'; n = 5; x = 'é'", "é = 'ü'; x = 'é'"),
        ("%matplotlib inline\nn = 5\n!ls", "%matplotlib inline\n!ls"),
        ("s = '''\nn = 5\n'''\nn = 5\n", "s = '''\nn = 5\n'''\n"),
        ("x\nn = 5", "x\npass"),  # x was not shown
        ("x; n = 5", "x; pass"),
    ],
)
def test_the_assignment_goes_and_everything_else_stays(source: str, rest: str) -> None:
    assert without_literal(source, "n") == rest


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        ("5", "int"),
        ("-1.5e3", "float"),
        ("+2", "int"),
        ("2j", "complex"),
        ("True", "bool"),
        ("None", "None"),
        ("'a' 'b'", "str"),
        ("'''a\nb'''", "str"),
        ("[1, -2, 'x']", "list"),
        ("(1, (2, None))", "tuple"),
        ("{'a': [1], 'b': {'c': 2.0}}", "dict"),
        ("{1, 2}", "set"),
    ],
)
def test_literals(value: str, type_name: str) -> None:
    (literal,) = find_literals(f"n = {value}  # help")
    assert (literal.name, literal.text, literal.type_name, literal.comment) == ("n", value, type_name, "help")


@pytest.mark.parametrize(
    "source",
    [
        "n = f(5)",
        "n = [x for x in y]",
        "n = f'{x}'",
        "n = 2 * 3",
        "n = ...",
        "n = b'bytes'",
        "n = {[]: 1}",
        "n = -'a'",
        "n: int",
        "n += 5",
        "n, m = 1, 2",
        "n[0] = 1",
        "n.m = 1",
        "n = !ls",
        "if x:\n    n = 5",
        "def f():\n    n = 5",
        "%%time\nn = 5",
        "%time n = 5",
        "  n = 5",
        ">>> n = 5",
        "n = 5\r\nx = n",
        "n = (5",
    ],
)
def test_what_is_no_literal_assignment_of_the_top_level_is_left_alone(source: str) -> None:
    assert find_literals(source) == []
