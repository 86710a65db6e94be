"""`pipeline.json` beside the exported notebook, and writing both so that nothing half-written is ever seen."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_repro import objects
from jupyter_repro.config import relative
from jupyter_repro.errors import PipelineError, StorageError
from jupyter_repro.journal import now
from jupyter_repro.model import (
    SCHEMA,
    CellExecution,
    FileAccess,
    Parameter,
    Pipeline,
    Recording,
    Slice,
    Stage,
    Value,
)
from jupyter_repro.pipeline.kept import kept_executions
from jupyter_repro.pipeline.nondeterminism import nondeterminism, times
from jupyter_repro.pipeline.notebook import notebook_stem
from jupyter_repro.pipeline.parameters import generated_parameters

if TYPE_CHECKING:
    from nbformat import NotebookNode

MANIFEST = "pipeline.json"


@dataclass(frozen=True, slots=True)
class _Versioned:
    """What every schema has."""

    schema: int


def default_folder(notebook: Path) -> Path:
    """Where the pipeline of a notebook goes when nothing else is asked for: beside it."""
    return notebook.with_name(f"{notebook.stem}-pipeline")


def describe(
    recording: Recording,
    chosen: Slice,
    parameters: Sequence[Parameter],
    folder: Path,
    project: Path,
) -> Pipeline:
    """The record of a pipeline whose notebook lifts `parameters`, with the recorded values of targets that have one."""
    session = recording.session
    stem = notebook_stem(session)
    kept = kept_executions(recording, chosen)
    deps, outs = _files(kept)
    ordinals = tuple(execution.ordinal for execution in kept)
    return Pipeline(
        name=stem,
        session=session.id,
        notebook=session.notebook,
        project=Path(os.path.relpath(project, folder)).as_posix(),
        cwd=relative(project / session.cwd, project),
        created=now(),
        slice=chosen,
        stages=(Stage(name=stem, notebook=f"{stem}.ipynb", ordinals=ordinals, deps=deps, outs=outs),),
        parameters=(*parameters, *generated_parameters(recording, chosen)),
        expected=_expected(recording, chosen),
        environment=session.environment and replace(session.environment, environment_digests={}),
        nondeterminism=nondeterminism(recording, chosen),
        times=times(kept),
    )


def _expected(recording: Recording, chosen: Slice) -> dict[str, Value]:
    expressions = [target.text for target in chosen.targets if target.kind == "expression"]
    bindings = ((text, recording.namespace.get(text)) for text in expressions)
    return {text: binding.value for text, binding in bindings if binding and binding.value}


def _files(kept: Sequence[CellExecution]) -> tuple[tuple[FileAccess, ...], tuple[FileAccess, ...]]:
    """What the executions read that they had not written before, and the last state of what they wrote."""
    deps: dict[str, FileAccess] = {}
    outs: dict[str, FileAccess] = {}
    for access in (access for execution in kept for access in execution.own_files):
        if access.mode in ("read", "read+write") and access.path not in outs:
            deps.setdefault(access.path, access)
        if access.mode in ("write", "read+write"):
            outs[access.path] = access
        elif access.mode == "delete":
            outs.pop(access.path, None)
    return tuple(deps.values()), tuple(outs.values())


def write_pipeline(folder: Path, pipeline: Pipeline, notebook: NotebookNode) -> Pipeline:
    """Write the notebook, then `pipeline.json`, into the folder, replacing an earlier export of the same notebook.

    The pipeline that it gives knows the notebook, of which the project keeps a copy: so edits can be told. Raises
    PipelineError where the folder holds something else by these names, StorageError where it can't be written.
    """
    import nbformat

    as_text: Callable[[NotebookNode], str] = nbformat.writes
    stage = pipeline.stages[0]
    content = f"{as_text(notebook)}\n".encode("utf-8", "replace")
    with _told(folder):
        _check_owner(folder, pipeline)
    with suppress(OSError):  # a project that can't be written: its notebook can be exported elsewhere
        exported = objects.put(Path(folder, pipeline.project).resolve(), content)
        pipeline = replace(pipeline, stages=(replace(stage, exported=exported),))
    _write(folder, {stage.notebook: content, MANIFEST: _encode(pipeline)})
    return pipeline


def write_manifest(folder: Path, pipeline: Pipeline) -> None:
    """Write `pipeline.json` alone: after a verification, say. Raises StorageError where it can't be written."""
    _write(folder, {MANIFEST: _encode(pipeline)})


def read_pipeline(folder: Path) -> Pipeline:
    """The pipeline that `jrepro export` wrote into the folder; PipelineError where there is none that can be read."""
    import msgspec

    from jupyter_repro.store.conversion import from_json

    path = folder / MANIFEST
    step = "Type `jrepro export NOTEBOOK -o DIR` to write one."
    try:
        data = path.read_bytes()
        schema = from_json(data, _Versioned).schema
        if schema > SCHEMA:
            problem = f"{path} was written by a newer version (schema {schema}, this one reads {SCHEMA})."
            raise PipelineError(problem, "Type `pip install --upgrade jupyter-repro`.")
        return from_json(data, Pipeline)
    except FileNotFoundError:
        raise PipelineError(f"{folder} is no pipeline: it has no {MANIFEST}.", step) from None
    except NotADirectoryError:
        raise PipelineError(f"{folder} is no folder.", step) from None
    except OSError as error:
        problem = f"{path} can't be read: {error.strerror}."
        raise StorageError(problem, f"Type `ls -l {folder}` to see its permissions.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path} is not what `jrepro export` writes: {error}.", step) from None


def _check_owner(folder: Path, pipeline: Pipeline) -> None:
    """A user's notebook, or another pipeline, is never replaced."""
    name = pipeline.stages[0].notebook
    step = f"Type `jrepro export {pipeline.notebook or 'NOTEBOOK'} -o DIR` with another folder."
    if (folder / MANIFEST).exists():
        earlier = read_pipeline(folder)
        if (earlier.name, earlier.notebook) != (pipeline.name, pipeline.notebook):
            raise PipelineError(f"{folder} holds the pipeline of {earlier.notebook or earlier.name}.", step)
    elif (folder / name).exists():
        raise PipelineError(f"{folder / name} was not written by `jrepro export` and stays as it is.", step)


def _encode(pipeline: Pipeline) -> bytes:
    from jupyter_repro.store.conversion import to_json

    return f"{to_json(pipeline, indent=2)}\n".encode()


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """All files are written whole before the first one takes its place."""
    with _told(folder):
        is_new = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as temporary:
                for name, content in contents.items():
                    Path(temporary, name).write_bytes(content)
                for name in contents:
                    Path(temporary, name).replace(folder / name)
        except OSError:
            if is_new:
                with suppress(OSError):
                    folder.rmdir()
            raise


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What the system refuses becomes a StorageError."""
    try:
        yield
    except OSError as error:
        step = "Free some space or choose another folder: type `jrepro export NOTEBOOK -o DIR`."
        raise StorageError(f"{folder} can't be written: {error.strerror or error}.", step) from error
