"""The file in an IPython profile's startup folder that makes every new kernel record itself."""

from __future__ import annotations

from pathlib import Path

from jupyter_repro.errors import UsageError

NAME = "00-jupyter-repro.py"
_MARK = "# Written by `jrepro enable`"
CONTENT = f"""{_MARK}: every new kernel of this IPython profile loads jupyter_repro and starts recording.
# `jrepro disable` removes this file; so may you. JREPRO_DISABLE=1 in a kernel's environment switches it off there.
def _start_jupyter_repro():
    import importlib.util
    import os

    shell = get_ipython()
    if os.environ.get("JREPRO_DISABLE", "0") not in ("", "0") or getattr(shell, "kernel", None) is None:
        return
    try:
        if importlib.util.find_spec("jupyter_repro") is None:  # not installed in this kernel's environment
            return
        shell.run_line_magic("load_ext", "jupyter_repro")
        shell.run_line_magic("repro", "start --quiet")
    except Exception:
        import logging

        logging.getLogger("jupyter_repro").warning("This kernel is not recorded.", exc_info=True)


try:
    _start_jupyter_repro()
finally:
    del _start_jupyter_repro
"""


def startup_file(profile: str) -> Path:
    """Where it is, or would be, for the current user. UsageError where there is no such profile."""
    from IPython.paths import get_ipython_dir

    folder = Path(get_ipython_dir(), f"profile_{profile}")
    if profile != "default" and not folder.is_dir():  # the default one comes into being with the first kernel
        step = f"`ipython profile list` lists them; `ipython profile create {profile}` makes it."
        raise UsageError(f"There is no IPython profile {profile}.", step)
    return folder / "startup" / NAME


def is_ours(file: Path) -> bool:
    """Whether it is one that this project wrote; UsageError for somebody else's of the same name."""
    if not file.exists():
        return False
    if not file.read_text(encoding="utf-8", errors="replace").startswith(_MARK):
        step = f"Look at it, move it away with `mv {file} ELSEWHERE`, then run the command again."
        raise UsageError(f"{file} was not written by `jrepro enable`, so it stays as it is.", step)
    return True
