"""Hashing at the border and in the background; in this process, with real files."""

from __future__ import annotations

import _thread
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_repro import objects
from jupyter_repro.capture.digests import Border, Digests, Hashed
from jupyter_repro.hashing import digest
from jupyter_repro.manifests import Entry, read_manifest

LARGE = bytes(3 << 20)
PATIENCE = 60.0
NOT_UTF8 = os.fsdecode(b"x\xff")

Make = Callable[..., "Hashing"]


class Hashing:
    """Digests whose later findings are in `found`, by name."""

    def __init__(self, project: Path, keep: bool = False) -> None:
        self.project = project
        self.found: dict[str, dict[str, Any]] = {}
        self.faults: list[BaseException] = []
        self.digests = Digests(project, lambda ordinal, files: self.found.update(files), self.faults.append, keep)

    def border(self) -> Border:
        return self.digests.border(1, time.time() + 1)

    def hash(self, name: str, border: Border | None = None, mode: str = "read") -> Hashed:
        path = str(self.project / name)
        return (border or self.border()).hash(path, name, os.stat(path), mode)

    def finish(self) -> dict[str, dict[str, Any]]:
        assert self.digests.later.finish(PATIENCE) == ()
        assert self.faults == []
        return self.found


@pytest.fixture
def hashing(project: Path) -> Hashing:
    return Hashing(project)


def test_what_is_small_is_hashed_at_once_and_known_again(hashing: Hashing, project: Path) -> None:
    (project / "a").write_bytes(b"abc")
    assert hashing.hash("a") == Hashed(digest(b"abc"))
    assert hashing.hash("a") == Hashed(digest(b"abc"))
    assert hashing.digests.later.pending == ()


def test_what_is_large_is_hashed_later(hashing: Hashing, project: Path) -> None:
    (project / "large").write_bytes(LARGE)
    assert hashing.hash("large") == Hashed()
    assert hashing.digests.later.pending == ("large",)
    assert hashing.finish() == {"large": {"digest": digest(LARGE)}}
    assert hashing.hash("large") == Hashed(digest(LARGE))


def test_what_is_much_is_hashed_later(hashing: Hashing, project: Path) -> None:
    names = [f"f{number}" for number in range(300)]
    border = hashing.border()
    at_once = {}
    for name in names:
        (project / name).write_text(name)
        at_once[name] = hashing.hash(name, border).digest
    assert 0 < sum(found is not None for found in at_once.values()) <= 100
    later = {name: fields["digest"] for name, fields in hashing.finish().items()}
    known = {name: found for name, found in at_once.items() if found is not None}
    assert {**known, **later} == {name: digest(name.encode()) for name in names}


def test_a_file_that_is_replaced_meanwhile_is_hashed_as_it_was(hashing: Hashing, project: Path) -> None:
    (project / "large").write_bytes(LARGE)
    hashing.hash("large")
    (project / "new").write_bytes(b"new")
    os.rename(project / "new", project / "large")
    assert hashing.finish() == {"large": {"digest": digest(LARGE)}}


def test_a_descriptor_that_the_user_closed_is_no_way_into_the_users_files(hashing: Hashing, project: Path) -> None:
    """`os.closerange` is how daemons begin; the number comes back for a file of the user's."""
    (project / "large").write_bytes(LARGE)
    (project / "users").write_bytes(b"text")
    hashing.hash("large")
    [number] = [
        int(each) for each in os.listdir("/proc/self/fd") if os.path.realpath(f"/proc/self/fd/{each}").endswith("large")
    ]
    with (project / "users").open("rb") as users:
        users.read(1)
        os.dup2(users.fileno(), number)
        os.lseek(number, 2, os.SEEK_SET)
        assert hashing.finish() == {"large": {"changed": True}}
        assert os.read(number, 9) == b"xt"
    os.close(number)


def test_a_file_that_changes_before_it_is_hashed_is_flagged(hashing: Hashing, project: Path) -> None:
    (project / "large").write_bytes(LARGE)
    hashing.hash("large")
    with (project / "large").open("r+b") as file:
        file.write(b"changed")
    assert hashing.finish() == {"large": {"changed": True}}


def test_a_file_that_changed_since_the_execution_began_is_flagged_unless_it_wrote_it(project: Path) -> None:
    hashing = Hashing(project)
    (project / "a").write_bytes(b"abc")
    path, border = str(project / "a"), hashing.digests.border(1, time.time() - 100)
    assert border.hash(path, "a", os.stat(path), "read") == Hashed(changed=True)
    assert border.hash(path, "a", os.stat(path), "read+write") == Hashed(digest(b"abc"))


def test_what_is_no_regular_file_is_never_opened(hashing: Hashing, project: Path) -> None:
    os.mkfifo(project / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for name in ("fifo", "socket", "/dev/zero"):
            assert hashing.hash(name) == Hashed()  # opening the FIFO would wait for a writer
    assert hashing.digests.later.pending == ()


def test_a_huge_file_is_left_and_said_where_time_is_up(hashing: Hashing, project: Path) -> None:
    with (project / "huge").open("wb") as file:
        file.truncate(50 << 30)
    (project / "large").write_bytes(LARGE)
    hashing.hash("huge")
    hashing.hash("large")
    assert hashing.digests.later.finish(0.0) == ("huge", "large")
    hashing.digests.later.close()
    assert hashing.found == {}


def test_an_interrupt_ends_the_waiting_and_nothing_else(hashing: Hashing, project: Path) -> None:
    with (project / "huge").open("wb") as file:
        file.truncate(50 << 30)
    hashing.hash("huge")
    threading.Timer(0.1, _thread.interrupt_main).start()
    assert hashing.digests.later.finish(10 * PATIENCE) == ("huge",)
    hashing.digests.later.close()


def test_no_file_is_opened_while_a_cell_runs(hashing: Hashing, project: Path) -> None:
    border, names = hashing.border(), [f"large{number}" for number in range(70)]
    for name in names:
        with (project / name).open("wb") as file:
            file.truncate(1 << 31 if name == names[0] else 3 << 20)  # the first one takes until the cell begins
        hashing.hash(name, border)
    hashing.digests.later.resume()
    hashing.digests.later.pause()
    for name in names:
        (project / name).unlink()  # those that are open are hashed all the same
    found = hashing_while_paused(hashing)
    assert {name for name, fields in found.items() if "digest" in fields} >= set(names[:64])
    assert len(found) < len(names)
    hashing.digests.later.resume()
    assert set(hashing.finish()) == set(names)


def hashing_while_paused(hashing: Hashing) -> dict[str, dict[str, Any]]:
    until = time.monotonic() + PATIENCE
    while hashing.digests.later._working and time.monotonic() < until:
        time.sleep(0.01)
    return dict(hashing.found)


def test_the_thread_is_nobodys_to_count(hashing: Hashing, project: Path) -> None:
    before = threading.enumerate()
    (project / "large").write_bytes(LARGE * 20)
    hashing.hash("large")
    hashing.digests.later.resume()
    assert threading.enumerate() == before
    hashing.finish()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_holds_no_file_open(hashing: Hashing, project: Path) -> None:
    (project / "large").write_bytes(LARGE)
    hashing.hash("large")
    child = os.fork()
    if not child:
        os._exit(
            any("large" in os.readlink(each.path) for each in os.scandir("/proc/self/fd") if os.path.lexists(each))
        )
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert hashing.finish() == {"large": {"digest": digest(LARGE)}}


# --- folders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(project: Path) -> Path:
    folder = project / "data"
    (folder / "sub").mkdir(parents=True)
    for name in ("a", "b", "sub/c"):
        (folder / name).write_text(name)
        os.utime(folder / name, (1e9, 1e9))
    os.symlink("nowhere", folder / "broken")
    os.symlink("loop", folder / "loop")
    (folder / NOT_UTF8).touch()
    os.mkfifo(folder / "fifo")
    time.sleep(0.02)  # what is as new as the border passes for changed
    return folder


def entries(project: Path, fields: dict[str, Any]) -> dict[str, Entry]:
    found = read_manifest(project, fields["manifest"]).entries
    assert fields["count"] == len(found)
    return found


def test_a_small_folder_is_listed_at_once(hashing: Hashing, folder: Path, project: Path) -> None:
    fields = hashing.border().list(str(folder), "data", [str(folder)], [])
    found = entries(project, fields)
    assert list(found) == ["a", "b", "broken", "fifo", "loop", "sub/", NOT_UTF8]
    assert found["a"] == Entry("a", 1, 10**18)
    assert read_manifest(project, fields["manifest"]).listed == (".",)


def test_folders_and_what_was_read_in_them_are_one_manifest(hashing: Hashing, folder: Path, project: Path) -> None:
    read = [str(folder / name) for name in ("a", "sub/c", "gone", "fifo")]
    assert hashing.border().list(str(folder), "data", [str(folder), str(folder / "sub")], read) == {}
    found = entries(project, hashing.finish()["data"])
    assert list(found) == ["a", "b", "broken", "fifo", "loop", "sub/", "sub/c", NOT_UTF8]
    assert {name: each.digest for name, each in found.items() if each.read} == {
        "a": digest(b"a"),
        "fifo": None,
        "sub/c": digest(b"sub/c"),
    }


def test_files_that_did_not_change_are_not_read_again(hashing: Hashing, folder: Path, project: Path) -> None:
    for content in (b"a", b"A"):
        (folder / "a").write_bytes(content)
        time.sleep(0.02)
        hashing.border().list(str(folder), "data", [], [str(folder / "a"), str(folder / "b")])
        found = entries(project, hashing.finish()["data"])
        assert {name: each.digest for name, each in found.items()} == {"a": digest(content), "b": digest(b"b")}


def test_what_changes_after_the_border_is_flagged(hashing: Hashing, folder: Path, project: Path) -> None:
    border = hashing.border()
    border.list(str(folder), "data", [str(folder)], [str(folder / "a"), str(folder / "b")])
    time.sleep(0.02)
    (folder / "a").write_text("other")
    (folder / "new").write_text("new")
    fields = hashing.finish()["data"]
    assert fields["changed"] is True
    found = entries(project, fields)
    assert (found["a"].changed, found["a"].digest) == (True, None)
    assert (found["b"].changed, found["b"].digest) == (False, digest(b"b"))


def test_a_folder_that_is_gone_passes_for_no_empty_one(hashing: Hashing, project: Path) -> None:
    fields = hashing.border().list(str(project / "gone"), "gone", [str(project / "gone")], [])
    assert read_manifest(project, fields["manifest"]).listed == ()


# --- kept data --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"small", LARGE])
def test_inputs_are_kept_by_content_and_outputs_are_not(project: Path, content: bytes) -> None:
    hashing = Hashing(project, keep=True)
    for name in ("in", "same", "out"):
        (project / name).write_bytes(content if name != "out" else b"!" + content)
    os.chmod(project / "in", 0o600)
    hashing.hash("in")
    hashing.hash("same")
    hashing.hash("out", mode="write")
    hashing.finish()
    assert objects.get(project, digest(content)) == content
    assert objects.path_of(project, digest(content)).stat().st_mode & 0o777 == 0o600
    assert not objects.has(project, digest(b"!" + content))
    (project / "in").write_bytes(b"in place")
    assert objects.get(project, digest(content)) == content
    assert [each.name for each in (project / ".jrepro" / "objects").iterdir() if each.is_file()] == []


def test_an_input_that_is_known_is_kept_all_the_same(project: Path) -> None:
    hashing = Hashing(project, keep=True)
    (project / "a").write_bytes(b"abc")
    hashing.hash("a", mode="write")
    hashing.hash("a")
    assert objects.get(project, digest(b"abc")) == b"abc"


def test_what_is_read_by_the_thousand_is_kept(project: Path, folder: Path) -> None:
    hashing = Hashing(project, keep=True)
    hashing.border().list(str(folder), "data", [], [str(folder / "a")])
    hashing.finish()
    assert objects.get(project, digest(b"a")) == b"a"
