"""Runs of exported notebooks: each in a folder of its own, `.jrepro/runs/<id>/`, with its record `run.json`."""

from __future__ import annotations

import ast
import contextlib
import difflib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_repro.config import relative, store_of
from jupyter_repro.errors import PipelineError, StorageError, UnknownParameter, UsageError
from jupyter_repro.hashing import FileHasher
from jupyter_repro.journal import new_session_id, now, prepare_store
from jupyter_repro.model import Clock, FileAccess, Parameter, Pipeline, Run, Standing
from jupyter_repro.run.papermill import Job, clock_of, execute

RECORD = "run.json"
_TICK = 0.02  # seconds that a file system's clock lags behind
_WORDS = {"true": True, "false": False, "none": None}


def project_of(folder: Path, pipeline: Pipeline) -> Path:
    return Path(folder, pipeline.project).resolve()


def working_folder(folder: Path, pipeline: Pipeline) -> Path:
    """Where the pipeline's notebook runs; PipelineError where that is not there."""
    path = project_of(folder, pipeline) / pipeline.cwd
    if not path.is_dir():
        step = "Put the project back there, or type `jrepro export NOTEBOOK -o DIR` to export it anew."
        raise PipelineError(f"The folder {path}, in which {pipeline.name} runs, is not there.", step)
    return path


def run_pipeline(  # noqa: PLR0913  what to run, and how
    folder: Path,
    pipeline: Pipeline,
    given: Sequence[tuple[str, str]],
    *,
    clock: Clock = "real",
    progress: bool = False,
    standing: Standing = "unproven",
) -> Run:
    """Run the pipeline in `folder` with parameters as they were typed; its record, whether it ended well or not.

    Raises UnknownParameter and UsageError for a parameter, UsageError for a clock that was not recorded, StorageError
    where the run can't be written down, and RunFailed where no kernel can be started.
    """
    values = parse_parameters(pipeline, given)
    check_clock(pipeline, clock)
    project, cwd, stage = project_of(folder, pipeline), working_folder(folder, pipeline), pipeline.stages[0]
    begun, identity = time.time(), new_session_id()
    home = _new_folder(project, identity)
    run = Run(
        id=identity,
        pipeline=relative(folder, project),
        status="running",
        started=now(),
        parameters=dict(given),
        clock=clock,
        notebook=relative(home / stage.notebook, project),
        pid=os.getpid(),
        standing=standing,
    )
    write_run(home, run)
    job = Job(
        notebook=str(folder.absolute() / stage.notebook),
        output=str(home / stage.notebook),
        cwd=str(cwd),
        parameters=values,
        **clock_of(pipeline, clock),
        progress=progress,
    )
    ended = _with_outs(_execute(job, run), pipeline, project, begun)
    write_run(home, ended)
    return ended


def check_clock(pipeline: Pipeline, clock: Clock) -> None:
    """UsageError where there is no record of when its executions began."""
    if clock == "recorded" and not pipeline.times:
        step = f"Type `jrepro export {pipeline.notebook or 'NOTEBOOK'}` to export it anew, or leave `--clock` out."
        raise UsageError(f"{pipeline.name} doesn't say when its executions began.", step)


def _execute(job: Job, run: Run) -> Run:
    begun = time.monotonic()
    outcome = execute(job)
    duration = round(time.monotonic() - begun, 3)
    if outcome.error is None:
        return replace(run, status="ok", duration=duration)
    where = f"execution {outcome.ordinal}: " if outcome.ordinal is not None else ""
    return replace(run, status="failed", duration=duration, error=f"{where}{outcome.error}")


def _with_outs(run: Run, pipeline: Pipeline, project: Path, begun: float) -> Run:
    """With the digests of the files that it wrote, so that they can be traced back to it."""
    hasher, found = FileHasher(), []
    for path in (out.path for stage in pipeline.stages for out in stage.outs):
        try:
            status = (project / path).stat()
        except OSError:
            continue
        if status.st_mtime >= begun - _TICK and (sha256 := hasher.digest(project / path)) is not None:
            found.append(FileAccess(path=path, mode="write", digest=sha256, size=status.st_size, mtime=status.st_mtime))
    return replace(run, outs=tuple(found))


def write_run(home: Path, run: Run) -> None:
    """Whole or not at all."""
    from jupyter_repro.store.conversion import to_json

    partial = home / f".{RECORD}"
    try:
        partial.write_text(f"{to_json(run, indent=2)}\n")
        partial.replace(home / RECORD)
    except OSError as error:
        raise _not_written(home, error) from error


def read_run(home: Path) -> Run:
    """The record in a run's folder. A run whose process has gone without a word was killed."""
    import psutil

    from jupyter_repro.store.conversion import from_json

    run = from_json((home / RECORD).read_bytes(), Run)
    if run.status == "running" and (run.pid is None or not psutil.pid_exists(run.pid)):
        return replace(run, status="killed")
    return run


def list_runs(project: Path) -> list[Run]:
    """Every run of the project that can be read, the oldest first."""
    import msgspec

    found = []
    for record in sorted((store_of(project) / "runs").glob(f"*/{RECORD}")):
        with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            found.append(read_run(record.parent))
    return found


def _new_folder(project: Path, identity: str) -> Path:
    home = store_of(project) / "runs" / identity
    try:
        prepare_store(project)
        home.mkdir(parents=True)
    except OSError as error:
        raise _not_written(home, error) from error
    return home


def _not_written(home: Path, error: OSError) -> StorageError:
    return StorageError(f"{home} can't be written: {error.strerror or error}.", f"Look with `ls -ld {home.parent}`.")


def parse_parameters(pipeline: Pipeline, given: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Values of the parameters' types. Raises UnknownParameter, and UsageError for a text where a number is due."""
    known = {parameter.name: parameter for parameter in pipeline.parameters}
    for name, _ in given:
        if name not in known:
            raise UnknownParameter(f"{pipeline.name} has no parameter {name}.", _nearest(name, known))
    return {name: _value(known[name], text) for name, text in given}


def _nearest(name: str, known: Mapping[str, Parameter]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    if near:
        return f"Did you mean `-p {near[0]} VALUE`?"
    if known:
        return f"It has {', '.join(known)}: type `-p {next(iter(known))} VALUE`."
    return "It has none: type `jrepro run DIR` without `-p`, or export it with `jrepro export NOTEBOOK -p NAME`."


def _value(parameter: Parameter, text: str) -> Any:
    kind = parameter.inferred_type_name
    if kind == "str":
        return text
    value = _literal(text)
    if kind == "float" and type(value) is int:
        return float(value)
    if kind in ("int", "float", "bool") and type(value).__name__ != kind:
        article = "an" if kind == "int" else "a"
        step = f"Its default is {parameter.default}: type `-p {parameter.name} {parameter.default}`."
        raise UsageError(f"{parameter.name} takes {article} {kind}, and {text!r} is none.", step)
    return value


def _literal(text: str) -> Any:
    """The Python literal that it is, else the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return _WORDS.get(text.lower(), text)
