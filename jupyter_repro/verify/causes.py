"""What could explain that an execution gave something else: what changed, and what isn't deterministic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jupyter_repro.model import CellExecution, Nondeterminism
from jupyter_repro.pipeline.uses import phrase

_MODULE = "module "  # begins the names of the project's own modules, see capture.closure


@dataclass(frozen=True, slots=True)
class Causes:
    """What the record of the executions that were run says; `changes` in the words of their factors."""

    kept: Sequence[CellExecution]
    changes: Sequence[str]
    nondeterminism: Sequence[Nondeterminism]

    def are_harmless(self, execution: CellExecution) -> bool:
        """Whether it only uses what no target holds, so that other values say nothing: a stopwatch that it starts."""
        own = [use.matters for use in self.nondeterminism if use.ordinal == execution.ordinal]
        return bool(own) and not any(own)

    def of_itself(self, execution: CellExecution) -> Iterator[str]:
        for use in self.nondeterminism:
            if use.ordinal == execution.ordinal:
                yield f"it {phrase(use.kind, use.detail)}"

    def of(self, execution: CellExecution) -> Iterator[str]:
        """The most telling first: what it uses itself, else what those before it used whose values nobody compared."""
        changed = [f"it {each}" for each in self._changed_for(execution)]
        yield from changed or self._before(execution)
        libraries = [state.library for state in execution.random]
        libraries += [place[7:] for place in execution.reads.places if place.startswith("random:")]
        if libraries:
            yield f"it draws random numbers ({', '.join(dict.fromkeys(libraries))})"
        if execution.incomplete is not None:
            yield f"its record is incomplete: {execution.incomplete}"
        for use in self.nondeterminism:
            if use.ordinal < execution.ordinal and use.matters:
                yield f"before it, execution {use.ordinal} {phrase(use.kind, use.detail)}"

    def _before(self, execution: CellExecution) -> Iterator[str]:
        for earlier in self.kept:
            if earlier.ordinal < execution.ordinal:
                yield from (f"before it, execution {earlier.ordinal} {each}" for each in self._changed_for(earlier))

    def _changed_for(self, execution: CellExecution) -> Iterator[str]:
        """Of the changes those that it meets, in words that follow a subject."""
        for change in self.changes:
            kind, _, rest = change.partition(": ")
            if self._meets(execution, kind, rest):
                yield f"uses what changed: {change}"

    def _meets(self, execution: CellExecution, kind: str, rest: str) -> bool:
        name = rest.partition(" ")[0]
        if kind == "environment":
            return f"env:{name}" in execution.reads.places
        if kind == "network":
            return any(read.url == name for read in execution.remote)
        if kind in ("data", "code") and any(f" {file.path} " in f" {rest} " for file in execution.own_files):
            return True
        modules = [each.removeprefix(_MODULE) for each in execution.reads.names if each.startswith(_MODULE)]
        return kind == "code" and any(f"({each})" in rest for each in modules)
