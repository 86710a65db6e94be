"""Record what really ran in a notebook, export what a result needs, prove that it reproduces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["__version__", "load_ipython_extension", "unload_ipython_extension"]


def __getattr__(name: str) -> Any:
    if name == "__version__":  # read when asked for: the kernel starts without it
        from importlib.metadata import version

        return version("jupyter-repro")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext jupyter_repro`: register `%repro`."""
    from jupyter_repro.capture.collector import spared

    with spared():
        from jupyter_repro.capture.magics import register

    register(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext jupyter_repro`: stop recording."""
    from jupyter_repro.capture.magics import unregister

    unregister(shell)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """A submodule, so that the kernel never imports the server."""
    return [{"module": "jupyter_repro.server"}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-repro"}]
