"""Targets: what is to be reproduced, and what reading it would read."""

from __future__ import annotations

import ast
import builtins
import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from jupyter_repro.errors import UnknownTarget
from jupyter_repro.lineage.ambient import Called, ambient_reads
from jupyter_repro.lineage.names import Names, read_cell
from jupyter_repro.lineage.ranges import within
from jupyter_repro.lineage.results import can_be_result
from jupyter_repro.model import Access, CellExecution, FileAccess, Recording, Target

_ALREADY_BOUND = frozenset((*vars(builtins), "get_ipython"))
_UNKNOWN_OBJECTS = "heap:*"


@dataclass(frozen=True)
class Wanted:
    """The demands that a target starts with; `ordinal` where it is an execution's own output."""

    by: str
    reads: Access
    words: frozenset[str] = frozenset()
    ordinal: int | None = None


def find_targets(
    recording: Recording, expressions: Iterable[str] = (), numbers: Iterable[int] = (), paths: Iterable[str] = ()
) -> tuple[Target, ...]:
    """What is asked for: expressions, prompts of executions whose output it is, files; the default where nothing is.

    Raises UnknownTarget.
    """
    found = (
        *parse_targets(recording, expressions),
        *(output_target(recording, number) for number in numbers),
        *(target for path in paths for target in file_targets(recording, path)),
    )
    return tuple(dict.fromkeys(found)) or default_targets(recording)


def parse_targets(recording: Recording, expressions: Iterable[str]) -> tuple[Target, ...]:
    """Expressions over the final namespace. Raises UnknownTarget for one that can't be evaluated there."""
    return tuple(_parse(recording, expression.strip()) for expression in expressions)


def _parse(recording: Recording, expression: str) -> Target:
    try:
        ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError) as error:
        raise UnknownTarget(f"{expression!r} is not a Python expression.", "Name a variable: `-t NAME`.") from error
    known = _known_names(recording)
    for name in sorted(read_cell(expression).loads):
        if name not in known and name not in _ALREADY_BOUND:
            near = difflib.get_close_matches(name, known, n=1)
            hint = (
                f"Did you mean `-t {near[0]}`?" if near else f"Type `jrepro show {recording.session.id}` for the names."
            )
            raise UnknownTarget(f"{name!r} was not bound at the end of session {recording.session.id}.", hint)
    return Target(kind="expression", text=expression)


def output_target(recording: Recording, number: int) -> Target:
    """The output of the execution whose prompt was [number]. Raises UnknownTarget where it showed none."""
    found = [each for each in recording.executions if each.execution_count == number]
    if not found:
        hint = f"Type `jrepro show {recording.session.id}` for the numbers."
        raise UnknownTarget(f"There is no [{number}] in session {recording.session.id}.", hint)
    if not found[-1].outputs:
        raise UnknownTarget(f"[{number}] showed nothing.", "Name what it binds with `-t NAME`.")
    return _output(found[-1])


def file_targets(recording: Recording, path: str) -> tuple[Target, ...]:
    """A file that the session wrote, or all that it wrote in a folder; the path is relative to the project.

    Raises UnknownTarget for any other.
    """
    written = _written_files(recording.executions)
    found = [each for each in written if each == path or each.startswith(f"{path}/")]
    if found:
        return tuple(Target(kind="file", text=each) for each in found)
    near = difflib.get_close_matches(path, written, n=1)
    hint = f"Did you mean `--file {near[0]}`?" if near else f"Type `jrepro show {recording.session.id}` for its files."
    raise UnknownTarget(f"Session {recording.session.id} did not write {path}.", hint)


def _known_names(recording: Recording) -> set[str]:
    known = set[str]()
    for execution in recording.executions:
        known |= {*execution.bound, *execution.rebound}
        known -= set(execution.deleted)
    return known | set(recording.namespace)  # it may miss the last ones: the kernel died before it wrote them down


def default_targets(recording: Recording) -> tuple[Target, ...]:
    """What the last cell that shows something shows, and the files that the session wrote and left behind."""
    showing = [each for each in recording.executions if each.outputs and each.status == "ok"]
    targets = [_output(showing[-1])] if showing else []
    targets += [Target(kind="file", text=path) for path in _written_files(recording.executions)]
    if not targets:
        bound = [name for each in recording.executions[-1:] for name in (*each.bound, *each.rebound)]
        targets = [Target(kind="expression", text=name) for name in bound]
    if not targets:
        raise UnknownTarget(
            f"Nothing in session {recording.session.id} shows a result or writes a file.", "Name one with `-t NAME`."
        )
    return tuple(targets)


def _output(execution: CellExecution) -> Target:
    return Target(kind="output", text=f"output of execution {execution.ordinal}", ordinal=execution.ordinal)


def _written_files(executions: Sequence[CellExecution]) -> list[str]:
    written: dict[str, None] = {}
    for execution in executions:
        for file in execution.own_files:
            if file.mode == "delete":
                written.pop(file.path, None)
            elif "write" in file.mode and file.digest is not None and can_be_result(file) and not _is_outside(file):
                written[file.path] = None  # elsewhere are caches and temporary files, no results
    return list(written)


def _is_outside(file: FileAccess) -> bool:
    return file.path.startswith("/")


def wanted(recording: Recording, target: Target) -> Wanted:
    if target.kind == "output":
        return Wanted(f"the {target.text}", Access(), ordinal=target.ordinal)
    if target.kind == "file":
        folders = [str(folder) for folder in PurePosixPath(target.text).parents if str(folder) not in (".", "/")]
        places = (f"file:{target.text}", f"entry:{target.text}", *(f"entry:{folder}" for folder in folders))
        return Wanted(f"the file {target.text}", Access(places=places))
    return _wanted_expression(recording, target.text)


def _wanted_expression(recording: Recording, expression: str) -> Wanted:
    names = read_cell(expression)
    reads, modules = _reads(recording, names)
    functions = sorted(recording.code)
    called = [label for first, last in reads.objects for label in within(functions, first, last)]
    words = names.words.union(*(recording.code[label] for label in called))
    owners = {name: _module(recording, name) for name in names.loads}
    calls = Called(words, names.strings, modules, bool(called))
    places = {*reads.places, *ambient_reads(names, calls, owners)}
    reads = Access(names=reads.names, objects=reads.objects, parts=reads.parts, places=tuple(sorted(places)))
    return Wanted(f"the target `{expression}`", reads, frozenset(words))


def _module(recording: Recording, name: str) -> str:
    """The library that a name stands for or comes from; "" where it is none's."""
    binding = recording.namespace.get(name)
    return min(binding.modules, key=len, default="") if binding is not None else ""


def _reads(recording: Recording, names: Names) -> tuple[Access, set[str]]:
    """The union of what its names read, and the libraries that they may call."""
    every = set(recording.namespace) if names.dynamic else set[str]()
    loads = names.loads | every
    reads: set[str] = set(loads)
    objects: list[tuple[int, int]] = []
    parts: dict[str, tuple[str, ...]] = {}
    places: set[str] = set()
    modules: set[str] = set(names.imports)
    for name in sorted(loads):
        binding = recording.namespace.get(name)
        if binding is None:
            places |= {_UNKNOWN_OBJECTS} if name not in _ALREADY_BOUND else set()
            continue
        reads |= set(binding.reads.names)
        objects += binding.reads.objects
        parts |= {label: (*parts.get(label, ()), *each) for label, each in binding.reads.parts.items()}
        places |= set(binding.reads.places)
        modules |= set(binding.modules)
    return Access(
        names=tuple(sorted(reads)), objects=tuple(objects), parts=parts, places=tuple(sorted(places))
    ), modules
