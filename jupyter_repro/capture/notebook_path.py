"""Which notebook a kernel belongs to, as far as a front end tells."""

from __future__ import annotations

import os
from typing import Any

_VS_CODE = "__vsc_ipynb_file__"


def find_notebook(shell: Any) -> str | None:
    """The absolute path of the notebook, or None: a plain console, or a front end that doesn't say."""
    for candidate in (os.environ.get("JPY_SESSION_NAME"), shell.user_ns.get(_VS_CODE)):
        if isinstance(candidate, str) and candidate.endswith(".ipynb"):
            return os.path.abspath(candidate)
    return None
