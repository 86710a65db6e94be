"""What the kept executions use that no seed replays, and whether a target may hold it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from jupyter_repro.lineage.nondeterminism import HASH, NATIVE_CLOCK, READS, TIMER, Source, prepared
from jupyter_repro.lineage.shell import command_words
from jupyter_repro.lineage.spreading import Spreading
from jupyter_repro.model import CellExecution, Environment, Nondeterminism, Recording, Slice
from jupyter_repro.pipeline.code import Code, Command, read_code
from jupyter_repro.pipeline.kept import kept_executions
from jupyter_repro.pipeline.outside import from_outside

_MEASURING = ("time", "timeit")  # magics
_RUNNING = (*_MEASURING, "capture", "prun")  # magics whose argument is Python
_SHELLS = ("bash", "sh", "script", "sx", "system")
_GENERIC = frozenset("now today time choice walk repeat".split())  # tell nothing without what they belong to
_ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}")  # of a default repr
_MODULE = "module "  # prefix of the names of the project's own modules, see capture.closure


def nondeterminism(recording: Recording, chosen: Slice) -> tuple[Nondeterminism, ...]:
    """In true order; what a target may hold is marked."""
    kept = [each for each in kept_executions(recording, chosen) if each.status != "unobserved"]
    parsed = [(execution, _trees(execution.source)) for execution in kept]
    spreading = Spreading(prepared(tree for _, trees in parsed for tree in trees))
    for execution, trees in parsed:
        for tree in trees:
            spreading.run(execution, tree)
        outside = from_outside(execution)
        spreading.note(execution, (*_of_commands(execution.source), *_of_modules(recording, execution), *outside))
        spreading.note(execution, (*_of_magics(execution.source), *_of_outputs(execution)), only_shown=True)
    reaching = spreading.reaching(chosen.targets)
    ignored = (HASH,) if _hashes_alike(recording.session.environment) else ()
    return tuple(
        Nondeterminism(kind=source.kind, ordinal=ordinal, detail=source.detail, matters=found in reaching)
        for found in sorted(spreading.found, key=lambda each: each.ordinal)
        for ordinal, source in ((found.ordinal, found.source),)
        if source.kind not in ignored
    )


def times(kept: Sequence[CellExecution]) -> dict[int, str]:
    """When each began, in UTC, as ISO 8601."""
    return {each.ordinal: each.started for each in kept if each.started is not None}


def _hashes_alike(environment: Environment | None) -> bool:
    return environment is not None and environment.hash_seed not in (None, "random")


def _trees(source: str) -> list[ast.Module]:
    """Its own code and that of its magics."""
    code = read_code(source)
    texts = [_argument(command) for command in code.commands if command.magic in _RUNNING]
    found = [code.parse(), *(read_code(text).parse() for text in texts)]
    return [tree for tree in found if tree is not None]


def _argument(command: Command) -> str:
    """The Python code that a magic runs: what follows on its line without options, or the lines below."""
    line, _, body = command.text.partition("\n")
    if command.is_cell_magic:
        return body
    return re.sub(r"^%\w+\s*(-\w+\S*(\s+\d+)?\s+)*", "", line)


def _of_magics(source: str) -> Iterator[Source]:
    for command in _commands(read_code(source)):
        if command.magic in _MEASURING:
            yield Source(TIMER, command.text.split()[0])


def _of_commands(source: str) -> Iterator[Source]:
    for command in _commands(read_code(source)):
        first = command.text.partition("\n")[0].strip()
        if (command.text.startswith("!") or command.magic in _SHELLS) and "date" in command_words(command.text):
            yield Source(NATIVE_CLOCK, f"date in {first[:40]}")


def _commands(code: Code) -> Iterator[Command]:
    for command in code.commands:
        yield command
        if command.magic in _RUNNING:
            yield from _commands(read_code(_argument(command)))


def _of_modules(recording: Recording, execution: CellExecution) -> Iterator[Source]:
    """What functions of the project's own modules name that it may have called; their text isn't in the record."""
    modules = [name.removeprefix(_MODULE) for name in execution.reads.names if name.startswith(_MODULE)]
    if not modules:
        return
    labels = [
        label for label in recording.code if any(first <= label <= last for first, last in execution.reads.objects)
    ]
    words = [frozenset(recording.code[label]) for label in labels]
    for path, kind in READS.items():
        parts = path.split(".")
        needed = set(parts[-2:] if parts[-1] in _GENERIC else parts[-1:])
        if len(parts) > 1 and any(needed <= each for each in words):
            yield Source(kind, f"{'.'.join(parts[-2:])} in {', '.join(sorted(modules))}")


def _of_outputs(execution: CellExecution) -> Iterator[Source]:
    for output in execution.outputs:
        if output.text is not None and (found := _ADDRESS.search(output.text)) is not None:
            line = next(line for line in output.text.splitlines() if found[0] in line)
            yield Source("address", line.strip()[:60])
            return
