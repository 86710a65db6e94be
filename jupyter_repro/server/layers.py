"""How files are seen here, as `jrepro doctor` finds out, in short."""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import Path

from jupyter_repro.capture.watch.probe import UNSEEN, probe
from jupyter_repro.config import find_project, store_of
from jupyter_repro.server.views import Layers


def layers(notebook: Path) -> Layers:
    project = find_project(notebook.parent)
    store = store_of(project)
    return _tried(store if os.access(store, os.W_OK) else Path(tempfile.gettempdir()), project)


@lru_cache(maxsize=8)
def _tried(folder: Path, project: Path) -> Layers:
    found = probe(folder)
    warnings = []
    if found.layer == "sweep":
        warnings.append("Reads by C code and child processes can't be seen here: they are taken from a cell's text.")
    elif not found.works:
        missed = ", ".join(name for name, who in found.seen.items() if who is None)
        warnings.append(f"The file watch misses some of what it was tried with: {missed}.")
    if not os.access(folder if folder.is_relative_to(project) else project, os.W_OK | os.X_OK):
        warnings.append(f"{project} can't be written: nothing can be recorded here.")
    return Layers(layer=found.layer, unseen=UNSEEN[found.layer], warnings=tuple(warnings))
