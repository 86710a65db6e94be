"""What the operating system says about files, by each of its interfaces, on real folders."""

from __future__ import annotations

import ctypes
import gc
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ordinary import as_ordinary_user

from jupyter_repro.capture.watch.events import (
    ACCESS,
    ARRIVED,
    CREATE,
    DELETE,
    FOLDER,
    LEFT,
    MODIFY,
    MOVED_FROM,
    MOVED_TO,
    OPEN,
    FileEvent,
    Source,
)
from jupyter_repro.capture.watch.fanotify import Fanotify
from jupyter_repro.capture.watch.inotify import Inotify
from jupyter_repro.capture.watch.probe import probe
from jupyter_repro.capture.watch.watch import SWEEP, FileWatch

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="fanotify and inotify are Linux's"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),  # from fork()
]

StartWatch = Callable[[Path], FileWatch]


@pytest.fixture(params=[Fanotify, Inotify], ids=lambda source: source.layer)
def source(request: pytest.FixtureRequest) -> type[Source]:
    found: type[Source] = request.param
    try:
        found().close()
    except OSError as error:
        pytest.skip(f"{found.layer} is refused here: {error}")
    return found


@pytest.fixture
def start(source: type[Source]) -> Iterator[StartWatch]:
    started: list[FileWatch] = []

    def start_watch(root: Path) -> FileWatch:
        watch = FileWatch(str(root), (source,))
        started.append(watch)
        watch.start()
        assert (watch.layer, watch.refused) == (source.layer, {})
        return watch

    yield start_watch
    for watch in started:
        watch.stop()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    (folder / "file").write_text("x")
    (folder / "sub" / "file").write_text("x")
    return folder


def seen(watch: FileWatch) -> dict[str, FileEvent]:
    """By path; where two processes did something to one, in one."""
    found: dict[str, FileEvent] = {}
    events, complete = watch.take()
    assert complete
    for event in events:
        before = found.get(event.path)
        found[event.path] = event if before is None else event._replace(kinds=event.kinds | before.kinds)
    return found


def read_in_c(path: str | Path) -> None:
    libc = ctypes.CDLL(None)
    libc.close(libc.open(os.fsencode(path), os.O_RDONLY))


def child(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write("y")


def write_and_remove(root: Path) -> None:
    (root / "passing").write_text("x")
    (root / "passing").unlink()


ACTS: dict[str, tuple[Callable[[Path], object], str, int, str]] = {
    "write": (lambda root: (root / "new").write_text("x"), "new", OPEN | CREATE | MODIFY, "own"),
    "overwrite": (lambda root: (root / "file").write_text("y"), "file", OPEN | MODIFY, "own"),
    "append": (lambda root: append(root / "sub" / "file"), "sub/file", OPEN | MODIFY, "own"),
    "read": (lambda root: (root / "file").read_text(), "file", OPEN, "own"),
    "read in C": (lambda root: read_in_c(root / "sub" / "file"), "sub/file", OPEN, "own"),
    "truncate": (lambda root: os.truncate(root / "file", 0), "file", MODIFY, "own"),
    "remove": (lambda root: (root / "file").unlink(), "file", DELETE, "own"),
    "come and go": (write_and_remove, "passing", OPEN | MODIFY | CREATE | DELETE, "own"),
    "rename": (lambda root: (root / "file").rename(root / "sub" / "new"), "sub/new", MOVED_TO, "own"),
    "rename away": (lambda root: (root / "file").rename(root / "sub" / "new"), "file", MOVED_FROM, "own"),
    "link": (lambda root: os.link(root / "file", root / "new"), "new", CREATE, "own"),
    "list": (lambda root: os.listdir(root / "sub"), "sub", ACCESS | FOLDER, "own"),
    "make a folder": (lambda root: (root / "new").mkdir(), "new", CREATE | FOLDER, "own"),
    "remove a folder": (lambda root: shutil.rmtree(root / "sub"), "sub", ACCESS | DELETE | FOLDER, "own"),
    "a thread reads": (lambda root: in_thread(lambda: read_in_c(root / "file")), "file", OPEN, "own"),
    "a child reads": (lambda root: child("cat", str(root / "file")), "file", OPEN, "other"),
    "a child writes": (lambda root: child("touch", str(root / "new")), "new", CREATE | OPEN, "other"),
    "a child lists": (lambda root: child("ls", str(root / "sub")), "sub", ACCESS | FOLDER, "other"),
    "a child moves": (lambda root: child("mv", str(root / "file"), str(root / "n")), "n", MOVED_TO, "other"),
    "a fork reads": (lambda root: in_fork(lambda: read_in_c(root / "file")), "file", OPEN, "other"),
    "no text": (lambda root: read_in_c(os.fsencode(root) + b"/sub/../file"), "file", OPEN, "own"),
}


def in_thread(do: Callable[[], object]) -> None:
    thread = threading.Thread(target=do)
    thread.start()
    thread.join()


def in_fork(do: Callable[[], object]) -> None:
    if not (pid := os.fork()):
        try:
            do()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


@pytest.mark.parametrize("name", ACTS)
def test_an_act_is_seen_where_it_happens_with_its_process(start: StartWatch, root: Path, name: str) -> None:
    act, path, kinds, process = ACTS[name]
    watch = start(root)

    act(root)

    event = seen(watch)[str(root / path)]
    told = ACCESS | ARRIVED | LEFT | MODIFY | FOLDER | (0 if watch.layer == "inotify" and kinds & FOLDER else OPEN)
    assert event.kinds & told == kinds
    assert event.process == (process if watch.layer == "fanotify" else "unknown")
    assert seen(watch) == {}


def test_asking_whether_a_file_is_there_is_no_event(start: StartWatch, root: Path) -> None:
    watch = start(root)

    (root / "file").stat()
    (root / "missing").exists()
    with pytest.raises(FileNotFoundError):
        (root / "missing").read_text()

    assert seen(watch) == {}


def test_a_folder_that_is_only_opened_is_not_listed(root: Path) -> None:
    """SQLite does so, to flush it."""
    watch = FileWatch(str(root), (Fanotify,))
    watch.start()

    os.close(os.open(root, os.O_RDONLY))

    assert seen(watch) == {}
    watch.stop()


def test_names_that_are_no_text(start: StartWatch, root: Path) -> None:
    folder = os.path.join(os.fsencode(root), b"\xff\xfe")
    os.mkdir(folder)
    watch = start(root)

    with open(os.path.join(folder, b"\xe4"), "wb"):
        pass

    assert os.fsdecode(os.path.join(folder, b"\xe4")) in seen(watch)


# --- folders that come and go ----------------------------------------------------------------------------------------


def test_what_is_in_a_new_folder_came_with_it(start: StartWatch, root: Path) -> None:
    watch = start(root)

    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_text("x")

    assert {path: event.kinds & (ARRIVED | FOLDER) for path, event in seen(watch).items()} == {
        str(root / "a"): CREATE | FOLDER,
        str(root / "a" / "b"): CREATE | FOLDER,
        str(root / "a" / "b" / "file"): CREATE,
    }
    read_in_c(root / "a" / "b" / "file")
    assert list(seen(watch)) == [str(root / "a" / "b" / "file")]


def test_a_moved_folder_is_known_by_its_new_path(start: StartWatch, root: Path) -> None:
    watch = start(root)

    (root / "sub").rename(root / "moved")

    events = seen(watch)
    assert events[str(root / "sub" / "file")].kinds & LEFT
    assert events[str(root / "moved" / "file")].kinds & ARRIVED
    read_in_c(root / "moved" / "file")
    assert list(seen(watch)) == [str(root / "moved" / "file")]


def test_a_folder_that_was_moved_out_and_replaced(start: StartWatch, root: Path, tmp_path: Path) -> None:
    watch = start(root)

    (root / "sub").rename(tmp_path / "outside")
    (root / "sub").mkdir()
    (root / "sub" / "other").write_text("x")

    events = seen(watch)
    assert events[str(root / "sub" / "other")].kinds & ARRIVED
    read_in_c(tmp_path / "outside" / "file")
    read_in_c(root / "sub" / "other")
    assert list(seen(watch)) == [str(root / "sub" / "other")]


def test_a_folder_that_was_removed_and_made_again(start: StartWatch, root: Path) -> None:
    watch = start(root)
    for _ in range(3):
        shutil.rmtree(root / "sub")
        (root / "sub").mkdir()
        seen(watch)

        (root / "sub" / "file").write_text("x")
        assert seen(watch)[str(root / "sub" / "file")].kinds & CREATE


def test_tools_folders_are_left_out(start: StartWatch, root: Path) -> None:
    for name in (".git", "node_modules", "__pycache__", ".jrepro"):
        (root / name / "deep").mkdir(parents=True)
    (root / "environment").mkdir()
    (root / "environment" / "pyvenv.cfg").write_text("")
    watch = start(root)

    for name in (".git", "node_modules", "__pycache__", ".jrepro", "environment"):
        (root / name / "file").write_text("x")
    shutil.copytree(root / ".git", root / "sub" / ".git")

    assert {Path(path).name for path in seen(watch)} <= {".git", "sub", "file"} | {root.name}
    assert not watch.sees(str(root / "sub" / ".git" / "file"))
    assert watch.folders == 2


def test_links_to_folders_are_followed_once(start: StartWatch, root: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("x")
    (root / "sub" / "loop").symlink_to(root)
    (root / "data").symlink_to(tmp_path / "data")
    watch = start(root)

    read_in_c(root / "data" / "file")
    read_in_c(root / "sub" / "loop" / "sub" / "file")
    assert sorted(seen(watch)) == [str(root / "data" / "file"), str(root / "sub" / "file")]

    (tmp_path / "more").mkdir()
    (root / "more").symlink_to(tmp_path / "more")
    seen(watch)
    (tmp_path / "more" / "file").write_text("x")
    assert str(root / "more" / "file") in seen(watch)


def test_a_folder_outside_is_watched_when_told(start: StartWatch, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "below").mkdir(parents=True)
    watch = start(root)
    assert not watch.sees(str(outside / "file"))

    watch.add(str(outside))
    (outside / "file").write_text("x")
    (outside / "below" / "file").write_text("x")
    assert list(seen(watch)) == [str(outside / "file")]
    child("mkdir", str(outside / "strangers"))
    seen(watch)
    assert watch.sees(str(outside / "strangers" / "file")) == (watch.layer == "inotify")

    watch.add(str(outside), deep=True)
    (outside / "below" / "file").write_text("x")
    assert list(seen(watch)) == [str(outside / "below" / "file")]


def test_a_folder_that_can_not_be_listed_is_not_seen_into(start: StartWatch, root: Path) -> None:
    watch = start(root)
    watch.add(str(root / "missing"))
    watch.add(str(root / "file"))
    assert not watch.sees(str(root / "missing" / "file"))
    shutil.rmtree(root)
    assert seen(watch)
    assert watch.sees_all


# --- many events -----------------------------------------------------------------------------------------------------


def test_a_long_cell_does_not_fill_the_queue(start: StartWatch, root: Path) -> None:
    watch = start(root)

    for number in range(20_000):
        (root / f"{number}").touch()

    assert len([path for path, event in seen(watch).items() if event.kinds & CREATE]) == 20_000


def test_lost_events_are_told_and_folders_that_came_meanwhile_are_watched(start: StartWatch, root: Path) -> None:
    watch = start(root)
    layer = watch._at_work
    assert layer is not None

    with layer.drain.lock:  # as C code that doesn't let the reader run
        for number in range(17_000):
            (root / f"{number}").touch()
        (root / "new").mkdir()

    assert not watch.take().complete
    assert watch.take().complete
    (root / "new" / "file").write_text("x")
    assert list(seen(watch)) == [str(root / "new" / "file")]


def test_positions_tell_before_from_after(start: StartWatch, root: Path) -> None:
    watch = start(root)

    read_in_c(root / "file")
    position = watch.position()
    read_in_c(root / "sub" / "file")

    events = seen(watch)
    assert events[str(root / "file")].position <= position < events[str(root / "sub" / "file")].position


# --- the process that it runs in -------------------------------------------------------------------------------------


def watching_descriptors() -> int:
    found = 0
    for each in os.listdir("/proc/self/fd"):
        try:
            found += "notify" in os.readlink(f"/proc/self/fd/{each}")
        except OSError:  # the listing's own
            continue
    return found


def test_a_forked_child_lets_go_and_takes_nothing_away(start: StartWatch, root: Path) -> None:
    watch = start(root)
    read_in_c(root / "file")

    if not (pid := os.fork()):
        os._exit(watching_descriptors() + len(watch.take().events))
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert str(root / "file") in seen(watch)


def test_users_see_no_thread_and_descriptors_come_back(source: type[Source], root: Path) -> None:
    before = watching_descriptors(), threading.enumerate()
    watches = [FileWatch(str(root), (source,)) for _ in range(3)]
    for watch in watches:
        watch.start()
    assert watching_descriptors() > before[0]
    assert threading.enumerate() == before[1]

    watches[0].stop()
    watches[0].stop()
    del watch, watches
    gc.collect()

    assert watching_descriptors() == before[0]


def test_a_stopped_watch_says_nothing(start: StartWatch, root: Path) -> None:
    watch = start(root)
    watch.stop()

    read_in_c(root / "file")

    assert watch.take() == ([], True)
    assert (watch.layer, watch.sees_all, watch.position()) == (SWEEP, False, 0)


class Refused(Fanotify):
    layer = "refused"

    def __init__(self) -> None:
        raise PermissionError(1, "Operation not permitted")


class Silent(Inotify):
    """As where a file system takes marks and then says nothing."""

    layer = "silent"

    def mark(self, folder: str) -> int:
        return 7


def test_the_best_layer_that_works_is_used(root: Path) -> None:
    watch = FileWatch(str(root), (Refused, Silent, Inotify))
    watch.start()

    assert watch.layer == "inotify"
    assert watch.refused == {
        "refused": "Operation not permitted",
        "silent": f"it says nothing of what happens in {root}",
    }
    read_in_c(root / "file")
    assert str(root / "file") in seen(watch)
    watch.stop()


def test_without_any_layer_nothing_is_known(root: Path) -> None:
    watch = FileWatch(str(root), ())
    watch.start()
    watch.add(str(root))
    read_in_c(root / "file")

    assert (watch.layer, watch.sees_all, watch.sees(str(root / "file"))) == (SWEEP, False, False)
    assert watch.begin() == []


def test_a_project_that_is_not_there_has_no_layer(tmp_path: Path) -> None:
    watch = FileWatch(str(tmp_path / "missing"))
    watch.start()
    assert watch.layer == SWEEP
    assert watch.refused == {
        "fanotify": "fanotify_mark: No such file or directory",
        "inotify": "inotify_add_watch: No such file or directory",
    }


def test_the_probe_sees_all_that_it_does(tmp_path: Path) -> None:
    found = probe(tmp_path)
    assert found.works
    assert list(tmp_path.iterdir()) == []
    if found.layer == "fanotify":
        assert set(found.seen.values()) == {"own", "other"}


# --- without privileges ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="an ordinary user runs these tests already")
def test_all_of_this_as_an_ordinary_user(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not ordinary_user", __file__]
    user = as_ordinary_user(tmp_path / "home")

    done = subprocess.run(
        [*command, "--basetemp", str(tmp_path / "home" / "tmp")], capture_output=True, text=True, check=False, **user
    )

    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


OVERLAY = """
import ctypes, os, sys
from jupyter_repro.capture.watch.watch import FileWatch

libc, root = ctypes.CDLL(None), sys.argv[1]
watch = FileWatch(root)
watch.start()
for name in ("folder/file", "new"):
    libc.close(libc.open(os.path.join(root, name).encode(), os.O_RDWR | os.O_CREAT, 0o644))
seen = watch.take()
assert seen.complete
print(watch.layer, sorted(os.path.relpath(event.path, root) for event in seen.events))
"""


def test_on_an_overlay_as_containers_have_it(tmp_path: Path) -> None:
    if probe(tmp_path).layer != "fanotify":
        pytest.skip("fanotify is refused here")
    for name in ("lower/folder", "upper", "work", "merged"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lower" / "folder" / "file").write_text("x")
    options = "lowerdir=lower,upperdir=upper,workdir=work"
    mount = f"mount -t overlay overlay -o {options} merged && exec {sys.executable} -c '{OVERLAY}' {tmp_path}/merged"

    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", mount],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip(f"no overlay can be mounted here: {done.stderr.strip()}")

    assert done.stdout.split(maxsplit=1) == ["fanotify", "['folder/file', 'new']\n"], done.stderr


def test_folders_where_programs_keep_their_settings_are_nobodys_data(tmp_path: Path) -> None:
    """Wherever they are told to: a font list that is written there is no result, and nobody is woken for it."""
    settings = str(tmp_path / "settings")
    code = (
        "from jupyter_repro.capture.locality import is_users_file\n"
        "from jupyter_repro.capture.watch.tree import is_wanted\n"
        f"print(is_users_file({settings + '/fonts'!r}), is_users_file({str(tmp_path / 'data')!r}))\n"
        f"print(is_wanted({settings + '/deep'!r}, True))"
    )
    told = {**os.environ, "MPLCONFIGDIR": settings, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=told, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]
