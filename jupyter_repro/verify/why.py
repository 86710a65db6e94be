"""Why a run differs from the record: the first execution that does, its inputs that differ, the likeliest causes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from jupyter_repro.model import CellExecution, Check, Nondeterminism
from jupyter_repro.pipeline.uses import phrase
from jupyter_repro.verify.difference import GOOD
from jupyter_repro.verify.explanation import Cause, DifferentInput, Explanation, Factor, First, Strength
from jupyter_repro.verify.flow import Route, Routes
from jupyter_repro.verify.prove import Examined

_ORDER: tuple[Strength, ...] = ("shown", "likely", "possible", "later")
# Of causes that are as likely, those that change numbers the most often come first.
_KINDS = (
    "cell",
    "seed",
    "parameter",
    "data",
    "code",
    "environment",
    "network",
    "database",
    "clock",
    "package",
    "threads",
)
_TOGETHER = 3  # files of one folder that became the same are one cause from here on
_SHOWN = 5


def explain(examined: Examined, identity: str, pipeline: str) -> Explanation:
    """`identity` is the run's or the proof's, `pipeline` its folder as records name files."""
    verification, situation = examined.verification, examined.situation
    first = _first(examined) if not verification.proven else None
    return Explanation(
        id=identity,
        pipeline=pipeline,
        session=situation.pipeline.session,
        started=verification.started,
        same=verification.proven,
        error=verification.error,
        checks=verification.checks,
        first=first,
        causes=tuple(_causes(examined, first)) if not verification.proven else (),
        factors=examined.factors,
    )


def with_shown(explanation: Explanation, shown: Iterable[str]) -> Explanation:
    """The same with the causes that a search has isolated first; `shown` are keys of factors."""
    keys = frozenset(shown)
    causes = [replace(each, strength="shown") if keys & set(each.factors) else each for each in explanation.causes]
    return replace(explanation, causes=tuple(sorted(causes, key=lambda each: _ORDER.index(each.strength))))


# --- the first difference ---------------------------------------------------------------------------------------------


def _first(examined: Examined) -> First | None:
    divergence = examined.verification.divergence
    execution = _execution(examined, divergence.ordinal) if divergence is not None else None
    if divergence is None or execution is None:
        return None
    checks = examined.ran.findings.after.get(execution.ordinal, [])
    values = [check for check in checks if check.verdict not in GOOD]
    if not values:  # it showed something else
        words = dict(each.split(": ", 1) for each in divergence.evidence if each.startswith(("recorded: ", "now: ")))
        if words:
            values = [Check(subject="its output", verdict="different", expected=words["recorded"], found=words["now"])]
    return First(
        ordinal=execution.ordinal,
        execution_count=execution.execution_count,
        source=execution.source,
        text=divergence.cause,
        values=tuple(values),
        inputs=tuple(_inputs(examined, execution)),
    )


def _execution(examined: Examined, ordinal: int) -> CellExecution | None:
    return next((each for each in examined.situation.kept if each.ordinal == ordinal), None)


def _inputs(examined: Examined, execution: CellExecution) -> Iterator[DifferentInput]:
    """What it uses itself, then names that differ or that nobody compared and that come of what differs."""
    for factor in examined.factors:
        if execution.ordinal in factor.ordinals:
            yield DifferentInput(name=factor.name, compared=True, text=factor.words)
    routes = _routes(examined)
    for name, producer in routes.producers(execution):
        known = [each for each in examined.ran.findings.after.get(producer, ()) if each.subject == name]
        if known and known[0].verdict not in GOOD:
            text = f"execution {producer} gave {known[0].found}, recorded was {known[0].expected}"
            yield DifferentInput(name=name, compared=True, text=text)
        elif not known and (origins := _origins(examined, routes, producer)):
            text = f"not compared behind execution {producer}; it comes of what differs: {'; '.join(origins)}"
            yield DifferentInput(name=name, compared=False, text=text)


def _origins(examined: Examined, routes: Routes, producer: int) -> list[str]:
    reached = routes.to(producer)
    return [each.words for each in examined.factors if any(ordinal in reached for ordinal in each.ordinals)][:_SHOWN]


def _routes(examined: Examined) -> Routes:
    same = {
        (ordinal, check.subject)
        for ordinal, checks in examined.ran.findings.after.items()
        for check in checks
        if check.verdict in GOOD
    }
    return Routes(examined.situation.kept, same)


# --- causes -----------------------------------------------------------------------------------------------------------


def _causes(examined: Examined, first: First | None) -> list[Cause]:
    found = [_cause(group, examined, first) for group in _grouped(examined.factors)]
    found += _randomness(examined, first)
    found += _nondeterminism(examined, first)
    if not found:
        found.append(Cause(kind="unknown", text=_UNKNOWN, strength="possible"))
    return sorted(found, key=_rank)


_UNKNOWN = (
    "nothing that is on record has changed: what differs is nondeterministic, or something that is not recorded, "
    "such as a library's build"
)


def _rank(cause: Cause) -> tuple[int, int]:
    return _ORDER.index(cause.strength), _KINDS.index(cause.kind) if cause.kind in _KINDS else len(_KINDS)


def _grouped(factors: Sequence[Factor]) -> list[list[Factor]]:
    """Files of one folder that became the same, together where they are many."""
    groups: dict[object, list[Factor]] = defaultdict(list)
    for factor in factors:
        folder = PurePosixPath(factor.name).parent if factor.kind == "data" else factor.key
        groups[factor.kind, folder, factor.state].append(factor)
    return [
        part for group in groups.values() for part in ([group] if len(group) >= _TOGETHER else [[f] for f in group])
    ]


def _cause(group: Sequence[Factor], examined: Examined, first: First | None) -> Cause:
    ordinals = sorted({ordinal for factor in group for ordinal in factor.ordinals})
    strength, route = _strength(ordinals, examined, first)
    head = group[0]
    text, details = head.text, head.details
    if len(group) > 1:
        folder = PurePosixPath(head.name).parent
        text = f"{len(group)} files in {folder}/ {head.text.removeprefix(head.name).strip()}"
        names = [PurePosixPath(factor.name).name for factor in group]
        details = (", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""),)
    keys = tuple(factor.key for factor in group)
    return Cause(kind=head.kind, text=text, strength=strength, evidence=(*details, *route), factors=keys)


def _strength(ordinals: Sequence[int], examined: Examined, first: First | None) -> tuple[Strength, tuple[str, ...]]:
    """How likely what these executions use is the cause, and by which way it comes to the first difference."""
    if first is None:
        return "possible", (_use(ordinals),) if ordinals else ()
    if not ordinals:
        return "possible", ("no execution is known to use it",) if examined.situation.kept else ()
    if first.ordinal in ordinals:
        return "likely", (f"execution {first.ordinal} itself uses it",)
    routes = _routes(examined).to(first.ordinal)
    if met := [ordinal for ordinal in ordinals if ordinal in routes]:
        return "likely", (_way(met[-1], routes[met[-1]]),)
    if min(ordinals) > first.ordinal:
        return "later", (f"only {_use(ordinals)}, after the first difference",)
    return "possible", (f"{_use(ordinals)}, and no way to execution {first.ordinal} is seen",)


def _use(ordinals: Sequence[int]) -> str:
    if len(ordinals) == 1:
        return f"execution {ordinals[0]} uses it"
    shown = ", ".join(map(str, ordinals[:_SHOWN]))
    return f"executions {shown}{' and others' if len(ordinals) > _SHOWN else ''} use it"


def _way(start: int, route: Route) -> str:
    steps = [f"execution {ordinal} reads {what} of that" for ordinal, what in route]
    return f"execution {start} uses it; {', '.join(steps)}"


def _randomness(examined: Examined, first: First | None) -> Iterator[Cause]:
    execution = _execution(examined, first.ordinal) if first is not None else None
    if execution is None:
        return
    for state in execution.random:
        seeded = "the user's own seed" if state.stream is None else f"the session's stream of execution {state.stream}"
        yield Cause(
            kind="random",
            text=f"execution {execution.ordinal} draws from {state.library}'s generator, from its first draw on",
            strength="possible",
            evidence=(f"it was recorded with {seeded}",),
        )


def _nondeterminism(examined: Examined, first: First | None) -> Iterator[Cause]:
    known = {factor.kind for factor in examined.factors}
    found: dict[tuple[int, str], list[Nondeterminism]] = defaultdict(list)
    for use in examined.situation.pipeline.nondeterminism:
        own = first is not None and use.ordinal == first.ordinal
        is_before = first is None or use.ordinal <= first.ordinal
        replayed = use.kind == "clock" and examined.situation.clock == "recorded"
        if (use.matters or own) and is_before and use.kind not in known and not replayed:
            found[use.ordinal, use.kind].append(use)
    for (ordinal, kind), uses in found.items():
        details = ", ".join(dict.fromkeys(use.detail for use in uses))
        is_likely = first is not None and ordinal == first.ordinal
        text = f"execution {ordinal} {phrase(kind, details)}"
        yield Cause(kind=kind, text=text, strength="likely" if is_likely else "possible")


def keys_by_rank(explanation: Explanation) -> tuple[list[str], int]:
    """The factors' keys, the likeliest first, and how many are likely."""
    ranked = [key for cause in explanation.causes for key in cause.factors]
    likely = sum(len(cause.factors) for cause in explanation.causes if cause.strength in ("shown", "likely"))
    return ranked, likely


def as_mapping(factors: Iterable[Factor]) -> Mapping[str, Factor]:
    return {factor.key: factor for factor in factors}
