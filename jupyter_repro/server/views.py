"""What the panel asks for, one record an answer; see `operations` for where each is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jupyter_repro.model import CellExecution, Entropy, GitState, Parameter, Session, Status, Target, Verification
from jupyter_repro.store.liveness import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A session in a list."""

    session: Session
    executions: int
    problems: tuple[str, ...]
    state: State | Literal["unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How a session stands. `version` changes with the record and with the saved notebook."""

    session: Session
    state: State
    version: str
    executions: int
    failed: int
    stale: int
    duration: float
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An execution in the timeline."""

    ordinal: int
    execution_count: int | None
    cell_id: str | None
    line: str  # the first one of what ran
    status: Status
    started: str | None
    duration: float | None
    reads: tuple[str, ...]  # names
    writes: tuple[str, ...]
    files_read: tuple[str, ...]
    files_written: tuple[str, ...]
    random: tuple[str, ...]  # libraries and sources that it drew from
    outside: tuple[str, ...]  # addresses and databases
    stale: tuple[str, ...]  # why it no longer stands for what the notebook would give
    deleted: bool  # the saved notebook has no such cell any more
    edited: bool  # the saved notebook has other text in its cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page of the executions, in true order: `rows` begin with the one at `first`, from 0."""

    version: str
    total: int
    first: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a difference: the text that ran has those with "-", the saved one those with "+"."""

    mark: Literal[" ", "-", "+"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """An execution, and how its text differs from what is saved in its cell: empty where it doesn't."""

    execution: CellExecution
    difference: tuple[Line, ...]
    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that keeps the notebook, as it is saved, from giving the recorded results: a sentence and an action."""

    kind: Literal["edited", "stale", "deleted", "random", "file", "package", "nondeterminism", "incomplete"]
    sentence: str
    action: str
    ordinal: int | None = None  # of the execution to look at


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    path: str
    state: Literal["unchanged", "changed", "removed", "added", "unknown"]
    reason: str = ""
    size: int | None = None
    digest: str | None = None
    read_by: tuple[int, ...] = ()
    written_by: tuple[int, ...] = ()
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DataView:
    """`files` holds what differs first; `total` is their number before it was cut."""

    files: tuple[DataFile, ...]
    total: int
    counts: dict[str, int]  # state -> inputs
    folders: dict[str, dict[str, int]]
    unknown: dict[str, str]  # folders of which isn't known what was in them, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A library's global generator: who seeded it, and the executions that drew from it."""

    library: str
    seeded_by: Literal["session", "user"]
    ordinals: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    name: str
    version: str
    before: str | None = None  # in the session before this one, where that had another
    now: str | None = None  # in this environment; None where it isn't the notebook's


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    seed: int | None
    seed_given: bool
    deterministic: bool
    streams: tuple[Stream, ...]
    entropy: tuple[Entropy, ...]  # draws that had no seed, added up
    python: str | None
    platform: str | None
    cpu: str | None
    threads: dict[str, str]
    usable_cpus: int | None
    git: GitState | None
    packages: tuple[Package, ...]
    compared_with: str | None  # the session before
    is_here: bool  # the notebook's kernel is of the server's own environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something that can be exported; `value` is what a preview and an export take."""

    kind: Literal["expression", "output", "file"]
    value: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    choices: tuple[Choice, ...]
    default: tuple[Target, ...]  # empty where nothing shows a result


@dataclass(frozen=True, slots=True, kw_only=True)
class Staying:
    ordinal: int
    cell_id: str | None
    line: str
    reason: str | None  # why it stays; None where it goes


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an export would write. `executions` holds all of them, in true order."""

    targets: tuple[Target, ...]
    executions: tuple[Staying, ...]
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Empty targets stand for those that are found; parameters that are None for those that are proposed."""

    session: str
    targets: tuple[str, ...] = ()
    cells: tuple[int, ...] = ()  # execution counts
    files: tuple[str, ...] = ()
    parameters: tuple[str, ...] | None = None
    name: str | None = None  # of the folder beside the notebook
    proof: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An export in a process of its own."""

    id: str
    notebook: str  # relative to the server's root, as is `folder`
    request: ExportRequest
    status: Literal["queued", "running", "done", "failed", "cancelled", "lost"]
    created: str
    folder: str
    ended: str | None = None
    log: tuple[str, ...] = ()
    error: str | None = None
    verdict: Literal["proven", "not proven", "unproven"] | None = None
    exported: str | None = None  # the notebook that was written
    verification: Verification | None = None
    pid: int | None = None
    born: float | None = None  # when its process began, in seconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """How files are seen on this machine, and what a user must know of it."""

    layer: str
    unseen: str
    warnings: tuple[str, ...]
