"""The folder of a run: it looks like the project, and what is written in it appears in the project whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_repro.run.workspace import Workspace


@pytest.fixture
def workspace(project: Path) -> Workspace:
    for path in ("data/in.csv", "out/report.txt", "log.txt", "helper.py", ".git/config"):
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text(path)
    made = Workspace(project, project / ".jrepro/runs/r/work", outs=["out/report.txt"], updated=["log.txt"])
    made.build()
    return made


def test_it_looks_like_the_project_without_what_will_be_written(workspace: Workspace) -> None:
    found = {path.relative_to(workspace.folder).as_posix() for path in workspace.folder.rglob("*") if path.is_file()}
    assert found == {"data/in.csv", "helper.py", "log.txt"}
    assert workspace.written() == []


def test_what_is_written_is_found_published_and_kept(workspace: Workspace) -> None:
    (workspace.folder / "out/report.txt").write_text("new")
    (workspace.folder / "made").mkdir()
    (workspace.folder / "made/plot.png").write_text("png")
    with (workspace.folder / "log.txt").open("a") as file:
        file.write("+")
    assert (workspace.project / "out/report.txt").read_text() == "out/report.txt"
    assert (workspace.project / "log.txt").read_text() == "log.txt"

    paths = workspace.written()
    assert paths == ["log.txt", "made/plot.png", "out/report.txt"]
    workspace.publish(paths)
    home = workspace.folder.parent / "outputs"
    workspace.keep(paths, home)

    for root in (workspace.project, home):
        assert [(root / path).read_text() for path in paths] == ["log.txt+", "png", "new"]


def test_a_file_that_was_replaced_is_written_and_the_project_s_own_stays(workspace: Workspace) -> None:
    linked = workspace.folder / "data/in.csv"
    (workspace.folder / "data/part").write_text("other")
    (workspace.folder / "data/part").replace(linked)
    assert workspace.written() == ["data/in.csv"]
    assert (workspace.project / "data/in.csv").read_text() == "data/in.csv"


def test_paths_elsewhere_stay_as_they_are(workspace: Workspace, tmp_path: Path) -> None:
    assert workspace.path_of(tmp_path / "elsewhere") == tmp_path / "elsewhere"
    assert workspace.path_of(workspace.project / "data") == workspace.folder / "data"
