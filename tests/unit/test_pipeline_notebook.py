from __future__ import annotations

from typing import Any

import nbformat
import pytest
from papermill.translators import PythonTranslator
from pipeline_sessions import drawing, failing, keep, recording

from jupyter_repro.model import Parameter, Recording, Slice
from jupyter_repro.pipeline.answers import answer_parameters
from jupyter_repro.pipeline.counters import reads_numbers
from jupyter_repro.pipeline.notebook import assemble
from jupyter_repro.pipeline.parameters import proposed_parameters


def code(found: Recording, chosen: Slice, saved: Any = ()) -> list[tuple[str, str]]:
    """(id, source) of the cells behind the title."""
    notebook = assemble(found, chosen, saved, proposed_parameters(found, chosen))
    return [(cell.id, cell.source) for cell in notebook.cells[1:]]


def test_kept_executions_in_executed_order_with_the_source_that_ran() -> None:
    found = recording(
        {"source": "x = f()", "cell_id": "b"},
        {"source": "x = x + 1", "cell_id": "a"},
        {"source": "junk = secret", "cell_id": "c"},
        {"source": "x = x + 2", "cell_id": "a"},
        "%load_ext jupyter_repro",
    )
    saved = [nbformat.v4.new_code_cell(source, id=id) for id, source in [("a", "edited later"), ("b", "x = g()")]]
    notebook = assemble(found, keep(found, 1, 2, 4, 5), saved, ())
    assert [cell.source for cell in notebook.cells[1:]] == ["x = f()", "x = x + 1", "x = x + 2"]
    assert [cell.metadata.jupyter_repro.ordinal for cell in notebook.cells[1:]] == [1, 2, 4]
    assert notebook.metadata.jupyter_repro == {"session": found.session.id, "ordinals": [1, 2, 4]}
    assert "secret" not in nbformat.writes(notebook)


def test_it_is_valid_and_the_same_input_gives_the_same_bytes() -> None:
    found = recording(
        "n = 5", drawing("x = n * random.random()", "random"), failing("1 / 0", "ZeroDivisionError"), seed=1
    )
    chosen = keep(found)
    texts = {nbformat.writes(assemble(found, chosen, (), proposed_parameters(found, chosen))) for _ in range(2)}
    (text,) = texts
    notebook = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert [cell.metadata.get("tags") for cell in notebook.cells if cell.metadata.get("tags")] == [
        ["parameters"],
        ["raises-exception"],
    ]


def test_parameters_move_to_the_top_and_papermill_reads_them() -> None:
    found = recording(
        "n = 5  # trees\nprint('start')",
        "label = None  # n = 5 is few",
        {"source": "q = int(input('how  many?\\n'))", "answers": ("3",)},
        drawing("x = random.random() * n * q, label", "random"),
        seed=7,
    )
    cells = dict(code(found, keep(found)))
    assert cells["parameters"].split("\n")[1:] == [
        "n: int = 5  # trees",
        "# n = 5 is few",
        "label = None",
        "q_answer: str = '3'  # how many?",
        "seed: int = 7  # of the random numbers that the code does not seed itself",
    ]
    assert list(cells) == ["parameters", "answers", "execution-1", "execution-3", "seed-4", "execution-4"]
    assert cells["execution-1"] == "print('start')"
    read = PythonTranslator.inspect({"source": cells["parameters"]})
    assert [(each.name, each.inferred_type_name, each.default, each.help) for each in read][:4] == [
        ("n", "int", "5", "trees"),
        ("label", "None", "None", ""),
        ("q_answer", "str", "'3'", "how many?"),
        ("seed", "int", "7", "of the random numbers that the code does not seed itself"),
    ]


def test_without_parameters_no_cell_is_tagged() -> None:
    assert code(recording("x = f()"), keep(recording("x = f()"))) == [("execution-1", "x = f()")]


@pytest.mark.parametrize(
    ("source", "answers", "names"),
    [
        ("n = input()", ("a",), ["n_answer"]),
        ("n = int(input('n? ').strip())\nm = input()", ("1", "b"), ["n_answer", "m_answer"]),
        ("n = input()\nn_answer = n", ("a",), ["n_answer_2"]),
        ("xs = [input() for i in range(2)]", ("a", "b"), ["answer_1", "answer_2"]),
        ("ask()", ("a",), ["answer_1"]),
        ("n = input()\nask()", ("a", "b"), ["answer_1", "answer_2"]),
    ],
)
def test_answers_are_named_after_what_they_are_assigned_to(
    source: str, answers: tuple[str, ...], names: list[str]
) -> None:
    found = recording({"source": source, "answers": answers})
    parameters = answer_parameters(found.executions)
    assert [each.name for each in parameters] == names
    assert [each.default for each in parameters] == [repr(each) for each in answers]


def test_answers_of_re_run_cells_have_different_names() -> None:
    cell = {"source": "n = input()", "answers": ("a",)}
    assert [each.name for each in answer_parameters(recording(cell, cell).executions)] == ["n_answer", "n_answer_2"]


SAVED = [
    {"cell_type": "markdown", "id": "m0", "source": "# Title"},
    {"cell_type": "code", "id": "a", "source": "x = 1"},
    {
        "cell_type": "markdown",
        "id": "m1",
        "source": ["## Two\n", "text"],
        "attachments": {"i.png": {"image/png": "aGk="}},
    },
    {"cell_type": "raw", "id": "r", "source": "raw"},
    {"cell_type": "markdown", "id": "m2", "source": "more"},
    {"cell_type": "code", "id": "b", "source": "y = 2"},
    {"cell_type": "markdown", "id": "m3", "source": "## Dropped"},
    {"cell_type": "code", "id": "c", "source": "z = 3"},
    {"cell_type": "markdown", "id": "m4", "source": "the end"},
]


@pytest.mark.parametrize("ids", ["notebook's", "front end's", "none"])
def test_the_markdown_that_heads_kept_cells_goes_along_once(ids: str) -> None:
    names = {"notebook's": ("b", "a", "b"), "front end's": ("X1", "X0", "X1"), "none": (None, None, None)}[ids]
    sources = ("y = 2", "x = 1", "y = 2")
    executions = [{"source": source, "cell_id": name} for source, name in zip(sources, names, strict=True)]
    found = recording(*executions, {"source": "w = 4", "cell_id": "gone"})
    notebook = assemble(found, keep(found), SAVED, ())
    assert [(cell.cell_type, cell.source) for cell in notebook.cells[1:]] == [
        ("markdown", "## Two\ntext"),
        ("markdown", "more"),
        ("code", "y = 2"),
        ("markdown", "# Title"),
        ("code", "x = 1"),
        ("code", "y = 2"),
        ("code", "w = 4"),
    ]
    assert notebook.cells[1].attachments == {"i.png": {"image/png": "aGk="}}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = Out[2]", True),
        ("x = _2", True),
        ("x = _i2", True),
        ("x = In[-1]", True),
        ("x = _oh", True),
        ("%rerun 2", True),
        ("%%time\nx = Out[2]", True),
        ("x = _ + __", False),
        ("x = 'Out[2]'  # In this", False),
        ("x = df['_2'].Out", False),
        ("%time x = 2", False),
    ],
)
def test_which_code_speaks_of_execution_numbers(source: str, expected: bool) -> None:
    assert reads_numbers(recording(source).executions) is expected


def test_numbers_are_set_where_they_would_differ() -> None:
    found = recording(*(f"x{n} = f()" for n in range(1, 4)), "6 * 7", "y = 1 and Out[4]", "z = y")
    ids = [id for id, _ in code(found, keep(found, 1, 2, 4, 5, 6))]
    assert ids == ["execution-1", "execution-2", "number-4", "execution-4", "execution-5", "execution-6"]


def test_behind_the_parameters_any_number_may_come() -> None:
    """papermill puts a cell there when it is given some."""
    found = recording("n = 5", "n * 2", "y = Out[2]")
    ids = [id for id, _ in code(found, keep(found))]
    assert ids == ["parameters", "number-2", "execution-2", "execution-3"]


def test_the_title_says_what_it_reproduces_and_how_to_run_it() -> None:
    found = recording("n = 5", "result = n")
    title = assemble(
        found, keep(found), (), [Parameter(name="n", default="5", inferred_type_name="int", ordinal=1)]
    ).cells[0]
    assert title.cell_type == "markdown"
    for text in (
        "`result`",
        "`work/analysis.ipynb`",
        "papermill analysis.ipynb OUTPUT.ipynb --cwd DIR -p n VALUE",
        "DIR is `work` in",
    ):
        assert text in title.source
