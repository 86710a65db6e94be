"""Entropy that reaches the user's results: it comes from the session's seed, not from the operating system.

A draw is keyed by the seed, the execution, the source, the module that draws and a counter. So dropping an execution,
or running it again, leaves the draws of all others as they were. `pipeline.entropy` writes the same as plain code.

`entropy_sources` asks, and whose code is nearest on the stack decides: what the kernel draws for itself, and a library
while it is imported, comes from the operating system. So do `os.urandom` (keys are made of it), and with it
`uuid.uuid4`, and tempfile's names, unless the user's own code asks for them. `secrets`, ssl and `random.SystemRandom`
are never touched, nor is a seed that the user gives.

Tasks that are handed to worker processes have streams of their own, see `capture.tasks`.

Not reached: `torch.Generator().seed()`, a method of a C type.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterator
from operator import length_hint
from typing import Any

from jupyter_repro.capture.locality import is_infrastructure, is_local_name
from jupyter_repro.model import Entropy

URANDOM, FORK, TASK = "os.urandom", "fork", "task"
_USER, _LIBRARY, _KERNEL = "user", "library", "kernel"
SEED_SIZE = 32  # bytes that an unseeded generator of Python's gets
_MANY = 2**62  # draws that a counter can count
_Key = tuple[str, str]  # source, module
# Module -> whose it is. What is unpickled gets its state right after it was made, so a draw there has no use either.
_owners: dict[str, str] = {"numpy.random._pickle": _KERNEL}


class Streams:
    """The session's entropy while it `is_active`: a stream for each execution, source and module that draws."""

    def __init__(self, seed: int) -> None:
        self.is_active = False
        self._seed = seed
        self._execution: int | str = 0  # in a worker that is a fork of the kernel, its task
        self._child = ""  # which fork of the kernel this process is, ".0.1" for the second one of the first one
        self._last_fork: int | None = None  # its number; None for one that doesn't count
        self._counters: dict[_Key, Iterator[int]] = {}
        self._unused: Counter[_Key] = Counter()  # draws that nothing can depend on
        self._last_legacy: tuple[Any, _Key] | None = None
        self._fault: Exception | None = None
        self._handed: Counter[str] = Counter()  # tasks and processes
        self._tasks_back = self._tasks_drew = 0
        self.own: Callable[[], frozenset[str]] = frozenset  # libraries whose global generators are the session's

    def start(self) -> None:
        self.is_active = True
        _Forks.follow(self)

    def stop(self) -> None:
        self.is_active = False
        _Forks.follow(None)

    def begin(self, ordinal: int) -> None:
        """From now on the draws are those of this execution."""
        self._execution = ordinal
        if self._handed:
            self._handed.clear()
            self._tasks_back = self._tasks_drew = 0
        if self._counters:
            self._counters = {}
            self._unused.clear()
        if (tempfile := sys.modules.get("tempfile")) is not None:
            tempfile._name_sequence = None  # type: ignore[attr-defined]  # else it goes on with the names of another

    def records(self) -> tuple[Entropy, ...]:
        """What was drawn since the last `begin`. Raises a fault of ours that happened meanwhile."""
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        self.note_legacy(None)
        drawn = {key: _MANY - length_hint(counter) for key, counter in dict(self._counters).items()}
        counts = {key: count - self._unused[key] for key, count in drawn.items()}
        found = [
            Entropy(source=source, module=module, count=count)
            for (source, module), count in sorted(counts.items())
            if count
        ]
        return (*found, *self._handed_out()) if self._handed else tuple(found)

    def _handed_out(self) -> Iterator[Entropy]:
        """Tasks of workers, unless all that came back say that they drew nothing."""
        handed = self._handed.copy()
        if not (handed["task"] and self._tasks_back) or self._tasks_drew:
            yield Entropy(source=TASK, module=" ".join(sorted(self.own())), count=handed["task"] or handed["process"])

    def label(self, kind: str) -> tuple[str, tuple[str, ...]]:
        """Of the next task or process that is handed out, and the generators that a fork may seed for it."""
        label = f"{self._seed} {self._execution}{self._child}.{kind}{self._handed[kind]}"
        self._handed[kind] += 1
        return label, tuple(sorted(self.own()))

    def enter(self, label: str) -> None:
        """In a fork of the kernel: it works on this task from now on."""
        self._execution, self._child, self._counters = label.partition(" ")[2], "", {}

    def returned(self, drew: bool) -> None:
        self._tasks_back += 1
        self._tasks_drew += drew

    def draw(self, size: int, source: str, frame: types.FrameType) -> bytes | None:
        """`size` bytes, or None where the operating system is to be asked. `frame` is the code that draws."""
        if not self.is_active:
            return None
        try:
            return self._bytes(size, source, _module(frame)) if _is_for_user(frame, source) else None
        except Exception as error:  # noqa: BLE001 - the user's call goes on without us
            self._fault = error
            return None

    def number(self, bits: int, source: str, frame: types.FrameType) -> int | None:
        """A whole number below 2**bits."""
        data = self.draw((bits + 7) // 8, source, frame)
        return None if data is None else int.from_bytes(data, "little") >> (-bits % 8)

    def note_legacy(self, generator: Any, frame: types.FrameType | None = None) -> None:
        """A bit generator of numpy's RandomState: if a seed is set right away, what it drew has no use."""
        last = self._last_legacy
        self._last_legacy = None if frame is None else (generator, ("numpy", _module(frame)))
        if last is not None and getattr(last[0], "_seed_seq", last) is None:
            self._unused[last[1]] += 1

    def note_fault(self, error: Exception) -> None:
        self._fault = error

    def before_fork(self, counts: bool) -> None:
        self._last_fork = self._count(FORK, "os") if counts else None

    def after_fork_in_child(self) -> None:
        """In the child: Python has given `random` new entropy there, and the next child must not draw the same."""
        if self._last_fork is None:  # a terminal's
            return
        self._child += f".{self._last_fork}"
        self._counters = {}
        random.seed(int.from_bytes(self._bytes(SEED_SIZE, "random", "os"), "little"))

    def _bytes(self, size: int, source: str, module: str) -> bytes:
        key = f"{self._seed} {self._execution}{self._child} {source} {module} {self._count(source, module)}"
        return hashlib.shake_128(key.encode()).digest(size)

    def _count(self, source: str, module: str) -> int:
        """How many came before; threads may ask at the same time."""
        counter = self._counters.get((source, module))
        if counter is None:
            counter = self._counters.setdefault((source, module), iter(range(_MANY)))
        return next(counter)


def _is_for_user(frame: types.FrameType, source: str) -> bool:
    if source == URANDOM or _module(frame) == "tempfile":
        return _owner(_module(caller_outside(frame, "tempfile"))) == _USER
    caller: types.FrameType | None = frame
    while caller is not None:
        owner = _owner(_module(caller))
        if owner != _LIBRARY:
            return owner == _USER
        caller = caller.f_back
    return True  # a thread of a library, at work for the user


def caller_outside(frame: types.FrameType, module: str) -> types.FrameType:
    """The first frame from there on that is none of the module's."""
    while frame.f_back is not None and _module(frame) == module:
        frame = frame.f_back
    return frame


def _owner(module: str) -> str:
    """Whose code a module holds: the user's, a library's, or the kernel's and the import system's."""
    known = _owners.get(module)
    if known is None:
        if is_local_name(module):
            known = _USER
        else:
            known = _KERNEL if is_infrastructure(module) or module.startswith("importlib._boot") else _LIBRARY
        if module in sys.modules:
            _owners[module] = known
    return known


def _module(frame: types.FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


class _Forks:
    """Python never lets go of a function that it is to call around a fork: one serves every recording."""

    _streams: Streams | None = None
    _registered = False

    @classmethod
    def follow(cls, streams: Streams | None) -> None:
        cls._streams = streams
        if not cls._registered and hasattr(os, "register_at_fork"):
            os.register_at_fork(before=cls._before, after_in_child=cls._after_in_child)
            cls._registered = True

    @classmethod
    def _before(cls) -> None:
        if cls._streams is not None:
            cls._streams.before_fork(_module(sys._getframe(1)) != "pty")  # a terminal is for another program

    @classmethod
    def _after_in_child(cls) -> None:
        if cls._streams is not None:
            cls._streams.after_fork_in_child()
