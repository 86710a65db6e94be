"""A run as text: how it ended, what it ran on, what came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jupyter_repro.cli.console import local_time, one_line, seconds
from jupyter_repro.cli.run import verdict_lines
from jupyter_repro.model import Run

_DIGITS = 12  # of a digest


def run_lines(run: Run) -> Iterator[str]:
    took = f" in {seconds(run.duration)}" if run.duration is not None else ""
    yield f"Run {run.id} of {run.pipeline}, {local_time(run.started)}: {run.status}{took}"
    if run.error is not None:
        yield f"Error: {one_line(run.error)}"
    elif run.verdict is not None:
        yield from verdict_lines(run)
    if (used := run.resources) is not None and used.cpu is not None:
        yield f"Used: {used.cpu:.1f} s of CPU, {(used.peak_memory or 0) / 1e6:.0f} MB at most"
    yield from _section(
        "Parameters", {n: f"{v}{'' if n in run.parameters else ' (default)'}" for n, v in run.values.items()}
    )
    yield from _section("Metrics", {name: f"{value:g}" for name, value in run.metrics.items()})
    yield from _section("Data", {name: _short(value) for name, value in run.data.items()})
    yield from _section("Code", {name: _short(value) for name, value in run.code.items()})
    yield from _section("Environment", {name: value or "missing" for name, value in run.environment.items()})
    yield from _section("Wrote", {out.path: _short(out.digest) for out in run.outs})
    yield f"Notebook: {run.notebook}"
    if run.log is not None:
        yield f"Log: {run.log}"


def _section(title: str, rows: Mapping[str, str]) -> Iterator[str]:
    if rows:
        yield f"{title}:"
    yield from (one_line(f"  {name}: {value}") for name, value in rows.items())


def _short(digest: str | None) -> str:
    return digest[:_DIGITS] if digest is not None else "missing"
