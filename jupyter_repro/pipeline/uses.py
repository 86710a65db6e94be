"""Uses of what isn't deterministic, in words: what an execution does, and what helps."""

from __future__ import annotations

from jupyter_repro.lineage.nondeterminism import CLOCK
from jupyter_repro.pipeline.outside import DATABASE, NETWORK

_PHRASES = {
    CLOCK: "reads the clock",
    "native clock": "reads the clock of the system, past Python's",
    "timer": "measures how long something takes",
    "uuid1": "makes identifiers of the clock and this machine's address",
    "address": "shows or uses addresses of objects",
    "process": "uses numbers of processes or threads",
    "secrets": "draws from the operating system",
    "listing": "uses a listing in the order in which the file system gives it",
    "hash": "depends on how texts are hashed, which was not fixed",
    "worker": "takes results in the order in which workers finish",
    NETWORK: "reads the network",
    DATABASE: "asks a database server, which keeps its own state",
}
_REMEDIES = {
    CLOCK: "run with `jrepro run DIR --clock recorded` to start it at the recorded time",
    "uuid1": "use uuid.uuid4(), which is replayed",
    "listing": "wrap it in sorted()",
    "hash": "start the kernel with PYTHONHASHSEED=0, as `jrepro record` does",
}


def phrase(kind: str, detail: str) -> str:
    """What an execution does: "reads the clock: time.time()"."""
    return f"{_PHRASES.get(kind, f'depends on {kind}')}: {detail}"


def remedy(kind: str, folder: str) -> str | None:
    """What to do about it, where there is something; `folder` is the pipeline's, as one types it."""
    found = _REMEDIES.get(kind)
    return found.replace("DIR", folder) if found is not None else None
