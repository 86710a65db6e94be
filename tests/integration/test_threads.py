"""Sums depend on among how many threads they are split: a replay makes as many as there were."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from commands import answer, jrepro, record

if TYPE_CHECKING:
    from tests.conftest import WriteNotebook

LIBRARY = [*Path(np.__file__).parents[1].glob("numpy.libs/*openblas*")]
CELLS = [
    "import ctypes, glob, os\nimport numpy as np",
    "rng = np.random.default_rng(1)\na = rng.normal(size=(700, 900))\nproduct = a @ a.T @ a",
    "path = glob.glob(os.path.dirname(np.__file__) + '.libs/*openblas*')",
    "library = ctypes.CDLL(path[0])",
    "names = ['scipy_openblas_get_num_threads64_', 'openblas_get_num_threads64_', 'openblas_get_num_threads']",
    "count = next(getattr(library, name)() for name in names if hasattr(library, name))",
]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors can't be chosen here")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors")
@pytest.mark.skipif(not LIBRARY, reason="this numpy brings no OpenBLAS of its own")
def test_a_proof_makes_as_many_threads_as_the_recording_had(project: Path, write_notebook: WriteNotebook) -> None:
    notebook = write_notebook(CELLS)
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usable)})
    try:
        record(project, notebook)
    finally:
        os.sched_setaffinity(0, usable)
    exported = jrepro(project, "export", "notebook.ipynb", "-t", "product", "-t", "count", "--json")
    assert {each["expr"]: each["verdict"] for each in answer(exported)["targets"]} == {
        "product": "identical",
        "count": "identical",
    }
