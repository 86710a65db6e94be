"""What a target is compared by: the value of its expression, else those of the names that the expression reads."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_repro.lineage.names import read_cell
from jupyter_repro.model import Pipeline, Recording, Target, Value

_BUILT_IN = frozenset((*vars(builtins), "get_ipython"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """`values`: what to evaluate at the end and the value that it had. `reason`: why there is nothing to compare by."""

    target: Target
    values: Mapping[str, Value] = field(default_factory=dict)
    reason: str | None = None

    @property
    def by_names(self) -> bool:
        """Whether the values are not the expression's own."""
        return self.target.text not in self.values


def recorded_values(recording: Recording, targets: tuple[Target, ...]) -> dict[str, Value]:
    """Expression or name -> value, as far as they were taken: what a pipeline carries to be proven anywhere."""
    values: dict[str, Value] = {}
    for target in targets:
        if target.kind == "expression":
            known = (text for text in (target.text, *_reach(recording, target.text)))
            values.update({text: value for text in known if (value := _value(recording, text)) is not None})
    return values


def expectation_of(target: Target, pipeline: Pipeline, recording: Recording | None) -> Expectation:
    """How to compare an expression target."""
    expected = pipeline.expected
    if target.text in expected:
        return Expectation(target=target, values={target.text: expected[target.text]})
    if target.text.isidentifier():
        return Expectation(target=target, reason="its value was not recorded")
    names = _names(target.text) if recording is None else _reach(recording, target.text)
    if missing := [name for name in names if name not in expected]:
        return Expectation(target=target, reason=f"the value of {', '.join(missing)} was not recorded")
    if not names:
        return Expectation(target=target, reason="it reads no recorded name")
    return Expectation(target=target, values={name: expected[name] for name in names})


def _names(expression: str) -> list[str]:
    return sorted(read_cell(expression).loads - _BUILT_IN)


def _reach(recording: Recording, expression: str) -> list[str]:
    """The names that an expression reads, and those that their values read in turn (a function's globals)."""
    names = set(_names(expression))
    for name in sorted(names):
        if (binding := recording.namespace.get(name)) is not None:
            names |= {each for each in binding.reads.names if each in recording.namespace}
    return sorted(names)


def _value(recording: Recording, text: str) -> Value | None:
    binding = recording.namespace.get(text)
    return binding.value if binding is not None else None
