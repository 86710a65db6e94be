"""Entropy in plain code: what the operating system would give comes from the session's seed, as it was recorded.

The same streams as `capture.entropy`: one for each execution, source and module that draws. A cell before the first
execution that drew defines them, with no more than was drawn from; a line before each one that drew sets whose they
are. Both leave no name behind. A library that the execution itself imports is met by a line behind the import.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from jupyter_repro.capture import tasks
from jupyter_repro.capture.entropy import TASK
from jupyter_repro.model import Access, CellExecution
from jupyter_repro.pipeline.code import unused_name
from jupyter_repro.pipeline.imports import importer, names_import, with_line_behind

_HEAD = """\
# Entropy that would come from the operating system comes from `{seed}`, as when this was recorded: each execution has
# its own streams, one for each module that asks.
def {name}(seed):
    import hashlib, os, random, sys, tempfile, uuid

    execution, counts = None, {{}}

    def draw(size, source, module):
        key = f"{{seed}} {{execution}} {{source}} {{module}}"
        counts[key] = counts.get(key, -1) + 1
        return hashlib.shake_128(f"{{key}} {{counts[key]}}".encode()).digest(size)

    def number(bits, source, module):
        return int.from_bytes(draw(bits // 8, source, module), "little")

    def asking(through=sys):
        caller = sys._getframe(2)
        return (caller.f_back if caller.f_globals is vars(through) else caller).f_globals.get("__name__")
"""
_STANDARD = {
    "random": """
    set_seed = random.Random.seed

    def new_seed(self, a=None, version=2):
        set_seed(self, number(256, "random", asking(through=random)) if a is None else a, version)

    random.Random.seed = new_seed
    random.seed = random._inst.seed
""",
    "os.urandom": """
    system = os.urandom

    def urandom(size):
        module = asking(through=uuid)
        return draw(size.__index__(), "os.urandom", module) if module in {modules} else system(size)

    os.urandom = urandom
""",
    "fork": """
    def before_fork():
        if asking() != "pty":
            counts[execution] = counts.get(execution, -1) + 1

    def in_child():
        nonlocal execution
        execution = f"{{execution}}.{{counts[execution]}}"
        random.seed(number(256, "random", "os"))

    os.register_at_fork(before=before_fork, after_in_child=in_child)
""",
    TASK: """
    import importlib, types

    workers = r'''
{workers}'''

    tasks = sys.modules["worker_streams"] = types.ModuleType("worker_streams")
    exec(workers, vars(tasks))
    own = {own}

    def label(kind):
        key = f"{{execution}}.{{kind}}"
        counts[key] = counts.get(key, -1) + 1
        return f"{{seed}} {{key}}{{counts[key]}}", own.get(execution, ())

    tasks.hand_out(label, workers)
    tasks.entered = lambda label: begin(label.partition(" ")[2])
    for library in {handing}:
        importlib.import_module(library)
        for owner, name, replacement in list(tasks.replacements(library)):
            setattr(owner, name, replacement)
""",
}
_BEGIN = """
    def begin(ordinal):
        nonlocal execution
        if ordinal != execution:
            execution, tempfile._name_sequence = ordinal, None
"""
_LIBRARIES = {
    "numpy": """\
        if "numpy" in sys.modules:
            import numpy.random.bit_generator as numpy

            numpy.randbits = lambda bits: number(bits, "numpy", asking())
""",
    "torch": """\
        if "torch" in sys.modules:
            import torch

            torch.seed = torch.random.seed = (
                lambda: torch.manual_seed(number(64, "torch", asking()) >> 1).initial_seed()
            )
""",
    "tensorflow": """\
        if "tensorflow" in sys.modules:
            import tensorflow
            from tensorflow.python.ops import stateful_random_ops

            stateful_random_ops.non_deterministic_ints = lambda shape, dtype: tensorflow.constant(
                memoryview(draw(8 * shape[0], "tensorflow", asking())).cast("q").tolist(), dtype
            )
""",
}
_FOOT = """
    return begin


get_ipython().entropy = {name}({seed})
del {name}
"""
_WHY = "what is drawn now belongs to this execution"
# Without evidence, or in a child process, anything may have been drawn.
_LIKELY = ("random", "os.urandom", "numpy")


class EntropyPlan:
    """What to write before and inside of the kept executions. `taken` holds all names of their code."""

    def __init__(self, kept: Sequence[CellExecution], seed: str, taken: frozenset[str]) -> None:
        self._kept = kept
        self._seed = seed
        self._name = unused_name("_entropy", taken)
        self._first = next((index for index, execution in enumerate(kept) if draws(execution)), None)

    def before(self, index: int) -> str | None:
        """The source of a cell before that execution, None where it drew nothing."""
        execution = self._kept[index]
        if not draws(execution):
            return None
        missing = [library for library in _libraries(execution) if self._is_missing(index, library)]
        lines = [*(f'__import__("{library}")' for library in missing), f"{_line(execution)}  # {_WHY}"]
        return "\n".join(([self._definition()] if index == self._first else []) + lines)

    def inside(self, index: int, source: str) -> str:
        """The execution's source, with the line behind the import of what it draws from."""
        execution = self._kept[index]
        for library in _libraries(execution) if draws(execution) else ():
            statement = names_import(source, library)
            if self._is_imported_at(index, library) and statement is not None:
                source = with_line_behind(source, statement, _line(execution), _WHY)
        return source

    def _is_imported_at(self, index: int, library: str) -> bool:
        """Whether that execution imports it by a statement of its own, so that nothing must be imported before."""
        statement = names_import(self._kept[index].source, library)
        return importer(self._kept, library) == index and isinstance(statement, (ast.Import, ast.ImportFrom))

    def _is_missing(self, index: int, library: str) -> bool:
        return importer(self._kept, library) >= index and not self._is_imported_at(index, library)

    def _definition(self) -> str:
        sources = {source for execution in self._kept if draws(execution) for source in _sources(execution)}
        modules = {each.module for execution in self._kept for each in execution.entropy if each.source == "os.urandom"}
        listed = "{" + ", ".join(f'"{module}"' for module in sorted(modules | {"__main__"})) + "}"
        names = {
            "modules": listed,
            "own": {each.ordinal: own for each in self._kept if (own := _seeded_for_tasks(each)) is not None},
            "handing": self._handing(),
            "workers": Path(tasks.__file__).read_text(encoding="utf-8") if TASK in sources else "",
        }
        standard = [code.format(**names) for source, code in _STANDARD.items() if source in sources]
        libraries = [code for source, code in _LIBRARIES.items() if source in sources]
        fill = partial(str.format, name=self._name, seed=self._seed)
        return "".join((fill(_HEAD), *standard, _BEGIN, *libraries, fill(_FOOT)))

    def _handing(self) -> tuple[str, ...]:
        """Modules that hand tasks to workers: joblib's where the notebook imports joblib."""
        with_joblib = importer(self._kept, "joblib") < len(self._kept)
        return tuple(module for module in tasks.MODULES if with_joblib or not module.startswith("joblib"))


def _seeded_for_tasks(execution: CellExecution) -> tuple[str, ...] | None:
    """The generators that forked workers may seed for each task."""
    return next((tuple(each.module.split()) for each in execution.entropy if each.source == TASK), None)


def draws(execution: CellExecution) -> bool:
    """Whether it drew entropy, or nobody knows whether it did."""
    return bool(execution.entropy) or _is_unknown(execution)


def _is_unknown(execution: CellExecution) -> bool:
    without_evidence = execution.reads == execution.writes == Access()
    return without_evidence and not execution.observed and execution.status != "unobserved"


def _line(execution: CellExecution) -> str:
    return f"get_ipython().entropy({execution.ordinal})"


def _sources(execution: CellExecution) -> Iterator[str]:
    found = {each.source for each in execution.entropy}
    yield from found
    if "fork" in found or _is_unknown(execution):
        yield from _LIKELY


def _libraries(execution: CellExecution) -> list[str]:
    """Libraries that must be there when its streams are set."""
    return [each.source for each in execution.entropy if each.source in _LIBRARIES]
