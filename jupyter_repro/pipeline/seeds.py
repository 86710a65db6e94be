"""The session's seed in plain code: each global generator is set where it makes the numbers of the recording.

Recording seeds a library's generator as the library is imported, and nothing draws between that and the first draw. So
a cell before the first execution that draws does the same, and imports nothing before the user's code does; where that
execution imports the library itself, a line behind the import does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from jupyter_repro.model import CellExecution, Parameter, Session
from jupyter_repro.pipeline.code import read_code, unused_name
from jupyter_repro.pipeline.lifting import keeps_columns, span
from jupyter_repro.pipeline.statements import global_names

# `__import__` binds no name that the user's code could miss; the semicolon keeps torch's generator from being shown.
SETTERS = {
    "random": '__import__("random").seed({seed})',
    "numpy": '__import__("numpy").random.seed({seed} % 2**32)',
    "tensorflow": '__import__("tensorflow").random.set_seed({seed} % 2**31)',
    "torch": '__import__("torch").manual_seed({seed});',
}
# Graphs and other devices draw from these without changing the state that a recording sees.
_UNSEEN = frozenset(("tensorflow", "torch"))
_COMMENT = "# Random numbers continue from here as in the recorded session, which was seeded with this number."


@dataclass(frozen=True, slots=True)
class Seeding:
    """Index of a kept execution -> libraries to seed in a cell before it, or inside of it as it has imported them."""

    before: dict[int, tuple[str, ...]] = field(default_factory=dict)
    inside: dict[int, tuple[str, ...]] = field(default_factory=dict)


def seed_parameter(session: Session, kept: Sequence[CellExecution]) -> Parameter | None:
    """`seed`, or `jrepro_seed` where the code uses that name; None where no kept execution draws unseeded numbers."""
    if session.seed is None or plan_seeding(kept) == Seeding():
        return None
    taken = global_names(kept)
    return Parameter(
        name="seed" if "seed" not in taken else unused_name("jrepro_seed", taken),
        default=str(session.seed),
        inferred_type_name="int",
        help="of the random numbers that the code does not seed itself",
    )


def plan_seeding(kept: Sequence[CellExecution]) -> Seeding:
    """Where to seed what, in as few places as possible."""
    plan = Seeding()
    pending: dict[str, int] = {}
    for library in SETTERS:
        index, inside = _place(kept, library)
        if index == len(kept):
            continue
        if inside:
            plan.inside[index] = (*plan.inside.get(index, ()), library)
        else:
            pending[library] = index
    while pending:
        index = min(pending.values())
        ready = [name for name, place in pending.items() if place == index or _importer(kept, name) < index]
        plan.before[index] = tuple(ready)
        pending = {name: place for name, place in pending.items() if name not in ready}
    return plan


def seeding_code(libraries: Iterable[str], seed: str) -> str:
    """A cell that seeds the libraries, leaves no name behind and shows nothing."""
    return "\n".join((_COMMENT, *(SETTERS[library].format(seed=seed) for library in libraries)))


def seeded_inside(source: str, libraries: Iterable[str], seed: str) -> str:
    """The source with each library seeded behind the statement that imports it."""
    for library in libraries:
        statement = _import_statement(source, library)
        if statement is not None:
            _, end = span(source, statement)
            source = _with_line_behind(source, end, SETTERS[library].format(seed=seed))
    return source


def _with_line_behind(source: str, end: int, setter: str) -> str:
    rest = source[end:].partition("\n")[0]
    if rest.strip() and not rest.strip().startswith("#"):  # other statements on the same line
        return f"{source[:end]}; {setter.removesuffix(';')}{source[end:]}"
    end += len(rest)
    return f"{source[:end]}\n{setter}  # as when it was recorded{source[end:]}"


def _place(kept: Sequence[CellExecution], library: str) -> tuple[int, bool]:
    """The execution to seed before, or inside of (True); `len(kept)` where there is no need."""
    drawn, seeded = _first_touch(kept, library)
    if seeded:
        return len(kept), False
    importer = _importer(kept, library)
    statement = _import_statement(kept[importer].source, library) if 0 <= importer < len(kept) else None
    if library in _UNSEEN and importer < min(drawn + 1, len(kept)):
        if statement is not None and not _calls_behind(kept[importer].source, statement):
            return importer + 1, False
        return importer, statement is not None
    return drawn, drawn == importer and statement is not None


def _first_touch(kept: Sequence[CellExecution], library: str) -> tuple[int, bool]:
    """The first execution that is seen to draw, or to seed without a draw (True); `len(kept)` where none does."""
    place = f"random:{library}"
    for index, execution in enumerate(kept):
        if execution.status == "unobserved":  # it ran before the recording seeded anything
            continue
        without_evidence = "*" in execution.reads.places or not execution.observed
        if place in execution.reads.places or (without_evidence and _importer(kept, library) <= index):
            return index, False
        if place in execution.writes.places:
            return index, True
    return len(kept), False


def _importer(kept: Sequence[CellExecution], library: str) -> int:
    """The first execution that imports the library, by evidence or by its text; `len(kept)` where none is known to."""
    if library == "random":
        return -1  # the kernel has it
    for index, execution in enumerate(kept):
        if execution.status != "unobserved" and (
            library in execution.modules or _names_import(execution.source, library) is not None
        ):
            return index
    return len(kept)


def _import_statement(source: str, library: str) -> ast.stmt | None:
    """The top-level statement that imports the library: the first that names it, else the last that may bring it."""
    imports = [each for each in _top_level(source) if isinstance(each, (ast.Import, ast.ImportFrom))]
    return _names_import(source, library) or (imports[-1] if imports else None)


@lru_cache(maxsize=4096)
def _names_import(source: str, library: str) -> ast.stmt | None:
    for statement in _top_level(source):
        for node in ast.walk(statement):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            if library in {name.partition(".")[0] for name in names}:
                return statement
    return None


def _calls_behind(source: str, statement: ast.stmt) -> bool:
    """Whether anything behind the statement could draw."""
    behind = [each for each in _top_level(source) if each.lineno > statement.lineno]
    return any(isinstance(node, ast.Call) for each in behind for node in ast.walk(each))


def _top_level(source: str) -> list[ast.stmt]:
    code = read_code(source)
    tree = code.parse() if keeps_columns(source, code) else None
    return tree.body if tree else []
