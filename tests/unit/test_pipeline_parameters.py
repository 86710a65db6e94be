from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_sessions import drawing, failing, keep, recording

from jupyter_repro.errors import UnknownParameter
from jupyter_repro.model import Parameter
from jupyter_repro.pipeline.notebook import assemble
from jupyter_repro.pipeline.parameters import generated_parameters, named_parameters, proposed_parameters

Cells = list[Any]


def proposed(cells: Cells) -> list[str]:
    found = recording(*cells)
    return [parameter.name for parameter in proposed_parameters(found, keep(found))]


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["n = 5  # trees", "lr = 0.1\nname = 'a'", "x = f(n, lr, name)"], ["n", "lr", "name"]),
        (["n = 5\nx = n"], ["n"]),
        (["n = 5", "%time fit(n)"], ["n"]),
        (["n = 5", "%%time\nfit(n)"], ["n"]),
        (["n = 5", "!head -{n} file"], ["n"]),
        (["n = 5", "df.query('x > @n')"], ["n"]),
        (["n = 5", "def f():\n    return n", "f()"], ["n"]),
        (["def f(n):\n    return n", "f(1)", "n = 5", "x = n"], ["n"]),
        (["def f():\n    return n", "n = 5", "f()"], ["n"]),
        (["n = 5", "x = [n for i in y]"], ["n"]),
        (["n = 5", "x = [n for n in y]"], []),
        (["n = 5", "x = 1"], []),
        (["n = 5", "y.n = 1"], []),
        (["_n = 5", "x = _n"], []),
        (["n = 5", "n = 6", "x = n"], []),
        (["n = 5", "n += 1", "x = n"], []),
        (["n = 5", "for n in y: pass", "x = n"], []),
        (["n = 5", "import a as n", "x = n"], []),
        (["n = 5", "x = n", "del n"], []),
        (["n = 5", "def f():\n    global n\n    n = 6", "x = n"], []),
        (["n = 5", {"source": "exec(code)", "rebound": ("n",)}, "x = n"], []),
        (["n = [1]", {"source": "n.append(2)", "mutated": ("n",)}, "x = n"], []),
        (["n = []", "n.append(2)", "x = n"], []),
        (["a = n = 5", "x = n"], []),
        (["n = {\n  'a': 1,\n}", "x = n"], []),
        (["if a:\n    n = 5", "x = n"], []),
        (["x = 'n' in globals()", "n = 5", "y = n"], []),
        (["try:\n    n\nexcept NameError:\n    pass", "n = 5", "x = n"], []),
        (["def f():\n    return n", "@g\ndef h():\n    return f()", "n = 5", "x = h()"], []),
        (["%reset -f", "n = 5", "x = n"], []),
        ([failing("n = 5\nraise ValueError", "ValueError"), "x = n"], []),
        (["n = 5", "x = n", "y = In[1]"], []),
    ],
)
def test_hyperparameters_are_proposed(cells: Cells, names: list[str]) -> None:
    assert proposed(cells) == names


def test_only_kept_executions_count() -> None:
    found = recording("n = 5", "n = 6", "x = n")
    (parameter,) = proposed_parameters(found, keep(found, 2, 3))
    assert parameter == Parameter(name="n", default="6", inferred_type_name="int", ordinal=2)


def test_a_named_parameter_may_be_what_is_not_proposed() -> None:
    found = recording("_n = [\n 1,\n]  # start", "b = a = 2", "_n += [b]", "result = _n")
    parameters = named_parameters(found, keep(found), ["a", "_n"])
    assert parameters == (
        Parameter(name="_n", default="[\n 1,\n]", inferred_type_name="list", help="start", ordinal=1),
        Parameter(name="a", default="2", inferred_type_name="int", ordinal=2),
    )


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["x = 1"], "no execution that is kept assigns it"),
        (["n = 5", "n = 6"], "it is assigned 2 times, in executions 1 and 2"),
        (["n, m = 1, 2"], "execution 1 gives it a value, but not as `n = <literal>` on the top level of a cell"),
        ([{"source": "%%time\nn = 5", "bound": ("n",)}], "execution 1 gives it a value, but not as"),
        ([failing("n = 5\n1 / 0", "ZeroDivisionError")], "execution 1, which assigns it, did not run to its end"),
        (["x = n", "n = 5"], "execution 1 uses it before execution 2 assigns it"),
        (["n = f(n)\nn = 5"], "execution 1 uses it before execution 1 assigns it"),
        (["def f():\n    return n", "def g(): f()", "g()", "n = 5"], "execution 3 uses g, which reads it, before"),
        (["class A:\n    def f(self): return n", "A().f()", "n = 5"], "execution 2 uses A, which reads it, before"),
        ([{"source": "%run a.py", "bound": ("n",)}, "n = 5"], "execution 1 changes it before execution 2 assigns it"),
        (["%reset -f", "n = 5"], "execution 1 resets the namespace before execution 2 assigns it"),
    ],
)
def test_a_parameter_that_can_not_move_is_refused_with_the_reason(cells: Cells, reason: str) -> None:
    found = recording(*cells)
    with pytest.raises(UnknownParameter) as caught:
        named_parameters(found, keep(found), ["n"])
    assert f"n can't be a parameter: {reason}" in caught.value.problem


def test_names_that_get_one_value_are_one_parameter() -> None:
    found = recording("a = b = []", "a.append(1)", "result = b")
    with pytest.raises(UnknownParameter, match="b can't be a parameter: it gets its value together with a"):
        named_parameters(found, keep(found), ["a", "b"])


def test_a_refusal_names_the_nearest_parameters_and_what_to_type() -> None:
    found = recording("n_trees = 5\nn_leaves = 3\ndepth = 2")
    with pytest.raises(UnknownParameter) as caught:
        named_parameters(found, keep(found), ["n_tree"])
    assert caught.value.next_step == "Type `jrepro export work/analysis.ipynb -p n_trees`, or n_leaves."
    with pytest.raises(UnknownParameter, match="to export without parameters"):
        named_parameters(recording("x = f()"), keep(recording("x = f()")), ["n"])


def test_generated_parameters_can_be_named_too() -> None:
    found = recording(
        drawing("x = random.random()", "random"), {"source": "n = int(input('n? '))", "answers": ("7",)}, seed=3
    )
    assert [each.name for each in generated_parameters(found, keep(found))] == ["n_answer", "seed"]
    assert named_parameters(found, keep(found), ["seed", "n_answer"]) == ()


NAMES = st.sampled_from("abc")
STATEMENTS = st.one_of(
    st.builds("{} = {}".format, NAMES, st.integers(0, 9)),
    st.builds("{} = {}".format, NAMES, NAMES),
    st.builds("{} = {} = {}".format, NAMES, NAMES, st.integers(0, 9)),
    st.builds("{} += 1".format, NAMES),
    st.builds("def f():\n    return {}".format, NAMES),
    st.builds("def g():\n    return f() + {}".format, NAMES),
    st.builds("def f():\n    global {0}\n    {0} = 7\n    return 1".format, NAMES),
    st.builds("{} = {}()".format, NAMES, st.sampled_from("fg")),
    st.builds("{} = [{} for {} in (1, 2)][-1]".format, NAMES, NAMES, NAMES),
    st.builds("if {} > 4:\n    {} = 3".format, NAMES, NAMES),
    st.builds("try:\n    {}\nexcept NameError:\n    {} = 0".format, NAMES, NAMES),
    st.builds("del {}".format, NAMES),
)
CELLS = st.lists(st.lists(STATEMENTS, min_size=1, max_size=3).map("\n".join), min_size=1, max_size=6)


def values(sources: list[str]) -> dict[str, int] | None:
    """What the names are bound to in the end; None where the code fails."""
    namespace: dict[str, Any] = {}
    try:
        for source in sources:
            exec(source, namespace)
    except (NameError, RecursionError):
        return None
    return {name: namespace[name] for name in "abc" if isinstance(namespace.get(name), int)}


@settings(deadline=None, max_examples=200)
@given(cells=CELLS, every=st.booleans())
def test_lifting_never_changes_a_result(cells: list[str], every: bool) -> None:
    expected = values(cells)
    if expected is None:
        return
    found = recording(*cells)
    chosen = keep(found)
    lifted = list(proposed_parameters(found, chosen))
    for name in "abc" if every else ():
        with suppress(UnknownParameter):
            lifted = list(named_parameters(found, chosen, [*(each.name for each in lifted), name]))
    notebook = assemble(found, chosen, (), lifted)
    assert values([cell.source for cell in notebook.cells if cell.cell_type == "code"]) == expected
