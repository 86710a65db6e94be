from __future__ import annotations

import json
import os
import resource
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from pipeline_sessions import keep, recording

from jupyter_repro import objects
from jupyter_repro.errors import PipelineError, StorageError
from jupyter_repro.model import Access, Binding, FileAccess, Pipeline, Value
from jupyter_repro.pipeline.manifest import default_folder, describe, read_pipeline, write_manifest, write_pipeline
from jupyter_repro.pipeline.notebook import assemble
from jupyter_repro.pipeline.parameters import proposed_parameters

VALUE = Value(digest="ab", type="int", summary="10")


def example(project: Path, *cells: Any) -> tuple[Path, Pipeline, Any]:
    found = recording(*(cells or ("n = 5", "result = n * 2", "junk = 1")))
    found = replace(found, namespace={"result": Binding(reads=Access(), value=VALUE)})
    folder = project / "work" / "analysis-pipeline"
    chosen = keep(found, 1, 2)
    parameters = proposed_parameters(found, chosen)
    pipeline = describe(found, chosen, parameters, folder=folder, project=project)
    return folder, pipeline, assemble(found, chosen, (), parameters)


def test_a_pipeline_is_read_as_it_was_written(project: Path) -> None:
    folder, pipeline, notebook = example(project)
    written = write_pipeline(folder, pipeline, notebook)
    assert read_pipeline(folder) == written
    assert replace(written, stages=pipeline.stages) == pipeline
    assert objects.get(project, written.stages[0].exported or "") == (folder / "analysis.ipynb").read_bytes()
    assert sorted(each.name for each in folder.iterdir()) == ["analysis.ipynb", "pipeline.json"]
    assert nbformat.read(folder / "analysis.ipynb", as_version=4) == notebook
    assert (pipeline.project, pipeline.cwd, pipeline.notebook) == ("../..", "work", "work/analysis.ipynb")
    assert pipeline.expected == {"result": VALUE}
    assert [each.name for each in pipeline.parameters] == ["n"]
    assert pipeline.stages[0].ordinals == (1, 2)
    assert default_folder(project / "work" / "analysis.ipynb") == folder


def test_deps_are_what_is_read_first_and_outs_what_is_left(project: Path) -> None:
    def access(path: str, mode: Any, digest: str) -> FileAccess:
        return FileAccess(path=path, mode=mode, digest=digest)

    first = {
        "source": "a()",
        "files": (access("in.csv", "read", "1"), access("tmp", "write", "2"), access(".", "list", "")),
    }
    second = {
        "source": "b()",
        "files": (
            access("tmp", "read", "2"),
            access("tmp", "delete", "2"),
            access("out", "write", "3"),
            access("out", "write", "4"),
            access("log", "read+write", "5"),
        ),
    }
    _, pipeline, _ = example(project, first, second)
    (stage,) = pipeline.stages
    assert [(each.path, each.digest) for each in stage.deps] == [("in.csv", "1"), ("log", "5")]
    assert [(each.path, each.digest) for each in stage.outs] == [("out", "4"), ("log", "5")]


def test_a_second_export_replaces_the_first(project: Path) -> None:
    folder, pipeline, notebook = example(project)
    write_pipeline(folder, pipeline, notebook)
    before = (folder / "analysis.ipynb").read_bytes()
    write_pipeline(folder, replace(pipeline, created="later"), notebook)
    assert read_pipeline(folder).created == "later"
    assert (folder / "analysis.ipynb").read_bytes() == before
    write_manifest(folder, replace(pipeline, created="last"))
    assert read_pipeline(folder).created == "last"


def test_a_users_own_notebook_is_never_replaced(project: Path) -> None:
    _, pipeline, notebook = example(project)
    own = project / "work" / "analysis.ipynb"
    own.parent.mkdir()
    own.write_text("mine")
    with pytest.raises(PipelineError, match=r"stays as it is.*-o DIR"):
        write_pipeline(project / "work", pipeline, notebook)
    assert own.read_text() == "mine"


def test_the_pipeline_of_another_notebook_is_never_replaced(project: Path) -> None:
    folder, pipeline, notebook = example(project)
    written = write_pipeline(folder, pipeline, notebook)
    with pytest.raises(PipelineError, match=r"holds the pipeline of work/analysis\.ipynb"):
        write_pipeline(folder, replace(pipeline, notebook="other.ipynb", name="other"), notebook)
    assert read_pipeline(folder) == written


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "is no pipeline: it has no pipeline.json"),
        ("no json", "is not what `jrepro export` writes"),
        ("[]", "is not what `jrepro export` writes"),
        ("{}", "is not what `jrepro export` writes"),
        ('{"schema": 1}', "is not what `jrepro export` writes"),
        ('{"schema": 99, "all": "new"}', "newer version"),
        (b"\xff\xfe", "is not what `jrepro export` writes"),
    ],
)
def test_what_is_no_pipeline_is_refused(project: Path, content: str | bytes | None, problem: str) -> None:
    if content is not None:
        (project / "pipeline.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PipelineError) as caught:
        read_pipeline(project)
    assert problem in caught.value.problem
    assert "Type `" in caught.value.next_step


def test_a_file_is_no_pipeline(project: Path) -> None:
    (project / "file").write_text("")
    with pytest.raises(PipelineError, match="is no folder"):
        read_pipeline(project / "file")


def test_unknown_fields_of_the_same_schema_are_skipped(project: Path) -> None:
    folder, pipeline, notebook = example(project)
    written = write_pipeline(folder, pipeline, notebook)
    path = folder / "pipeline.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "new": 1}))
    assert read_pipeline(folder) == written


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(project: Path) -> None:
    folder, pipeline, notebook = example(project)
    folder.parent.mkdir()
    folder.parent.chmod(0o500)
    with pytest.raises(StorageError, match=r"can't be written: Permission denied.*-o DIR"):
        write_pipeline(folder, pipeline, notebook)


def test_where_a_folder_can_not_be_made_the_reason_is_told(project: Path) -> None:
    folder, pipeline, notebook = example(project)
    folder.parent.write_text("a file")
    with pytest.raises(StorageError, match=r"can't be written: Not a directory.*-o DIR"):
        write_pipeline(folder, pipeline, notebook)


def test_a_full_disk_leaves_nothing_half_written(project: Path) -> None:
    folder, pipeline, notebook = example(project)
    write_pipeline(folder, pipeline, notebook)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    elsewhere = project / "new"
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (len(before["analysis.ipynb"]) // 2, limits[1])
    )  # as short as a full disk
    try:
        for target in (folder, elsewhere):
            with pytest.raises(StorageError, match="can't be written: File too large"):
                write_pipeline(target, replace(pipeline, created="later"), notebook)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not elsewhere.exists()
