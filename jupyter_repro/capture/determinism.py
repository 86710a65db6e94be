"""The frameworks' deterministic modes, where the user asks for them: `pipeline.determinism` writes the same."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

COST = (
    "TensorFlow and torch run in their deterministic modes: that can be slower, an operation without a deterministic "
    "form raises an error, and the same seed gives other numbers than without them."
)
# cuBLAS reads it when torch first uses a GPU, https://docs.nvidia.com/cuda/cublas/#results-reproducibility
_WORKSPACE = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def prepare() -> None:
    """What must be set before a framework is used."""
    os.environ.setdefault(*_WORKSPACE)


def make_deterministic(library: str) -> None:
    """Switch the mode of an imported library on, where it has one."""
    if library in _MODES:
        _MODES[library]()


def _tensorflow() -> None:
    sys.modules["tensorflow"].config.experimental.enable_op_determinism()


def _torch() -> None:
    sys.modules["torch"].use_deterministic_algorithms(True)  # cuDNN's among them


_MODES: dict[str, Callable[[], None]] = {"tensorflow": _tensorflow, "torch": _torch}
