"""The records of `jrepro why` and `jrepro bisect`: what differs, since which execution, by which cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jupyter_repro.model import Check

# cell, seed: code of the exported notebook; code: a module of the project; the others as they read.
Kind = Literal[
    "data", "cell", "seed", "parameter", "code", "environment", "threads", "package", "Python", "platform", "machine",
    "clock", "network", "database",
]  # fmt: skip
State = Literal["changed", "removed", "added"]
Strength = Literal["shown", "likely", "possible", "later"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One thing that is not as it was when the session was recorded.

    `recorded` and `now` are sha256, versions or counts, never values of environment variables.
    """

    kind: Kind
    name: str  # of the file, variable, package or parameter; of a cell its id
    text: str  # in words: "data.csv differs from the one that was read"
    state: State = "changed"
    recorded: str | None = None
    now: str | None = None
    ordinals: tuple[int, ...] = ()  # of the executions that use it, as far as the record tells
    details: tuple[str, ...] = ()  # the rows or lines that differ
    obstacle: str | None = None  # why it can't be put back

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def words(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """`strength`: shown by putting it back; likely, as the difference can come of it; possible; or later, as only
    executions use it that come after the first difference.
    """

    kind: str  # a factor's, or a nondeterminism's, or random
    text: str
    strength: Strength
    evidence: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()  # their keys


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferentInput:
    """What the first different execution reads, and that differs or was not compared but comes of what differs."""

    name: str
    compared: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The first execution whose values, or whose output, differ from the record."""

    ordinal: int
    execution_count: int | None
    source: str
    text: str
    values: tuple[Check, ...] = ()
    inputs: tuple[DifferentInput, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Of one run or proof against the record."""

    id: str  # of the run or of the proof
    pipeline: str  # its folder, as records name files
    session: str
    started: str
    same: bool
    error: str | None = None
    checks: tuple[Check, ...] = ()  # of the targets
    first: First | None = None
    causes: tuple[Cause, ...] = ()  # the likeliest first
    factors: tuple[Factor, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run of a search: with these factors as they were recorded, up to an execution, or to the end."""

    restored: tuple[str, ...]
    upto: int | None
    same: bool
    first: int | None = None  # the first execution that differed all the same
    found: str = ""  # a digest of what came out
    error: str | None = None
    duration: float = 0.0
    again: bool = False  # made twice, to see whether it comes out the same


Result = Literal["isolated", "does not come back", "not among these", "nondeterministic", "out of runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolated:
    """The fewest factors that, put back together, make an execution give what was recorded."""

    ordinal: int | None  # None: the targets
    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bisection:
    """A search, finished or not; it goes on where it stopped as long as `situation` stays the same."""

    id: str
    pipeline: str
    situation: str  # a digest of all factors as they were found
    result: Result | None = None  # None: it was interrupted
    isolated: tuple[Isolated, ...] = ()
    suspects: tuple[Factor, ...] = ()  # what is left where it could not be isolated
    attempts: tuple[Attempt, ...] = ()
