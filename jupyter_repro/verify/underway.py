"""The values that names had on the way to a result, as far as the record holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jupyter_repro.model import CellExecution, Recording, Value


def values_underway(kept: Sequence[CellExecution], recording: Recording | None) -> dict[int, dict[str, Value]]:
    """By execution: small values as they were taken right after it; and what names are bound to at the end of the
    session, after the last execution that changed it.
    """
    found = {execution.ordinal: dict(execution.values) for execution in kept}
    if recording is not None:
        last = _last_changes(recording.executions)
        for name, binding in recording.namespace.items():
            if binding.value is not None and (ordinal := last.get(name)) in found:
                found[ordinal].setdefault(name, binding.value)
    return {ordinal: values for ordinal, values in found.items() if values}


def _last_changes(executions: Sequence[CellExecution]) -> Mapping[str, int]:
    """Name -> the execution after which it stayed as it was. Of an execution without evidence nobody knows."""
    last: dict[str, int] = {}
    for execution in executions:
        if not execution.observed:
            last.clear()
        for name in (*execution.bound, *execution.rebound, *execution.mutated):
            last[name] = execution.ordinal
    return last
