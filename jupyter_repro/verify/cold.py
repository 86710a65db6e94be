"""A notebook that was never recorded: orders in which it may have run are tried under recording, the best one stays."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_repro import objects
from jupyter_repro.config import find_project, relative
from jupyter_repro.errors import NoSession, UnknownTarget
from jupyter_repro.hashing import digest
from jupyter_repro.lineage.names import read_cell
from jupyter_repro.lineage.targets import default_targets
from jupyter_repro.model import Recording
from jupyter_repro.pipeline.code import read_code
from jupyter_repro.run.history import Step
from jupyter_repro.run.notebooks import Notebook, read_notebook
from jupyter_repro.run.orders import Order, candidate_orders
from jupyter_repro.run.record import Track, record
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.store.sessions import session_for
from jupyter_repro.store.surroundings import surroundings_path
from jupyter_repro.verify.documents import MOST_BYTES
from jupyter_repro.verify.lacking import find_lacking
from jupyter_repro.verify.originals import Originals, kept_safe, left_by_earlier_runs
from jupyter_repro.verify.saved import Comparison, compare_with_saved
from jupyter_repro.verify.tried import Tried, TriedOrder, discard, read_tried, write_tried

_HELPER = 10.0  # seconds that the process may take which finds out what surrounds a session
_LONGEST = 200  # characters of an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying:
    """How to try: `timeout` is in seconds for each cell, `say` gets a line for a person, `watch` shows the progress of
    what it gets the name of.
    """

    timeout: float | None
    say: Callable[[str], None]
    watch: Callable[[str], Track]


@dataclass(frozen=True, slots=True)
class _Attempt:
    order: Order
    recording: Recording
    comparison: Comparison

    @property
    def merit(self) -> tuple[int, int]:
        return self.comparison.agreeing, -len(self.comparison.failures)


def try_unrecorded(path: Path, targets: Sequence[str], trying: Trying) -> Tried | None:
    """What came of trying, where there is no recording of the notebook to export; None where there is.

    The session of the best order is the notebook's newest then, unless there is an obstacle: then none stays. The
    user's files are as they were. `targets` are expressions, none for what the notebook shows last. Raises
    NotebookError, and what `record` raises where no kernel can be started.
    """
    project = find_project(path.absolute().parent)
    why = _why_cold(path, project)
    if why is None:
        return None
    notebook = read_notebook(path)
    orders = candidate_orders(notebook)
    count = f"{len(orders)} orders of its cells in fresh kernels" if len(orders) > 1 else "its cells in a fresh kernel"
    trying.say(f"{path} {why}: trying {count}.")
    for home in left_by_earlier_runs(project):
        trying.say(f"Copies of files around an earlier try are in {home}: remove them if you don't need them.")
    begun: list[str] = []
    try:
        attempts = _Search(notebook, project, trying, begun).attempts(orders)
        tried = _choose(notebook, attempts, targets)
        _wait_for_helpers(project, begun)
        discard(project, [each for each in begun if each != tried.session or tried.obstacle])
        if tried.obstacle is None:
            write_tried(project, tried)
    except BaseException:
        discard(project, begun)
        raise
    return tried


def _why_cold(path: Path, project: Path) -> str | None:
    """In words that go on after the notebook's name; None where its newest session is the one to export."""
    try:
        earlier = read_tried(project, session_for(project, path))
    except NoSession:
        return "was never recorded"
    if earlier is None or not path.exists():
        return None
    if _digest(read_notebook(path)) != earlier.notebook:
        return "was never recorded, and has changed since its cells were tried"
    return "lacked packages or files" if earlier.lacking.packages or earlier.lacking.files else None


@dataclass(frozen=True, slots=True)
class _Search:
    """Attempts of one notebook; `begun` holds the sessions of all, of one that broke off too."""

    notebook: Notebook
    project: Path
    trying: Trying
    begun: list[str]

    def attempts(self, orders: Sequence[Order]) -> list[_Attempt]:
        """In fresh kernels, until one gives all that the file shows."""
        attempts: list[_Attempt] = []
        with kept_safe(self.project, self.notebook.path.parent) as originals:
            if unsafe := _unsafe(originals, self.project):
                self.trying.say(f"Too much to keep safe, should a cell change it: {unsafe}")
            for order in orders:
                attempts.append(self._attempt(order, originals))
                self.trying.say(f"  {order.name}: {_came_to(attempts[-1].comparison)}")
                if not attempts[-1].comparison.contradicted:
                    break
        for line in _told_of_files(originals, self.project):
            self.trying.say(line)
        return attempts

    def _attempt(self, order: Order, originals: Originals) -> _Attempt:
        try:
            recorded = record(
                self.notebook,
                order.steps,
                timeout=self.trying.timeout,
                track=self.trying.watch(f"Trying {order.name}"),
                partial=True,
                begun=self.begun.append,
            )
            recording = read_recording(self.project, recorded.session)
            _keep_written(recording, self.project)
        finally:
            if self.begun:
                originals.put_back(read_recording(self.project, self.begun[-1]).executions)
        errors = {failure.ordinal: _cut([failure.error]) for failure in recorded.failures}
        comparison = compare_with_saved(self.notebook.cells, order.steps, recording, self.project, errors)
        return _Attempt(order, recording, comparison)


def _keep_written(recording: Recording, project: Path) -> None:
    """A proof compares files with these, since what is on disk is again what the user had there."""
    for execution in recording.executions:
        for file in execution.own_files:
            path = project / file.path
            if "write" in file.mode and file.digest is not None and (file.size or 0) <= MOST_BYTES and path.is_file():
                objects.put(project, path.read_bytes())


def _choose(notebook: Notebook, attempts: Sequence[_Attempt], targets: Sequence[str]) -> Tried:
    """The one with the most cells that agree, then the fewest that failed, then the likeliest."""
    chosen = max(attempts, key=lambda attempt: attempt.merit)
    failed = {failure.ordinal for failure in chosen.comparison.failures}
    return Tried(
        session=chosen.recording.session.id,
        notebook=_digest(notebook),
        order=chosen.order.name,
        notes=chosen.order.notes,
        comparison=_with_others(chosen, attempts),
        orders=tuple(
            TriedOrder(name=each.order.name, agreeing=each.merit[0], failed=-each.merit[1]) for each in attempts
        ),
        lacking=find_lacking(notebook, [each for each in chosen.recording.executions if each.ordinal in failed]),
        obstacle=_obstacle(chosen, targets),
    )


def _with_others(chosen: _Attempt, attempts: Sequence[_Attempt]) -> Comparison:
    """Each cell that doesn't agree with the orders in which it does."""
    agreeing: dict[int, list[str]] = {}
    for attempt in attempts:
        for check in attempt.comparison.checks:
            if check.agrees:
                agreeing.setdefault(check.cell, []).append(attempt.order.name)
    checks = (
        check if check.agrees else replace(check, agrees_in=tuple(agreeing.get(check.cell, ())))
        for check in chosen.comparison.checks
    )
    return replace(chosen.comparison, checks=tuple(checks))


def _obstacle(attempt: _Attempt, targets: Sequence[str]) -> str | None:
    """A failure without which there might be the result that is asked for."""
    for failure in attempt.comparison.failures:
        step = attempt.order.steps[failure.ordinal - 1]
        lost = _lost(step, attempt.recording, targets) if targets else _last_result(attempt, failure.ordinal)
        if lost is not None:
            return f"cell {failure.cell}, which {lost}, failed: {failure.error}"
    return None


def _lost(step: Step, recording: Recording, targets: Sequence[str]) -> str | None:
    known = {name for each in recording.executions for name in (*each.bound, *each.rebound)} | set(recording.namespace)
    wanted = set[str]().union(*(read_cell(expression).loads for expression in targets))
    lost = sorted(wanted & read_cell(read_code(step.source).python).stored - known)
    return f"binds `{lost[0]}`" if lost else None


def _last_result(attempt: _Attempt, ordinal: int) -> str | None:
    """Whether the execution gives what the notebook shows last: by its file, or else by what came after it."""
    saved = [check.ordinal for check in attempt.comparison.checks if check.ordinal is not None]
    if saved:
        return "shows the last result" if ordinal == max(saved) else None
    try:
        shown = [target.ordinal or 0 for target in default_targets(attempt.recording)]
    except UnknownTarget:
        shown = []
    return "may give the result" if ordinal > max(shown, default=0) else None


def _wait_for_helpers(project: Path, sessions: Sequence[str]) -> None:
    """What they find out of a session that stays is part of an export; of the others nothing may stay behind."""
    deadline = time.monotonic() + _HELPER
    while time.monotonic() < deadline and not all(surroundings_path(project, each).exists() for each in sessions):
        time.sleep(0.05)


def _digest(notebook: Notebook) -> str:
    """Of what was tried: a notebook that is only opened and saved stays the same."""
    cells = [(cell.source, cell.execution_count, cell.outputs) for cell in notebook.cells]
    return digest(json.dumps(cells).encode())


def _came_to(comparison: Comparison) -> str:
    outputs = f"{comparison.agreeing} of {len(comparison.checks)} saved outputs, " if comparison.checks else ""
    count = len(comparison.failures)
    return f"{outputs}{count or 'no'} {'cell' if count < 2 else 'cells'} failed"


def _unsafe(originals: Originals, project: Path) -> str:
    far = [] if originals.is_whole else ["what is far from the notebook"]
    return _cut([*far, *(relative(path, project) for path in originals.too_large)])


def _told_of_files(originals: Originals, project: Path) -> Iterator[str]:
    before, after = originals.home / "before", originals.home / "after"
    for paths, what in (
        (originals.left, f"by what no record shows, and stay so. As they were: {before}"),
        (originals.doubtful, f"by child processes or somebody else, and were put back. As they had become: {after}"),
        (originals.changed, "and were too large to keep."),
    ):
        if paths:
            yield f"Changed meanwhile: {_cut([relative(path, project) for path in paths])}, {what}"


def _cut(words: Sequence[str]) -> str:
    text = ", ".join(words).partition("\n")[0]
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
