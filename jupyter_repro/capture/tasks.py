"""Random numbers in worker processes: each task draws from streams of its own, whichever worker takes it, and when.

The kernel runs this module, workers that start as new processes run its text, and notebooks bring it along: it imports
the standard library only. Parallel of joblib, ProcessPoolExecutor, Pool and Process are told apart by their tasks: the
n-th call that is handed over gets a label, and its worker seeds Python's, numpy's and torch's generators by that. What
somebody seeded in a worker's initializer stays.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

REBUILD = "modules[name].Task(function, label, own, first) if name in modules else function"
BOOT = """
module = modules[name] = type(modules["sys"])(name)
try:
    exec(text, vars(module))
    module.work(label, libraries)
except Exception:  # a worker without streams is better than none
    del modules[name]
"""
RETURN = "modules[name].returned(result, drew) if name in modules else result"
_PROCESSES = ("LokyBackend", "MultiprocessingBackend")  # joblib's that hand tasks to processes of this machine

home: int | None = None  # the process that hands tasks out
labelled: Callable[[str], tuple[str, tuple[str, ...]]] | None = None  # the next label of a kind; generators to seed
entered: Callable[[str], None] | None = None  # in a fork: what the kernel's own streams are told
reported: Callable[[bool], None] | None = None  # a task is back: whether it drew
text = ""  # of this module
_states: dict[str, Any] = {}  # generator -> its state, where it is still ours
_counts: dict[str, int] = {}
_seen: set[str] = set()  # generators whose states were looked at
_current = {"label": ""}
_expected: list[str] = []  # libraries that the kernel had imported when it started this worker


class Task:
    """A function that is to run in a worker, the label of its first call, and the generators that it may seed."""

    def __init__(self, function: Any, label: str, own: tuple[str, ...], first: int = 0) -> None:
        self.function, self.label, self.own, self.first = function, label, own, first

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if os.getpid() == home:
            return self.function(*arguments, **keywords)
        begin(f"{self.label}.{self.first}", self.own)
        self.first += 1
        before = dict(_states)
        result = self.function(*arguments, **keywords)
        for library in _states:
            _states[library] = _GENERATORS[library][0]()
        return Result(result, bool(_counts) or _states != before)

    def __reduce__(self) -> Any:
        fields = {"function": self.function, "label": self.label, "own": self.own, "first": self.first}
        return eval, (REBUILD, _known(**fields))


class Result:
    """What a task gives back, and whether it drew; it is unpickled as the bare result."""

    def __init__(self, result: Any, drew: bool) -> None:
        self.result, self.drew = result, drew

    def __reduce__(self) -> Any:
        return eval, (RETURN, _known(result=self.result, drew=self.drew))


class Boot:
    """In the data that a new worker is prepared with: this module's text."""

    def __init__(self, label: str) -> None:
        self.label = label

    def __reduce__(self) -> Any:
        libraries = tuple(name for name in ("numpy", "torch") if name in sys.modules)
        return exec, (BOOT, _known(text=text, label=self.label, libraries=libraries))


def _known(**fields: Any) -> dict[str, Any]:
    """`modules` is pickled as what it is in the worker."""
    return {"modules": _Modules(), "name": __name__, **fields}


class _Modules:
    def __reduce__(self) -> Any:
        return eval, ("__import__('sys').modules",)


def returned(result: Any, drew: bool) -> Any:
    if reported is not None:
        reported(drew)
    return result


# --- in a worker ------------------------------------------------------------------------------------------------------


def begin(label: str, own: tuple[str, ...]) -> None:
    """From now on the draws are those of this task."""
    while _expected:
        __import__(_expected.pop())
    if "numpy" in sys.modules:
        __import__("numpy.random")  # which comes as it is used
    _current["label"] = label
    _counts.clear()
    if home is not None and entered is not None:
        entered(label)
    else:
        _ask_numpy()
    for library, (state_of, seed) in _GENERATORS.items():
        if library not in sys.modules or (home is not None and library not in own):
            continue  # a fork goes on with what the user has seeded in the kernel
        if library in _seen and (library not in _states or _states[library] != state_of()):
            _states.pop(library, None)  # somebody else has seeded it
        else:
            seed(int.from_bytes(_bytes(f"{label} {library}", 32), "little"))
            _states[library] = state_of()
        _seen.add(library)


def look() -> None:
    """At the states that a fork starts with."""
    _states.clear()
    _seen.clear()
    for library, (state_of, _) in _GENERATORS.items():
        if _MODULES.get(library, library) in sys.modules:
            _states[library] = state_of()
            _seen.add(library)


def work(label: str, libraries: tuple[str, ...]) -> None:
    """In a new process: what has no seed follows from the process's label, then from those of its tasks."""
    from multiprocessing.process import BaseProcess

    _expected.extend(libraries)
    system, unseeded, original = os.urandom, random.Random.seed, BaseProcess.run

    def urandom(size: int) -> bytes:
        caller = sys._getframe(1).f_globals.get("__name__")
        return draw(size, "os.urandom") if caller in ("uuid", "__main__") else system(size)

    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        unseeded(self, int.from_bytes(draw(32, "random"), "little") if a is None else a, version)

    def run(self: BaseProcess) -> None:
        begin(label, ())
        original(self)

    os.urandom = urandom
    random.Random.seed = seed  # type: ignore[method-assign]
    random.seed = random._inst.seed
    BaseProcess.run = run  # type: ignore[method-assign]


def draw(size: int, source: str) -> bytes:
    _counts[source] = _counts.get(source, 0) + 1
    return _bytes(f"{_current['label']} {source} {_counts[source]}", size)


def _ask_numpy() -> None:
    if "numpy" in sys.modules:
        asked: Any = sys.modules["numpy.random.bit_generator"]
        asked.randbits = lambda bits: int.from_bytes(draw(bits // 8, "numpy generator"), "little")


def _bytes(key: str, size: int) -> bytes:
    return hashlib.shake_128(key.encode()).digest(size)


def _numpy_state() -> Any:
    _, key, *rest = sys.modules["numpy.random"].get_state()
    return key.tobytes(), *rest


_GENERATORS: dict[str, tuple[Callable[[], Any], Callable[[int], Any]]] = {
    "random": (random.getstate, lambda number: random.seed(number, 2)),  # as it is named then
    "numpy": (
        _numpy_state,
        lambda number: sys.modules["numpy.random"].seed([number >> shift & 0xFFFFFFFF for shift in range(0, 256, 32)]),
    ),
    "torch": (
        lambda: sys.modules["torch"].get_rng_state().numpy().tobytes(),
        lambda number: sys.modules["torch"].manual_seed(number >> 193),
    ),
}
_MODULES = {"numpy": "numpy.random"}


# --- in the process that hands tasks out ------------------------------------------------------------------------------


def task(function: Any, label: str = "") -> Any:
    try:
        assert labelled is not None
        number, own = labelled("task")
        return Task(function, label or number, own)
    except Exception:  # noqa: BLE001 - the user's call goes on without us
        return function


def hand_out(label: Callable[[str], tuple[str, tuple[str, ...]]], source: str) -> None:
    """This process is the one that hands tasks out; `source` is the text of this module."""
    global home, labelled, text
    if home is None and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=look)
    home, labelled, text = os.getpid(), label, source


def replacements(module: str) -> Iterator[tuple[Any, str, Any]]:
    """(owner, name, replacement) for what hands tasks out in a module that has been imported."""
    found: Any = sys.modules[module]
    if module == "joblib.parallel":
        yield found.Parallel, "_dispatch", _dispatching(found.Parallel._dispatch)
    elif module == "concurrent.futures.process":
        yield found.ProcessPoolExecutor, "submit", _submitting(found.ProcessPoolExecutor.submit)
    elif module == "multiprocessing.pool":
        original = found.Pool._guarded_task_generation
        yield found.Pool, "_guarded_task_generation", _generating(original, (found.mapstar, found.starmapstar))
        yield found.Pool, "_get_tasks", staticmethod(_chunking(found.Pool._get_tasks))
        yield found.Pool, "apply_async", _applying(found.Pool.apply_async)
    elif module in MODULES:
        yield found, "get_preparation_data", _preparing(found.get_preparation_data)


MODULES = (
    "joblib.parallel",
    "concurrent.futures.process",
    "multiprocessing.pool",
    "multiprocessing.spawn",
    "joblib.externals.loky.backend.spawn",
)


def _dispatching(original: Any) -> Any:
    def _dispatch(self: Any, batch: Any) -> Any:
        if type(self._backend).__name__ in _PROCESSES and hasattr(batch, "items"):
            batch.items = [(task(function), *rest) for function, *rest in batch.items]
        return original(self, batch)

    return _dispatch


def _submitting(original: Any) -> Any:
    def submit(self: Any, fn: Any, /, *arguments: Any, **keywords: Any) -> Any:
        return original(self, task(fn), *arguments, **keywords)

    return submit


def _applying(original: Any) -> Any:
    def apply_async(self: Any, func: Any, *arguments: Any, **keywords: Any) -> Any:
        return original(self, task(func), *arguments, **keywords)

    return apply_async


def _generating(original: Any, mappers: tuple[Any, ...]) -> Any:
    def _guarded_task_generation(self: Any, result_job: Any, func: Any, iterable: Any) -> Any:
        tasks = original(self, result_job, func, iterable)
        if func in mappers:  # their tasks are chunks, which hold functions that are labelled already
            return tasks
        first = task(func)
        return tasks if first is func else _numbered(tasks, first)

    return _guarded_task_generation


def _numbered(tasks: Any, first: Task) -> Iterator[Any]:
    for job, index, function, *rest in tasks:
        mine = function is first.function
        yield job, index, Task(function, first.label, first.own, index) if mine else function, *rest


def _chunking(original: Any) -> Any:
    """A chunk of calls is one task to the pool: each call gets its number."""

    def _get_tasks(func: Any, it: Any, size: int) -> Any:
        first = task(func)
        return original(func, it, size) if first is func else _chunks(original(func, it, size), first)

    return _get_tasks


def _chunks(chunks: Any, first: Task) -> Iterator[Any]:
    number = 0
    for function, items in chunks:
        yield Task(function, first.label, first.own, number), items
        number += len(items)


def _preparing(original: Any) -> Any:
    def get_preparation_data(*arguments: Any, **keywords: Any) -> Any:
        data = original(*arguments, **keywords)
        if labelled is not None:
            data["streams"] = Boot(labelled("process")[0])
        return data

    return get_preparation_data
