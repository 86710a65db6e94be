"""The session's seed in plain code: each global generator is set where it makes the numbers of the recording.

Each execution that drew from Python's or numpy's generator has a stream of its own: a cell before it sets that. The
others were seeded once, as the library was imported, and nothing draws between that and the first draw: a cell before
the first execution that draws does the same, and imports nothing before the user's code does. Where an execution
imports the library itself, a line behind the import does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jupyter_repro.model import CellExecution, Parameter, Session
from jupyter_repro.pipeline.code import unused_name
from jupyter_repro.pipeline.entropy import draws
from jupyter_repro.pipeline.imports import calls_behind, import_statement, importer, with_line_behind
from jupyter_repro.pipeline.statements import global_names

# `__import__` binds no name that the user's code could miss; the semicolon keeps torch's generator from being shown.
_SETTERS = {
    "random": '__import__("random").seed(f"{{seed}} {stream}")',
    "numpy": '__import__("numpy").random.seed([{seed} % 2**32, {stream}])',
    "tensorflow": '__import__("tensorflow").random.set_seed({seed} % 2**31)',
    "torch": '__import__("torch").manual_seed({seed});',
}
# Graphs and other devices draw from these without changing the state that a recording sees.
_UNSEEN = ("tensorflow", "torch")
_STREAMED = ("random", "numpy")
_COMMENT = "# Random numbers continue from here as in the recorded session, which was seeded with this number."


class Setting(NamedTuple):
    """One library's generator, and the execution that keys its stream where it has streams."""

    library: str
    stream: int | None = None

    def code(self, seed: str) -> str:
        return _SETTERS[self.library].replace("{seed}", seed).replace("{stream}", str(self.stream))


@dataclass(frozen=True, slots=True)
class Seeding:
    """Index of a kept execution -> what to set in a cell before it, or inside of it as it has imported the library."""

    before: dict[int, tuple[Setting, ...]] = field(default_factory=dict)
    inside: dict[int, tuple[Setting, ...]] = field(default_factory=dict)


def seed_parameter(session: Session, kept: Sequence[CellExecution]) -> Parameter | None:
    """`seed`, or `jrepro_seed` where the code uses that name; None where no kept execution draws unseeded numbers."""
    if session.seed is None or (plan_seeding(kept) == Seeding() and not any(map(draws, kept))):
        return None
    taken = global_names(kept)
    return Parameter(
        name="seed" if "seed" not in taken else unused_name("jrepro_seed", taken),
        default=str(session.seed),
        inferred_type_name="int",
        help="of the random numbers that the code does not seed itself",
    )


def plan_seeding(kept: Sequence[CellExecution]) -> Seeding:
    """Where to set what: a stream before each execution that drew from it, the others once, in few places."""
    plan = Seeding()
    pending: dict[str, int] = {}
    for index, execution in enumerate(kept):
        for setting in _streams(kept, index, execution):
            _add(plan.inside if _imports(kept, index, setting.library) else plan.before, index, setting)
    for library in _UNSEEN:
        index, inside = _place(kept, library)
        if index < len(kept) and inside:
            _add(plan.inside, index, Setting(library))
        elif index < len(kept):
            pending[library] = index
    while pending:
        index = min(pending.values())
        ready = [name for name, place in pending.items() if place == index or importer(kept, name) < index]
        for library in ready:
            _add(plan.before, index, Setting(library))
        pending = {name: place for name, place in pending.items() if name not in ready}
    return plan


def seeding_code(settings: Iterable[Setting], seed: str) -> str:
    """A cell that seeds the libraries, leaves no name behind and shows nothing."""
    return "\n".join((_COMMENT, *(setting.code(seed) for setting in settings)))


def seeded_inside(source: str, settings: Iterable[Setting], seed: str) -> str:
    """The source with each library seeded behind the statement that imports it."""
    for setting in settings:
        statement = import_statement(source, setting.library)
        if statement is not None:
            source = with_line_behind(source, statement, setting.code(seed), "as when it was recorded")
    return source


def _add(places: dict[int, tuple[Setting, ...]], index: int, setting: Setting) -> None:
    places[index] = (*places.get(index, ()), setting)


def _streams(kept: Sequence[CellExecution], index: int, execution: CellExecution) -> Iterator[Setting]:
    """The session's streams that an execution drew from, or may have drawn from where there is no evidence."""
    if execution.status == "unobserved":  # it ran before the recording seeded anything
        return
    if _has_evidence(execution):
        yield from (Setting(each.library, each.stream) for each in execution.random if each.stream is not None)
        return
    for library in _STREAMED:
        seeded = any(f"random:{library}" in each.writes.places for each in kept[:index])
        if not seeded and importer(kept, library) <= index:
            yield Setting(library, execution.ordinal)


def _has_evidence(execution: CellExecution) -> bool:
    return execution.observed and "*" not in execution.reads.places


def _imports(kept: Sequence[CellExecution], index: int, library: str) -> bool:
    return importer(kept, library) == index and import_statement(kept[index].source, library) is not None


def _place(kept: Sequence[CellExecution], library: str) -> tuple[int, bool]:
    """The execution to seed before, or inside of (True); `len(kept)` where there is no need."""
    drawn, seeded = _first_touch(kept, library)
    if seeded:
        return len(kept), False
    imported = importer(kept, library)
    statement = import_statement(kept[imported].source, library) if 0 <= imported < len(kept) else None
    if imported < min(drawn + 1, len(kept)):
        if statement is not None and not calls_behind(kept[imported].source, statement):
            return imported + 1, False
        return imported, statement is not None
    return drawn, drawn == imported and statement is not None


def _first_touch(kept: Sequence[CellExecution], library: str) -> tuple[int, bool]:
    """The first execution that is seen to draw, or to seed without a draw (True); `len(kept)` where none does."""
    place = f"random:{library}"
    for index, execution in enumerate(kept):
        if execution.status == "unobserved":  # it ran before the recording seeded anything
            continue
        may_read = place in execution.reads.places or not _has_evidence(execution)
        drew = any(each.library == library for each in execution.random)
        if may_read and (drew or importer(kept, library) <= index):  # who looks at all states imports no library
            return index, False
        if place in execution.writes.places:
            return index, True
    return len(kept), False
