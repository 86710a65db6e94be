"""Isolating why a run differs: factors are put back as they were recorded, in as few and as short runs as possible.

The first execution that differs is explained first, in runs that end behind it; then the next one that still does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from jupyter_repro.hashing import digest
from jupyter_repro.verify.evidence import Home
from jupyter_repro.verify.explanation import Attempt, Bisection, Explanation, Factor, Isolated, Result
from jupyter_repro.verify.restoring import Restorer, outcome_digest
from jupyter_repro.verify.search import fewest
from jupyter_repro.verify.why import as_mapping, keys_by_rank

Say = Callable[[Attempt, int], None]


class OutOfRuns(Exception):
    """As many runs were made as are allowed."""


class Runner(Protocol):
    """Runs with factors put back; `Restorer` does."""

    def attempt(self, factors: Sequence[Factor], upto: int | None, *, again: bool) -> Attempt: ...


@dataclass(frozen=True, slots=True)
class RestoringRunner:
    restorer: Restorer

    def attempt(self, factors: Sequence[Factor], upto: int | None, *, again: bool) -> Attempt:
        """`same`: nothing up to the execution differed; to the end, the targets are proven."""
        begun = time.monotonic()
        verification, ran = self.restorer.run(factors, upto)
        divergence = verification.divergence
        same = verification.proven if upto is None else divergence is None and ran.outcome.error is None
        return Attempt(
            restored=tuple(sorted(factor.key for factor in factors)),
            upto=upto,
            same=same,
            first=divergence.ordinal if divergence is not None else None,
            found=outcome_digest(verification, ran),
            error=ran.outcome.error,
            duration=round(time.monotonic() - begun, 3),
            again=again,
        )


class Search:
    """Of one run or proof. Each attempt is written down, and none is made twice."""

    def __init__(self, explanation: Explanation, home: Home, runner: Runner, most: int, say: Say) -> None:
        self._home, self._runner, self._most, self._say = home, runner, most, say
        self._factors = as_mapping(explanation.factors)
        keys, self._likely = keys_by_rank(explanation)
        self._ranked = [self._factors[key] for key in keys if self._factors[key].obstacle is None]
        self._made = 0
        fresh = Bisection(id=explanation.id, pipeline=explanation.pipeline, situation=_situation(explanation.factors))
        earlier = home.bisection()
        is_same = earlier is not None and earlier.situation == fresh.situation
        self.known = replace(fresh, attempts=earlier.attempts) if earlier is not None and is_same else fresh

    def run(self) -> Bisection:
        """Raises what a run raises; what was found until then stays for the next search."""
        try:
            result = self._search()
        except OutOfRuns:
            result = "out of runs"
        suspects = () if result in ("isolated", "does not come back") else self._suspects()
        return self._keep(result=result, suspects=suspects)

    def _search(self) -> Result:
        fixed: list[Factor] = []
        while not (found := self._attempt(fixed, None)).same:
            missing = self._enough_for(found.first, fixed)
            if missing is None:
                return self._unexplained()
            fixed += missing
            self._keep(isolated=(*self.known.isolated, Isolated(ordinal=found.first, factors=tuple(missing))))
        return "isolated" if fixed else "does not come back"

    def _unexplained(self) -> Result:
        """Whether two runs with all that can be put back differ from each other."""
        one, other = (self._attempt(self._ranked, None, again=again) for again in (False, True))
        return "not among these" if one.found == other.found else "nondeterministic"

    def _enough_for(self, upto: int | None, fixed: Sequence[Factor]) -> list[Factor] | None:
        """The fewest factors that make the executions up to this one give what was recorded; None if all don't."""
        left = [factor for factor in self._ranked if factor not in fixed and _comes_before(factor, upto)]
        left.sort(key=lambda factor: upto not in factor.ordinals)  # the others stay in the order of their likelihood

        def is_enough(part: Sequence[Factor]) -> bool:
            return self._attempt((*fixed, *part), upto).same

        if not left or not (is_enough(left[:1]) or is_enough(left)):
            return None
        return fewest(left, is_enough, likely=min(self._likely, len(left)))

    def _attempt(self, factors: Sequence[Factor], upto: int | None, *, again: bool = False) -> Attempt:
        keys = tuple(sorted(factor.key for factor in factors))
        for each in self.known.attempts:
            if (each.restored, each.upto, each.again) == (keys, upto, again):
                return each
        if self._made >= self._most:
            raise OutOfRuns
        self._made += 1
        attempt = self._runner.attempt(factors, upto, again=again)
        self._keep(attempts=(*self.known.attempts, attempt))
        self._say(attempt, self._made)
        return attempt

    def _suspects(self) -> tuple[Factor, ...]:
        """What may still be the cause: what can't be put back, and, if the runs were out, what was left."""
        isolated = {factor.key for each in self.known.isolated for factor in each.factors}
        return tuple(factor for factor in self._factors.values() if factor.key not in isolated)

    def _keep(self, **changed: object) -> Bisection:
        self.known = replace(self.known, **changed)  # type: ignore[arg-type]
        self._home.write_bisection(self.known)
        return self.known


def _comes_before(factor: Factor, upto: int | None) -> bool:
    """Whether an execution up to this one may use it."""
    return upto is None or not factor.ordinals or min(factor.ordinals) <= upto


def _situation(factors: Sequence[Factor]) -> str:
    told = sorted((factor.key, factor.recorded, factor.now, factor.text, factor.details) for factor in factors)
    return digest(json.dumps(told).encode())
