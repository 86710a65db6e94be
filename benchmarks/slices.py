"""Long histories: what reading a journal and slicing it costs, for 500, 5,000 and 50,000 executions.

A fifth of each history, up to 1,000 executions, is one chain, of which each link needs the one before; the rest are
dead ends that read and change the same things. All journals go through the kernel's own writer.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from figures import Figure
from pairs import say

from jupyter_repro.journal import Journal, now, plain
from jupyter_repro.lineage.slicing import slice_for, widened
from jupyter_repro.lineage.targets import parse_targets
from jupyter_repro.model import SCHEMA, Access, Binding, CellExecution, FileAccess, Session
from jupyter_repro.store.journal_reader import read_recording

_SIZES = (500, 5_000, 50_000)
_LONGEST = 1_000  # links of a chain
_OBJECTS = 60_000  # that every tenth link reads as a whole
_GOALS = {5_000: 1.0}  # seconds for both
_ID = "20260101-000000-{:06x}"


def measure(pairs: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        return [figure for size in _SIZES for figure in _measure(Path(folder), size, pairs)]


def _measure(project: Path, size: int, times: int) -> Iterator[Figure]:
    _write(project, size)
    reading = lambda: read_recording(project, _ID.format(size))  # noqa: E731
    recording = reading()
    targets = parse_targets(recording, ("result",))
    slicing = lambda: slice_for(recording, targets)  # noqa: E731
    found = slicing()
    if (links := len(found.kept)) != _links(size) + 1:
        raise SystemExit(f"The slice of {size} executions holds {links}, not the {_links(size) + 1} that it needs.")
    read = tuple(_cpu(reading) for _ in range(times))
    sliced = tuple(_cpu(slicing) for _ in range(times))
    widening = tuple(_cpu(lambda: widened(recording, found)) for _ in range(times))
    both = tuple(map(sum, zip(read, sliced, strict=True)))
    name = f"{size:,} executions, {links:,} kept"
    say("slices", 1, 1, f"{name}: read {min(read):.3f} s, slice {min(sliced):.3f} s of CPU")
    yield Figure(label=f"{name}: read and slice, CPU", unit="s", goal=_GOALS.get(size), recorded=both)
    yield Figure(label=f"{name}: slice alone, CPU", unit="s", goal=None, recorded=sliced)
    yield Figure(label=f"{name}: the next wider slice, CPU", unit="s", goal=None, recorded=widening)


def _cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _links(size: int) -> int:
    return min(_LONGEST, size // 5)


def _write(project: Path, size: int) -> None:
    journal = Journal(project, _ID.format(size))
    session = Session(
        id=_ID.format(size),
        notebook="n.ipynb",
        started=now(),
        cwd=".",
        kernel="ipykernel",
        pid=1,
        seed=0,
        stopped=now(),
    )
    journal.write("session", schema=SCHEMA, **plain(session))
    every = size // _links(size)
    for ordinal in range(1, size + 1):
        link, dead = divmod(ordinal - 1, every)
        chained = not dead and link < _links(size)
        execution = _link(ordinal, link) if chained else _end(ordinal, link) if ordinal < size else _last(ordinal, size)
        _write_execution(journal, execution)
    last = Binding(reads=Access(names=("result",), objects=((_label(size), _label(size)),)))
    journal.write("names", ordinal=size, bindings={"result": plain(last)}, gone=())
    journal.write("stopped", stopped=now())
    journal.close()


def _write_execution(journal: Journal, execution: CellExecution) -> None:
    fields = plain(execution)
    ordinal, source, started = fields.pop("ordinal"), fields.pop("source"), fields.pop("started")
    count, status = fields.pop("execution_count"), fields.pop("status")
    journal.write("began", ordinal=ordinal, execution_count=count, cell_id="c", source=source, started=started)
    journal.write("ended", ordinal=ordinal, status=status, duration=0.01)
    journal.write("evidence", ordinal=ordinal, **fields)


def _label(ordinal: int) -> int:
    return _OBJECTS + ordinal


def _link(ordinal: int, link: int) -> CellExecution:
    """Link after link: a name, its object, a file; every tenth reads many objects."""
    read = Access(
        names=(f"link{link - 1}", "np") if link else ("np",),
        objects=((1, _OBJECTS),) if link % 10 == 0 else (),
        places=(f"file:out/{link - 1}.csv", f"glob:in/{link}*.csv") if link else (),
    )
    written = Access(
        names=(f"link{link}",),
        objects=((_label(ordinal), _label(ordinal)),),
        places=(f"file:out/{link}.csv", f"entry:out/{link}.csv"),
    )
    return _execution(ordinal, f"link{link} = step(link{link - 1})", read, written, bound=(f"link{link}",))


def _end(ordinal: int, link: int) -> CellExecution:
    """A dead end: it reads the chain, and leaves a name, a part of its own object and a file that nothing reads."""
    read = Access(names=(f"link{link}", "np"), places=(f"file:out/{link}.csv",))
    written = Access(
        names=(f"end{ordinal % 97}",),
        parts={str(_label(ordinal)): ("'a'", "'b'")},
        places=(f"file:ends/{ordinal}.csv", f"entry:ends/{ordinal}.csv"),
    )
    return _execution(ordinal, f"end = look(link{link})", read, written, rebound=(f"end{ordinal % 97}",))


def _last(ordinal: int, size: int) -> CellExecution:
    links = _links(size)
    written = Access(names=("result",), objects=((_label(ordinal), _label(ordinal)),))
    read = Access(names=(f"link{links - 1}",))
    return _execution(ordinal, f"result = link{links - 1}", read, written, bound=("result",))


def _execution(ordinal: int, source: str, reads: Access, writes: Access, **changes: tuple[str, ...]) -> CellExecution:
    return CellExecution(
        session="",
        ordinal=ordinal,
        execution_count=ordinal,
        cell_id=None,
        source=source,
        status="ok",
        started=now(),
        reads=reads,
        writes=writes,
        words=("step", "look", "read_csv"),
        names_read=reads.names,
        files=tuple(FileAccess(path=place[5:], mode="write") for place in writes.places if place.startswith("file:")),
        **changes,
    )
