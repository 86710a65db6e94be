from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

import numpy.random  # noqa: F401 - numpy itself brings it only once it is used
import pytest
from entropy_cases import DRAWS, IMPORTS, evaluate
from pipeline_sessions import drawing, keep, recording

from jupyter_repro.capture.entropy import Streams
from jupyter_repro.capture.entropy_sources import EntropySources
from jupyter_repro.model import Entropy
from jupyter_repro.pipeline.entropy import EntropyPlan
from jupyter_repro.pipeline.notebook import assemble
from jupyter_repro.pipeline.seeds import seed_parameter

SEED = 2**40 + 7
# What a kernel has, or has done before its first cell.
KERNEL = """
import builtins, json, tempfile, types
shell = types.SimpleNamespace()
builtins.get_ipython = lambda: shell
tempfile.gettempdir()
"""
CHILDREN = """
def child():
    read, write = os.pipe()
    if not (pid := os.fork()):
        drawn = [random.random(), np.random.default_rng().random(), str(uuid.uuid4())]
        os.write(write, json.dumps(drawn).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    return os.read(read, 1000).decode()
"""


def unseeded(source: str, *sources: str, module: str = "__main__", **fields: Any) -> dict[str, Any]:
    drawn = tuple(Entropy(source=each, module=module, count=1) for each in sources)
    return {"source": source, "entropy": drawn, **fields}


def cells(*executions: Any) -> dict[str, str]:
    """Sources by cell id, without the title."""
    found = recording(*executions, seed=SEED)
    return {cell.id: cell.source for cell in assemble(found, keep(found), (), ()).cells[1:]}


def in_a_process(*sources: str) -> Any:
    """What the sources print as JSON, in a Python that knows nothing of us."""
    script = "\n".join((KERNEL, *sources))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def show(expressions: list[str]) -> str:
    return f"print(json.dumps([eval(each) for each in {expressions!r}]))"


def test_plain_code_draws_what_the_recording_drew() -> None:
    tempfile.gettempdir()
    streams = Streams(SEED)
    sources = EntropySources(streams)
    sources.start()
    try:
        streams.begin(1)
        first = [evaluate(each) for each in DRAWS * 2]
        drawn = streams.records()
        streams.begin(3)
        third = [evaluate(each) for each in DRAWS]
    finally:
        sources.stop()
    notebook = cells({"source": "1", "entropy": drawn}, "2", {"source": "3", "entropy": drawn})
    twice = f"drawn = [eval(each) for each in {DRAWS * 2!r}]"
    code = [notebook["entropy-1"], IMPORTS, twice, notebook["entropy-3"], show(["drawn", *DRAWS])]
    assert in_a_process("import numpy", notebook["parameters"], *code) == [first, *third]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_children_draw_what_they_drew() -> None:
    record = f"""
from jupyter_repro.capture.entropy import Streams
from jupyter_repro.capture.entropy_sources import EntropySources
import numpy.random
streams = Streams({SEED})
EntropySources(streams).start()
streams.begin(2)
"""
    code = (IMPORTS, CHILDREN, show(["child()", "child()", "random.Random().random()"]))
    recorded = in_a_process(record, *code)
    assert recorded[0] != recorded[1]
    notebook = cells("1", unseeded("2", "fork", "random"))
    assert in_a_process(IMPORTS, notebook["parameters"], notebook["entropy-2"], *code) == recorded


def test_other_seeds_draw_other_numbers() -> None:
    notebook = cells(unseeded("1", "random", "os.urandom"))
    drawn = show(["random.Random().random()", "os.urandom(4).hex()"])
    found = [
        in_a_process(IMPORTS, notebook["parameters"], f"seed = {seed}", notebook["entropy-1"], drawn)
        for seed in (1, 1, 2)
    ]
    assert found[0] == found[1]
    assert not set(found[0]) & set(found[2])


def test_what_was_not_drawn_from_is_not_replaced() -> None:
    notebook = cells(unseeded("1", "numpy"))
    for text in ("os.urandom =", "random.seed =", "register_at_fork", "torch", "tensorflow"):
        assert text not in notebook["entropy-1"]
    assert len(notebook["entropy-1"].splitlines()) < 40


def test_it_leaves_no_name_behind() -> None:
    everything = ("random", "os.urandom", "numpy", "fork", "torch", "tensorflow")
    notebook = cells(unseeded("_entropy = 1", *everything))
    code = notebook["entropy-1"].replace('__import__("torch")\n', "").replace('__import__("tensorflow")\n', "")
    ran = f"names = {{}}\nexec({code!r}, names, names)\nprint(json.dumps(sorted(names)))"
    assert in_a_process(ran.replace("names = {}", "names = {'seed': 1, '_entropy': 5}")) == [
        "__builtins__",
        "_entropy",
        "seed",
    ]


ARRAY = "import numpy as np\nx = np.random.default_rng()"
LINE = "get_ipython().entropy({})  # what is drawn now belongs to this execution"


@pytest.mark.parametrize(
    ("executions", "before", "inside"),
    [
        # its own import is met by a line behind it, and comes no earlier
        ([unseeded(ARRAY, "numpy")], [LINE], f"import numpy as np\n{LINE}\nx = np.random.default_rng()"),
        # imported before
        (["import numpy", unseeded(ARRAY, "numpy")], [LINE], ARRAY),
        # imported by what was dropped, by something else, or where no line can stand behind
        ([unseeded("f()", "numpy")], ['__import__("numpy")', LINE], "f()"),
        ([unseeded("import helper", "numpy", module="helper")], ['__import__("numpy")', LINE], "import helper"),
        ([unseeded(f"%%time\n{ARRAY}", "numpy")], ['__import__("numpy")', LINE], f"%%time\n{ARRAY}"),
        (
            [unseeded("def f():\n    import numpy\nf()", "numpy")],
            ['__import__("numpy")', LINE],
            "def f():\n    import numpy\nf()",
        ),
        # nothing to import
        ([unseeded("import os", "os.urandom")], [LINE], "import os"),
        # no evidence
        ([{"source": "f()", "incomplete": "a fault"}], [LINE], "f()"),
    ],
)
def test_the_line_stands_where_the_library_is_loaded(executions: list[Any], before: list[str], inside: str) -> None:
    ordinal = len(executions)
    notebook = cells(*executions)
    expected = [line.format(ordinal) for line in before]
    assert notebook[f"entropy-{ordinal}"].splitlines()[-len(before) :] == expected
    assert notebook[f"execution-{ordinal}"] == inside.replace(LINE, LINE.format(ordinal))


def test_it_is_defined_once_and_modules_of_the_project_may_ask() -> None:
    notebook = cells(
        unseeded("a", "os.urandom", module="helper"), "b", unseeded("c", "os.urandom", "random"), drawing("d", "random")
    )
    assert 'module in {"__main__", "helper"}' in notebook["entropy-1"]
    assert "random.seed = " in notebook["entropy-1"]
    assert notebook["entropy-3"] == LINE.format(3)
    assert "entropy-2" not in notebook
    assert "entropy-4" not in notebook


@pytest.mark.parametrize(
    ("execution", "needed"),
    [
        ("a", False),
        (unseeded("a", "numpy"), True),
        ({"source": "a", "status": "unobserved"}, False),
        ({"source": "a", "status": "lost"}, True),
    ],
)
def test_the_seed_is_a_parameter_where_entropy_was_drawn(execution: Any, needed: bool) -> None:
    found = recording(execution, seed=3)
    assert (seed_parameter(found.session, found.executions) is not None) == needed


def test_an_older_session_without_a_seed_has_no_streams() -> None:
    found = recording(unseeded("a", "numpy"))
    assert [cell.id for cell in assemble(found, keep(found), (), ()).cells] == ["title", "execution-1"]
    assert EntropyPlan(found.executions, "seed", frozenset()).before(0)
