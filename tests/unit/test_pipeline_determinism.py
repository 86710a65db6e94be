from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pipeline_sessions import keep, recording

from jupyter_repro.model import Entropy
from jupyter_repro.pipeline.notebook import assemble

TENSORFLOW = '__import__("tensorflow").config.experimental.enable_op_determinism()'
TORCH = (
    '__import__("os").environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8"); '
    '__import__("torch").use_deterministic_algorithms(True)'
)
WHY = "  # as the session was recorded"
DRAWING = (
    "get_ipython().entropy(1)  # what is drawn now belongs to this execution",
    '__import__("torch").manual_seed(seed);  # as when it was recorded',
)
DRAWN = (Entropy(source="torch", module="__main__", count=1),)


@pytest.mark.parametrize(
    ("executions", "expected"),
    [
        (["x = 1"], ["x = 1"]),
        (["import torch\nx = 1", "import torch"], [f"import torch\n{TORCH}{WHY}\nx = 1", "import torch"]),
        (
            [{"source": "import keras", "modules": ("keras", "tensorflow")}],
            [f"# Deterministic modes, as the session was recorded.\n{TENSORFLOW}", "import keras"],
        ),
        # before anything draws
        (
            [{"source": "import torch\ntorch.seed()", "entropy": DRAWN}],
            ["\n".join(("import torch", TORCH + WHY, *DRAWING, "torch.seed()"))],
        ),
    ],
)
def test_modes_are_switched_on_after_the_import(executions: list[Any], expected: list[str]) -> None:
    found = recording(*executions, seed=1)
    plain, modes = (
        [cell.source for cell in assemble(each, keep(each), (), ()).cells if cell.id.startswith(("modes", "execution"))]
        for each in (found, replace(found, session=replace(found.session, deterministic=True)))
    )
    assert modes == expected
    assert not any("determin" in source for source in plain)
