"""The names at the end of a session, without those whose last change the journal doesn't hold.

`names` lines are written when the kernel is idle, and only for what changed. A killed kernel may leave a cell's
evidence without the bindings that it made, and any of them may be among the lines that could not be read. What the
journal then holds of such a name is an earlier value, which must not be taken for the last one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import msgspec

from jupyter_repro.model import Binding, CellExecution, Value
from jupyter_repro.store.folding import Folded


@dataclass(slots=True)
class _Changes:
    """The last change of every name: its ordinal, and the value after it where that was taken."""

    bound: dict[str, tuple[int, Value | None]] = field(default_factory=dict)
    mutated: dict[str, tuple[int, Value | None]] = field(default_factory=dict)


def read_namespace(
    folded: Folded, executions: Iterable[CellExecution], lost: bool, problems: list[str]
) -> dict[str, Binding]:
    """Names to their bindings, and expressions that were evaluated after the last execution.

    `lost`: the kernel died without a word.
    """
    namespace = {}
    changes = _changes(executions) if lost or folded.faults else _Changes()
    for name, (ordinal, fields) in folded.bindings.items():
        taken = ordinal if folded.faults else folded.named
        binding = _convert(fields)
        if binding is None or _is_outdated(binding, taken, changes.bound.get(name)):
            problems.append(f"what `{name}` was bound to at the end can't be read")
        elif _is_outdated(binding, taken, changes.mutated.get(name)):
            namespace[name] = replace(binding, value=None)
        else:
            namespace[name] = binding
    evaluated = {expression: _convert(fields) for expression, fields in folded.values.items()}
    return namespace | {expression: binding for expression, binding in evaluated.items() if binding}


def _changes(executions: Iterable[CellExecution]) -> _Changes:
    changes = _Changes()
    for execution in executions:
        for name in (*execution.bound, *execution.rebound, *execution.deleted):
            changes.bound[name] = execution.ordinal, execution.values.get(name)
        for name in execution.mutated:
            changes.mutated[name] = execution.ordinal, execution.values.get(name)
    return changes


def _is_outdated(binding: Binding, taken: int, change: tuple[int, Value | None] | None) -> bool:
    """Whether it was taken before the change, and nothing shows that the change left it as it was."""
    if change is None or change[0] <= taken:
        return False
    value = change[1]
    return value is None or binding.value is None or value.digest != binding.value.digest


def _convert(fields: object) -> Binding | None:
    try:
        return msgspec.convert(fields, Binding)
    except msgspec.ValidationError:
        return None
