"""Proving an export within its budget, with wider slices until a proof succeeds or nothing is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_repro.lineage.slicing import with_more
from jupyter_repro.lineage.widening import Clue, additions
from jupyter_repro.model import Kept, Pipeline, Recording, Slice, Standing, Verification, Widening
from jupyter_repro.pipeline.manifest import write_manifest
from jupyter_repro.verify.budget import Budget
from jupyter_repro.verify.evidence import keep_explanation
from jupyter_repro.verify.prove import can_be_mended, examine
from jupyter_repro.verify.tried import Tried

Say = Callable[[str], None]
_MOST_NARROWING = 3  # runs that look for what of the added executions was missing
_LONG = 60.0  # seconds of a proof that isn't repeated for that
_LISTED = 8  # ordinals


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    folder: Path
    pipeline: Pipeline
    recording: Recording
    tried: Tried | None = None  # where the notebook was never recorded by a person

    @property
    def verdict(self) -> Standing:
        verification = self.pipeline.verification
        return "unproven" if verification is None else verification.verdict

    @property
    def missing(self) -> tuple[Kept, ...]:
        """What the evidence did not ask for, and a proof needed."""
        widened = {each.ordinal for step in self.pipeline.widened for each in step.added}
        return tuple(kept for kept in self.pipeline.slice.kept if kept.ordinal in widened)


class Proving:
    """`write` writes the pipeline of a slice and returns it, unproven."""

    def __init__(self, write: Callable[[Slice], Exported], budget: Budget, say: Say, progress: bool) -> None:
        self._write = write
        self._budget = budget
        self._say = say
        self._progress = progress

    def run(self, first: Exported) -> Exported:
        exported = self._prove(first, ())
        while exported.verdict != "proven" and (more := self._more(exported, exported.pipeline.verification)):
            steps, wider = exported.pipeline.widened, with_more(exported.recording, exported.pipeline.slice, more)
            if self._budget.is_spent:
                return self._ended(exported)
            self._say(f"Not the same yet: trying again with {_ordinals(more)}.")
            step = Widening(added=more, proven=False, seconds=_seconds(more, exported.recording))
            exported = self._prove(self._write(wider), (*steps, step))
        return self._narrowed(first.pipeline.slice, exported) if exported.verdict == "proven" else exported

    def _prove(self, exported: Exported, steps: tuple[Widening, ...]) -> Exported:
        kept, total = len(exported.pipeline.slice.kept), len(exported.recording.executions)
        self._say(f"Proving: {kept} of {total} executions in a fresh kernel.")
        before = replace(exported, pipeline=replace(exported.pipeline, widened=steps))
        examined = examine(
            exported.folder,
            exported.pipeline,
            exported.recording,
            progress=self._progress,
            budget=self._budget,
            second=lambda found: self._is_worth_a_second(before, found),
        )
        keep_explanation(examined)
        verification = examined.verification
        steps = (*steps[:-1], *(replace(each, proven=verification.proven) for each in steps[-1:]))
        pipeline = replace(exported.pipeline, widened=steps, verification=verification)
        write_manifest(exported.folder, pipeline)
        return replace(exported, pipeline=pipeline)

    def _more(self, exported: Exported, found: Verification | None) -> tuple[Kept, ...]:
        """What may help; nothing where no execution can: what is known to differ from run to run stays so."""
        pipeline = exported.pipeline
        if found is None or not can_be_mended(found) or (found.nondeterministic and _has_source(pipeline)):
            return ()
        ordinal = found.divergence.ordinal if found.divergence is not None else None
        return additions(
            exported.recording, pipeline.slice, Clue(ordinal=ordinal, error=found.error), len(pipeline.widened)
        )

    def _is_worth_a_second(self, exported: Exported, found: Verification) -> bool:
        return _has_source(exported.pipeline) or not self._more(exported, found)

    def _ended(self, exported: Exported) -> Exported:
        """The budget ended it with wider slices still to be tried."""
        assert exported.pipeline.verification is not None
        verification = replace(exported.pipeline.verification, exceeded=True)
        pipeline = replace(exported.pipeline, verification=verification)
        write_manifest(exported.folder, pipeline)
        return replace(exported, pipeline=pipeline)

    def _narrowed(self, first: Slice, exported: Exported) -> Exported:
        """With half of the added executions as long as that is proven, too. What fails leaves the last success."""
        proven, steps = exported, exported.pipeline.widened
        added = list(proven.missing)
        last = {each.ordinal for each in steps[-1].added} if steps else set()
        halves = [[each for each in added if each.ordinal in last]] if len(steps) > 1 else []
        for _ in range(_MOST_NARROWING):
            halves = halves or [added[len(added) // 2 :], added[: len(added) // 2]]
            if len(added) < 2 or self._is_too_long(proven):
                break
            half = halves.pop(0)
            chosen = with_more(exported.recording, first, half)
            self._say(f"The same: trying with {_ordinals(half)} alone.")
            narrower = self._prove(self._write(chosen), (*steps, Widening(added=tuple(half), proven=False, seconds=0)))
            steps = narrower.pipeline.widened
            if narrower.verdict == "proven":
                proven, added, halves = narrower, half, []
        return proven if proven.pipeline.widened == steps else self._restored(proven, steps)

    def _is_too_long(self, exported: Exported) -> bool:
        took = exported.pipeline.verification.duration if exported.pipeline.verification is not None else _LONG
        left = self._budget.left
        return took >= _LONG or (left is not None and left < 2 * took)

    def _restored(self, exported: Exported, steps: tuple[Widening, ...]) -> Exported:
        self._write(exported.pipeline.slice)
        pipeline = replace(exported.pipeline, widened=steps)
        write_manifest(exported.folder, pipeline)
        return replace(exported, pipeline=pipeline)


def _has_source(pipeline: Pipeline) -> bool:
    return any(use.matters for use in pipeline.nondeterminism)


def _seconds(added: Sequence[Kept], recording: Recording) -> float:
    ordinals = {each.ordinal for each in added}
    return round(sum(each.duration or 0 for each in recording.executions if each.ordinal in ordinals), 3)


def _ordinals(added: Sequence[Kept]) -> str:
    numbers = [str(each.ordinal) for each in added]
    shown = ", ".join(numbers[:_LISTED]) + (f" and {len(numbers) - _LISTED} more" if len(numbers) > _LISTED else "")
    return f"execution{'s' if len(numbers) > 1 else ''} {shown}"
