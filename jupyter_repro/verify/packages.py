"""Packages as they were recorded, one by one: installed by pip into folders that come first on a kernel's path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from jupyter_repro.run.kernelspecs import choose_kernel, is_own_python
from jupyter_repro.run.notebooks import read_notebook
from jupyter_repro.verify.explanation import Factor

_TIMEOUT = 600  # seconds


class Overlays:
    """Below a folder; `notebook` tells whose Python they are for."""

    def __init__(self, folder: Path, notebook: Path) -> None:
        self._folder = folder
        self._notebook = notebook

    def folder(self, factor: Factor) -> Path:
        return self._folder / f"{factor.name}-{factor.recorded}"

    def install(self, factor: Factor) -> str | None:
        """Without what the package depends on. Why it was not possible, in words; None where it was."""
        target = self.folder(factor)
        if target.is_dir():
            return None
        wanted = f"{factor.name}=={factor.recorded}"
        partial = target.with_name(f"{target.name}.partial")
        command = [self._python(), "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]
        try:
            done = subprocess.run(  # what pip prints can hold an index's password
                [*command, "--target", str(partial), wanted], capture_output=True, check=False, timeout=_TIMEOUT
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"pip could not install {wanted}: {type(error).__name__}"
        if done.returncode != 0:
            return f"pip could not install {wanted} (exit code {done.returncode})"
        partial.rename(target)
        return None

    def _python(self) -> str:
        _, spec = choose_kernel(read_notebook(self._notebook), None)
        program: str = spec.argv[0]
        return sys.executable if is_own_python(program) else program
