"""The recorded clock: proofs and runs in which each execution begins when it began; what such a proof says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import answer, jrepro, record

from jupyter_repro.pipeline.manifest import read_pipeline

# The kernel that records lives in 2017: then a proof can only succeed where the clock is moved there again.
PAST = """
import time_machine
time_machine.travel(1_500_000_000).start()
from ipykernel.kernelapp import main
main()
"""
CELLS = [
    "import time, datetime as d, logging, os\nstarted = time.time()",
    "first = d.datetime.now().strftime('%Y-%m-%d %H')",
    "import pandas as pd\nlater = str(d.date.today()), time.strftime('%H'), pd.Timestamp.now().hour",
    """read, write = os.pipe()
if (child := os.fork()) == 0:
    os.write(write, str(d.date.today()).encode())
    os._exit(0)
os.waitpid(child, 0)
forked = os.read(read, 99).decode()""",
    "record = logging.makeLogRecord({}).created > 0, logging.LogRecord('', 0, '', 0, '', (), None).created // 3600",
    "result = [first, later, forked, record]\nprint(time.time() - started > 0, result)",
]


@pytest.fixture
def exported(project: Path, tmp_path: Path, write_notebook: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    kernel = tmp_path / "jupyter" / "kernels" / "past"
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-c", PAST, "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Past", "language": "python"}))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("TZ", "UTC")
    record(project, write_notebook(CELLS, kernelspec={"name": "past", "display_name": "Past", "language": "python"}))
    done = jrepro(project, "export", "notebook.ipynb", "-t", "result", "-o", "exported")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "Execution 2 reads the clock: d.datetime.now(); run with `jrepro run exported --clock recorded`" in done.stdout
    )
    assert "with the clock as it was recorded." in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" --clock recorded` to run it again.")
    return project / "exported"


def test_a_proof_of_what_holds_the_time_runs_at_the_recorded_time(project: Path, exported: Path) -> None:
    pipeline = read_pipeline(exported)
    assert [started[:15] for started in pipeline.times.values()] == ["2017-07-14T02:4"] * 6
    uses = {(use.ordinal, use.kind, use.matters) for use in pipeline.nondeterminism}
    assert {(2, "clock", True), (3, "clock", True)} <= uses

    again = answer(jrepro(project, "verify", "exported", "--json"))
    assert (again["verdict"], again["clock"]) == ("proven", "recorded")

    assert ", by today's clock." in jrepro(project, "verify", "exported", "--clock", "real").stdout
    real = answer(jrepro(project, "verify", "exported", "--clock", "real", "--json"))
    assert (real["verdict"], real["clock"]) == ("not proven", "real")
    assert real["divergence"]["ordinal"] == 2
    assert real["divergence"]["evidence"][0] == "it reads the clock: d.datetime.now()"


def test_each_execution_of_a_run_begins_when_it_began(project: Path, exported: Path) -> None:
    manifest = json.loads((exported / "pipeline.json").read_text())
    manifest["times"]["3"] = "2018-01-02T20:15:00.000000Z"
    (exported / "pipeline.json").write_text(json.dumps(manifest))
    assert shown(project, "recorded").startswith("True ['2017-07-14 02', ('2018-01-02', '20', 20), '2017-07-14', ")
    assert "2017" not in shown(project, "real")


def shown(project: Path, clock: str) -> str:
    """What a run under that clock prints."""
    run = answer(jrepro(project, "run", "exported", "--clock", clock, "--json"))
    assert (run["status"], run["clock"]) == ("ok", clock)
    cells = json.loads(Path(run["path"]).read_text())["cells"]
    return "".join("".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", ()))


def test_without_recorded_times_there_is_no_such_clock(project: Path, exported: Path) -> None:
    manifest = json.loads((exported / "pipeline.json").read_text())
    del manifest["times"], manifest["nondeterminism"]  # as an older version wrote it
    (exported / "pipeline.json").write_text(json.dumps(manifest))
    for command in ("run", "verify"):
        done = jrepro(project, command, "exported", "--clock", "recorded")
        assert done.returncode == 2
        assert done.stderr.splitlines() == [
            "Error: notebook doesn't say when its executions began.",
            "Type `jrepro export notebook.ipynb` to export it anew, or leave `--clock` out.",
        ]


def test_a_slice_that_only_measures_runs_under_the_real_clock(project: Path, write_notebook: Any) -> None:
    record(project, write_notebook(["import time\nbegun = time.time()", "result = 5\nprint(time.time() - begun)"]))
    exported = answer(jrepro(project, "export", "notebook.ipynb", "-t", "result", "--json"))
    assert (exported["verdict"], exported["verification"]["clock"]) == ("proven", "real")
    assert not any(use["matters"] for use in exported["nondeterminism"])
