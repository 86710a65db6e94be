"""By which executions a difference can have come to another one: through names and files that were not the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence

from jupyter_repro.model import CellExecution

Route = tuple[tuple[int, str], ...]  # the executions on the way, each with what it read of the one before


class Routes:
    """`same` are (ordinal, name) whose value was found to be as it was recorded."""

    def __init__(self, kept: Sequence[CellExecution], same: Collection[tuple[int, str]]) -> None:
        self._by_ordinal = {execution.ordinal: execution for execution in kept}
        self._same = same

    def producers(self, execution: CellExecution) -> Iterator[tuple[str, int]]:
        """Names that it reads, with the last execution before it that bound or changed them."""
        for name in execution.names_read:
            for ordinal in reversed(self._before(execution.ordinal)):
                earlier = self._by_ordinal[ordinal]
                if name in (*earlier.bound, *earlier.rebound, *earlier.mutated):
                    yield name, ordinal
                    break

    def to(self, ordinal: int) -> dict[int, Route]:
        """The executions of which something came to this one, itself first, with the way."""
        found: dict[int, Route] = {ordinal: ()}
        waiting = deque([ordinal])
        while waiting:
            current = waiting.popleft()
            for what, producer in self._sources(self._by_ordinal[current]):
                if producer not in found:
                    found[producer] = ((current, what), *found[current])
                    waiting.append(producer)
        return found

    def _sources(self, execution: CellExecution) -> Iterator[tuple[str, int]]:
        for name, producer in self.producers(execution):
            if (producer, name) not in self._same:
                yield f"`{name}`", producer
        read = {access.path for access in execution.own_files if access.mode.startswith("read")}
        for ordinal in reversed(self._before(execution.ordinal)):
            written = {access.path for access in self._by_ordinal[ordinal].own_files if "write" in access.mode}
            for path in sorted(read & written):
                yield path, ordinal
            read -= written

    def _before(self, ordinal: int) -> list[int]:
        return [each for each in self._by_ordinal if each < ordinal]
