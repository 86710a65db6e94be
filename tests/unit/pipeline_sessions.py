"""Recordings by hand: one execution a source, or the fields of one that differ from a plain success."""

from __future__ import annotations

from typing import Any

from jupyter_repro.model import Access, CellError, CellExecution, Kept, RandomState, Recording, Session, Slice, Target

STREAMED = ("random", "numpy")


def recording(*cells: str | dict[str, Any], seed: int | None = None) -> Recording:
    """Execution n ran the cell `cell-n` as In [n]."""
    session = Session(
        id="20261121-101500-a1b2c3",
        notebook="work/analysis.ipynb",
        started="2026-11-21T10:15:00Z",
        cwd="work",
        kernel="ipykernel",
        pid=1,
        seed=seed,
    )
    executions = tuple(
        _execution(n, {"source": cell} if isinstance(cell, str) else cell) for n, cell in numbered(cells)
    )
    return Recording(session=session, executions=executions, namespace={})


def keep(found: Recording, *ordinals: int, target: str = "result") -> Slice:
    """A slice of these executions, of all when none is given."""
    kept = ordinals or tuple(execution.ordinal for execution in found.executions)
    dropped = tuple(each.ordinal for each in found.executions if each.ordinal not in kept)
    reasons = tuple(Kept(ordinal=ordinal, reason="gives a value") for ordinal in kept)
    return Slice(targets=(Target(kind="expression", text=target),), kept=reasons, dropped=dropped)


def numbered(cells: tuple[str | dict[str, Any], ...]) -> enumerate[str | dict[str, Any]]:
    return enumerate(cells, start=1)


def failing(source: str, error: str, message: str = "boom", **fields: Any) -> dict[str, Any]:
    return {"source": source, "status": "error", "error": CellError(name=error, message=message), **fields}


def drawing(source: str, *libraries: str, **fields: Any) -> dict[str, Any]:
    """An execution that draws from the global generators of the libraries, where those have streams from stream 1."""
    places = tuple(f"random:{library}" for library in libraries if library not in STREAMED)
    streams = tuple(
        RandomState(library=each, before="a", after="b", stream=1) for each in libraries if each in STREAMED
    )
    return {
        "source": source,
        "reads": Access(places=places),
        "writes": Access(places=places),
        "random": streams,
        **fields,
    }


def seeding(source: str, *libraries: str) -> dict[str, Any]:
    return {"source": source, "writes": Access(places=tuple(f"random:{library}" for library in libraries))}


def _execution(number: int, fields: dict[str, Any]) -> CellExecution:
    plain: dict[str, Any] = {
        "session": "20261121-101500-a1b2c3",
        "ordinal": number,
        "execution_count": number,
        "cell_id": f"cell-{number}",
        "status": "ok",
        "started": "2026-11-21T10:15:00Z",
    }
    return CellExecution(**{**plain, **fields})
