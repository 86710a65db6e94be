"""`jrepro data` over journals that are written by hand."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from journals import ID, Written

from jupyter_repro import objects
from jupyter_repro.capture.keeping import clone
from jupyter_repro.cli import main as cli
from jupyter_repro.hashing import digest
from jupyter_repro.manifests import Entry, header, line
from jupyter_repro.model import Access, CellExecution, FileAccess
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.verify.aside import touched

Shown = pytest.CaptureFixture[str]
OTHER = "20261122-080000-ffffff"


def read(project: Path, path: str, **fields: Any) -> dict[str, Any]:
    status = (project / path).stat()
    known = {"digest": digest((project / path).read_bytes()), "size": status.st_size, "mtime": status.st_mtime}
    return {"path": path, "mode": "read", **known, **fields}


def manifest(project: Path, folder: str, listed: bool = True, read: tuple[str, ...] = ()) -> dict[str, Any]:
    """The record of a folder of which all is listed, or only some files are read."""
    paths = [path for path in sorted((project / folder).iterdir()) if listed or path.name in read]
    entries = [_entry(path, path.name in read) for path in paths]
    data = header(["."] if listed else []) + b"".join(map(line, entries))
    sha256 = objects.put(project, data)
    return {"path": folder, "mode": "read" if read else "list", "manifest": sha256, "count": len(entries)}


def _entry(path: Path, was_read: bool) -> Entry:
    if path.is_dir():
        return Entry(f"{path.name}/")
    status = path.stat()
    found = digest(path.read_bytes()) if was_read else None
    return Entry(path.name, status.st_size, status.st_mtime_ns, found, read=was_read)


@pytest.fixture
def recorded(project: Path) -> Written:
    """Execution 1 lists data/*.csv, 2 reads a.csv, conf.txt and its own file, which execution 1 wrote; 3 appends."""
    (project / "data" / "sub.csv").mkdir(parents=True)
    for name in ("data/a.csv", "data/b.csv", "data/c.csv", "data/other.txt", "conf.txt", "own.txt", "log.txt"):
        (project / name).write_text(name)
    journal = Written(project)
    journal.execution(
        files=[manifest(project, "data"), {**read(project, "own.txt"), "mode": "write"}],
        reads={"places": ["glob:data/*.csv"]},
        writes={"places": ["entry:own.txt", "file:own.txt"]},
    )
    journal.execution(files=[read(project, path) for path in ("data/a.csv", "conf.txt", "own.txt", "log.txt")])
    journal.execution(files=[{**read(project, "log.txt"), "mode": "read+write"}])
    journal.stopped()
    return journal


def status(capsys: Shown, *arguments: str) -> tuple[int, dict[str, str]]:
    """The exit code, and what isn't unchanged."""
    code = cli.main(["data", "status", "--json", *arguments])
    shown = json.loads(capsys.readouterr().out)
    assert shown["differs"] == (code == 1)
    return code, {each["path"]: each["state"] for each in shown["files"]}


def overwrite(path: Path) -> None:
    """By as many bytes, with the same times."""
    before = path.stat()
    path.write_bytes(b"?" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, tuple[Callable[[Path], object], dict[str, str]]] = {
    "nothing": (lambda project: None, {}),
    "a file that was read is gone": (lambda project: (project / "conf.txt").unlink(), {"conf.txt": "removed"}),
    "it is longer": (lambda project: (project / "conf.txt").write_text("longer text"), {"conf.txt": "changed"}),
    "only its content differs": (lambda project: overwrite(project / "conf.txt"), {"conf.txt": "changed"}),
    "it was only touched": (lambda project: os.utime(project / "conf.txt", (1, 1)), {}),
    "one that was listed is gone": (lambda project: (project / "data" / "b.csv").unlink(), {"data/b.csv": "removed"}),
    "one that was listed was touched": (
        lambda project: os.utime(project / "data" / "b.csv", (1, 1)),
        {"data/b.csv": "changed"},
    ),
    "a folder that was listed is gone": (
        lambda project: (project / "data" / "sub.csv").rmdir(),
        {"data/sub.csv/": "removed"},
    ),
    "one came": (lambda project: (project / "data" / "new.csv").write_text("x"), {"data/new.csv": "added"}),
    "one came that was not asked for": (lambda project: (project / "data" / "new.txt").write_text("x"), {}),
    "one went that was not asked for": (lambda project: (project / "data" / "other.txt").unlink(), {}),
    "its own file changed": (lambda project: (project / "own.txt").write_text("x"), {}),
    "it came in a folder that was not listed": (lambda project: (project / "new.csv").write_text("x"), {}),
    "all is gone": (
        lambda project: shutil.rmtree(project / "data"),
        {f"data/{name}": "removed" for name in ("a.csv", "b.csv", "c.csv", "sub.csv/")},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_status_tells_what_became_of_the_inputs(recorded: Written, project: Path, capsys: Shown, name: str) -> None:
    change, expected = CHANGES[name]
    change(project)
    code, states = status(capsys)
    assert states.pop("log.txt") == "unknown"  # it was changed in place: what was in it before is not known
    assert (code, states) == (int(bool(expected)), expected)


def test_status_sums_up_by_folder_and_in_all(recorded: Written, project: Path, capsys: Shown) -> None:
    (project / "data" / "a.csv").unlink()
    (project / "data" / "new.csv").write_text("x")
    (project / "conf.txt").write_text("other")
    assert cli.main(["data", "status"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "./: 1 changed since the recorded run (1 unknown)" in lines
    assert "data/: 1 removed, 1 added since the recorded run (3 unchanged)" in lines
    assert lines[-1] == "In all: 1 removed, 1 changed, 1 added since the recorded run (3 unchanged, 1 unknown)"
    assert f"    removed   data/a.csv  (was sha256 {digest(b'data/a.csv')[:12]}, not kept)" in lines


def test_a_quick_status_goes_by_size_and_time(recorded: Written, project: Path, capsys: Shown) -> None:
    overwrite(project / "conf.txt")
    assert status(capsys, "--quick") == (0, {"log.txt": "unknown"})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"digest": None}, "unknown"),
        ({"digest": None, "changed": True}, "unknown"),
        ({"digest": None, "mtime": 1.0}, "changed"),
    ],
)
def test_what_was_not_hashed_is_not_called_unchanged(
    project: Path, capsys: Shown, fields: Mapping[str, Any], expected: str
) -> None:
    (project / "a").write_text("a")
    Written(project).execution(files=[read(project, "a", **fields)])
    assert status(capsys)[1] == {"a": expected}


def test_a_folder_without_manifest_is_named(project: Path, capsys: Shown) -> None:
    (project / "data").mkdir()
    Written(project).execution(files=[{"path": "data", "mode": "read", "count": 5}])
    assert cli.main(["data", "status"]) == 0
    assert "data/: what was in it is not known: it was not looked at in time" in capsys.readouterr().out


def test_status_of_a_notebook_that_was_not_recorded(recorded: Written, capsys: Shown) -> None:
    assert cli.main(["data", "status", "other.ipynb"]) == 2
    assert "jrepro record other.ipynb" in capsys.readouterr().err


def test_what_is_hashed_later_is_joined_in_any_order(project: Path) -> None:
    journal = Written(project)
    journal.began()
    journal.write("hashed", ordinal=1, files={"a": {"digest": "d", "path": "elsewhere"}, "gone": {"digest": "e"}})
    journal.ended()
    journal.evidence(files=[{"path": "a", "mode": "read"}, {"path": "a", "mode": "write", "by": "unattributed"}])
    journal.write("hashed", ordinal=7, files={"a": {"digest": "x"}})
    journal.write("hashed", ordinal=1, files={"b": {"digest": "x"}})
    recording = read_recording(project, ID)
    assert [(each.path, each.digest) for each in recording.executions[0].files] == [("a", "d"), ("a", None)]
    assert recording.problems == ()


# --- diff -------------------------------------------------------------------------------------------------------------


def test_diff_compares_two_sessions(recorded: Written, project: Path, capsys: Shown) -> None:
    (project / "data" / "a.csv").write_text("A")
    (project / "data" / "b.csv").unlink()
    (project / "data" / "new.csv").write_text("x")
    later = Written(project, OTHER)
    later.execution(files=[manifest(project, "data")], reads={"places": ["glob:data/*.csv"]})
    later.execution(files=[read(project, path) for path in ("data/a.csv", "own.txt")])
    assert cli.main(["data", "diff", ID, OTHER, "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert {each["path"]: each["state"] for each in shown["files"]} == {
        "conf.txt": "unknown",
        "data/a.csv": "changed",
        "data/b.csv": "removed",
        "data/new.csv": "added",
        "log.txt": "unknown",
        "own.txt": "unknown",
    }
    assert cli.main(["data", "diff", ID, ID]) == 0


# --- keep, restore ----------------------------------------------------------------------------------------------------


def test_what_was_kept_is_put_back(recorded: Written, project: Path, capsys: Shown) -> None:
    os.chmod(project / "conf.txt", 0o640)
    before = (project / "conf.txt").stat()
    assert cli.main(["data", "keep"]) == 1  # of log.txt the content isn't known
    assert "Kept 2, 0 were kept already, 1 can't be kept." in capsys.readouterr().out
    (project / "conf.txt").unlink()
    shutil.rmtree(project / "data")
    assert cli.main(["data", "restore", ID, "conf.txt", "data"]) == 0
    assert "Restored 2, 0 were there already, 0 not restored." in capsys.readouterr().out
    assert (project / "data" / "a.csv").read_text() == "data/a.csv"
    after = (project / "conf.txt").stat()
    assert (after.st_mode, after.st_mtime) == (before.st_mode, pytest.approx(before.st_mtime))
    assert status(capsys)[1].keys() & {"conf.txt", "data/a.csv"} == set()


def test_a_file_that_differs_is_overwritten_only_by_force(recorded: Written, project: Path, capsys: Shown) -> None:
    cli.main(["data", "keep"])
    (project / "conf.txt").write_text("mine")
    assert cli.main(["data", "restore", ID, "conf.txt"]) == 1
    assert "--force" in capsys.readouterr().out
    assert (project / "conf.txt").read_text() == "mine"
    assert cli.main(["data", "restore", ID, "conf.txt", "--to", "there"]) == 0
    assert (project / "there" / "conf.txt").read_text() == "conf.txt"
    assert cli.main(["data", "restore", ID, "conf.txt", "--force"]) == 0
    assert (project / "conf.txt").read_text() == "conf.txt"
    (project / "conf.txt").write_text("in place")
    assert objects.get(project, digest(b"conf.txt")) == b"conf.txt"


def test_what_was_not_kept_is_named_by_its_hash(recorded: Written, project: Path, capsys: Shown) -> None:
    (project / "conf.txt").write_text("other")
    assert cli.main(["data", "keep"]) == 1
    assert f"conf.txt: it has changed; what was read had sha256 {digest(b'conf.txt')[:12]}" in capsys.readouterr().out
    assert cli.main(["data", "restore", ID, "conf.txt", "--force"]) == 1
    assert f"no copy was kept; what was read had sha256 {digest(b'conf.txt')}" in capsys.readouterr().out
    assert (project / "conf.txt").read_text() == "other"


def test_a_damaged_copy_is_never_put_back(recorded: Written, project: Path, capsys: Shown) -> None:
    cli.main(["data", "keep"])
    objects.path_of(project, digest(b"conf.txt")).write_bytes(b"conf.TXT")
    (project / "conf.txt").unlink()
    assert cli.main(["data", "restore", ID, "conf.txt"]) == 1
    assert "damaged" in capsys.readouterr().out
    assert not (project / "conf.txt").exists()


def test_restoring_what_was_never_read_is_a_usage_error(recorded: Written, capsys: Shown) -> None:
    assert cli.main(["data", "restore", ID, "nothing"]) == 2
    assert "did not read nothing" in capsys.readouterr().err


def test_a_path_that_leads_out_is_not_written(project: Path, capsys: Shown) -> None:
    (project / "a").write_text("a")
    objects.put(project, b"a")
    Written(project).execution(files=[{**read(project, "a"), "path": "../out"}])
    assert cli.main(["data", "restore", ID, "--to", "there"]) == 1
    assert not (project / "out").exists()


def test_sharing_blocks_is_tried_and_otherwise_refused(project: Path) -> None:
    (project / "a").write_bytes(b"abc" * 10_000)
    with (project / "a").open("rb") as source, (project / "b").open("xb") as copy:
        shared = clone(source.fileno(), copy.fileno())
    assert (project / "b").read_bytes() == ((project / "a").read_bytes() if shared else b"")


# --- proofs -----------------------------------------------------------------------------------------------------------


def execution(ordinal: int, files: list[dict[str, Any]], **fields: Any) -> CellExecution:
    known = {"session": ID, "execution_count": ordinal, "cell_id": None, "source": "", "status": "ok", "started": None}
    return CellExecution(ordinal=ordinal, files=tuple(FileAccess(**each) for each in files), **known, **fields)


def test_a_proof_leaves_inputs_of_a_folder_where_they_are(recorded: Written, project: Path) -> None:
    written = [read(project, path, mode="write") for path in ("data/a.csv", "data/b.csv")]
    places = Access(places=tuple(f"entry:{each['path']}" for each in written))
    second = execution(2, written, writes=places)
    for folder, expected in (
        (manifest(project, "data", read=("a.csv",)), ("data/a.csv",)),
        ({"path": "data", "mode": "read", "count": 5}, ("data/a.csv", "data/b.csv")),  # nobody knows which
    ):
        found = touched([execution(1, [folder]), second], project)
        assert found.changed == tuple(str(project / path) for path in expected)
