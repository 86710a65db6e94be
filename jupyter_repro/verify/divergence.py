"""The first kept execution that did something else than it did when it was recorded, and what may be the cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jupyter_repro.model import CellExecution, Check, Divergence
from jupyter_repro.run.papermill import Outcome
from jupyter_repro.verify.causes import Causes
from jupyter_repro.verify.difference import GOOD, Difference

_SHOWN = 3  # values that are shown as evidence


def first_divergence(
    kept: Sequence[CellExecution],
    after: Mapping[int, Sequence[Check]],
    shown: Mapping[int, Difference],
    outcome: Outcome,
    causes: Causes,
) -> Divergence | None:
    """`after` has the checks of names after each execution, `shown` how its outputs compare."""
    fallback: Divergence | None = None
    for execution in kept:
        ordinal = execution.ordinal
        if outcome.error is not None and outcome.ordinal == ordinal:
            return _divergence(execution, f"failed: {outcome.error}", [], causes)
        found = _difference(execution, after.get(ordinal, ()), shown.get(ordinal), causes)
        if found is not None and not causes.are_harmless(execution):
            return found
        fallback = fallback or found
    return fallback


def _difference(
    execution: CellExecution, checks: Sequence[Check], shown: Difference | None, causes: Causes
) -> Divergence | None:
    evidence = [_words(check) for check in checks if check.verdict not in GOOD]
    if evidence:
        return _divergence(execution, "gave other values than when it was recorded", evidence, causes)
    if shown is not None and shown.verdict not in GOOD:
        evidence = [f"recorded: {shown.expected}", f"now: {shown.found}"]
        return _divergence(execution, "showed something else than when it was recorded", evidence, causes)
    return None


def _divergence(execution: CellExecution, what: str, evidence: Sequence[str], causes: Causes) -> Divergence:
    return Divergence(
        ordinal=execution.ordinal,
        cause=f"execution {execution.ordinal} {what}",
        evidence=(*causes.of_itself(execution), *evidence[:_SHOWN], *causes.of(execution)),
    )


def _words(check: Check) -> str:
    return f"{check.subject}: recorded {check.expected}, now {check.found}"
