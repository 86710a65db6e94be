"""What the file watch sees here, found out by trying."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_repro.capture.watch.events import ACCESS, ARRIVED, MODIFY, OPEN
from jupyter_repro.capture.watch.watch import SWEEP, FileWatch

# What each layer can't see, from the best one on.
_NEVER = (
    "whether a program only asked if a file exists; what is written through a memory map that stays open; folders "
    "outside of the project that no cell names; what other machines do on a shared file system"
)
UNSEEN = {
    "fanotify": _NEVER,
    "inotify": f"which process opened a file; {_NEVER}",
    "sweep": (
        "what C code and child processes read: a file counts as read when the cell's text names it, and a child of "
        "unknown kind as reading every file. What children write is found by comparing the project before and after"
    ),
}


@dataclass(frozen=True)
class Probe:
    """`seen` tells for each thing that was done who is said to have done it: own, other, unknown; None: not seen."""

    layer: str
    refused: dict[str, str]
    seen: dict[str, str | None] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        return bool(self.seen) and None not in self.seen.values()


def probe(folder: Path) -> Probe:
    """Try the best layer in a temporary folder below this one. OSError where none can be made."""
    with tempfile.TemporaryDirectory(prefix="doctor-", dir=folder) as made:
        root = os.path.realpath(made)
        watch = FileWatch(root)
        watch.start()
        try:
            seen = {} if watch.layer == SWEEP else {name: _who(watch, path, kind) for name, path, kind in _trials(root)}
            return Probe(watch.layer, watch.refused, seen)
        finally:
            watch.stop()


def _trials(root: str) -> Iterator[tuple[str, str, int]]:
    """Do one thing after the other; gives its name, where it shows, and as what."""
    file, folder = os.path.join(root, "file"), os.path.join(root, "folder")
    Path(file).write_bytes(b"x")
    yield "a file is written", file, MODIFY
    _read_in_c(file)
    yield "C code reads it", file, OPEN
    _read_in_a_child(file)
    yield "a child reads it", file, OPEN
    os.listdir(root)
    yield "a folder is listed", root, ACCESS
    os.mkdir(folder)
    yield "a folder is made", folder, ARRIVED
    Path(folder, "file").write_bytes(b"x")
    yield "a file is written in that", os.path.join(folder, "file"), MODIFY


def _who(watch: FileWatch, path: str, kind: int) -> str | None:
    return next((event.process for event in watch.take().events if event.path == path and event.kinds & kind), None)


def _read_in_c(path: str) -> None:
    libc = ctypes.CDLL(None)
    libc.close(libc.open(os.fsencode(path), os.O_RDONLY))


def _read_in_a_child(path: str) -> None:
    subprocess.run([sys.executable, "-Sc", "import sys; open(sys.argv[1]).close()", path], check=False)
