"""A proof leaves the user's files as they were: contents, times, folders, and what was not there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from jupyter_repro.errors import StorageError
from jupyter_repro.model import Access, CellExecution, FileAccess
from jupyter_repro.verify.aside import Touched, recover, set_aside, touched

Snapshot = dict[str, tuple[bytes, int]]


def snapshot(project: Path) -> Snapshot:
    files = (path for path in project.rglob("*") if path.is_file() and ".jrepro" not in path.parts)
    return {str(path.relative_to(project)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def files(project: Path) -> Path:
    (project / "out").mkdir()
    for name in ("data.csv", "log.txt", "out/table.csv", "out/other.csv"):
        (project / name).write_text(f"the user's {name}")
        os.utime(project / name, ns=(10**18, 10**18))
    return project


MADE = ("out", "new.csv")
CHANGED = ("data.csv", "log.txt", "gone.csv")


def what(project: Path) -> Touched:
    return Touched(
        made=tuple(str(project / name) for name in MADE), changed=tuple(str(project / name) for name in CHANGED)
    )


def nothing(project: Path) -> None:
    pass


def overwrite(project: Path) -> None:
    (project / "out").mkdir()
    (project / "out/table.csv").write_text("the proof's")
    (project / "out/more.csv").write_text("the proof's")
    (project / "new.csv").write_text("the proof's")
    (project / "data.csv").write_text("the proof's")
    (project / "gone.csv").write_text("the proof's")
    (project / "log.txt").unlink()


def rewrite(project: Path) -> None:
    (project / "data.csv").write_text("the user's data.csv")


def fail(project: Path) -> None:
    overwrite(project)
    raise RuntimeError


@pytest.mark.parametrize("run", [nothing, overwrite, rewrite, fail])
def test_everything_is_put_back(files: Path, run: Callable[[Path], None]) -> None:
    before = snapshot(files)
    try:
        with set_aside(files, what(files), spared=()) as originals:
            assert not (files / "out").exists()
            assert (originals[str(files / "out")] / "table.csv").read_text() == "the user's out/table.csv"
            assert (files / "data.csv").read_text() == "the user's data.csv"
            run(files)
    except RuntimeError:
        pass
    assert snapshot(files) == before
    assert list((files / ".jrepro/aside").iterdir()) == []


def test_a_folder_that_is_needed_stays(files: Path) -> None:
    with set_aside(files, Touched(made=(str(files / "out"),)), spared=(files / "out/pipeline",)):
        assert (files / "out/table.csv").exists()
    assert (files / "out/table.csv").exists()


def test_what_the_user_may_be_saving_is_left_alone(files: Path) -> None:
    notebook = files / "notebook.ipynb"
    notebook.write_text("before")
    touched = Touched(made=(str(notebook),), changed=(str(notebook),))
    with set_aside(files, touched, spared=(notebook,)):
        notebook.write_text("saved by the user meanwhile")
    assert notebook.read_text() == "saved by the user meanwhile"


def test_what_somebody_else_may_have_saved_while_children_ran_is_no_result(project: Path) -> None:
    written = {
        "model.bin": "child",
        "other.ipynb": "child",
        ".cache/x": "child",
        "own.py": "kernel",
        "a": "unattributed",
    }
    execution = CellExecution(
        session="s",
        ordinal=1,
        execution_count=1,
        cell_id=None,
        source="!train",
        status="ok",
        started=None,
        writes=Access(places=tuple(f"entry:{path}" for path in written)),
        files=tuple(FileAccess(path=path, mode="write", by=by) for path, by in written.items()),  # type: ignore[arg-type]
    )
    assert touched([execution], project).made == (str(project / "model.bin"), str(project / "own.py"))


def test_links_are_put_back_as_links(files: Path) -> None:
    (files / "link.csv").symlink_to("data.csv")
    with set_aside(files, Touched(made=(str(files / "link.csv"),)), spared=()):
        (files / "link.csv").write_text("the proof's")
    assert os.readlink(files / "link.csv") == "data.csv"
    assert (files / "data.csv").read_text() == "the user's data.csv"


def test_what_a_killed_proof_left_is_put_back(files: Path) -> None:
    before = snapshot(files)
    code = (
        "import os, sys; from pathlib import Path; from jupyter_repro.verify.aside import Touched, set_aside\n"
        f"project = Path({str(files)!r}); made = (str(project / 'out'), str(project / 'new.csv'))\n"
        "with set_aside(project, Touched(made=made, changed=(str(project / 'data.csv'),)), spared=()):\n"
        "    (project / 'data.csv').write_text('half'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert not (files / "out").exists()
    (files / "new.csv").write_text("made by the user since then")
    recover(files)
    after = snapshot(files)
    assert after.pop("new.csv")[0] == b"made by the user since then"
    left = {name: after.pop(name)[0] for name in list(after) if ".proof-" in name}
    assert list(left.values()) == [b"half"]
    assert after == before


def test_a_running_proof_is_left_alone(files: Path) -> None:
    with set_aside(files, what(files), spared=()):
        recover(files)
        assert not (files / "out").exists()


def test_nothing_is_touched_where_there_is_no_room(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(files)
    (files / ".jrepro/aside").write_text("not a folder")
    with pytest.raises(StorageError, match="can't be kept safe"), set_aside(files, what(files), spared=()):
        pytest.fail("it must not run")
    assert snapshot(files) == before


def test_a_damaged_list_harms_nothing(files: Path) -> None:
    (files / ".jrepro/aside/x").mkdir(parents=True)
    (files / ".jrepro/aside/x/files.json").write_bytes(msgspec.json.encode({"pid": "no"}))
    before = snapshot(files)
    recover(files)
    assert snapshot(files) == before


def execution(ordinal: int, *files: tuple[str, str], made: tuple[str, ...] = ()) -> CellExecution:
    return CellExecution(
        session="s",
        ordinal=ordinal,
        execution_count=ordinal,
        cell_id=None,
        source="",
        status="ok",
        started=None,
        files=tuple(FileAccess(path=path, mode=mode) for path, mode in files),  # type: ignore[arg-type]
        writes=Access(places=tuple(f"entry:{path}" for path in made)),
    )


def test_what_executions_make_and_change(project: Path) -> None:
    found = touched(
        [
            execution(1, made=("out",)),
            execution(2, ("in.csv", "read"), ("out/a.csv", "write"), made=("out/a.csv",)),
            execution(3, ("out/a.csv", "read+write"), ("old.csv", "write"), ("in.csv", "write")),
            execution(4, ("gone.csv", "delete"), made=("gone.csv",)),
            execution(5, ("log.txt", "read+write"), made=("log.txt",)),
        ],
        project,
    )
    assert [Path(path).relative_to(project).as_posix() for path in found.made] == ["out", "out/a.csv", "log.txt"]
    assert [Path(path).relative_to(project).as_posix() for path in found.changed] == ["in.csv", "old.csv", "gone.csv"]
