"""Figures that cells show are compared by what they plot, then by pixels."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from commands import answer, jrepro, record

CELLS = [
    "import json\nimport matplotlib.pyplot as plt\nimport numpy as np",
    "change = json.load(open('change.json'))",
    "plt.rcParams.update(change['style'])",
    "x = np.linspace(0, 6, 200)\nplt.plot(x, np.sin(x) * change['scale'])\nplt.title('waves')\nplt.show()",
]


def verdict(project: Path, style: dict[str, Any], scale: float) -> tuple[str, str, str]:
    (project / "change.json").write_text(json.dumps({"style": style, "scale": scale}))
    (check,) = answer(jrepro(project, "verify", "notebook-pipeline", "--json"))["checks"]
    return check["verdict"], check["tolerance"] or "", check["found"] or ""


def test_a_figure_is_compared_by_what_it_plots(project: Path, write_notebook: Any) -> None:
    subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], check=True)
    (project / "change.json").write_text(json.dumps({"style": {"font.size": 9}, "scale": 1.0}))
    record(project, write_notebook(CELLS))
    done = jrepro(project, "export", "notebook.ipynb", "--cell", "4", "--json")
    assert answer(done)["targets"] == [{"expr": "output of execution 4", "verdict": "identical"}]

    same = "the same data is plotted, drawn a little otherwise"
    assert verdict(project, {"font.size": 9.7}, 1.0)[:2] == ("equivalent", same)
    kind, _, found = verdict(project, {"font.size": 9}, 1.01)
    assert kind == "different"
    assert found.endswith(" of what is plotted")
    assert ".axes[0].artists[0].data[1][" in found
    kind, _, found = verdict(project, {"font.size": 9, "axes.facecolor": "black"}, 1.0)
    assert kind == "different"
    assert "pixels that are up to 255 of 255 off" in found
