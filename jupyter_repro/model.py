"""The records: one frozen dataclass for each thing the project speaks of.

The same record is a journal line, a row of the index, a REST body and a TypeScript type. Times are ISO 8601 in UTC,
durations seconds, sizes bytes, digests lower-case sha256 hex. Ordinals count executions in true order, from 1.
Standard library only: the kernel side imports this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SCHEMA = 1  # of the journal; a reader refuses what is newer

Status = Literal["running", "ok", "error", "interrupted", "lost", "unobserved"]
Clock = Literal["real", "recorded"]
Verdict = Literal["identical", "equivalent", "different", "missing"]
Standing = Literal["proven", "not proven", "not proven: budget", "unproven"]  # unproven: it was not run
Again = Literal["no", "same", "other", "failed", "budget"]  # what a second run gave against the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Places that an execution reads or writes; `lineage.places` holds the grammar of `places`.

    `objects` are labels of heap objects as inclusive (first, last) ranges: in a read, every part of the object is read;
    in a write, the object was created. `parts` are single parts (a key, an attribute, a column) by label.
    """

    names: tuple[str, ...] = ()
    objects: tuple[tuple[int, int], ...] = ()
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Writes seen at this execution that belong to work an earlier one left running (a thread, a task)."""

    owner: int
    writes: Access


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccess:
    path: str  # relative to the project where inside it, else absolute; always with forward slashes
    mode: Literal["read", "write", "read+write", "delete", "list"]
    digest: str | None = None
    size: int | None = None
    mtime: float | None = None
    by: Literal["kernel", "child", "unattributed"] = "kernel"  # unattributed: another process, while the cell ran
    seen: str = "audit"  # the layer that saw it first: audit, fanotify, inotify, sweep, literal (in the cell's text)
    changed: bool = False  # while it was read, or before it was hashed: then there is no digest
    manifest: str | None = None  # of a folder: the object that lists what was read or listed in it, see `manifests`
    count: int | None = None  # of the files and folders in the manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomState:
    """What an execution did to one library's global generator.

    `seed` is the session's where it found what that gives; `stream` is the execution that keys the session's own
    stream, where that was drawn from.
    """

    library: str
    before: str | None
    after: str | None
    seed: int | None = None
    stream: int | None = None
    object: str | None = None  # holds the state before, where that is the user's


@dataclass(frozen=True, slots=True, kw_only=True)
class Entropy:
    """Draws of entropy that an execution made and that the session's seed gave.

    `source` is what was asked: random, numpy, os.urandom, tensorflow, torch; fork where a child process began.
    """

    source: str
    module: str  # whose code asked
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRead:
    """A response from the network, as far as its body was read. `url` is as `redact` leaves it."""

    url: str
    method: str = ""  # "" where it is only known that the cell's text names the address
    status: int | None = None
    digest: str | None = None  # of the body without its transfer and content encodings
    size: int | None = None
    complete: bool = False  # the whole body was read
    etag: str | None = None
    modified: str | None = None  # the header Last-Modified
    range: str | None = None  # the header Content-Range: the body is a part of what lies there
    encoding: str | None = None  # a content encoding that `digest` is of, since it isn't undone here
    seen: str = "http.client"  # the layer: http.client, httpcore, aiohttp, literal (in the cell's text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """An SQL statement. `database` and `text` are as `redact` leaves them; values that were bound to it never stay."""

    text: str
    database: str | None = None
    is_remote: bool = False  # the database is a server's
    count: int = 1
    rows: int | None = None  # of the frame that was built from what it gave
    digest: str | None = None  # of that frame, as `Value.digest`
    seen: str = "sqlalchemy"  # the layer: sqlalchemy, psycopg, duckdb, pandas, literal (in the cell's text)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbientChange:
    """State that cells share without naming it. Values of environment variables are never kept, so `after` is None."""

    group: str
    key: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a name was bound to: `digest` is equal for equal values, in any process."""

    digest: str
    type: str
    summary: str  # one line: repr, or shape and dtype
    exact: bool = True  # False: something in it could only be described, not compared
    content: str | None = None  # the object that holds its numbers, for comparison within a tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    kind: Literal["stream", "display_data", "execute_result", "error"]
    name: str | None = None  # stdout or stderr
    data: dict[str, str] = field(default_factory=dict)  # MIME type -> sha256 of the text
    text: str | None = None  # what a person sees of it, cut at 2,000 characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A model that an execution trained.

    Seen as a `call` of Keras' `fit`; or at the `border` after the execution, where its state was another than before.
    Many short calls on one model are told together: epochs and steps are summed, the metrics are the last call's, and
    `final` is what the execution left. Beyond 500 records calls are only counted, with the last one.

    `initial` and `final` are digests of the weights, of a scikit-learn estimator of all its state; equal weights have
    equal digests in any process. `initial` is None where the model had no weights before.
    """

    library: Literal["keras", "sklearn", "torch"]
    model: str  # its class
    seen: Literal["call", "border"] = "call"
    name: str | None = None  # a name that is bound to it; of a call the name that Keras gave it
    calls: int = 1
    optimizer: str | None = None
    epochs: int | None = None  # that were completed
    planned: int | None = None  # epochs that were asked for
    steps: int | None = None  # updates by the optimizer
    metrics: dict[str, tuple[float | None, ...]] = field(default_factory=dict)  # by epoch; None: not a finite number
    parameters: dict[str, str] = field(default_factory=dict)  # of an estimator, other than its defaults
    initial: str | None = None
    final: str | None = None
    size: int = 0  # bytes of weights
    sampled: bool = False  # they are large: the digests are of a fixed part of them
    error: str | None = None  # what ended it early: KeyboardInterrupt, say

    @property
    def changed(self) -> bool:
        """Whether its weights are known to be others than before."""
        return self.final is not None and self.final != self.initial


@dataclass(frozen=True, slots=True, kw_only=True)
class CellError:
    name: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellExecution:
    session: str
    ordinal: int
    execution_count: int | None
    cell_id: str | None
    source: str
    status: Status
    started: str | None
    duration: float | None = None
    peak_memory: int | None = None  # of the whole process, up to the end of this execution
    error: CellError | None = None
    answers: tuple[str, ...] = ()  # to input()
    outputs: tuple[Output, ...] = ()
    outputs_json: str | None = None  # the nbformat outputs, where they are short
    outputs_object: str | None = None  # else the object that holds them
    reads: Access = field(default_factory=Access)
    writes: Access = field(default_factory=Access)
    words: tuple[str, ...] = ()  # identifiers in what ran, for state that is only found by its name
    names_read: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()
    rebound: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    mutated: tuple[str, ...] = ()
    values: dict[str, Value] = field(default_factory=dict)
    files: tuple[FileAccess, ...] = ()
    random: tuple[RandomState, ...] = ()
    entropy: tuple[Entropy, ...] = ()
    ambient: tuple[AmbientChange, ...] = ()
    remote: tuple[RemoteRead, ...] = ()
    queries: tuple[Query, ...] = ()
    modules: tuple[str, ...] = ()  # first imported here, top-level names
    fits: tuple[Fit, ...] = ()
    late: Late | None = None
    synchronises: bool = False  # it waited for work that an earlier execution started
    shifts: bool = False  # it moved `_` to `__` and `__` to `___`
    incomplete: str | None = None  # why the evidence can't be relied on

    @property
    def own_files(self) -> tuple[FileAccess, ...]:
        """What it did to files itself, or through its children."""
        return tuple(access for access in self.files if access.by != "unattributed")

    @property
    def observed(self) -> bool:
        """Whether there is evidence of what it read and wrote."""
        return self.status not in ("unobserved", "lost", "running") and self.incomplete is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A local file that was imported: code of the project, not of a distribution."""

    name: str
    path: str
    digest: str
    tracked: bool | None = None  # by git; None where there is no repository


@dataclass(frozen=True, slots=True, kw_only=True)
class GitState:
    commit: str
    branch: str | None
    dirty: bool
    diff: str | None = None  # the object that holds the diff against the commit
    untracked: tuple[str, ...] = ()  # imported, but not in the repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    python: str
    implementation: str
    platform: str
    machine: str
    cpu: str | None = None
    cpu_count: int | None = None
    gpu: tuple[str, ...] = ()
    usable_cpus: int | None = None  # by this process: libraries make as many threads where nothing else is set
    threads: dict[str, str] = field(default_factory=dict)  # OMP_NUM_THREADS and its kind, where set
    hash_seed: str | None = None
    timezone: str | None = None  # as TZ takes it, "Europe/Berlin"; None where the system doesn't tell
    distributions: dict[str, str] = field(default_factory=dict)  # of the imported modules: name -> version
    environment_names: tuple[str, ...] = ()  # never values
    environment_digests: dict[str, str] = field(default_factory=dict)  # keyed, see capture.variables; never exported


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    id: str
    notebook: str | None  # like FileAccess.path; None where no front end told
    started: str
    cwd: str
    kernel: str  # "ipykernel 7.4.0", "IPython 9.18.1"
    pid: int
    seed: int | None
    seed_given: bool = False
    deterministic: bool = False  # the frameworks run in their deterministic modes
    environment: Environment | None = None
    git: GitState | None = None
    modules: tuple[Module, ...] = ()
    stopped: str | None = None
    incomplete: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A name at the end of the session: what reading it would read, and its value where it was taken."""

    reads: Access
    value: Value | None = None
    modules: tuple[str, ...] = ()  # libraries that using it may call


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A whole session as its journal tells it."""

    session: Session
    executions: tuple[CellExecution, ...]
    namespace: dict[str, Binding]
    code: dict[int, tuple[str, ...]] = field(default_factory=dict)  # label of a function -> identifiers in it
    problems: tuple[str, ...] = ()  # torn, foreign or unreadable lines, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be reproduced: an expression over the final namespace, an execution's output, or a written file."""

    kind: Literal["expression", "output", "file"]
    text: str  # the expression; "output of execution 7"; the file's path
    ordinal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    ordinal: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    targets: tuple[Target, ...]
    kept: tuple[Kept, ...]  # in true order
    dropped: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nondeterminism:
    """What a kept execution uses that no seed replays.

    `kind`: clock, native clock (the system's, by C code or another process), timer, uuid1, address, process, secrets,
    listing, hash, worker, network, database; a reader takes others as they come.
    """

    kind: str
    ordinal: int
    detail: str  # as it reads in the code: "datetime.now()"
    matters: bool = True  # a target may hold it; False: no way to a target is seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """papermill's four fields, and where the literal stood."""

    name: str
    default: str  # Python source
    inferred_type_name: str
    help: str = ""
    ordinal: int | None = None
    where: str = ""  # of a literal in an expression: "fit(epochs=)", "settings['rate']"
    places: tuple[tuple[int, int, int], ...] = ()  # of such a literal: ordinal, and from where to where in its source
    reaches: tuple[str, ...] | None = None  # the targets that it can change; None where that isn't known
    is_input: bool = False  # the path of a file that is read
    secret: str | None = None  # where the value comes from: env:NAME, file:PATH, keyring:SERVICE/NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: str
    notebook: str  # relative to the pipeline's folder
    ordinals: tuple[int, ...]
    deps: tuple[FileAccess, ...] = ()
    outs: tuple[FileAccess, ...] = ()
    exported: str | None = None  # sha256 of the notebook as it was written; an object of the project holds it


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """How far numbers are from those that they are compared with: the largest of each measure.

    `low` and `high` are the two numbers that are the furthest apart for their size.
    """

    count: int  # of numbers that differ
    low: float
    high: float
    absolute: float
    relative: float | None = None  # None where the expected number is zero
    ulps: int | None = None  # None for integers, and where they say nothing any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What two runs of one pipeline on one machine gave, where that was not the same."""

    first: str
    second: str
    numbers: Deviation | None = None  # of the second run's from the first one's


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One comparison of a proof: a target, an output or a file."""

    subject: str  # "target result", "output of execution 7", "file out/figure.png"
    verdict: Verdict
    tolerance: str | None = None  # what "equivalent" needed, in words
    expected: str | None = None
    found: str | None = None
    ordinal: int | None = None
    deviation: Deviation | None = None  # of "equivalent" and "different", where numbers were compared
    spread: Spread | None = None  # it is nondeterministic: two runs differ here


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    ordinal: int
    cause: str
    evidence: tuple[str, ...] = ()
    spreads: dict[str, Spread] = field(default_factory=dict)  # of its values that two runs here don't share, by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Widening:
    """Executions that were added to a slice that was not proven, and what that was worth."""

    added: tuple[Kept, ...]
    proven: bool
    seconds: float  # that the added executions took when they were recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    proven: bool
    checks: tuple[Check, ...]
    started: str
    duration: float
    divergence: Divergence | None = None
    changes: tuple[str, ...] = ()  # data, packages or code that differ from the record
    error: str | None = None  # the run itself failed
    clock: Clock = "real"  # recorded: each execution began at the time at which it was recorded
    notebook: str | None = None  # sha256 of the exported notebook that was run
    budget: float | None = None  # seconds that it might take; None without a limit
    exceeded: bool = False  # the budget ended it, so that nothing is shown
    again: Again = "no"
    python: str | None = None  # of the kernel that ran
    environment: str | None = None  # sha256 of Python, the machine and the distributions of that kernel
    data: tuple[FileAccess, ...] = ()  # what the pipeline reads, with the digests of here and now

    @property
    def verdict(self) -> Standing:
        if self.exceeded:
            return "not proven: budget"
        return "proven" if self.proven else "not proven"

    @property
    def nondeterministic(self) -> bool:
        """Whether all that differs from the record differs between two runs here, too."""
        bad = [check for check in self.checks if check.verdict in ("different", "missing")]
        return bool(bad) and all(check.spread is not None for check in bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """`pipeline.json` beside the exported notebook."""

    name: str
    session: str
    notebook: str | None
    project: str  # relative path from the pipeline's folder to the project
    cwd: str  # where its notebook runs, relative to the project
    created: str
    slice: Slice
    stages: tuple[Stage, ...]
    parameters: tuple[Parameter, ...]
    expected: dict[str, Value]  # target expression -> recorded value
    environment: Environment | None = None
    verification: Verification | None = None
    nondeterminism: tuple[Nondeterminism, ...] = ()
    times: dict[int, str] = field(default_factory=dict)  # when each of its executions began
    widened: tuple[Widening, ...] = ()  # steps that its slice was widened by, in order
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That a pipeline was exported, or proven: who, when, where, with what, and what came of it.

    It stays on the machine, in `.jrepro/proofs/`: `pipeline.json` holds the verification alone.
    """

    id: str
    pipeline: str  # its folder, relative to the project
    session: str
    verdict: Standing
    started: str
    command: Literal["export", "verify"]
    duration: float | None = None
    user: str | None = None
    host: str | None = None
    machine: str = ""  # "Linux-6.18-x86_64"
    python: str | None = None  # of the kernel that ran
    environment: str | None = None  # as in the verification
    notebook: str | None = None  # sha256 of the exported notebook
    data: tuple[FileAccess, ...] = ()  # what it reads, with the digests of here and now
    checks: tuple[Check, ...] = ()
    clock: Clock = "real"
    budget: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the kernel of a run and its children used; None where the system doesn't tell."""

    wall: float
    cpu: float | None = None
    peak_memory: int | None = None  # of the largest process


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """`data`, `code` and `environment` are what it ran on: name -> digest or version; None for what was not there.

    `verdict`: baseline (nothing to compare with yet), identical or equivalent (nothing had changed), different
    (nothing had changed, and yet), changed (see `reasons`), drifted (metrics left their history, too), failed, killed.
    """

    id: str
    pipeline: str
    status: Literal["running", "ok", "failed", "killed"]
    started: str
    duration: float | None = None
    parameters: dict[str, str] = field(default_factory=dict)  # those that were set: texts as they are, else Python
    clock: Clock = "real"
    notebook: str | None = None  # the executed one
    error: str | None = None
    pid: int | None = None  # of the process that wrote "running": once it has gone, the run was killed
    standing: Standing = "unproven"  # of its pipeline when it began
    pid_started: float | None = None  # another process may get its number
    outs: tuple[FileAccess, ...] = ()  # the files that it wrote, which are also in `outputs/` beside its record
    values: dict[str, str] = field(default_factory=dict)  # all parameters, with their defaults
    data: dict[str, str | None] = field(default_factory=dict)
    code: dict[str, str | None] = field(default_factory=dict)
    environment: dict[str, str | None] = field(default_factory=dict)
    resources: Resources | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    log: str | None = None
    verdict: str | None = None
    baseline: str | None = None  # the run that it was compared with
    reasons: tuple[str, ...] = ()  # what changed since, and what that did
    checks: tuple[Check, ...] = ()
