"""Packages and files that a notebook's cells asked for and that aren't there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from jupyter_repro.model import CellExecution
from jupyter_repro.pipeline.code import read_code
from jupyter_repro.run.modules import absent_modules
from jupyter_repro.run.notebooks import Notebook

_MODULE = re.compile(r"No module named '([^'.]+)|Missing optional dependency '([^']+)'")
_FILE = re.compile(r"(?:No such file or directory|non-existent directory): b?(['\"])(.+)\1|File (\S+) does not exist")
# Where the name to install is not the one to import. What is installed here is asked first.
_INSTALLED_AS = {
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "PIL": "Pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "mpl_toolkits": "matplotlib",
    "osgeo": "GDAL",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPackage:
    module: str  # as it is imported
    distribution: str  # as it is installed, as far as that is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    packages: tuple[MissingPackage, ...] = ()
    files: tuple[str, ...] = ()  # as the notebook names them


def find_lacking(notebook: Notebook, failed: Sequence[CellExecution]) -> Lacking:
    """What the executions failed for. One import that fails hides those after it: they are asked for in a kernel."""
    modules = set(_missing(failed, _MODULE))
    if modules and not any("sys.path" in cell.source for cell in notebook.cells):
        imported = {name for execution in failed for name in _imports(execution.source)}
        modules.update(absent_modules(notebook, imported))
    return Lacking(
        packages=tuple(MissingPackage(module=name, distribution=_distribution(name)) for name in sorted(modules)),
        files=tuple(dict.fromkeys(_missing(failed, _FILE))),
    )


def _missing(failed: Iterable[CellExecution], message: re.Pattern[str]) -> Iterator[str]:
    for execution in failed:
        if execution.error is not None and (found := message.search(execution.error.message)):
            yield next(group for group in reversed(found.groups()) if group)


def _imports(source: str) -> Iterator[str]:
    """Top-level names of what the cell imports whatever happens: not in a branch, not in a `try`."""
    tree = read_code(source).parse()
    for statement in tree.body if tree is not None else ():
        if isinstance(statement, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.module.partition(".")[0]


def _distribution(module: str) -> str:
    from importlib.metadata import packages_distributions

    installed = packages_distributions().get(module)
    return installed[0] if installed else _INSTALLED_AS.get(module, module)
