"""Running an exported notebook for a proof: with a probe in its kernel, and with the user's files out of its way."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_repro import objects
from jupyter_repro.capture.drawn import KEY, is_figure
from jupyter_repro.capture.probe import Plan, Question
from jupyter_repro.config import store_of
from jupyter_repro.hashing import FileHasher
from jupyter_repro.model import CellExecution, Clock, FileAccess, Pipeline, Recording, Stage, Value
from jupyter_repro.run.kernelspecs import choose_kernel
from jupyter_repro.run.notebooks import read_notebook
from jupyter_repro.run.papermill import Job, Outcome, clock_of, execute
from jupyter_repro.run.runs import project_of, working_folder
from jupyter_repro.run.secrets import resolve
from jupyter_repro.verify.aside import Touched, set_aside, touched
from jupyter_repro.verify.comparators import compare_by_plugin
from jupyter_repro.verify.difference import Difference, different, identical, missing
from jupyter_repro.verify.documents import MOST_BYTES, compare_documents
from jupyter_repro.verify.findings import Findings, read_findings
from jupyter_repro.verify.loaded import compare_loaded


@dataclass(frozen=True, slots=True)
class Reran:
    """What a run left: how it ended, what the probe found, what each execution showed, how each file compares."""

    outcome: Outcome
    findings: Findings
    outputs: Mapping[int, Sequence[Any]]
    files: Mapping[str, Difference]
    wrote: Mapping[str, str]  # path -> sha256 of what it wrote


@dataclass(frozen=True, slots=True)
class Asked:
    """What to compare: expressions at the end, with what they were; names after executions, with theirs.

    `contents` has numbers that no object of the project holds: those of an earlier run.
    """

    at_end: Mapping[str, Value]
    underway: Mapping[int, Mapping[str, Value]]
    contents: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """`limit` is how many seconds the run may take; written files go to `keep`, by their digests, where it is given.

    `environment` is set in the kernel, whatever its specification says; None unsets a variable.
    """

    clock: Clock = "real"
    progress: bool = False
    limit: float | None = None
    keep: Path | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str | None] = field(default_factory=dict)


def kept_in(pipeline: Pipeline, recording: Recording | None) -> list[CellExecution]:
    """The records of the executions that the pipeline is made of, as far as they are known here."""
    ordinals = {kept.ordinal for kept in pipeline.slice.kept}
    return [each for each in recording.executions if each.ordinal in ordinals] if recording is not None else []


def rerun(
    folder: Path,
    pipeline: Pipeline,
    kept: Sequence[CellExecution],
    asked: Asked,
    *,
    how: How,
) -> Reran:
    """Run the pipeline in `folder`, and compare on the way and at the end what is asked for.

    Raises RunFailed where no kernel can be started, StorageError where the user's files can't be kept safe.
    """
    project, stage = project_of(folder, pipeline), pipeline.stages[0]
    secrets = resolve(pipeline.parameters)
    with tempfile.TemporaryDirectory(prefix="jrepro-proof-") as temporary:
        executed, findings, plan = (Path(temporary, name) for name in ("executed.ipynb", "findings", "plan.json"))
        given = dict(_written(asked.contents, Path(temporary)))
        plan.write_text(_plan(findings, pipeline, kept, asked, project, given, how).to_json(), encoding="utf-8")
        timed = clock_of(pipeline, how.clock)
        variables = {name: value for name, value in how.environment.items() if value is not None}
        job = Job(
            notebook=str(folder.absolute() / stage.notebook),
            output=str(executed),
            cwd=str(working_folder(folder, pipeline)),
            times=timed["times"],
            parameters=dict(how.parameters),
            environment={**timed["environment"], **variables},
            probe=str(plan),
            progress=how.progress,
            secrets=tuple(secrets),
        )
        files = _files(stage, kept, project)
        with set_aside(project, files, spared=(store_of(project), folder.absolute(), Path(job.cwd))) as originals:
            outcome = execute(job, secrets, how.limit)
            compared = dict(_compare_files(stage.outs, project, originals, _python(job)))
            wrote = dict(_keep_files(stage.outs, project, how.keep))
        found = read_findings(findings)
        return Reran(outcome, found, _outputs(executed, found), compared, wrote)


def _python(job: Job) -> str:
    """Of the notebook's kernel: what it wrote can be loaded there."""
    return choose_kernel(read_notebook(Path(job.notebook)), None)[1].argv[0]


def _files(stage: Stage, kept: Sequence[CellExecution], project: Path) -> Touched:
    """What the run will write: as the recording says, or as far as the manifest knows."""
    return touched(kept, project) if kept else Touched(changed=tuple(str(project / out.path) for out in stage.outs))


def _plan(  # noqa: PLR0913, PLR0917  all that a plan is made of
    findings: Path,
    pipeline: Pipeline,
    kept: Sequence[CellExecution],
    asked: Asked,
    project: Path,
    given: Mapping[str, str],
    how: How,
) -> Plan:
    environment = pipeline.environment
    return Plan(
        findings=str(findings),
        values={ordinal: dict(values) for ordinal, values in asked.underway.items()},
        contents={**dict(_contents(asked, project)), **given},
        questions=tuple(Question(expression=text, value=value) for text, value in asked.at_end.items()),
        distributions=tuple(environment.distributions) if environment is not None else (),
        listens=str(project) if any(each.remote or each.queries for each in kept) else None,
        environment=dict(how.environment),
    )


def _written(contents: Mapping[str, bytes], folder: Path) -> Iterator[tuple[str, str]]:
    for digest, content in contents.items():
        path = folder / f"content-{digest}"
        path.write_bytes(content)
        yield digest, str(path)


def _contents(asked: Asked, project: Path) -> Iterator[tuple[str, str]]:
    """The files that hold numbers, for comparison within a tolerance."""
    for value in (*asked.at_end.values(), *(each for values in asked.underway.values() for each in values.values())):
        if value.content is not None and (path := objects.path_of(project, value.content)).is_file():
            yield value.content, str(path)


def _outputs(executed: Path, findings: Findings) -> dict[int, list[Any]]:
    """What each execution shows, by ordinal; figures with the data that is plotted."""
    try:
        cells = json.loads(executed.read_bytes())["cells"]
    except (OSError, ValueError):  # the run ended before papermill could write it
        return {}
    ordinals = [(cell["metadata"].get("jupyter_repro", {}).get("ordinal"), cell) for cell in cells]
    return {
        ordinal: _with_drawn(cell.get("outputs", []), findings.drawn.get(ordinal, []))
        for ordinal, cell in ordinals
        if ordinal is not None
    }


def _with_drawn(outputs: list[Any], drawn: Sequence[Any]) -> list[Any]:
    figures = [output for output in outputs if "data" in output and is_figure(output["data"])]
    if len(figures) == len(drawn):  # else some were cleared, and nobody knows which
        for output, found in zip(figures, drawn, strict=True):
            output["metadata"] = {**output.get("metadata", {}), KEY: found}
    return outputs


def _compare_files(
    outs: Sequence[FileAccess], project: Path, originals: Mapping[str, Path], python: str
) -> Iterator[tuple[str, Difference]]:
    """While what the run wrote is there."""
    for out in outs:
        if out.digest is not None:
            path = project / out.path
            recorded = (_original(path, originals), objects.path_of(project, out.digest))
            yield out.path, _compare_file(path, out.digest, [each for each in recorded if each is not None], python)


def _keep_files(outs: Sequence[FileAccess], project: Path, folder: Path | None) -> Iterator[tuple[str, str]]:
    hasher = FileHasher()
    for out in outs:
        path = project / out.path
        if (digest := hasher.digest(path)) is None:
            continue
        yield out.path, digest
        if folder is not None and path.is_file() and path.stat().st_size <= MOST_BYTES:
            shutil.copyfile(path, folder / digest)


def _compare_file(path: Path, expected: str, recorded: Iterable[Path], python: str) -> Difference:
    """By digest; else with the recorded file itself: the one that was there before the run, or one that was kept."""
    hasher = FileHasher()
    found = hasher.digest(path)
    if found is None:
        return missing("the run did not write it")
    if found == expected:
        return identical()
    original = next((each for each in recorded if hasher.digest(each) == expected), None)
    if original is None or max(path.stat().st_size, original.stat().st_size) > MOST_BYTES:
        return different(f"sha256 {expected[:12]}", f"sha256 {found[:12]}")
    compared = compare_contents(path.name, original.read_bytes(), path.read_bytes())
    by_value = compare_loaded(python, original, path) if compared.verdict == "different" else None
    return by_value or compared


def compare_contents(name: str, expected: bytes, found: bytes) -> Difference:
    """Of two files that differ; a comparator of another package may know files of that name."""
    return compare_by_plugin(name, expected, found) or compare_documents(expected, found)


def _original(path: Path, originals: Mapping[str, Path]) -> Path | None:
    """Where the file lies that was at `path` before the run, by itself or in a folder that was moved."""
    for place in (path, *path.parents):
        if (kept := originals.get(str(place))) is not None:
            return kept / path.relative_to(place)
    return None
