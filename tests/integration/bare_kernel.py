"""A kernel that knows nothing of us."""

from __future__ import annotations

# A kernel of an environment where jupyter_repro isn't installed.
BARE = """
import sys
from ipykernel.kernelapp import main

class Absent:
    def find_spec(self, name, *_):
        if name == "jupyter_repro":
            raise ModuleNotFoundError("No module named 'jupyter_repro'")

sys.meta_path.insert(0, Absent())
main()
"""
