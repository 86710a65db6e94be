from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_repro.errors import NotebookError
from jupyter_repro.run.notebooks import read_notebook

if TYPE_CHECKING:
    from tests.conftest import WriteNotebook


def code(source: Any, **fields: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None, **fields}


def write(path: Path, cells: Any, **fields: Any) -> Path:
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4, **fields}))
    return path


def test_only_code_cells_are_counted(write_notebook: WriteNotebook) -> None:
    notebook = read_notebook(write_notebook([("markdown", "# Title"), "a = 1", ("raw", "x"), "b = a"]))

    assert [(cell.index, cell.id, cell.source) for cell in notebook.cells] == [
        (0, "cell-1", "a = 1"),
        (1, "cell-3", "b = a"),
    ]


def test_a_source_may_be_a_list_of_lines(tmp_path: Path) -> None:
    notebook = read_notebook(write(tmp_path / "nb.ipynb", [code(["a = 1\n", "b = 2"])]))

    assert notebook.cells[0].source == "a = 1\nb = 2"


def test_cells_without_ids_get_them_by_position(tmp_path: Path) -> None:
    notebook = read_notebook(write(tmp_path / "nb.ipynb", [code("a = 1"), code("b = 2", id="saved"), code("c = 3")]))

    assert [cell.id for cell in notebook.cells] == ["code-1", "saved", "code-3"]


def test_text_of_any_language_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path / "größe.ipynb", [code("größe = '東京'")])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert read_notebook(path).cells[0].source == "größe = '東京'"


@pytest.mark.parametrize(
    ("metadata", "kernel", "language"),
    [
        ({}, None, None),
        ({"kernelspec": {"name": "conda-env", "language": "python"}}, "conda-env", "python"),
        ({"kernelspec": {"name": "ir"}, "language_info": {"name": "R"}}, "ir", "r"),
        ({"kernelspec": None, "language_info": "python"}, None, None),
    ],
)
def test_what_it_says_of_its_kernel(
    tmp_path: Path, metadata: dict[str, Any], kernel: str | None, language: str | None
) -> None:
    notebook = read_notebook(write(tmp_path / "nb.ipynb", [code("1")], metadata=metadata))

    assert (notebook.kernel, notebook.language) == (kernel, language)


@pytest.mark.parametrize(
    ("content", "problem", "step"),
    [
        (b"import numpy as np\n", "is not a notebook", "jrepro record"),
        (b"\x00\xff\xfe", "is not a notebook", "jrepro record"),
        (b"[" * 100_000, "is not a notebook", "jrepro record"),
        (b'{"name": "package"}', "is not a notebook", "jrepro record"),
        (b'[{"cells": []}]', "is not a notebook", "jrepro record"),
        (b'{"nbformat": 3, "worksheets": []}', "old notebook format 3", "nbconvert --to notebook --nbformat 4"),
        (b'{"nbformat": 5, "cells": []}', "notebook format 5", "pip install --upgrade"),
        (b'{"nbformat": 4}', "no list of cells", "JupyterLab"),
        (b'{"nbformat": 4, "cells": {}}', "no list of cells", "JupyterLab"),
        (b'{"nbformat": 4, "cells": ["x"]}', "cell 1", "JupyterLab"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "cell 1 has no source", "JupyterLab"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]}', "cell 1 has no source", "JupyterLab"),
        (b'{"nbformat": 4, "cells": []}', "no code to run", "jrepro record"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "markdown", "source": "x"}]}', "no code to run", "jrepro record"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": " \\n"}]}', "no code to run", "jrepro record"),
    ],
)
def test_what_is_no_notebook_says_so(tmp_path: Path, content: bytes, problem: str, step: str) -> None:
    path = tmp_path / "nb.ipynb"
    path.write_bytes(content)

    with pytest.raises(NotebookError) as raised:
        read_notebook(path)

    assert str(path) in raised.value.problem
    assert problem in raised.value.problem
    assert step in raised.value.next_step


@pytest.mark.parametrize("name", ["missing.ipynb", ".", "missing/nb.ipynb"])
def test_what_can_not_be_read_says_so(project: Path, name: str) -> None:
    with pytest.raises(NotebookError, match=name):
        read_notebook(Path(name))
