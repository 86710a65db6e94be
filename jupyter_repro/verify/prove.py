"""The proof: the exported notebook runs in a fresh kernel, and what comes out is compared with what was recorded."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_repro import objects
from jupyter_repro.errors import StorageError
from jupyter_repro.hashing import FileHasher
from jupyter_repro.journal import now
from jupyter_repro.lineage.nondeterminism import CLOCK
from jupyter_repro.model import CellExecution, Check, Clock, Divergence, Pipeline, Recording, Target, Verification
from jupyter_repro.run.parameters import Given, parse_parameters
from jupyter_repro.run.runs import check_clock
from jupyter_repro.run.secrets import resolve
from jupyter_repro.verify.again import Second, run_again, told
from jupyter_repro.verify.budget import Budget
from jupyter_repro.verify.causes import Causes
from jupyter_repro.verify.difference import GOOD, Difference, rank, unknown
from jupyter_repro.verify.divergence import first_divergence
from jupyter_repro.verify.expectation import Expectation, expectation_of
from jupyter_repro.verify.explanation import Factor
from jupyter_repro.verify.factors import outer_factors
from jupyter_repro.verify.hiding import hidden_in
from jupyter_repro.verify.kernel_factors import kernel_factors
from jupyter_repro.verify.outputs import compare_outputs
from jupyter_repro.verify.proofs import data_digests, environment_digest, notebook_digest
from jupyter_repro.verify.rerun import Asked, How, Reran, rerun
from jupyter_repro.verify.situation import Situation
from jupyter_repro.verify.underway import values_underway

_KINDS = ("expression", "output", "file")  # in the order of the checks


def prove(  # noqa: PLR0913  what to prove, and how
    folder: Path,
    pipeline: Pipeline,
    recording: Recording | None,
    *,
    clock: Clock | None = None,
    progress: bool = False,
    budget: Budget | None = None,
    second: Callable[[Verification], bool] = lambda found: True,
) -> Verification:
    """Run the pipeline in `folder` and compare its targets. The user's files are afterwards as they were before.

    Where a target may hold the time, the clock is the recorded one unless another is asked for: else today's proof
    would say nothing of tomorrow. The verification tells. What differs is run a second time where `second` wants it,
    to tell what differs from run to run from what has changed.

    Without the recording (a pipeline that came from another machine) targets are compared by what its manifest says,
    and nothing is said of the executions on the way. Raises what `rerun` raises.
    """
    return examine(
        folder, pipeline, recording, clock=clock, progress=progress, budget=budget, second=second
    ).verification


@dataclass(frozen=True, slots=True)
class Examined:
    """A run against the record, and all that may explain how they differ."""

    situation: Situation
    verification: Verification
    ran: Reran
    factors: tuple[Factor, ...]


def examine(  # noqa: PLR0913  what to run, and how
    folder: Path,
    pipeline: Pipeline,
    recording: Recording | None,
    *,
    given: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    progress: bool = False,
    budget: Budget | None = None,
    second: Callable[[Verification], bool] = lambda verification: True,
) -> Examined:
    """As `prove`, with parameters as they were typed; and what is not as it was recorded."""
    started, begun, budget = now(), time.monotonic(), budget or Budget()
    clock = clock or clock_for(pipeline)
    check_clock(pipeline, clock)
    situation = Situation(folder=folder, pipeline=pipeline, recording=recording, given=given or {}, clock=clock)
    values = parse_parameters(pipeline, Given(texts=tuple(situation.given.items())))
    plan, outer = plan_comparison(situation), outer_factors(situation)
    with tempfile.TemporaryDirectory(prefix="jrepro-first-") as files:
        how = How(clock=clock, progress=progress, limit=budget.left, keep=Path(files), parameters=values)
        ran = rerun(folder, pipeline, situation.kept, plan, how=how)
        factors = (*outer, *kernel_factors(situation, ran.findings))
        found = judge(situation, ran, factors)
        found = replace(found, started=started, budget=budget.seconds, notebook=notebook_digest(folder, pipeline))
        if _may_vary(found) and second(found):
            found = replace(found, again="budget")
        if found.again == "budget" and not budget.is_spent:
            limit = budget.for_second(time.monotonic() - begun)
            other = run_again(folder, pipeline, situation.kept, ran, Path(files), replace(how, limit=limit))
            found = _with_second(found, other, pipeline, _expectations(situation))
    return Examined(situation, replace(found, duration=round(time.monotonic() - begun, 3)), ran, factors)


def plan_comparison(situation: Situation) -> Asked:
    """What the probe is to compare."""
    return Asked(
        at_end={text: value for each in _expectations(situation) for text, value in each.values.items()},
        underway=values_underway(situation.kept, situation.recording),
    )


def _expectations(situation: Situation) -> list[Expectation]:
    pipeline = situation.pipeline
    return [expectation_of(each, pipeline, situation.recording) for each in _targets(pipeline, "expression")]


def judge(situation: Situation, ran: Reran, factors: Sequence[Factor]) -> Verification:
    """How what came out compares with the record."""
    pipeline, kept, project = situation.pipeline, situation.kept, situation.project
    checks = (
        *(_check_expression(each, ran) for each in _expectations(situation)),
        *(_check_output(each, kept, project, ran) for each in _targets(pipeline, "output")),
        *(_check_file(each, ran) for each in _targets(pipeline, "file")),
    )
    proven = ran.outcome.error is None and bool(checks) and all(check.verdict in GOOD for check in checks)
    changed = tuple(factor.words for factor in factors)
    ended = proven or ran.outcome.exceeded
    found = Verification(
        proven=proven,
        checks=checks,
        started="",
        duration=0,
        clock=situation.clock,
        divergence=None if ended else _divergence(pipeline, kept, project, ran, changed),
        changes=changed,
        error=ran.outcome.error,
        exceeded=ran.outcome.exceeded,
        python=ran.findings.python,
        environment=environment_digest(ran.findings.python, ran.findings.distributions),
        data=data_digests(pipeline, project, FileHasher()),
    )
    return hidden_in(found, pipeline, situation.recording, resolve(pipeline.parameters))


def _may_vary(verification: Verification) -> bool:
    """Whether a second run could tell something: the first one got to its end, and gave something else."""
    different = any(check.verdict == "different" for check in verification.checks)
    return verification.error is None and not verification.proven and different


def _with_second(
    verification: Verification, second: Second, pipeline: Pipeline, expectations: Sequence[Expectation]
) -> Verification:
    targets = [target for kind in _KINDS for target in _targets(pipeline, kind)]
    checks = tuple(
        check if check.verdict in GOOD else replace(check, spread=second.of(target, expectations))
        for check, target in zip(verification.checks, targets, strict=True)
    )
    divergence = verification.divergence
    return replace(verification, checks=checks, again=second.again, divergence=divergence and told(divergence, second))


def clock_for(pipeline: Pipeline) -> Clock:
    """Recorded where a target may hold what Python's clock says."""
    reads = any(use.kind == CLOCK and use.matters for use in pipeline.nondeterminism)
    return "recorded" if reads and pipeline.times and find_spec("time_machine") is not None else "real"


def can_be_mended(verification: Verification) -> bool:
    """Whether more executions might help: not where there is nothing to compare with."""
    if verification.exceeded:
        return False
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
        deviation=difference.deviation,
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
