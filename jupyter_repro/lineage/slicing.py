"""Slices: the executions that a result needs, found backward over the evidence, and wider ones for when that fails.

Keep an execution that wrote a demanded place; `demands = (demands - writes) + reads`. What can't be disproved stays
in: an execution without evidence is kept, and with it all that came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jupyter_repro.lineage.demands import Demands
from jupyter_repro.lineage.ranges import within
from jupyter_repro.lineage.reasons import reason
from jupyter_repro.lineage.targets import Wanted, wanted
from jupyter_repro.model import Access, CellExecution, Kept, Recording, Slice, Target

_DIED = ("running", "lost")


def slice_for(recording: Recording, targets: Sequence[Target]) -> Slice:
    """The smallest set of executions that the evidence can defend."""
    kept = _Slicer(recording).slice([wanted(recording, target) for target in targets])
    return _slice(recording, targets, kept)


def with_more(recording: Recording, current: Slice, more: Iterable[Kept]) -> Slice:
    """A slice and executions that its evidence doesn't ask for."""
    return _slice(recording, current.targets, {each.ordinal: each.reason for each in (*more, *current.kept)})


def _slice(recording: Recording, targets: Sequence[Target], kept: dict[int, str]) -> Slice:
    return Slice(
        targets=tuple(targets),
        kept=tuple(Kept(ordinal=ordinal, reason=kept[ordinal]) for ordinal in sorted(kept)),
        dropped=tuple(each.ordinal for each in recording.executions if each.ordinal not in kept),
    )


def ended(executions: Sequence[CellExecution]) -> Sequence[CellExecution]:
    """All but the one that the kernel died in or still runs. Of any other that seems lost the record is: it did end."""
    return executions[:-1] if executions and executions[-1].status in _DIED else executions


class _Slicer:
    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._functions = sorted(recording.code)
        self._demands = Demands()
        self._late = _late_writes(recording.executions)
        self._owners: dict[int, str] = {}  # executions whose late work was wanted when it was seen, and why
        self._kept: dict[int, str] = {}

    def slice(self, wanted: Sequence[Wanted]) -> dict[int, str]:
        shown = {each.ordinal: each for each in wanted if each.ordinal is not None}
        for each in wanted:
            self._demands.add(each.reads, each.words, each.by)
        following = None
        for execution in reversed(ended(self._recording.executions)):
            if following is not None and execution.ordinal + 1 < following:  # lines of the journal are lost
                self._demands.everything = f"execution {execution.ordinal + 1}"
            self._consider(execution, shown.get(execution.ordinal))
            following = execution.ordinal
        return self._kept

    def _consider(self, execution: CellExecution, target: Wanted | None) -> None:
        reads, writes = self._accesses(execution)
        why = self._why(execution, writes)
        if target is not None:
            why = f"shows {target.by}"
        if why is not None:
            self._keep(execution, why, reads, writes)
        late = execution.late
        if late is not None and (met := self._demands.met_by(late.writes)):
            self._owners.setdefault(late.owner, reason(met, execution))

    def _keep(self, execution: CellExecution, why: str, reads: tuple[Access, ...], writes: tuple[Access, ...]) -> None:
        self._kept[execution.ordinal] = why
        for each in writes:
            self._demands.take(each)
        words = self._words(execution)
        for each in reads:
            self._demands.add(each, words, f"execution {execution.ordinal}")

    def _why(self, execution: CellExecution, writes: tuple[Access, ...]) -> str | None:
        demands = self._demands
        if not execution.observed:
            demands.everything = f"execution {execution.ordinal}"
            return "what it did was not observed"
        if demands.everything is not None:
            return f"comes before {demands.everything}, which was not observed"
        met = next((met for each in writes if (met := demands.met_by(each))), None)
        return reason(met, execution) if met is not None else self._owners.get(execution.ordinal)

    def _accesses(self, execution: CellExecution) -> tuple[tuple[Access, ...], tuple[Access, ...]]:
        """What it reads and writes, with the work that it started or waited for."""
        reads, writes = [execution.reads], [execution.writes, *self._late.get(execution.ordinal, ())]
        if execution.synchronises:
            for owner, late in self._late.items():
                if owner < execution.ordinal:
                    reads += late
                    writes += late
        if execution.shifts and self._demands.wants_earlier_outputs():
            reads.append(Access(names=("_", "__")))
        return tuple(reads), tuple(writes)

    def _words(self, execution: CellExecution) -> set[str]:
        functions = [label for each in execution.reads.objects for label in within(self._functions, *each)]
        return set(execution.words).union(*(self._recording.code[label] for label in functions))


def _late_writes(executions: Sequence[CellExecution]) -> dict[int, list[Access]]:
    found: dict[int, list[Access]] = {}
    for execution in executions:
        if execution.late is not None:
            found.setdefault(execution.late.owner, []).append(execution.late.writes)
    return found
