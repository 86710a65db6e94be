"""The proof: the exported notebook runs in a fresh kernel, and what comes out is compared with what was recorded."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_repro import objects
from jupyter_repro.errors import StorageError
from jupyter_repro.journal import now
from jupyter_repro.lineage.nondeterminism import CLOCK
from jupyter_repro.model import CellExecution, Check, Clock, Divergence, Pipeline, Recording, Target, Verification
from jupyter_repro.run.runs import check_clock, project_of
from jupyter_repro.run.secrets import resolve
from jupyter_repro.verify.causes import Causes
from jupyter_repro.verify.changes import changes
from jupyter_repro.verify.difference import GOOD, Difference, rank, unknown
from jupyter_repro.verify.divergence import first_divergence
from jupyter_repro.verify.expectation import Expectation, expectation_of
from jupyter_repro.verify.hiding import hidden_in
from jupyter_repro.verify.outputs import compare_outputs
from jupyter_repro.verify.rerun import Asked, Reran, kept_in, rerun
from jupyter_repro.verify.underway import values_underway


def prove(
    folder: Path,
    pipeline: Pipeline,
    recording: Recording | None,
    *,
    clock: Clock | None = None,
    progress: bool = False,
) -> Verification:
    """Run the pipeline in `folder` and compare its targets. The user's files are afterwards as they were before.

    Where a target may hold the time, the clock is the recorded one unless another is asked for: else today's proof
    would say nothing of tomorrow. The verification tells.

    Without the recording (a pipeline that came from another machine) targets are compared by what its manifest says,
    and nothing is said of the executions on the way. Raises what `rerun` raises.
    """
    started, begun = now(), time.monotonic()
    clock = clock or clock_for(pipeline)
    check_clock(pipeline, clock)
    project, kept = project_of(folder, pipeline), kept_in(pipeline, recording)
    expectations = [expectation_of(each, pipeline, recording) for each in _targets(pipeline, "expression")]
    values = {text: value for each in expectations for text, value in each.values.items()}
    asked = Asked(at_end=values, underway=values_underway(kept, recording))
    ran = rerun(folder, pipeline, kept, asked, clock=clock, progress=progress)
    checks = (
        *(_check_expression(each, ran) for each in expectations),
        *(_check_output(each, kept, project, ran) for each in _targets(pipeline, "output")),
        *(_check_file(each, ran) for each in _targets(pipeline, "file")),
    )
    proven = ran.outcome.error is None and bool(checks) and all(check.verdict in GOOD for check in checks)
    changed = changes(pipeline, recording, project, ran.findings)
    found = Verification(
        proven=proven,
        checks=checks,
        started=started,
        duration=round(time.monotonic() - begun, 3),
        divergence=None if proven else _divergence(pipeline, kept, project, ran, changed),
        changes=changed,
        error=ran.outcome.error,
        clock=clock,
    )
    return hidden_in(found, pipeline, recording, resolve(pipeline.parameters))


def clock_for(pipeline: Pipeline) -> Clock:
    """Recorded where a target may hold what Python's clock says."""
    reads = any(use.kind == CLOCK and use.matters for use in pipeline.nondeterminism)
    return "recorded" if reads and pipeline.times and find_spec("time_machine") is not None else "real"


def can_be_mended(verification: Verification) -> bool:
    """Whether more executions might help: not where there is nothing to compare with."""
    failed = (check for check in verification.checks if check.verdict not in GOOD)
    return verification.error is not None or any(check.found is not None for check in failed)


def _targets(pipeline: Pipeline, kind: str) -> list[Target]:
    return [target for target in pipeline.slice.targets if target.kind == kind]


def _check_expression(expectation: Expectation, ran: Reran) -> Check:
    subject = expectation.target.text
    if expectation.reason is not None:
        return Check(subject=subject, verdict="missing", expected=expectation.reason)
    found = [ran.findings.targets.get(text) for text in expectation.values]
    checks = [check for check in found if check is not None]
    if len(checks) < len(found):
        return Check(subject=subject, verdict="missing", found="the run did not get that far")
    return _summed_up(subject, expectation, checks)


def _summed_up(subject: str, expectation: Expectation, checks: Sequence[Check]) -> Check:
    """One check of a target: its own, or the worst of those of the names that it reads."""
    worst = max(checks, key=lambda check: rank(check.verdict))
    if not expectation.by_names:
        return worst
    notes = [f"by the values of what it reads: {', '.join(expectation.values)}", worst.tolerance]
    return replace(
        worst,
        subject=subject,
        tolerance="; ".join(note for note in notes if note),
        expected=f"{worst.subject} = {worst.expected}",
        found=worst.found and f"{worst.subject} = {worst.found}",
    )


def _check_output(target: Target, kept: Sequence[CellExecution], project: Path, ran: Reran) -> Check:
    execution = next((each for each in kept if each.ordinal == target.ordinal), None)
    recorded = recorded_outputs(execution, project) if execution is not None else None
    if execution is None or recorded is None:
        return _as_check(target, unknown("what it showed is not in the record"))
    return _as_check(target, compare_outputs(recorded, ran.outputs.get(execution.ordinal, ())))


def _check_file(target: Target, ran: Reran) -> Check:
    return _as_check(target, ran.files.get(target.text, unknown("its content is not in the record")))


def _as_check(target: Target, difference: Difference) -> Check:
    return Check(
        subject=target.text,
        verdict=difference.verdict,
        tolerance=difference.note,
        expected=difference.expected,
        found=difference.found,
        ordinal=target.ordinal,
    )


def recorded_outputs(execution: CellExecution, project: Path) -> list[Any] | None:
    """What it showed, as nbformat outputs; None where that is not in the record."""
    with suppress(StorageError, ValueError):
        if execution.outputs_json is not None:
            return list(json.loads(execution.outputs_json))
        if execution.outputs_object is not None:
            return list(json.loads(objects.get(project, execution.outputs_object)))
    return None


def _divergence(
    pipeline: Pipeline, kept: Sequence[CellExecution], project: Path, ran: Reran, changed: Sequence[str]
) -> Divergence | None:
    shown: dict[int, Difference] = {}
    for execution in kept:
        recorded = recorded_outputs(execution, project) if execution.status == "ok" else None
        if recorded is not None and execution.ordinal in ran.outputs:
            shown[execution.ordinal] = compare_outputs(recorded, ran.outputs[execution.ordinal])
    return first_divergence(
        kept, ran.findings.after, shown, ran.outcome, Causes(kept, changed, pipeline.nondeterminism)
    )
