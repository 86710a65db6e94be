"""A run judged by those before it: by the last one on the same data, code, parameters and environment, else by the last
one that ended well, with what changed since and how its metrics stand in their history.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from jupyter_repro.config import store_of
from jupyter_repro.model import Check, Clock, Pipeline, Run, Standing
from jupyter_repro.run.parameters import Given
from jupyter_repro.run.runs import OUTPUTS, list_runs, project_of, run_pipeline, write_run
from jupyter_repro.verify.difference import GOOD, Difference, different, identical, missing, rank
from jupyter_repro.verify.documents import MOST_BYTES, compare_documents
from jupyter_repro.verify.outputs import compare_outputs

_HISTORY = 30  # runs
_LEAST = 3  # runs that make a history
_WIDE = 3.0  # median absolute deviations from the median that are still within a history, were it normal
_SIGMA = 1.4826  # a normal distribution's standard deviation, in median absolute deviations
_CLOSE = 1e-6  # of the median: as equal


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How two runs differ: lines for what each ran on, checks of what came out, metrics as (before, after)."""

    changes: tuple[str, ...]
    checks: tuple[Check, ...]
    metrics: Mapping[str, tuple[float | None, float | None]]


def run_judged(  # noqa: PLR0913  what to run, and how
    folder: Path,
    pipeline: Pipeline,
    given: Given,
    *,
    clock: Clock = "real",
    progress: bool = False,
    standing: Standing = "unproven",
) -> Run:
    """Run the pipeline and write the verdict into its record. Raises what `run_pipeline` raises."""
    project = project_of(folder, pipeline)
    run = run_pipeline(folder, pipeline, given, clock=clock, progress=progress, standing=standing)
    if run.status == "ok":
        run = judge(run, [each for each in list_runs(project) if each.id != run.id], project)
        write_run(store_of(project) / "runs" / run.id, run)
    return run


def judge(run: Run, others: Sequence[Run], project: Path) -> Run:
    """The run with its verdict, by the others of its pipeline that ended well, the oldest first."""
    history = [each for each in others if each.pipeline == run.pipeline and _counts(each)][-_HISTORY:]
    if not history:
        return replace(run, verdict="baseline")
    same = next((each for each in reversed(history) if not _changed(each, run)), None)
    if same is not None:
        return _judged_by(run, same, project)
    last = history[-1]
    strays = tuple(_strays(run, history))
    verdict = "drifted" if strays else "changed"
    return replace(run, verdict=verdict, baseline=last.id, reasons=(*what_changed(last, run), *strays))


def _counts(run: Run) -> bool:
    """Whether a run is one to compare with: not one that gave another result without a cause."""
    return run.status == "ok" and run.verdict is not None and run.verdict != "different"


def _judged_by(run: Run, baseline: Run, project: Path) -> Run:
    checks = compare_results(baseline, run, project)
    verdict = max((check.verdict for check in checks), key=rank, default="identical")
    if verdict == "missing":
        verdict = "different"
    reasons = tuple(_in_words(check) for check in checks if check.verdict not in GOOD)
    return replace(run, verdict=verdict, baseline=baseline.id, reasons=reasons, checks=checks)


def _in_words(check: Check) -> str:
    before = f"was {check.expected}, now " if check.expected is not None else ""
    return f"{check.subject}: {before}{check.found}"


def compare_runs(before: Run, after: Run, project: Path) -> Compared:
    names = sorted({*before.metrics, *after.metrics})
    return Compared(
        changes=tuple(what_changed(before, after)),
        checks=compare_results(before, after, project),
        metrics={name: (before.metrics.get(name), after.metrics.get(name)) for name in names},
    )


def what_changed(before: Run, after: Run) -> Iterator[str]:
    """What each ran on, in words: parameters, data, code, environment, clock."""
    for name, was, now in _pairs(before.values, after.values):
        yield f"parameter: {name} was {was}, now {now}"
    for kind, one, other in (("data", before.data, after.data), ("code", before.code, after.code)):
        for name, was, now in _pairs(one, other):
            missing_now = "is missing" if now is None else "is new" if was is None else "differs"
            yield f"{kind}: {name} {missing_now}"
    for name, was, now in _pairs(before.environment, after.environment):
        yield f"environment: {name} {was or 'missing'} is now {now or 'missing'}"
    if before.clock != after.clock:
        yield f"clock: {before.clock} is now {after.clock}"


def _changed(before: Run, after: Run) -> bool:
    return next(what_changed(before, after), None) is not None


def _pairs(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def compare_results(before: Run, after: Run, project: Path) -> tuple[Check, ...]:
    """The files that they wrote and what their cells showed."""
    files = sorted({out.path for out in (*before.outs, *after.outs)})
    checks = [_check(f"file {path}", _compare_file(path, before, after, project)) for path in files]
    ours, theirs = _cells(before, project), _cells(after, project)
    for cell in dict.fromkeys([*ours, *theirs]):
        checks.append(_check(f"output of {cell}", compare_outputs(ours.get(cell, ()), theirs.get(cell, ()))))
    return tuple(checks)


def _compare_file(path: str, before: Run, after: Run, project: Path) -> Difference:
    one, other = (next((out for out in run.outs if out.path == path), None) for run in (before, after))
    if one is None:
        return different("not written", "written")
    if other is None:
        return missing("not written")
    if one.digest == other.digest:
        return identical()
    kept = [store_of(project) / "runs" / run.id / OUTPUTS / path for run in (before, after)]
    if not all(each.is_file() and each.stat().st_size <= MOST_BYTES for each in kept):
        return different(f"sha256 {(one.digest or '')[:12]}", f"sha256 {(other.digest or '')[:12]}")
    return compare_documents(kept[0].read_bytes(), kept[1].read_bytes())


def _cells(run: Run, project: Path) -> dict[str, Sequence[Any]]:
    """Outputs of what shows something, by cell."""
    try:
        cells = json.loads((project / (run.notebook or "")).read_bytes())["cells"]
    except (OSError, ValueError, KeyError):
        return {}
    found = {}
    for cell in cells:
        ordinal = cell["metadata"].get("jupyter_repro", {}).get("ordinal")
        if ordinal is not None and cell.get("outputs"):
            found[f"execution {ordinal}"] = cell["outputs"]
    return found


def _check(subject: str, difference: Difference) -> Check:
    return Check(
        subject=subject,
        verdict=difference.verdict,
        tolerance=difference.note,
        expected=difference.expected,
        found=difference.found,
    )


def _strays(run: Run, history: Sequence[Run]) -> Iterator[str]:
    """Metrics outside of what they were: further from their median than their spread explains."""
    for name, value in run.metrics.items():
        known = [each.metrics[name] for each in history if name in each.metrics]
        if len(known) < _LEAST:
            continue
        middle = median(known)
        spread = _SIGMA * median(abs(each - middle) for each in known)
        if abs(value - middle) > max(_WIDE * spread, _CLOSE * abs(middle)):
            yield f"metric: {name} is {value:g}; it was {middle:g} ± {spread:g} in {len(known)} runs"
    for name in sorted(history[-1].metrics.keys() - run.metrics.keys()):
        yield f"metric: {name} is missing; it was {history[-1].metrics[name]:g}"
