"""Runs of exported notebooks: each in a folder of its own, `.jrepro/runs/<id>/`.

In it: its record `run.json`, the executed notebook, `run.log`, what it wrote in `outputs/` (`unfinished/` where it
failed), what it fetched in `inputs/`, and `work/`, the folder in which it runs, while it does.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from jupyter_repro.config import relative, store_of
from jupyter_repro.errors import PipelineError, ReproError, StorageError, UsageError
from jupyter_repro.hashing import FileHasher
from jupyter_repro.journal import new_session_id, now, prepare_store
from jupyter_repro.model import Clock, FileAccess, Pipeline, Resources, Run, Standing
from jupyter_repro.redact import redact_url
from jupyter_repro.run.papermill import Job, Outcome, clock_of, execute
from jupyter_repro.run.parameters import Given, as_text, parse_parameters
from jupyter_repro.run.secrets import hide, replacements_for, resolve
from jupyter_repro.run.surveying import check_inputs, gather_inputs, survey
from jupyter_repro.run.workspace import Workspace

RECORD = "run.json"
OUTPUTS, UNFINISHED = "outputs", "unfinished"
_WORK = "work"
_SLACK = 2.0  # seconds by which two readings of a process's start may differ


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
    given: Given,
    *,
    clock: Clock = "real",
    progress: bool = False,
    standing: Standing = "unproven",
) -> Run:
    """Run the pipeline in `folder` with these parameters; its record, whether it ended well or not.

    It runs in a folder of its own; what it wrote is put into the project when it has ended well.

    Raises UnknownParameter and UsageError for a parameter, UsageError for a clock that was not recorded or a secret
    that is nowhere, StorageError where the run can't be written down, and RunFailed where no kernel can be started.
    """
    values = parse_parameters(pipeline, given)
    check_clock(pipeline, clock)
    secrets = resolve(pipeline.parameters)
    project, cwd = project_of(folder, pipeline), working_folder(folder, pipeline)
    check_inputs(pipeline, values, cwd)
    sweep(project)
    home = _new_folder(project, new_session_id())
    run = replace(_begin(folder, pipeline, home, values, clock), standing=standing)
    write_run(home, run)
    try:
        run = _Running(folder, pipeline, home, cwd, progress).go(run, values, secrets)
    except BaseException as error:
        hidden = replacements_for(secrets.values())
        problem = error.problem if isinstance(error, ReproError) else "interrupted"
        status: Literal["failed", "killed"] = "failed" if isinstance(error, Exception) else "killed"
        write_run(home, replace(run, status=status, verdict=status, error=hide(problem, hidden)))
        raise
    finally:
        shutil.rmtree(home / _WORK, ignore_errors=True)
    write_run(home, run)
    return run


def _begin(folder: Path, pipeline: Pipeline, home: Path, values: Mapping[str, Any], clock: Clock) -> Run:
    import psutil

    project = project_of(folder, pipeline)
    parameters = {name: _shown(value) for name, value in values.items()}
    defaults = {each.name: _default(each.default) for each in pipeline.parameters if each.secret is None}
    return Run(
        id=home.name,
        pipeline=relative(folder, project),
        status="running",
        started=now(),
        parameters=parameters,
        values={**defaults, **parameters},
        clock=clock,
        notebook=relative(home / pipeline.stages[0].notebook, project),
        log=relative(home / "run.log", project),
        pid=os.getpid(),
        pid_started=psutil.Process().create_time(),
    )


class _Running:
    """One run, from the links to its inputs to what it wrote in its place."""

    def __init__(self, folder: Path, pipeline: Pipeline, home: Path, cwd: Path, progress: bool) -> None:
        self._folder, self._pipeline, self._home, self._cwd = folder, pipeline, home, cwd
        self._progress = progress
        self._project = project_of(folder, pipeline)
        outs = [out for stage in pipeline.stages for out in stage.outs]
        updated = {dep.path for stage in pipeline.stages for dep in stage.deps}
        self._workspace = Workspace(
            self._project,
            home / _WORK,
            outs=[out.path for out in outs if out.path not in updated],
            updated=[out.path for out in outs if out.path in updated],
        )

    def go(self, run: Run, values: Mapping[str, Any], secrets: Mapping[str, str]) -> Run:
        fetched, inputs = gather_inputs(self._pipeline, values, self._cwd, self._home / "inputs")
        data, code = survey(self._folder, self._pipeline, self._project, inputs)
        try:
            self._workspace.build()
        except OSError as error:
            raise _not_written(self._home, error) from error
        begun = time.monotonic()
        outcome = execute(self._job(run, {**values, **fetched}, secrets), secrets)
        run = _ended(replace(run, data=data, code=code), outcome, round(time.monotonic() - begun, 3))
        try:
            return self._with_outs(run)
        except OSError as error:
            raise _not_written(self._project, error) from error

    def _job(self, run: Run, values: Mapping[str, Any], secrets: Mapping[str, str]) -> Job:
        pipeline, stage = self._pipeline, self._pipeline.stages[0]
        plain = {name: value for name, value in values.items() if _is_json(value)}
        return Job(
            notebook=str(self._folder.absolute() / stage.notebook),
            output=str(self._home / stage.notebook),
            cwd=str(self._workspace.path_of(self._cwd)),
            parameters=plain,
            sources={name: repr(value) for name, value in values.items() if name not in plain},
            **clock_of(pipeline, run.clock),
            progress=self._progress,
            secrets=tuple(secrets),
            hidden={str(self._workspace.folder): str(self._project)},
            log=str(self._home / "run.log"),
            distributions=tuple(pipeline.environment.distributions) if pipeline.environment is not None else (),
        )

    def _with_outs(self, run: Run) -> Run:
        """With the digests of the files that it wrote, so that they can be traced back to it."""
        hasher, found, paths = FileHasher(), [], self._workspace.written()
        for path in paths:
            file = self._workspace.folder / path
            status, sha256 = file.stat(), hasher.digest(file)
            found.append(FileAccess(path=path, mode="write", digest=sha256, size=status.st_size, mtime=status.st_mtime))
        if run.status == "ok":
            self._workspace.publish(paths)
        self._workspace.keep(paths, self._home / (OUTPUTS if run.status == "ok" else UNFINISHED))
        return replace(run, outs=tuple(found) if run.status == "ok" else ())


def _ended(run: Run, outcome: Outcome, duration: float) -> Run:
    where = f"execution {outcome.ordinal}: " if outcome.ordinal is not None else ""
    return replace(
        run,
        status="ok" if outcome.error is None else "failed",
        verdict=None if outcome.error is None else "failed",
        error=None if outcome.error is None else f"{where}{outcome.error}",
        duration=duration,
        resources=Resources(wall=duration, cpu=outcome.cpu, peak_memory=outcome.peak_memory),
        metrics=outcome.metrics,
        environment={
            "Python": outcome.python,
            "platform": f"{sys.platform} {platform.machine()}",
            **outcome.distributions,
        },
    )


def _is_json(value: Any) -> bool:
    """Whether JSON gives back the same: not a tuple, nor a dict with numbers as keys."""
    try:
        return isinstance(value, float) or json.loads(json.dumps(value)) == value
    except (TypeError, ValueError):
        return False


def _default(source: str) -> str:
    try:
        return _shown(ast.literal_eval(source))
    except (ValueError, SyntaxError):
        return source


def _shown(value: Any) -> str:
    text = as_text(value)
    return redact_url(text) if "://" in text else text


def check_clock(pipeline: Pipeline, clock: Clock) -> None:
    """UsageError where there is no record of when its executions began."""
    if clock == "recorded" and not pipeline.times:
        step = f"Type `jrepro export {pipeline.notebook or 'NOTEBOOK'}` to export it anew, or leave `--clock` out."
        raise UsageError(f"{pipeline.name} doesn't say when its executions began.", step)


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
    from jupyter_repro.store.conversion import from_json

    run = from_json((home / RECORD).read_bytes(), Run)
    if run.status == "running" and not _is_alive(run):
        return replace(run, status="killed", verdict="killed")
    return run


def _is_alive(run: Run) -> bool:
    import psutil

    try:
        began = psutil.Process(run.pid).create_time() if run.pid is not None else None
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False
    return began is not None and (run.pid_started is None or abs(began - run.pid_started) < _SLACK)


def find_run(project: Path, text: str) -> Path | None:
    """The folder of the run of which this is the id, or as much of it as is unique; None where there is none."""
    found = [record.parent for record in (store_of(project) / "runs").glob(f"*/{RECORD}")]
    matching = [home for home in found if home.name == text] or [home for home in found if text in home.name]
    if len(matching) > 1 and text:
        names = ", ".join(sorted(home.name for home in matching)[:5])
        raise UsageError(f"{text} is the beginning of several runs: {names}.", "Type more of it.")
    return matching[0] if matching and text else None


def the_run(project: Path, text: str) -> Path:
    """As `find_run`; UsageError where there is none."""
    home = find_run(project, text)
    if home is None:
        raise UsageError(f"There is no run {text}.", "Type `jrepro runs` to list them.")
    return home


def sweep(project: Path) -> None:
    """Clear up after runs that were killed."""
    for work in (store_of(project) / "runs").glob(f"*/{_WORK}"):
        with contextlib.suppress(OSError, ValueError, StorageError):
            run = read_run(work.parent)
            if run.status != "running":
                write_run(work.parent, run)
                shutil.rmtree(work, ignore_errors=True)


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
