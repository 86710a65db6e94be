"""A second run of a pipeline whose first one differs from the record: does it differ from the first one, too?

What differs between two runs here is nondeterministic. What doesn't has changed since it was recorded.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jupyter_repro.model import Again, CellExecution, Check, Divergence, Pipeline, Spread, Target
from jupyter_repro.verify.difference import GOOD, Difference
from jupyter_repro.verify.expectation import Expectation
from jupyter_repro.verify.outputs import compare_outputs
from jupyter_repro.verify.rerun import Asked, How, Reran, compare_contents, rerun

_SHOWN = 3  # values of an execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """What two runs don't share: of expressions at the end, of names after executions, of outputs, of files."""

    again: Again
    values: Mapping[str, Spread] = field(default_factory=dict)
    underway: Mapping[int, Mapping[str, Spread]] = field(default_factory=dict)
    outputs: Mapping[int, Spread] = field(default_factory=dict)
    files: Mapping[str, Spread] = field(default_factory=dict)

    def of(self, target: Target, expectations: Sequence[Expectation]) -> Spread | None:
        if target.kind == "file":
            return self.files.get(target.text)
        if target.kind == "output":
            return self.outputs.get(target.ordinal or 0)
        texts = [text for each in expectations if each.target == target for text in each.values]
        return next((self.values[text] for text in texts if text in self.values), None)


def run_again(  # noqa: PLR0913, PLR0917  what ran, what came out, and how
    folder: Path, pipeline: Pipeline, kept: Sequence[CellExecution], first: Reran, files: Path, how: How
) -> Second:
    """Run it once more and compare with the first run, whose files are in `files`. Raises what `rerun` raises."""
    found = first.findings.found
    asked = Asked(
        at_end=found.get(None, {}),
        underway={ordinal: values for ordinal, values in found.items() if ordinal is not None},
        contents=first.findings.contents,
    )
    with tempfile.TemporaryDirectory(prefix="jrepro-second-") as temporary:
        ran = rerun(folder, pipeline, kept, asked, how=replace(how, keep=Path(temporary)))
        if ran.outcome.exceeded:
            return Second(again="budget")
        changed = dict(_of_files(first, ran, files, Path(temporary)))
    second = Second(
        again="other",
        values=dict(_of_checks(ran.findings.targets.values())),
        underway={ordinal: dict(_of_checks(checks)) for ordinal, checks in ran.findings.after.items()},
        outputs={
            ordinal: spread
            for ordinal, outputs in first.outputs.items()
            if ordinal in ran.outputs and (spread := _of(compare_outputs(outputs, ran.outputs[ordinal])))
        },
        files=changed,
    )
    if ran.outcome.error is not None:
        return replace(second, again="failed")
    any_differ = second.values or any(second.underway.values()) or second.outputs or second.files
    return second if any_differ else replace(second, again="same")


def told(divergence: Divergence, second: Second) -> Divergence:
    """A divergence with what two runs say of it: of its own values, else where they part first."""
    own = dict(second.underway.get(divergence.ordinal, {}))
    if (shown := second.outputs.get(divergence.ordinal)) is not None:
        own["what it shows"] = shown
    if own:
        return replace(divergence, spreads=dict(list(own.items())[:_SHOWN]))
    parted = sorted({*(each for each, values in second.underway.items() if values), *second.outputs})
    if not parted:
        return divergence
    line = f"two runs here differ from each other, first in execution {parted[0]}"
    return replace(divergence, evidence=(*divergence.evidence, line))


def _of_checks(checks: Iterable[Check]) -> Iterator[tuple[str, Spread]]:
    for check in checks:
        if check.verdict == "different" and check.expected is not None and check.found is not None:
            yield check.subject, Spread(first=check.expected, second=check.found, numbers=check.deviation)


def _of(difference: Difference) -> Spread | None:
    if difference.verdict in GOOD or difference.expected is None or difference.found is None:
        return None
    return Spread(first=difference.expected, second=difference.found, numbers=difference.deviation)


def _of_files(first: Reran, ran: Reran, ours: Path, theirs: Path) -> Iterator[tuple[str, Spread]]:
    """Large files were not kept: they are told by digest."""
    for path, digest in ran.wrote.items():
        before = first.wrote.get(path)
        if before is None or before == digest:
            continue
        if not ((ours / before).is_file() and (theirs / digest).is_file()):
            yield path, Spread(first=f"sha256 {before[:12]}", second=f"sha256 {digest[:12]}")
        elif (spread := _of(_compare(path, ours / before, theirs / digest))) is not None:
            yield path, spread


def _compare(path: str, first: Path, second: Path) -> Difference:
    return compare_contents(Path(path).name, first.read_bytes(), second.read_bytes())
