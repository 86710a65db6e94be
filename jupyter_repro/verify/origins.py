"""Who wrote a file, and who trained weights, among all that was recorded in a project: by digest.

Where several executions left the same bytes, the time of the file tells which; else it is the newest that could be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_repro.config import store_of
from jupyter_repro.errors import ReproError
from jupyter_repro.model import Pipeline, Run
from jupyter_repro.pipeline.manifest import read_pipeline
from jupyter_repro.run.runs import list_runs
from jupyter_repro.store.index import trails
from jupyter_repro.store.trail import Left


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """An execution that left a file or weights; with `run`, the run of its exported notebook that did."""

    session: str
    left: Left
    run: Run | None = None

    @property
    def key(self) -> tuple[str, int, str | None, str | None]:
        return self.session, self.left.ordinal, self.left.path, self.run.id if self.run else None

    @property
    def when(self) -> tuple[float, str, int]:
        return self.left.time or 0.0, self.run.id if self.run else self.session, self.left.ordinal


class Origins:
    """Of one project. Journals that can't be read, and runs whose pipeline has gone, are no origins."""

    def __init__(self, project: Path) -> None:
        self._by_digest: dict[str, list[Origin]] = {}
        self._by_path: dict[str, list[Origin]] = {}
        for origin in (*_of_sessions(project), *_of_runs(project)):
            self._by_digest.setdefault(origin.left.digest, []).append(origin)
            if origin.left.path is not None:
                self._by_path.setdefault(origin.left.path, []).append(origin)

    def of_file(self, digest: str, path: str, mtime: float | None) -> tuple[Origin, ...]:
        """Those that wrote these bytes, the likeliest first: at that time, to that path, the newest."""
        found = [each for each in self._by_digest.get(digest, ()) if each.left.path is not None]
        return _ranked(found, lambda each: (each.left.time == mtime, each.left.path == path, *each.when))

    def of_path(self, path: str) -> tuple[Origin, ...]:
        """Those that wrote to the path, whatever it was, the newest first."""
        return _ranked(self._by_path.get(path, []), lambda each: each.when)

    def of_weights(self, digest: str, sessions: Collection[str]) -> tuple[Origin, ...]:
        """Those that trained these weights, the likeliest first: in these sessions, then the newest."""
        found = [each for each in self._by_digest.get(digest, ()) if each.left.path is None]
        return _ranked(found, lambda each: (each.session in sessions, *each.when))


def _ranked(found: list[Origin], key: Callable[[Origin], tuple[object, ...]]) -> tuple[Origin, ...]:
    return tuple(sorted(found, key=key, reverse=True))


def _of_sessions(project: Path) -> Iterator[Origin]:
    for session, trail in trails(store_of(project)).items():
        yield from (Origin(session=session, left=left) for left in trail)


def _of_runs(project: Path) -> Iterator[Origin]:
    for run in list_runs(project):
        pipeline = _pipeline(project, run)
        for out in run.outs if pipeline is not None else ():
            if pipeline is not None and out.digest is not None:
                last = max((kept.ordinal for kept in pipeline.slice.kept), default=0)
                left = Left(ordinal=last, digest=out.digest, path=out.path, time=out.mtime)
                yield Origin(session=pipeline.session, left=left, run=run)


def _pipeline(project: Path, run: Run) -> Pipeline | None:
    if not run.outs:
        return None
    try:
        return read_pipeline(project / run.pipeline)
    except ReproError:
        return None
