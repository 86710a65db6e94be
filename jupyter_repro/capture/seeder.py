"""The global random generators, seeded from the session's seed; and what executions do to them.

As long as the user hasn't seeded them, Python's and numpy's are seeded anew after each execution that drew from them,
keyed by the next one's ordinal. So what an execution draws depends on no other, and an exported notebook that drops
one puts the others right with one plain line. TensorFlow's and torch's are seeded once: graphs and other devices draw
from them without a trace. Once the user seeds a generator it is the user's, and is left alone.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_repro.capture.after_import import AfterImport
from jupyter_repro.capture.determinism import make_deterministic, prepare
from jupyter_repro.capture.entropy import Streams
from jupyter_repro.capture.entropy_sources import MODULES as SOURCES
from jupyter_repro.capture.entropy_sources import EntropySources
from jupyter_repro.capture.randomness import State, state_of, states
from jupyter_repro.capture.seeding_calls import SeedingCalls


@dataclass(frozen=True, slots=True)
class Touch:
    """What an execution did to one library's generator."""

    library: str
    before: State
    after: State
    seed: int | None = None  # the session's, where the execution found what that gives
    stream: int | None = None  # the execution that keys the stream, where that is the session's and was drawn from
    needs: bool = False  # what it does depends on the state that earlier executions left
    leaves: bool = False  # later ones depend on the state that it left


def _seed_random(seed: int, execution: int) -> None:
    random.seed(f"{seed} {execution}")


def _seed_numpy(seed: int, execution: int) -> None:
    sys.modules["numpy.random"].seed([seed % 2**32, execution])


def _seed_tensorflow(seed: int, execution: int) -> None:
    sys.modules["tensorflow"].random.set_seed(seed % 2**31)


def _seed_torch(seed: int, execution: int) -> None:
    sys.modules["torch"].manual_seed(seed)


# The module after whose import a library's generator can be seeded. pipeline.seeds writes the same as plain code.
_MODULES = {"random": "random", "numpy.random": "numpy", "tensorflow": "tensorflow", "torch": "torch"}
_SETTERS: dict[str, Callable[[int, int], None]] = {
    "random": _seed_random,
    "numpy": _seed_numpy,
    "tensorflow": _seed_tensorflow,
    "torch": _seed_torch,
}
STREAMED = ("random", "numpy")


class Seeder:
    """Seeds each library's global generator: now if it is loaded, else right after its import.

    `entropy` is what generators get that are made without a seed.
    """

    def __init__(self, seed: int, on_fault: Callable[[Exception], None], deterministic: bool = False) -> None:
        self.seed = seed
        self.deterministic = deterministic
        self.entropy = Streams(seed)
        self.entropy.own = self._own
        self._sources = EntropySources(self.entropy)
        self._calls = SeedingCalls(self._note_seeding)
        self._on_fault = on_fault
        self._after_import = AfterImport(frozenset((*_MODULES, *SOURCES)), self._imported)
        self._execution = 0
        self._before: dict[str, State] = {}  # the states that the current execution found
        self._seeded: dict[str, State] = {}  # library -> state right after we seeded it
        self._streams: dict[str, int] = {}  # library -> the execution that keys its stream, as long as it is ours
        self._unused: dict[str, bool] = {}  # library -> whether the user's first seeding came before any draw
        self._seeding = False

    def start(self, execution: int) -> None:
        """`execution` is the first that is recorded."""
        self.begin(execution)
        if self.deterministic:
            prepare()
        for module in _MODULES:
            if module in sys.modules:
                self._make_ready(module)
        self._calls.start()
        self._sources.start()  # it looks at who calls, so it comes last
        self._after_import.start()
        self._before = states()

    def stop(self) -> None:
        self._after_import.stop()
        self._sources.stop()
        self._calls.stop()

    def begin(self, execution: int) -> None:
        """Before an execution runs."""
        self._execution = execution
        self._unused.clear()
        self.entropy.begin(execution)

    def forget(self) -> None:
        """What ran since the last `take` is unknown."""
        self._before = states()
        for library in [name for name in self._streams if self._before.get(name) != self._seeded[name]]:
            del self._streams[library]

    @property
    def streams(self) -> frozenset[str]:
        """Libraries whose generators are the session's own still."""
        return frozenset(self._streams)

    def _own(self) -> frozenset[str]:
        """Libraries whose generators nobody else has seeded, imported or not."""
        return frozenset(library for library in STREAMED if library in self._streams or library not in self._seeded)

    def take(self, by_hand: bool, looks: bool) -> list[Touch]:
        """What the execution that has ended did to each generator; they are made ready for the next one.

        `by_hand`: it may have seeded in a way that isn't seen. `looks`: it may have looked at states.
        """
        before, after = {**self._seeded, **self._before}, states()
        found = [
            self._touch(library, before[library], state, by_hand)
            for library, state in after.items()
            if library in before and (before[library] != state or library in self._unused)
        ]
        touched = {touch.library for touch in found}
        if looks:
            found += [self._looked_at(library) for library in self._streams if library not in touched]
        for library in touched & self._streams.keys():
            self._set(library, self._execution + 1)
            after[library] = self._seeded[library]
        self._before = after
        return found

    def _touch(self, library: str, before: State, after: State, by_hand: bool) -> Touch:
        untouched = before == self._seeded.get(library)
        stream = self._streams.get(library) if untouched else None
        own, unused = stream is not None, self._unused.get(library)
        users = unused is not None or by_hand
        if users or not untouched:
            self._streams.pop(library, None)
        drawn = unused is not True
        return Touch(
            library,
            before,
            after,
            seed=self.seed if untouched and drawn else None,
            stream=stream if drawn else None,
            needs=not own and drawn,
            leaves=not own or users,
        )

    def _looked_at(self, library: str) -> Touch:
        state = self._seeded[library]
        return Touch(library, state, state, seed=self.seed, stream=self._streams[library])

    def _note_seeding(self, library: str) -> None:
        """The user's code is about to set a generator."""
        if not self._seeding and library not in self._unused:
            before = self._before.get(library, self._seeded.get(library))
            self._unused[library] = state_of(library) == before

    def _imported(self, module: str) -> None:
        if module in _MODULES:
            self._make_ready(module)
        self._calls.imported(module)
        self._sources.imported(module)

    def _make_ready(self, module: str) -> None:
        library = _MODULES[module]
        if library in self._seeded:
            return
        try:
            if self.deterministic:
                make_deterministic(library)
            self._set(library, self._execution)
        except Exception as error:  # noqa: BLE001 - an import of the user's must not fail for it
            self._on_fault(error)

    def _set(self, library: str, execution: int) -> None:
        self._seeding = True
        try:
            _SETTERS[library](self.seed, execution)
        finally:
            self._seeding = False
        self._seeded[library] = state_of(library)
        if library in STREAMED:
            self._streams[library] = execution
