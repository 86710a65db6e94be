"""Python processes of ours beside the kernel, in the user's environment."""

from __future__ import annotations

import sys

# The working directory doesn't stand in front of the path: a `json.py` or `click.py` of the user's isn't meant.
_RUN = "import sys; sys.path[0] or sys.path.pop(0); from {} import main; sys.exit(main(sys.argv[1:]))"


def command(module: str, *arguments: str) -> list[str]:
    """Like `python -m module arguments`, for a module of ours that has a `main`."""
    return [sys.executable, "-c", _RUN.format(module), *arguments]
