"""Comparing files that hold a value, by the value: arrays, frames, pickles and models, in the notebook's own Python."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from shutil import copyfile

from jupyter_repro.capture.loading import LOADERS, starting_code
from jupyter_repro.model import Deviation
from jupyter_repro.verify.difference import Difference, different, equivalent

_SECONDS = 120.0  # to import a framework and load two models


def compare_loaded(python: str, expected: Path, found: Path) -> Difference | None:
    """Two files of one name that differ. None where they hold no value that can be loaded, or not in time."""
    suffix = found.suffix.lower()
    if suffix not in LOADERS:
        return None
    with tempfile.TemporaryDirectory(prefix="jrepro-loaded-") as temporary:
        ours, theirs, answer = (Path(temporary, name) for name in (f"recorded{suffix}", f"now{suffix}", "answer"))
        copyfile(expected, ours)
        copyfile(found, theirs)
        command = [python, "-c", starting_code(ours, theirs, answer)]
        try:
            subprocess.run(command, cwd=temporary, timeout=_SECONDS, check=True, capture_output=True)
            check = json.loads(answer.read_bytes())
        except (subprocess.SubprocessError, OSError, ValueError):
            return None
    measured = Deviation(**check["deviation"]) if check["deviation"] else None
    if check["verdict"] in ("identical", "equivalent"):
        return equivalent(check["tolerance"] or "the same value, written in another way", measured)
    return different(check["expected"], check["found"], measured) if check["found"] else None
