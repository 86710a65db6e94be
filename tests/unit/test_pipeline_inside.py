"""Literals in calls and dicts: which are found, and what the code is like with a name in their place."""

from __future__ import annotations

from typing import Any

import pytest
from pipeline_sessions import keep, recording

from jupyter_repro.errors import UnknownParameter
from jupyter_repro.model import FileAccess
from jupyter_repro.pipeline.inside import inner_parameters, with_names
from jupyter_repro.pipeline.kept import kept_executions
from jupyter_repro.pipeline.notebook import assemble
from jupyter_repro.pipeline.parameters import named_parameters

READS = {"files": (FileAccess(path="work/data.csv", mode="read", digest="d"),)}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("m.fit(x, epochs=5, shuffle=True)", {"epochs": ("5", "fit(epochs=)"), "shuffle": ("True", "fit(shuffle=)")}),
        ("c = {'lr': 0.1, 'n': f()}", {"c_lr": ("0.1", "c['lr']")}),
        ("f({'lr': 0.1})", {"lr": ("0.1", "dict['lr']")}),
        ("pd.read_csv('data.csv')", {"input_path": ("'data.csv'", "read_csv(...)")}),
        ("pd.read_csv('other.csv')", {}),
        ("epochs = g()\nfit(epochs=5)", {"epochs_2": ("5", "fit(epochs=)")}),
        ("def f(n):\n    n = 2\n    fit(n=5)", {"n_2": ("5", "fit(n=)")}),
        ("def f():\n    fit(sizes=[5])", {}),  # each call has a list of its own
        ("for i in x:\n    fit(sizes=[i], n=3)", {"n": ("3", "fit(n=)")}),
        ("print(f'{f(n=3)}')", {}),
        ("%time fit(n=3)", {}),
        ("f(é='ü', n=3)", {"é": ("'ü'", "f(é=)"), "n": ("3", "f(n=)")}),
        ("f(n=(\n  3  # trees\n))", {"n": ("3", "f(n=)")}),
    ],
)
def test_what_is_found(source: str, found: dict[str, tuple[str, str]]) -> None:
    kept = kept_executions(*_kept({"source": source, **READS}))
    assert {each.name: (each.default, each.where) for each in inner_parameters(kept, "work")} == found


def _kept(*cells: Any) -> Any:
    made = recording(*cells)
    return made, keep(made)


def test_the_name_stands_where_the_literal_stood() -> None:
    (execution,) = kept_executions(*_kept("é = 'ü'; fit(x, n=3,  # trees\n    rate=0.1)"))
    found = inner_parameters([execution], "work")
    assert [each.help for each in found] == ["trees", ""]
    assert with_names(execution, found) == "é = 'ü'; fit(x, n=n,  # trees\n    rate=rate)"


def test_a_cell_that_ran_twice_is_lifted_in_both() -> None:
    made, chosen = _kept(*({"source": "x = f(n=3)", "cell_id": "one"} for _ in range(2)))
    (parameter,) = named_parameters(made, chosen, ["n"])
    sources = [cell.source for cell in assemble(made, chosen, (), [parameter]).cells if cell.cell_type == "code"]
    assert sources[0].endswith("n: int = 3")
    assert sources[1:] == ["x = f(n=n)"] * 2


def test_a_whole_and_its_part_are_not_lifted_together() -> None:
    with pytest.raises(UnknownParameter, match="c_lr can't be a parameter: it is a part of c"):
        named_parameters(*_kept("c = {'lr': 0.1}", "f(c)"), ["c", "c_lr"])


def test_nothing_is_lifted_to_the_top_where_names_are_forgotten() -> None:
    with pytest.raises(UnknownParameter):
        named_parameters(*_kept("%reset -f", "f(n=3)"), ["n"])


def test_secrets_are_lifted_without_being_asked_for_and_without_their_value() -> None:
    made, chosen = _kept("key = 'sk-1234567'  # secret", "n = 3", "f(key, n)")
    found = named_parameters(made, chosen, ["n"])
    assert [(each.name, each.secret) for each in found] == [("key", "env:KEY"), ("n", None)]
    text = str(assemble(made, chosen, (), found))
    assert "sk-1234567" not in text + str(found)
    assert 'key = __import__("os").environ["KEY"]' in [
        line for cell in assemble(made, chosen, (), found).cells for line in cell.source.splitlines()
    ]
