"""Fixtures that every kind of test shares: an environment that no developer's settings reach, a project, notebooks."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

# What would change how a kernel starts, where a project is, or which kernels exist.
FOREIGN = (
    "PYTHONDONTWRITEBYTECODE",  # every kernel would compile its imports anew
    "PYTHONSTARTUP",
    "PYTHONHASHSEED",
    "MPLBACKEND",
    "JPY_SESSION_NAME",
    "JPY_PARENT_PID",
    "JUPYTER_PATH",
    "JUPYTER_CONFIG_PATH",
)
FOLDERS = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR")


class WriteNotebook(Protocol):
    def __call__(self, cells: list[str | tuple[str, str]], name: str = ..., **metadata: Any) -> Path: ...


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A shell starts what runs in its background with SIGINT ignored, and every child would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    settings = tmp_path_factory.mktemp("settings")
    with pytest.MonkeyPatch.context() as patch:
        for name in [*FOREIGN, *(name for name in os.environ if name.startswith("JREPRO_"))]:
            patch.delenv(name, raising=False)
        for name in FOLDERS:
            patch.setenv(name, str(settings / name.lower()))
        yield


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder, which is also the current one."""
    folder = tmp_path / "project"
    (folder / ".jrepro").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def write_notebook(project: Path) -> WriteNotebook:
    """Write an nbformat 4.5 notebook into the project; a cell is code, or a (cell type, source) pair.

    Its cells have the ids `cell-0`, `cell-1`...; its metadata are those of Python 3 unless others are given.
    """

    def write(cells: list[str | tuple[str, str]], name: str = "notebook.ipynb", **metadata: Any) -> Path:
        default = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        content = {
            "cells": [_cell(index, cell) for index, cell in enumerate(cells)],
            "metadata": metadata or default,
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        return path

    return write


def _cell(index: int, cell: str | tuple[str, str]) -> dict[str, Any]:
    kind, source = ("code", cell) if isinstance(cell, str) else cell
    entry: dict[str, Any] = {"cell_type": kind, "id": f"cell-{index}", "metadata": {}, "source": source}
    if kind == "code":
        entry |= {"execution_count": None, "outputs": []}
    return entry
