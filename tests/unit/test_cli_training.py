"""How fits are told."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_repro.cli.training import fit_line, fit_lines
from jupyter_repro.model import Fit

LINES: list[tuple[dict[str, Any], str]] = [
    (
        {"epochs": 3, "planned": 3, "steps": 1200, "metrics": {"loss": (0.41, 0.3, 0.22), "val_accuracy": (0.5, 0.93)}},
        "fit Net: 3 epochs, 1,200 steps, loss 0.41 -> 0.22, val_accuracy 0.93, weights not hashed",
    ),
    (
        {"epochs": 1, "planned": 1, "steps": 1, "optimizer": "Adam", "initial": "a" * 64, "final": "b" * 64},
        "fit Net: 1 epoch, 1 step, Adam, weights aaaaaaaa -> bbbbbbbb",
    ),
    ({"epochs": 2, "planned": 9, "final": "b" * 64}, "fit Net: 2 of 9 epochs, weights bbbbbbbb"),
    (
        {"epochs": 1, "planned": 5, "error": "KeyboardInterrupt", "metrics": {"loss": (None,)}},
        "fit Net: interrupted after 1 of 5 epochs, loss not finite, weights not hashed",
    ),
    (
        {"epochs": 0, "planned": 1, "error": "ValueError", "final": "b" * 64, "sampled": True},
        "fit Net: ValueError after 0 of 1 epochs, weights bbbbbbbb (sampled)",
    ),
    ({"epochs": 70, "calls": 70, "planned": 70}, "70 fits of Net: 70 epochs, weights not hashed"),
    (
        {"library": "sklearn", "seen": "border", "name": "clf", "parameters": {"C": "0.5"}, "final": "b" * 64},
        "model clf, Net(C=0.5): state bbbbbbbb",
    ),
    (
        {"library": "torch", "seen": "border", "name": "net", "initial": "a" * 64, "final": "b" * 64},
        "model net, Net: weights aaaaaaaa -> bbbbbbbb",
    ),
]


@pytest.mark.parametrize(("fields", "line"), LINES)
def test_a_fit_in_one_line(fields: dict[str, Any], line: str) -> None:
    assert fit_line(Fit(model="Net", **{"library": "keras", **fields})) == line


def test_the_first_few_of_many() -> None:
    lines = list(fit_lines([Fit(library="keras", model="Net")] * 10))
    assert len(lines) == 9
    assert lines[-1] == "and 2 more fits, see --json"
