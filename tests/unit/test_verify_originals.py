"""The user's files around runs that may write to any of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_repro.errors import StorageError
from jupyter_repro.model import Access, CellExecution, FileAccess
from jupyter_repro.verify import originals
from jupyter_repro.verify.originals import kept_safe, left_by_earlier_runs

Snapshot = dict[str, tuple[bytes, int]]
FILES = ("data.csv", "log.txt", "out/table.csv", "out/inner/deep.csv")


@pytest.fixture
def files(project: Path) -> Path:
    (project / "out/inner").mkdir(parents=True)
    for name in FILES:
        (project / name).write_text(f"the user's {name}")
        os.utime(project / name, ns=(10**18, 10**18))
    (project / "link.csv").symlink_to("data.csv")
    return project


def snapshot(project: Path) -> Snapshot:
    found = {}
    for path in project.rglob("*"):
        if ".jrepro" not in path.parts and not path.is_dir():
            content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
            found[str(path.relative_to(project))] = (content, path.lstat().st_mtime_ns)
    return found


def wrote(*names: str, mode: str = "write", by: str = "kernel", made: bool = False) -> list[CellExecution]:
    """The record of one execution that did this to files."""
    access: Any = [FileAccess(path=name, mode=mode, by=by) for name in names]  # type: ignore[arg-type]
    places = tuple(f"entry:{name}" for name in names) if made else ()
    return [
        CellExecution(
            session="s",
            ordinal=1,
            execution_count=1,
            cell_id=None,
            source="",
            status="ok",
            started=None,
            files=tuple(access),
            writes=Access(places=places),
        )
    ]


def overwrite(project: Path) -> list[CellExecution]:
    (project / "data.csv").write_text("the run's")
    (project / "log.txt").write_text("the user's log.txt")  # the same once more
    return wrote("data.csv", "log.txt")


def make(project: Path) -> list[CellExecution]:
    (project / "new/folder").mkdir(parents=True)
    (project / "new/folder/a.txt").write_text("the run's")
    return [*wrote("new", "new/folder", made=True), *wrote("new/folder/a.txt", made=True)]


def delete(project: Path) -> list[CellExecution]:
    (project / "log.txt").unlink()
    (project / "link.csv").unlink()
    return wrote("log.txt", "link.csv", mode="delete")


def empty_a_folder(project: Path) -> list[CellExecution]:
    """Of which the record knows no more than that."""
    for name in ("out/inner/deep.csv", "out/table.csv"):
        (project / name).unlink()
    (project / "out/inner").rmdir()
    (project / "out").rmdir()
    return wrote("out", mode="delete")


def replace_by_a_folder(project: Path) -> list[CellExecution]:
    (project / "log.txt").unlink()
    (project / "log.txt").mkdir()
    return wrote("log.txt", mode="delete")


@pytest.mark.parametrize("run", [overwrite, make, delete, empty_a_folder, replace_by_a_folder])
def test_what_a_run_did_is_undone_after_each(files: Path, run: Callable[[Path], list[CellExecution]]) -> None:
    before = snapshot(files)
    with kept_safe(files, files) as kept:
        for _ in range(2):
            kept.put_back(run(files))
            assert snapshot(files) == before
    assert not (files / "new").exists()
    assert (kept.left, kept.changed, list(kept.doubtful)) == ([], [], [])
    assert list((files / ".jrepro/aside").iterdir()) == []


def test_what_somebody_else_changed_stays_and_is_told(files: Path) -> None:
    with kept_safe(files, files) as kept:
        (files / "data.csv").write_text("the user's new text")
        (files / "log.txt").write_text("the user's new log")
        (files / "new.csv").write_text("new")
        kept.put_back(wrote("log.txt", "new.csv", by="unattributed"))
    assert (files / "data.csv").read_text() == "the user's new text"
    assert (files / "log.txt").read_text() == "the user's new log"
    assert (files / "new.csv").read_text() == "new"
    assert kept.left == [str(files / "data.csv"), str(files / "log.txt")]
    assert (kept.home / "before/data.csv").read_text() == "the user's data.csv"
    assert not (kept.home / "before/out").exists()


def test_of_what_a_child_process_may_have_written_both_versions_are_kept(files: Path) -> None:
    before = snapshot(files)
    with kept_safe(files, files) as kept:
        (files / "data.csv").write_text("the child's")
        (files / "new.csv").write_text("the child's")
        kept.put_back([*wrote("data.csv", by="child"), *wrote("new.csv", by="child", made=True)])
    assert snapshot(files) == before
    assert sorted(kept.doubtful) == [str(files / "data.csv"), str(files / "new.csv")]
    assert {path.name: path.read_text() for path in (kept.home / "after").iterdir()} == {
        "data.csv": "the child's",
        "new.csv": "the child's",
    }


def test_nothing_that_was_not_looked_at_is_removed(files: Path, tmp_path: Path) -> None:
    """Behind a link, in an installation, in the store, or outside of the project it may have been there before."""
    (tmp_path / "elsewhere").mkdir()
    (files / "linked").symlink_to(tmp_path / "elsewhere")
    (files / "env").mkdir()
    (files / "env/pyvenv.cfg").touch()
    (files / "node_modules").mkdir()
    names = ("linked/a.csv", "env/a.csv", "node_modules/a.csv", "../a.csv")
    with kept_safe(files, files) as kept:
        for name in names:
            (files / name).write_text("the run's")
        kept.put_back(wrote(*names, made=True))
    assert all((files / name).read_text() == "the run's" for name in names)


def test_a_project_that_is_too_large_keeps_what_is_near(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "_MOST_ENTRIES", 3)
    monkeypatch.setattr(originals, "MOST_OF_ALL", len("the user's log.txt") + 8)  # the link's target, and one file
    with kept_safe(files, files) as kept:
        (files / "data.csv").write_text("the run's")
        (files / "log.txt").write_text("the run's")
        (files / "out/more.csv").write_text("the run's")
        kept.put_back(wrote("data.csv", "log.txt", "out/more.csv", made=True))
    assert not kept.is_whole
    assert kept.too_large == kept.changed == [str(files / "data.csv")]
    assert (files / "log.txt").read_text() == "the user's log.txt"
    assert (files / "out/more.csv").exists()  # perhaps the user's


def test_nothing_runs_where_there_is_no_room(files: Path) -> None:
    before = snapshot(files)
    (files / ".jrepro/aside").write_text("not a folder")
    with pytest.raises(StorageError, match="can't be copied"), kept_safe(files, files):
        pytest.fail("it must not run")
    assert snapshot(files) == before


def test_copies_of_a_killed_process_are_found(files: Path) -> None:
    gone = files / ".jrepro/aside/tries-4194305-20261121-120000-abcdef"
    gone.mkdir(parents=True)
    with kept_safe(files, files):
        assert left_by_earlier_runs(files) == [gone]
