"""Targets of every kind at once: a cell's text, table and figure, a folder of files, a model, an expression."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from commands import answer, jrepro

if TYPE_CHECKING:
    from tests.conftest import WriteNotebook

IMPORTS = """%matplotlib inline
import os, pickle, numpy as np, pandas as pd
import matplotlib.pyplot as plt
from sklearn.linear_model import Ridge"""
CELLS = [
    IMPORTS,
    "x = np.random.rand(30, 2)\ny = x @ [1.0, 2.0]",
    "junk = np.random.rand(10)",
    "print('rows:', len(x))",
    "pd.DataFrame(x).describe()",
    "unused = pd.DataFrame(junk).sum()",
    "fig, ax = plt.subplots()\nax.plot(y)\nax.set_title('y');",
    "model = Ridge().fit(x, y)",
    "os.makedirs('out/plots', exist_ok=True)",
    "with open('out/model.pkl', 'wb') as f:\n    pickle.dump(model, f)",
    "fig.savefig('out/plots/y.png')",
    "pd.Series(junk).to_csv('out/junk.csv')",
]
ASKED = [
    (["--cell", "4"], [1, 2, 4]),
    (["--cell", "5"], [1, 2, 5]),
    (["--cell", "7"], [1, 2, 7]),
    (["--file", "out/model.pkl"], [1, 2, 8, 9, 10]),
    (["--file", "out/plots"], [1, 2, 7, 9, 11]),
    (["-t", "model.coef_"], [1, 2, 8]),
]


def test_each_kind_of_target_is_sliced_and_all_together_are_proven(
    project: Path, write_notebook: WriteNotebook
) -> None:
    notebook = write_notebook(CELLS)
    assert jrepro(project, "record", notebook.name).returncode == 0
    for options, kept in ASKED:
        found = answer(jrepro(project, "slice", notebook.name, *options, "--json"))
        assert [each["ordinal"] for each in found["kept"]] == kept

    together = [option for options, _ in ASKED for option in options]
    done = jrepro(project, "export", notebook.name, *together, "-o", "exported", "--json")
    report = answer(done)
    assert (done.returncode, report["verdict"]) == (0, "proven"), json.dumps(report["verification"])
    assert [each["ordinal"] for each in report["kept"]] == sorted({each for _, kept in ASKED for each in kept})
    assert sorted(each["subject"] for each in report["verification"]["checks"]) == [
        "model.coef_",
        "out/model.pkl",
        "out/plots/y.png",
        "output of execution 4",
        "output of execution 5",
        "output of execution 7",
    ]
