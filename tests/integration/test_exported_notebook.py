"""Exported notebooks run with stock papermill in a kernel that knows nothing of us, and do what the recording did."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest

from jupyter_repro.model import (
    Access,
    CellError,
    CellExecution,
    Kept,
    Output,
    RandomState,
    Recording,
    Session,
    Slice,
    Target,
)
from jupyter_repro.pipeline.notebook import assemble
from jupyter_repro.pipeline.parameters import proposed_parameters

SEED = 2**40 + 12345
Cell = dict[str, Any]


def recorded(*cells: str | Cell, seed: int | None = None) -> Recording:
    session = Session(
        id="20261121-101500-a1b2c3",
        notebook="analysis.ipynb",
        started="2026-11-21T10:15:00Z",
        cwd=".",
        kernel="ipykernel",
        pid=1,
        seed=seed,
    )
    executions = []
    for ordinal, cell in enumerate(cells, start=1):
        fields = {"source": cell} if isinstance(cell, str) else cell
        plain: Cell = {"execution_count": ordinal, "cell_id": f"cell-{ordinal}", "status": "ok"}
        executions.append(CellExecution(session=session.id, ordinal=ordinal, started=None, **{**plain, **fields}))
    return Recording(session=session, executions=tuple(executions), namespace={})


def failing(source: str, error: str) -> Cell:
    return {"source": source, "status": "error", "error": CellError(name=error, message="")}


def drawing(source: str, *libraries: str) -> Cell:
    streamed = [library for library in libraries if library in ("random", "numpy")]
    places = tuple(f"random:{library}" for library in libraries if library not in streamed)
    streams = tuple(RandomState(library=each, before="a", after="b", stream=1) for each in streamed)
    return {"source": source, "reads": Access(places=places), "writes": Access(places=places), "random": streams}


def export(found: Recording, dropped: tuple[int, ...] = (), saved: Any = ()) -> Path:
    """Write the notebook that keeps every execution but the dropped ones."""
    kept = tuple(Kept(ordinal=each.ordinal, reason="") for each in found.executions if each.ordinal not in dropped)
    chosen = Slice(targets=(Target(kind="expression", text="result"),), kept=kept, dropped=dropped)
    path = Path("analysis.ipynb")
    nbformat.write(assemble(found, chosen, saved, proposed_parameters(found, chosen)), path)
    return path


def run(path: Path, **parameters: Any) -> nbformat.NotebookNode:
    return papermill.execute_notebook(path, "output.ipynb", parameters, progress_bar=False)


def printed(notebook: nbformat.NotebookNode) -> Any:
    """What the last cell printed, as JSON."""
    return json.loads(notebook.cells[-1].outputs[0].text)


def show(expression: str) -> str:
    return f"import json\nprint(json.dumps({expression}))"


@pytest.mark.usefixtures("project")
def test_parameters_answers_and_headings() -> None:
    found = recorded(
        "%load_ext jupyter_repro\n%repro start",
        "n = 5  # how many\ntext = '''a\nb'''",
        "def ask():\n    return input('name? ')",
        {"source": "q = int(input('q? '))", "answers": ("3",)},
        {"source": "name = ask()\nimport builtins\nother = builtins.input()", "answers": ("Ada", "Bob")},
        "junk = 1",
        "import sys\n" + show("[n * q, name, other, text, 'jupyter_repro' in sys.modules]"),
    )
    saved = [nbformat.v4.new_markdown_cell("## Ask"), nbformat.v4.new_code_cell(id="cell-3")]
    path = export(found, dropped=(6,), saved=saved)

    output = run(path)
    assert printed(output) == [15, "Ada", "Bob", "a\nb", False]
    assert [cell.source for cell in output.cells if cell.cell_type == "markdown"][1:] == ["## Ask"]
    assert sum(len(cell.outputs) for cell in output.cells if cell.cell_type == "code") == 1  # nothing of our own

    assert printed(run(path, n=7, q_answer=4, answer_2="Eve")) == [28, "Eve", "Bob", "a\nb", False]


@pytest.mark.usefixtures("project")
def test_seeds_give_the_numbers_of_the_recording() -> None:
    import numpy

    found = recorded(
        "from random import random\nnumpy = 'a name of the user'",
        drawing("a = [random(), random()]", "random"),
        drawing("import numpy as np\nb = np.random.rand(2).tolist()", "numpy"),
        show("[a, b, numpy, random() < 1]"),
        seed=SEED,
    )
    path = export(found)

    def drawn(seed: int) -> list[list[float]]:
        """From stream 1 of the session."""
        generator = random.Random(f"{seed} 1")
        return [
            [generator.random(), generator.random()],
            numpy.random.RandomState([seed % 2**32, 1]).rand(2).tolist(),
        ]

    assert printed(run(path)) == [*drawn(SEED), "a name of the user", True]
    assert printed(run(path, seed=1))[:2] == drawn(1)


GRAPH = """
graph = tf.function(lambda: tf.random.uniform([2]))
drawn = [graph().numpy().tolist()]
drawn += [[int(number) for number in tf.data.Dataset.range(8).shuffle(8)]]
"""
EAGER = "drawn += [torch.rand(2).tolist(), tf.random.uniform([2]).numpy().tolist()]"


@pytest.mark.usefixtures("project")
def test_graphs_that_draw_without_a_trace_are_seeded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorflow")
    pytest.importorskip("torch")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    imports = "import tensorflow as tf\nimport torch"
    found = recorded(
        {"source": imports, "modules": ("tensorflow", "torch")},
        GRAPH,
        drawing(EAGER, "torch", "tensorflow"),
        show("drawn"),
        seed=SEED,
    )
    seeds = f"tf.random.set_seed({SEED} % 2**31)\ntorch.manual_seed({SEED})"
    script = "\n".join((imports, seeds, GRAPH, EAGER, show("drawn")))
    at_import = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    output = run(export(found))
    assert printed(output) == json.loads(at_import.stdout)
    shown = [each.output_type for cell in output.cells for each in cell.get("outputs", ())]
    assert "execute_result" not in shown  # torch gives its generator


@pytest.mark.usefixtures("project")
def test_failures_that_a_result_needs_pass() -> None:
    found = recorded(
        "xs = []\nimport asyncio, sys",
        failing("xs.append(1)\nraise ValueError('boom')\nxs.append(2)", "ValueError"),
        failing("class Mine(Exception): pass\nxs.append('''two\nlines''')\nraise Mine('own')", "Mine"),
        failing("await asyncio.sleep(0)\nxs.append(3)\nfor i in range(2):\n    1 / i", "ZeroDivisionError"),
        failing("%time xs.append(4)\nfiles = !echo \\\n  five\nxs += files\n%nothing", "UsageError"),
        failing("xs.append(6)\nsys.exit(1)", "SystemExit"),
        failing("%%bash\necho '\"\\n\"' > seven\nexit 3", "CalledProcessError"),
        failing("%%nothing\nx", "UsageError"),
        failing("x = (1", "SyntaxError"),
        {**failing("xs.append(8)\nraise KeyboardInterrupt", "KeyboardInterrupt"), "status": "interrupted"},
        {"source": "%%capture\nxs.append(9)\n1 / 0", "outputs": (Output(kind="error"),)},
        show("[xs, open('seven').read(), 'failure' in dir()]"),
    )
    output = run(export(found))
    assert printed(output) == [[1, "two\nlines", 3, 4, "five", 6, 8, 9], '"\\n"\n', False]
    tagged = [cell for cell in output.cells if "raises-exception" in cell.metadata.get("tags", ())]
    assert [cell.metadata.jupyter_repro.ordinal for cell in tagged] == [2, 3, 4, 5, 6, 7, 8, 10]
    assert tagged[0].outputs == [nbformat.v4.new_output("stream", name="stdout", text="ValueError: boom\n")]


@pytest.mark.usefixtures("project")
def test_another_failure_than_the_recorded_one_fails_the_run() -> None:
    found = recorded(failing("raise ValueError('boom')\n", "KeyError"), "result = 1")
    with pytest.raises(papermill.PapermillExecutionError, match="boom"):
        run(export(found))


@pytest.mark.usefixtures("project")
def test_execution_numbers_are_the_recorded_ones() -> None:
    found = recorded(
        "n = 5",
        "6 * 7",
        "junk = 1",
        "Out[2] + _2 + n",
        {"source": "x = []", "execution_count": 11},
        {"source": "x.append(_i11)", "execution_count": 12},
        {"source": "%rerun 12", "execution_count": 13},
        {"source": "x.append(In[13])", "execution_count": 14},
        {"source": show("[Out[4], _, __, sorted(Out), x, len(In)]"), "execution_count": 20},
    )
    output = run(export(found, dropped=(3,)))
    assert printed(output) == [
        89,
        89,
        42,
        [2, 4],
        ["x = []", "x = []", "get_ipython().run_line_magic('rerun', '12')"],
        21,
    ]
    numbers = {
        cell.metadata.jupyter_repro.ordinal: cell.execution_count
        for cell in output.cells
        if "jupyter_repro" in cell.metadata
    }
    assert numbers == {1: 1, 2: 2, 4: 4, 5: 11, 6: 12, 7: 13, 8: 14, 9: 20}


@pytest.mark.usefixtures("project")
def test_execution_numbers_hold_when_papermill_adds_a_cell() -> None:
    write_history = "get_ipython().history_manager.writeout_cache()"  # says so where a number comes twice
    found = recorded("store = 5", "store * 2", "junk = 1", show(f"[Out[2], _2, {write_history}]"))
    path = export(found, dropped=(3,))
    assert printed(run(path)) == [10, 10, None]
    assert printed(run(path, store=7)) == [14, 14, None]
