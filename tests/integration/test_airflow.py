"""The DAG file of a schedule under Airflow's own `dag.test()`, in an environment that `make airflow` sets up."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest
from commands import jrepro, record

PYTHON = Path(__file__).parents[2] / ".venv-airflow/bin/python"
CELLS = [
    "pause = 0.0",
    "rows = [int(row) for row in open('data.csv')]",
    "total = sum(rows) + pause",
    "open('total.txt', 'w').write(str(total))",
]


@pytest.mark.timeout(900)
@pytest.mark.skipif(not PYTHON.exists(), reason="`make airflow` sets Airflow up")
def test_a_dag_file_runs(project: Path, write_notebook: Any, tmp_path: Path) -> None:
    (project / "data.csv").write_text("1\n2\n")
    record(project, write_notebook(CELLS, "sums.ipynb"))
    assert jrepro(project, "export", "sums.ipynb", "-p", "pause", "-o", "sums").returncode == 0
    added = jrepro(project, "schedule", "add", "sums", "--cron", "0 6 * * 1-5", "-p", "pause", "4")
    assert added.returncode == 0, added.stderr
    assert jrepro(project, "schedule", "install", "sums", "--to", "airflow").returncode == 0

    home = tmp_path / "airflow"
    dags = home / "dags"
    dags.mkdir(parents=True)
    dag = dags / "sums_dag.py"
    run = "\nif __name__ == '__main__':\n    print('ended as', str(dag.test().state.value))\n"
    dag.write_text((project / "sums/sums_dag.py").read_text() + run)
    # Its own environment: ours would lead its kernel to this one's packages.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JUPYTER"))}
    environment |= {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    environment |= {"AIRFLOW__CORE__DAGS_FOLDER": str(dags)}
    for command in (["-m", "airflow", "db", "migrate"], [str(dag)]):
        done = subprocess.run(
            [str(PYTHON), *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "ended as success" in done.stdout
    assert (project / "total.txt").read_text() == "7.0"
    (executed,) = (project / "sums/airflow").iterdir()
    nbformat.validate(nbformat.read(executed, as_version=4))
