"""Which kernel a notebook runs in."""

from __future__ import annotations

import io
import shutil
import sys
from contextlib import redirect_stderr
from shlex import quote

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from jupyter_repro.errors import NotebookError, UsageError
from jupyter_repro.run.notebooks import Notebook

OWN = "python3"  # by convention: the environment that the command runs in


def choose_kernel(notebook: Notebook, wanted: str | None) -> tuple[str, KernelSpec]:
    """A kernel's name and specification: `wanted`, else the notebook's own, else this environment's Python.

    Raises UsageError where `wanted` is not installed, NotebookError where the language is not Python.
    """
    if wanted is not None:
        spec = _installed(wanted) or (_own() if wanted == OWN else None)
        if spec is None:
            step = "Type `jupyter kernelspec list` to see the kernels that are, or leave out `--kernel`."
            raise UsageError(f"No kernel {wanted!r} that can start is installed.", step)
        _check_language(notebook, spec.language, f"The kernel {wanted!r}")
        return wanted, spec
    _check_language(notebook, notebook.language, str(notebook.path))
    if notebook.kernel and (spec := _installed(notebook.kernel)):
        _check_language(notebook, spec.language, f"The kernel {notebook.kernel!r} of {notebook.path}")
        return notebook.kernel, spec
    return OWN, _installed(OWN) or _own()


def _installed(name: str) -> KernelSpec | None:
    """The specification of that name, where its program exists."""
    try:
        with redirect_stderr(io.StringIO()):  # ipykernel 6.17 imports its debugger for it, which warns
            spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        return None
    return spec if spec.argv and (is_own_python(spec.argv[0]) or shutil.which(spec.argv[0])) else None


def is_own_python(program: str) -> bool:
    """jupyter_client starts `sys.executable` where a specification only says "python"."""
    major, minor = sys.version_info[:2]
    return program in {"python", f"python{major}", f"python{major}.{minor}"}


def _own() -> KernelSpec:
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return KernelSpec(argv=argv, display_name="Python 3", language="python")


def _check_language(notebook: Notebook, language: str | None, subject: str) -> None:
    if language is not None and language.lower() != "python":
        step = f"If its cells are Python, type `jrepro record {quote(str(notebook.path))} --kernel {OWN}`."
        raise NotebookError(f"{subject} speaks {language}; only Python can be recorded.", step)
