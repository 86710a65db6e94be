from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from jupyter_repro.errors import NotebookError, UsageError
from jupyter_repro.run.kernelspecs import choose_kernel
from jupyter_repro.run.notebooks import CodeCell, Notebook


@pytest.fixture(autouse=True)
def _kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")


def install(name: str, program: str = sys.executable, language: str = "python") -> None:
    folder = Path(os.environ["JUPYTER_DATA_DIR"], "kernels", name)
    folder.mkdir(parents=True)
    argv = [program, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": language}))


def notebook(kernel: str | None = None, language: str | None = None) -> Notebook:
    cell = CodeCell(index=0, id="cell-0", source="a = 1")
    return Notebook(path=Path("/notebook.ipynb"), cells=(cell,), kernel=kernel, language=language)


def test_the_notebooks_own_kernel_where_it_is_installed() -> None:
    install("mine")

    name, spec = choose_kernel(notebook("mine", "python"), None)

    assert (name, spec.display_name) == ("mine", "mine")


def test_the_kernel_that_is_asked_for_goes_before_the_notebooks() -> None:
    install("mine")
    install("other")

    assert choose_kernel(notebook("mine", "python"), "other")[0] == "other"


@pytest.mark.parametrize("kernel", [None, "missing", "../odd name", "python3"])
def test_else_the_python_of_this_environment(kernel: str | None) -> None:
    name, spec = choose_kernel(notebook(kernel, "python"), None)

    assert name == "python3"
    assert spec.argv[0] in (sys.executable, "python")  # jupyter_client starts sys.executable for a bare "python"


@pytest.mark.parametrize("name", ["python3", "mine"])
def test_a_kernel_whose_program_is_gone_is_not_installed(name: str) -> None:
    install(name, program="/removed/bin/python")

    chosen, spec = choose_kernel(notebook(name), None)

    assert (chosen, spec.argv[0] == "/removed/bin/python") == ("python3", False)


def test_python3_on_request_is_this_environment_where_its_program_is_gone() -> None:
    install("python3", program="/removed/bin/python")

    assert choose_kernel(notebook(), "python3")[1].argv[0] == sys.executable


@pytest.mark.parametrize("broken", [False, True])
def test_a_kernel_that_is_asked_for_must_be_there(broken: bool) -> None:
    if broken:
        install("mine", program="/removed/bin/python")

    with pytest.raises(UsageError, match="'mine'") as raised:
        choose_kernel(notebook(), "mine")

    assert "jupyter kernelspec list" in raised.value.next_step


def test_another_language_is_named() -> None:
    install("ir", language="R")

    for case in (notebook("missing", "r"), notebook("ir", None), notebook(None, "julia")):
        with pytest.raises(NotebookError, match=r"speaks (r|R|julia)") as raised:
            choose_kernel(case, None)
        assert "jrepro record /notebook.ipynb --kernel python3" in raised.value.next_step
    with pytest.raises(NotebookError, match="The kernel 'ir' speaks R"):
        choose_kernel(notebook(), "ir")


def test_whoever_asks_for_python_says_that_the_cells_are_python() -> None:
    assert choose_kernel(notebook("missing", "sage"), "python3")[0] == "python3"
