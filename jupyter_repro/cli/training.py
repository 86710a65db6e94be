"""What executions trained, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jupyter_repro.model import Fit

_SHOWN = 8  # fits of an execution; --json has all
_METRICS = 6
_DIGEST = 8  # characters of a digest


def fit_lines(fits: Sequence[Fit]) -> Iterator[str]:
    """One line for each of the first few: `fit Sequential: 3 epochs, loss 0.41 -> 0.22`."""
    yield from map(fit_line, fits[:_SHOWN])
    if fits[_SHOWN:]:
        yield f"and {len(fits) - _SHOWN} more fits, see --json"


def fit_line(fit: Fit) -> str:
    return f"{_subject(fit)}: {', '.join(_facts(fit))}"


def _subject(fit: Fit) -> str:
    if fit.seen == "call":
        return f"fit {fit.model}" if fit.calls == 1 else f"{fit.calls} fits of {fit.model}"
    parameters = ", ".join(f"{name}={text}" for name, text in fit.parameters.items())
    return f"model {fit.name}, {fit.model}({parameters})" if parameters else f"model {fit.name}, {fit.model}"


def _facts(fit: Fit) -> Iterator[str]:
    if fit.epochs is not None:
        yield _epochs(fit)
    if fit.steps is not None:
        yield f"{fit.steps:,} step{'s' if fit.steps != 1 else ''}"
    yield from (_metric(name, values) for name, values in list(fit.metrics.items())[:_METRICS] if values)
    if fit.optimizer is not None:
        yield fit.optimizer
    yield _weights(fit)


def _epochs(fit: Fit) -> str:
    early = fit.planned is not None and fit.epochs != fit.planned
    text = f"{fit.epochs} of {fit.planned} epochs" if early else f"{fit.epochs} epoch{'s' if fit.epochs != 1 else ''}"
    if fit.error == "KeyboardInterrupt":
        return f"interrupted after {text}"
    return f"{fit.error} after {text}" if fit.error is not None else text


def _metric(name: str, values: Sequence[float | None]) -> str:
    """Of a loss how it went, of other metrics what they came to."""
    first, last = _number(values[0]), _number(values[-1])
    return f"{name} {last}" if first == last or not name.endswith("loss") else f"{name} {first} -> {last}"


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"


def _weights(fit: Fit) -> str:
    what = "state" if fit.library == "sklearn" else "weights"
    now = fit.final[:_DIGEST] if fit.final is not None else "not hashed"
    change = f"{fit.initial[:_DIGEST]} -> {now}" if fit.initial is not None else now
    return f"{what} {change}{' (sampled)' if fit.sampled else ''}"
