"""`python -m jupyter_repro.cli` is `jrepro`."""

from __future__ import annotations

import sys

from jupyter_repro.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
