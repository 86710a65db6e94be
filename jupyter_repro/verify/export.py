"""Exporting: from a recorded session to a notebook that is proven to give the same results, widened until it does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_repro.config import find_project, relative
from jupyter_repro.errors import NoSession
from jupyter_repro.lineage.slicing import slice_for
from jupyter_repro.lineage.targets import find_targets
from jupyter_repro.model import Parameter, Recording, Slice, Target
from jupyter_repro.pipeline.manifest import default_folder, describe, write_pipeline
from jupyter_repro.pipeline.notebook import assemble
from jupyter_repro.pipeline.parameters import named_parameters, possible_parameters, proposed_parameters, with_reach
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.store.sessions import session_for
from jupyter_repro.verify.budget import Budget
from jupyter_repro.verify.expectation import recorded_values
from jupyter_repro.verify.hiding import check_secrets
from jupyter_repro.verify.proofs import keep_proof
from jupyter_repro.verify.proving import Exported, Proving, Say
from jupyter_repro.verify.tried import read_tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for; empty targets and parameters stand for those that are found."""

    notebook: Path
    targets: tuple[str, ...] = ()  # expressions
    numbers: tuple[int, ...] = ()  # of executions whose output is a target, as their prompts show them
    files: tuple[Path, ...] = ()
    parameters: tuple[str, ...] = ()
    lifts: bool = True  # False: no assignment becomes a parameter
    folder: Path | None = None
    session: str | None = None
    proof: bool = True
    budget: float | None = None  # seconds that proving may take


def export(request: Request, *, say: Say, progress: bool = False) -> Exported:
    """Write the pipeline of a request and prove it, with wider slices until a proof succeeds or nothing is left out.

    `say` gets a line for a person at each step. Raises NotebookError and NoSession where there is nothing to export,
    UnknownTarget, UnknownParameter, StorageError where the folder can't be written, and what `prove` raises.
    """
    project = find_project(request.notebook.absolute().parent)
    recording = read_recording(project, _session(project, request))
    for problem in (*recording.problems, *(recording.session.incomplete or "").splitlines()[-1:]):
        say(f"The record is not whole: {problem}.")
    targets = _targets(request, recording, project)
    folder = (request.folder or default_folder(request.notebook)).absolute()

    def write(chosen: Slice) -> Exported:
        return _write(request, recording, chosen, folder, project)

    exported = write(slice_for(recording, targets))
    if request.proof:
        exported = Proving(write, Budget(request.budget), say, progress).run(exported)
    keep_proof(folder, exported.pipeline, exported.pipeline.verification, "export")
    return exported


def candidates(request: Request) -> tuple[Recording, tuple[Parameter, ...]]:
    """What of the notebook could be a parameter. Raises as `export` does."""
    project = find_project(request.notebook.absolute().parent)
    recording = read_recording(project, _session(project, request))
    chosen = slice_for(recording, _targets(request, recording, project))
    return recording, possible_parameters(recording, chosen)


def _targets(request: Request, recording: Recording, project: Path) -> tuple[Target, ...]:
    paths = [relative(path, project) for path in request.files]
    return find_targets(recording, request.targets, request.numbers, paths)


def _session(project: Path, request: Request) -> str:
    try:
        return session_for(project, request.notebook, request.session)
    except NoSession:
        from jupyter_repro.run.notebooks import read_notebook

        read_notebook(request.notebook)  # what is wrong with the notebook comes first
        raise


def _write(request: Request, recording: Recording, chosen: Slice, folder: Path, project: Path) -> Exported:
    if request.parameters:
        parameters = named_parameters(recording, chosen, request.parameters)
    else:
        parameters = proposed_parameters(recording, chosen) if request.lifts else ()
    notebook = assemble(recording, chosen, _saved_cells(request.notebook), parameters)
    reaching = with_reach(parameters, recording, chosen.targets)
    pipeline = describe(recording, chosen, reaching, folder, project)
    secrets = {each.name for each in parameters if each.secret is not None}
    expected = recorded_values(recording, chosen.targets)
    pipeline = replace(pipeline, expected={name: each for name, each in expected.items() if name not in secrets})
    check_secrets(recording, parameters, notebook)
    pipeline = write_pipeline(folder, pipeline, notebook)
    tried = read_tried(project, recording.session.id)
    return Exported(folder=folder, pipeline=pipeline, recording=recording, tried=tried)


def _saved_cells(notebook: Path) -> Sequence[Any]:
    """None of a notebook that is gone or unreadable by now: the session has all that ran."""
    try:
        cells: Sequence[Any] = json.loads(notebook.read_bytes())["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return cells
