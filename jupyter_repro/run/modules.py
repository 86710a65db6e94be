"""Which modules a kernel's environment lacks, without importing any."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable

from jupyter_repro.run.kernels import Kernel
from jupyter_repro.run.kernelspecs import choose_kernel
from jupyter_repro.run.notebooks import Notebook

_ABSENT = '[n for n in {} if __import__("importlib.util", fromlist=["util"]).find_spec(n) is None]'


def absent_modules(notebook: Notebook, names: Iterable[str]) -> tuple[str, ...]:
    """Of these top-level names, those that the notebook's kernel can't import. Raises what `Kernel` raises."""
    wanted = sorted(set(names))
    _, spec = choose_kernel(notebook, None)
    with Kernel(spec, cwd=notebook.path.parent) as kernel:
        absent: list[str] = ast.literal_eval(kernel.evaluate(_ABSENT.format(json.dumps(wanted))))
    return tuple(absent)
