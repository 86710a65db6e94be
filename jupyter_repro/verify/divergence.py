"""The first kept execution that did something else than it did when it was recorded, and what may be the cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from jupyter_repro.model import CellExecution, Check, Divergence
from jupyter_repro.run.papermill import Outcome
from jupyter_repro.verify.difference import GOOD, Difference

_SHOWN = 3  # values that are shown as evidence


def first_divergence(
    kept: Sequence[CellExecution],
    after: Mapping[int, Sequence[Check]],
    shown: Mapping[int, Difference],
    outcome: Outcome,
    changes: Sequence[str],
) -> Divergence | None:
    """`after` has the checks of names after each execution, `shown` how its outputs compare."""
    for execution in kept:
        ordinal = execution.ordinal
        if outcome.error is not None and outcome.ordinal == ordinal:
            return _divergence(execution, f"failed: {outcome.error}", [], changes)
        evidence = [_words(check) for check in after.get(ordinal, ()) if check.verdict not in GOOD]
        if evidence:
            return _divergence(execution, "gave other values than when it was recorded", evidence, changes)
        if (difference := shown.get(ordinal)) is not None and difference.verdict not in GOOD:
            evidence = [f"recorded: {difference.expected}", f"now: {difference.found}"]
            return _divergence(execution, "showed something else than when it was recorded", evidence, changes)
    return None


def _divergence(execution: CellExecution, what: str, evidence: Sequence[str], changes: Sequence[str]) -> Divergence:
    return Divergence(
        ordinal=execution.ordinal,
        cause=f"execution {execution.ordinal} {what}",
        evidence=(*evidence[:_SHOWN], *_causes(execution, changes)),
    )


def _words(check: Check) -> str:
    return f"{check.subject}: recorded {check.expected}, now {check.found}"


def _causes(execution: CellExecution, changes: Sequence[str]) -> Iterator[str]:
    """What the record says that could explain it."""
    for file in execution.own_files:
        yield from (f"it uses {file.path}; {change}" for change in changes if f" {file.path} " in f"{change} ")
    addresses = dict.fromkeys(read.url for read in execution.remote)
    known = [change for url in addresses for change in changes if change.startswith(f"network: {url} ")]
    yield from known or (f"it reads {url} over the network" for url in list(addresses)[:_SHOWN])
    libraries = [state.library for state in execution.random]
    libraries += [place[7:] for place in execution.reads.places if place.startswith("random:")]
    if libraries:
        yield f"it draws random numbers ({', '.join(dict.fromkeys(libraries))})"
    if execution.incomplete is not None:
        yield f"its record is incomplete: {execution.incomplete}"
