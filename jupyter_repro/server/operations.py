"""What can be asked for: the one table behind the handlers, the OpenAPI document and the types of the panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jupyter_repro.config import find_project
from jupyter_repro.model import Run
from jupyter_repro.server import jobs
from jupyter_repro.server.data import data_view
from jupyter_repro.server.findings import findings
from jupyter_repro.server.layers import layers
from jupyter_repro.server.places import api_path_of, folder_beside
from jupyter_repro.server.previews import choices, preview
from jupyter_repro.server.reading import Recorded
from jupyter_repro.server.surroundings import surroundings
from jupyter_repro.server.timeline import MOST, detail, listed, overview, timeline
from jupyter_repro.server.views import (
    Choices,
    DataView,
    Detail,
    ExportRequest,
    Finding,
    Job,
    Layers,
    Listed,
    Overview,
    Preview,
    Surroundings,
    Timeline,
)
from jupyter_repro.store.sessions import sessions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, taken apart: `query` has the values that were given, as the operation's `query` types them."""

    root: str
    notebook: Path  # below the root
    path: Mapping[str, str]
    query: Mapping[str, Sequence[Any]]
    body: Any = None

    @property
    def recorded(self) -> Recorded:
        return Recorded(self.notebook, self.path["session"])

    @property
    def api_path(self) -> str:
        return api_path_of(self.notebook, self.root)

    def number(self, name: str, default: int) -> int:
        return int(next(iter(self.query.get(name, ())), default))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`path` has its variables in braces; every operation takes the query's `notebook`, too."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    summary: str
    answer: Any  # the type
    run: Callable[[Asked], Any]
    query: Mapping[str, type] = field(default_factory=dict)  # name -> int or str; each may be given several times
    body: Any = None
    status: int = 200
    resource: Literal["contents", "kernels"] = "contents"  # what one must be allowed to read or write


def _sessions(asked: Asked) -> tuple[Listed, ...]:
    return tuple(listed(each) for each in sessions_of(find_project(asked.notebook.parent), asked.notebook))


def _timeline(asked: Asked) -> Timeline:
    first, count = (max(0, asked.number(name, default)) for name, default in (("first", 0), ("count", MOST)))
    return timeline(asked.recorded, first, count)


def _preview(asked: Asked) -> Preview:
    query = asked.query
    return preview(asked.recorded, query.get("target", ()), query.get("cell", ()), query.get("file", ()))


def _export(asked: Asked) -> Job:
    request: ExportRequest = asked.body
    Recorded(asked.notebook, request.session)  # it must be this notebook's
    name = request.name or f"{asked.notebook.stem}-pipeline"
    folder = folder_beside(asked.notebook, name, asked.root)
    return jobs.start(asked.notebook, asked.api_path, request, api_path_of(folder, asked.root))


def _runs(asked: Asked) -> tuple[Run, ...]:
    """Of the pipelines that the notebook's sessions gave, the newest first."""
    from jupyter_repro.errors import ReproError
    from jupyter_repro.pipeline.manifest import read_pipeline
    from jupyter_repro.run.runs import list_runs

    project = find_project(asked.notebook.parent)
    own = {each.session.id for each in sessions_of(project, asked.notebook)}
    known: dict[str, bool] = {}
    for run in (found := list_runs(project)):
        if run.pipeline not in known:
            try:
                known[run.pipeline] = read_pipeline(project / run.pipeline).session in own
            except ReproError:
                known[run.pipeline] = False
    return tuple(run for run in reversed(found) if known[run.pipeline])


_SESSION = "/sessions/{session}"
_JOB = "/exports/{job}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET",
        path="/sessions",
        summary="The sessions that were recorded of the notebook, the newest first",
        answer=tuple[Listed, ...],
        run=_sessions,
    ),
    Operation(
        method="GET",
        path=_SESSION,
        summary="How a session stands",
        answer=Overview,
        run=lambda asked: overview(asked.recorded),
    ),
    Operation(
        method="GET",
        path=f"{_SESSION}/timeline",
        summary=f"A page of what ran, in true order: at most {MOST} executions",
        answer=Timeline,
        run=lambda asked: timeline(
            asked.recorded, max(0, asked.number("first", 0)), max(0, asked.number("count", MOST))
        ),
        query={"first": int, "count": int},
    ),
    Operation(
        method="GET",
        path=f"{_SESSION}/executions/{{ordinal}}",
        summary="One execution: the text that ran, and how the saved one differs",
        answer=Detail,
        run=lambda asked: detail(asked.recorded, int(asked.path["ordinal"])),
    ),
    Operation(
        method="GET",
        path=f"{_SESSION}/findings",
        summary="What won't reproduce",
        answer=tuple[Finding, ...],
        run=lambda asked: findings(asked.recorded),
    ),
    Operation(
        method="GET",
        path=f"{_SESSION}/data",
        summary="The files that the session read and wrote, against the disk now",
        answer=DataView,
        run=lambda asked: data_view(asked.recorded),
    ),
    Operation(
        method="GET",
        path=f"{_SESSION}/surroundings",
        summary="Randomness and environment",
        answer=Surroundings,
        run=lambda asked: surroundings(asked.recorded),
    ),
    Operation(
        method="GET",
        path=f"{_SESSION}/choices",
        summary="What can be exported",
        answer=Choices,
        run=lambda asked: choices(asked.recorded),
    ),
    Operation(
        method="GET",
        path=f"{_SESSION}/preview",
        summary="Which executions an export would keep, and why; nothing is written",
        answer=Preview,
        run=_preview,
        query={"target": str, "cell": int, "file": str},
    ),
    Operation(
        method="GET",
        path="/layers",
        summary="How files are seen on this machine",
        answer=Layers,
        run=lambda asked: layers(asked.notebook),
    ),
    Operation(
        method="GET",
        path="/exports",
        summary="The notebook's latest exports, without their logs",
        answer=tuple[Job, ...],
        run=lambda asked: jobs.jobs_of(asked.notebook, asked.api_path),
    ),
    Operation(
        method="POST",
        path="/exports",
        summary="Export, and prove, in a process of its own",
        answer=Job,
        run=_export,
        body=ExportRequest,
        status=202,
        resource="kernels",
    ),
    Operation(
        method="GET",
        path=_JOB,
        summary="One export with its log",
        answer=Job,
        run=lambda asked: jobs.job_of(asked.notebook, asked.api_path, asked.path["job"]),
    ),
    Operation(
        method="DELETE",
        path=_JOB,
        summary="Cancel an export; it puts back the files that it had set aside",
        answer=Job,
        run=lambda asked: jobs.cancel(asked.notebook, asked.api_path, asked.path["job"]),
        resource="kernels",
    ),
    Operation(
        method="GET",
        path="/runs",
        summary="The runs of what was exported from the notebook, the newest first",
        answer=tuple[Run, ...],
        run=_runs,
    ),
)
