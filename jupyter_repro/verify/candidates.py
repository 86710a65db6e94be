"""What a search may put back: what differs here and now, as far as it was kept, is given, or can be installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jupyter_repro.capture.variables import is_value
from jupyter_repro.errors import UsageError
from jupyter_repro.verify.explanation import Explanation, Factor
from jupyter_repro.verify.factors import outer_factors
from jupyter_repro.verify.packages import Overlays
from jupyter_repro.verify.situation import Situation

_OF_THE_KERNEL = ("package", "threads", "Python", "platform", "machine", "network", "database")


def candidates(
    situation: Situation, explanation: Explanation, values: Mapping[str, str], overlays: Overlays | None
) -> tuple[Factor, ...]:
    """The factors as they are now; those that can't be put back say why.

    `values` are those of environment variables, as the user says; UsageError for one that isn't the recorded one.
    Packages are installed into `overlays`, where it is given. What a kernel told is taken from the explanation.
    """
    found = [*outer_factors(situation), *(each for each in explanation.factors if each.kind in _OF_THE_KERNEL)]
    return tuple(_reached(found, situation.project, values, overlays))


def gone(explanation: Explanation, now: Sequence[Factor]) -> tuple[Factor, ...]:
    """What differed then and doesn't any more."""
    keys = {factor.key for factor in now}
    return tuple(factor for factor in explanation.factors if factor.key not in keys)


def _reached(
    factors: Sequence[Factor], project: Path, values: Mapping[str, str], overlays: Overlays | None
) -> Iterator[Factor]:
    for factor in factors:
        if factor.kind == "environment" and factor.name in values:
            if factor.recorded is not None and not is_value(project, factor.name, values[factor.name], factor.recorded):
                step = f"Leave `--env {factor.name}=...` out, or give the value that it had."
                raise UsageError(f"{factor.name} had another value when the session was recorded.", step)
            yield replace(factor, obstacle=None)
        elif factor.kind == "package":
            obstacle = overlays.install(factor) if overlays is not None else None
            asked = overlays is not None
            yield replace(factor, obstacle=obstacle if asked else "`--packages` has pip install the recorded version")
        else:
            yield factor
