"""Exports are proven by running them: what is the same, what isn't and where, and what a proof leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import answer, jrepro, record

from jupyter_repro.capture.probe import Plan, Question
from jupyter_repro.model import Value
from jupyter_repro.run.kernels import Kernel
from jupyter_repro.run.kernelspecs import choose_kernel
from jupyter_repro.run.notebooks import read_notebook
from jupyter_repro.run.papermill import Job, execute
from jupyter_repro.verify.findings import read_findings

DIGEST = "0" * 64


def export(project: Path, *arguments: str) -> tuple[int, Any]:
    done = jrepro(project, "export", "notebook.ipynb", "--json", *arguments)
    return done.returncode, answer(done)


def verdicts(answered: Any) -> dict[str, str]:
    return {target["expr"]: target["verdict"] for target in answered["targets"]}


def test_values_outputs_and_files_are_compared(project: Path, write_notebook: Any) -> None:
    subprocess.run(
        [sys.executable, "-c", "import matplotlib.font_manager"], check=True
    )  # writes its list of fonts once
    notebook = write_notebook(
        [
            "import os\nimport numpy as np\nimport pandas as pd\nos.makedirs('out')",
            "rate = 0.5",
            "junk = pd.DataFrame({'a': range(3)})",
            "table = pd.DataFrame({'n': np.random.rand(4) * rate})\ntable.to_csv('out/table.csv')",
            "import matplotlib.pyplot as plt\nplt.plot(table['n'])\nplt.savefig('out/figure.png')",
            "print(len(table))\nplt.hist(table['n'])",
        ]
    )
    record(project, notebook)
    written = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (project / "out").iterdir()}

    code, exported = export(project)

    assert (code, exported["verdict"]) == (0, "proven"), exported["verification"]
    assert verdicts(exported) == dict.fromkeys(
        ["output of execution 6", "out/figure.png", "out/table.csv"], "identical"
    )
    assert exported["dropped"] == [3]
    assert [kept["ordinal"] for kept in exported["kept"]] == [1, 2, 4, 5, 6]
    assert all(kept["reason"] for kept in exported["kept"])
    assert exported["paths"] == {
        "notebook": str(project / "notebook-pipeline/notebook.ipynb"),
        "pipeline": str(project / "notebook-pipeline/pipeline.json"),
        "folder": str(project / "notebook-pipeline"),
    }
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (project / "out").iterdir()} == written
    manifest = json.loads((project / "notebook-pipeline/pipeline.json").read_text())
    assert manifest["verification"]["proven"]


def test_a_result_that_changes_is_reported_with_the_first_cell_that_differs(project: Path, write_notebook: Any) -> None:
    notebook = write_notebook(["import time", "base = 1", "now = time.time_ns()", "result = base + now"])
    record(project, notebook)

    done = jrepro(project, "export", str(notebook), "-t", "result")

    assert done.returncode == 1
    assert "different   result: recorded " in done.stdout
    assert "First difference: execution 3 gave other values than when it was recorded" in done.stdout
    assert "now: recorded " in done.stdout
    assert "Not proven" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Type `jrepro show ")


def test_changed_data_are_named_as_the_cause(project: Path, write_notebook: Any) -> None:
    (project / "data.csv").write_text("1,2,3")
    notebook = write_notebook(["text = open('data.csv').read()", "result = sum(map(int, text.split(',')))"])
    record(project, notebook)
    (project / "data.csv").write_text("1,2,4")

    code, exported = export(project, "-t", "result")

    assert (code, verdicts(exported)) == (1, {"result": "different"})
    change = "data: data.csv differs from the one that was read"
    assert exported["verification"]["changes"] == [change]
    assert exported["verification"]["divergence"]["ordinal"] == 1
    assert f"it uses what changed: {change}" in exported["verification"]["divergence"]["evidence"]


def test_how_far_off_a_number_is(project: Path, write_notebook: Any) -> None:
    notebook = write_notebook(["import os", "result = {'loss': 1 + os.getpid() * 1e-13}"])
    record(project, notebook)

    code, exported = export(project, "-t", "result", "-t", "result['loss'] > 0")

    assert (code, exported["verdict"]) == (0, "proven")
    assert verdicts(exported) == {"result": "equivalent", "result['loss'] > 0": "equivalent"}
    own, by_names = (check["tolerance"] for check in exported["verification"]["checks"])
    assert own.startswith("within 1e-06 relative or 1e-09 absolute: at most ")
    assert by_names.startswith("by the values of what it reads: result; within ")


def test_what_cannot_be_compared_is_not_proven_and_not_widened(project: Path, write_notebook: Any) -> None:
    notebook = write_notebook(["numbers = (n for n in range(3))", "junk = 1"])
    record(project, notebook)

    code, exported = export(project, "-t", "numbers")

    assert (code, exported["verdict"], verdicts(exported)) == (1, "not proven", {"numbers": "missing"})
    assert exported["dropped"] == [2]
    assert "can only be described" in exported["verification"]["checks"][0]["expected"]


def test_a_slice_that_is_too_small_is_widened(project: Path, write_notebook: Any) -> None:
    """A library in C that remembers what it was told, where no record shows it."""
    libc = "ctypes.CDLL(None)"
    notebook = write_notebook(["import ctypes", f"{libc}.srand(7)", f"result = {libc}.rand()"])
    record(project, notebook)

    code, exported = export(project, "-t", "result")

    assert (code, verdicts(exported)) == (0, {"result": "identical"})
    assert [kept["ordinal"] for kept in exported["kept"]] == [1, 2, 3]
    reason = "uses `ctypes`, as execution 3 does (added by widening)"
    assert exported["missing"] == [{"ordinal": 2, "reason": reason}]
    assert exported["kept"][1]["reason"] == reason
    assert [(step["proven"], [each["ordinal"] for each in step["added"]]) for step in exported["widened"]] == [
        (True, [2])
    ]
    done = jrepro(project, "export", "notebook.ipynb", "-t", "result")
    assert f"Missing was:\n  execution 2: {reason}\n" in done.stdout


@pytest.mark.parametrize(
    ("last", "error"),
    [("raise ValueError('no flag')", "ValueError: no flag"), ("os.kill(os.getpid(), 9)", "the kernel died")],
)
def test_a_run_that_fails(project: Path, write_notebook: Any, last: str, error: str) -> None:
    notebook = write_notebook([f"import os\nif os.path.exists('flag'):\n    {last}\nresult = 1"])
    record(project, notebook)
    (project / "flag").touch()

    code, exported = export(project, "-t", "result")

    assert (code, verdicts(exported)) == (1, {"result": "missing"})
    assert exported["verification"]["error"] == error
    assert exported["verification"]["divergence"]["cause"] == f"execution 1 failed: {error}"


def test_without_a_proof_nothing_runs(project: Path, write_notebook: Any) -> None:
    notebook = write_notebook(["import os\nopen('ran', 'a').write('x')\nresult = 1"])
    record(project, notebook)

    code, exported = export(project, "-t", "result", "--no-prove", "-o", "elsewhere")

    assert (code, exported["verdict"], verdicts(exported)) == (0, "unproven", {"result": "unproven"})
    assert (project / "ran").read_text() == "x"
    assert (project / "elsewhere/notebook.ipynb").exists()


def test_a_live_session_is_exported_from_outside_and_from_within(project: Path, write_notebook: Any) -> None:
    notebook = write_notebook(["result = 1"])
    _, spec = choose_kernel(read_notebook(notebook), None)
    printed: list[str] = []
    with Kernel(spec, cwd=project, env={"JPY_SESSION_NAME": str(notebook)}) as kernel:
        for source in ("%load_ext jupyter_repro", "%repro start", "junk = 5", "result = [0.5, 2]"):
            assert kernel.run(source).status == "ok"
        kernel.run(
            "%repro export result -o within", on_output=lambda _, content: printed.append(content.get("text", ""))
        )
        code, exported = export(project, "-t", "result")

    assert "identical   result" in "".join(printed)
    assert (code, exported["verdict"], verdicts(exported)) == (0, "proven", {"result": "identical"})
    assert len(exported["kept"]) == 1


STATE = """
import random, sys
shell = get_ipython()
print([name for name in globals() if not name.startswith('_i')], len(In), sorted(Out), shell.execution_count)
print({name for name in sys.modules if not name.startswith('jupyter_repro')} - modules)
print(random.random(), [str(hook) for hook in shell.events.callbacks['post_run_cell']], sys.path)
"""


def test_the_probe_leaves_no_trace(project: Path, write_notebook: Any, tmp_path: Path) -> None:
    cells = ["import sys, random\nrandom.seed(1)\nmodules = set(sys.modules)\n'shown'", "x = [1, 2]", STATE]
    notebook = write_notebook(cells)
    content = json.loads(notebook.read_text())
    for ordinal, cell in enumerate(content["cells"], start=1):
        cell["metadata"]["jupyter_repro"] = {"ordinal": ordinal}
    notebook.write_text(json.dumps(content))
    other = Value(digest=DIGEST, type="list", summary="[]")
    plan = Plan(
        findings=str(tmp_path / "findings"),
        values={2: {"x": other, "y": other}},
        questions=(Question(expression="x", value=other), Question(expression="no_such_name", value=other)),
        distributions=("papermill", "no-such-distribution"),
    )
    (tmp_path / "plan.json").write_text(plan.to_json())

    shown = []
    for probe in (None, str(tmp_path / "plan.json")):
        output = tmp_path / "executed.ipynb"
        outcome = execute(Job(notebook=str(notebook), output=str(output), cwd=str(project), probe=probe))
        assert outcome.error is None
        shown.append([(cell["execution_count"], cell["outputs"]) for cell in json.loads(output.read_text())["cells"]])

    assert shown[0] == shown[1]
    findings = read_findings(tmp_path / "findings")
    assert [check.verdict for check in findings.after[2]] == ["different", "missing"]
    assert {name: check.verdict for name, check in findings.targets.items()} == {
        "x": "different",
        "no_such_name": "missing",
    }
    assert findings.distributions["papermill"] is not None
    assert findings.distributions["no-such-distribution"] is None


def message(project: Path, *arguments: str) -> str:
    """The error of a command line that is wrong: two lines, of which the second names a command."""
    done = jrepro(project, "export", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    problem, step = done.stderr.splitlines()
    assert problem.startswith("Error: ")
    assert "`" in step
    return problem


def test_bad_input(project: Path, write_notebook: Any) -> None:
    notebook = write_notebook(["result = 1\nrate = 0.5\nprint(rate)"])
    (project / "text.ipynb").write_text("no JSON")
    assert "There is no notebook" in message(project, "missing.ipynb")
    assert "is not a notebook" in message(project, "text.ipynb")

    record(project, notebook)
    before = sorted(os.listdir(project))
    assert "'resutl' was not bound" in message(project, "notebook.ipynb", "-t", "resutl")
    assert "is not a Python expression" in message(project, "notebook.ipynb", "-t", "result +")
    assert "raten can't be a parameter" in message(project, "notebook.ipynb", "-p", "raten", "-t", "result")
    assert "There is no session x" in message(project, "notebook.ipynb", "--session", "x")
    assert "can't be written" in message(project, "notebook.ipynb", "-o", "notebook.ipynb/folder")
    assert sorted(os.listdir(project)) == before


def test_a_notebook_that_is_gone_is_exported_from_its_session(project: Path, write_notebook: Any) -> None:
    notebook = write_notebook(["result = [1, 2]"])
    record(project, notebook)
    notebook.unlink()

    code, exported = export(project, "-t", "result")

    assert (code, exported["verdict"]) == (0, "proven")


def test_what_a_cell_shows_and_a_file_are_targets(project: Path, write_notebook: Any) -> None:
    notebook = write_notebook(["x = 2", "x + 1", "open('a.txt', 'w').write('a'); None", "junk = 1\n'last'"])
    record(project, notebook)

    code, exported = export(project, "--cell", "2", "--file", "a.txt", "-t", "x")

    assert (code, verdicts(exported)) == (
        0,
        {"x": "identical", "output of execution 2": "identical", "a.txt": "identical"},
    )
    assert exported["dropped"] == [4]
    assert "There is no [9] in session" in message(project, "notebook.ipynb", "--cell", "9")
    assert "[1] showed nothing" in message(project, "notebook.ipynb", "--cell", "1")
    assert "did not write b.txt" in message(project, "notebook.ipynb", "--file", "b.txt")
