"""What differs between front ends, as the kernel sees it: who tells the notebook's path, and what runs unseen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from recorded_kernels import Recorded, recorded

# What VS Code runs without showing it: the notebook's path at the start, and a look at the variables after each cell.
_VS_CODE_PATH = "__vsc_ipynb_file__ = {path!r}"
_VS_CODE_LOOK = """
import builtins as _VSCODE_builtins
def _VSCODE_variables(*args):
    return {name: _VSCODE_builtins.type(value).__name__ for name, value in globals().items()}
_VSCODE_output = _VSCODE_variables("all")
"""
_VS_CODE_FORGET = "del _VSCODE_builtins, _VSCODE_variables, _VSCODE_output"
_CELLS = (
    "import random",
    "x = [random.random()]",
    "def twice(v):\n    return v * 2",
    "unused = 1",
    "y = twice(sum(x))",
)


def _silently(kernel: Recorded, *sources: str) -> None:
    for source in sources:
        kernel.kernel.run(source, silent=True)


def _jupyter(kernel: Recorded, path: str) -> None:
    """JupyterLab and Notebook 7 have told before the kernel started."""


def _vs_code(kernel: Recorded, path: str) -> None:
    _silently(kernel, _VS_CODE_PATH.format(path=path))


@pytest.mark.parametrize(
    ("variable", "tell", "name"),
    [
        pytest.param("JPY_SESSION_NAME", _jupyter, "nb.ipynb", id="jupyter"),
        pytest.param("VSCODE_PID", _vs_code, "nb.ipynb", id="vs-code"),
        pytest.param("COLAB_RELEASE_TAG", _jupyter, None, id="colab"),
    ],
)
def test_a_session_is_recorded_and_exported_whoever_shows_the_notebook(
    project: Path, variable: str, tell: Callable[[Recorded, str], None], name: str | None
) -> None:
    path = str(project / "nb.ipynb")
    with recorded(project, {variable: path}) as kernel:
        tell(kernel, path)
        started = kernel.start().text
        for source in _CELLS:
            kernel.run(source, cell_id=f"vscode-notebook-cell:{path}#W{len(source)}sZmlsZQ==")
            _silently(kernel, _VS_CODE_LOOK)
        exported = kernel.run("%repro export y").text
        recording = kernel.recording()
    assert recording.session.notebook == name
    assert ("unknown path" in started) == (name is None)
    assert [each.source for each in recording.executions] == list(_CELLS)
    assert "Kept 4 of 5 executions" in exported
    assert "identical   y" in exported
    assert len(list(project.glob("*-pipeline/*.ipynb"))) == 1


def test_what_a_front_end_runs_silently_is_no_cells_doing(project: Path) -> None:
    with recorded(project) as kernel:
        kernel.start()
        for source in _CELLS:
            _silently(kernel, _VS_CODE_LOOK)
            kernel.run(source)
            _silently(kernel, _VS_CODE_FORGET)
        executions = kernel.executions()
    assert [(each.bound, each.rebound, each.deleted, each.mutated) for each in executions] == [
        (("random",), (), (), ()),
        (("x",), (), (), ()),
        (("twice",), (), (), ()),
        (("unused",), (), (), ()),
        (("y",), (), (), ()),
    ]
