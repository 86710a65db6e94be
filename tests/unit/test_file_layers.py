"""What the layers together say of the files of an execution; each cell really runs."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from conftest import StartSession
from live_sessions import LiveSession

from jupyter_repro.capture.watch import watch as watch_module
from jupyter_repro.capture.watch.children import disown
from jupyter_repro.capture.watch.inotify import Inotify
from jupyter_repro.capture.watch.named import folders_in_text, folders_in_values
from jupyter_repro.model import CellExecution

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # from fork()

PRELUDE = """
import ctypes, glob, os, pathlib, shutil, subprocess, sys, tempfile, threading
libc = ctypes.CDLL(None)
def read_in_c(path):
    descriptor = libc.open(os.fsencode(path), os.O_RDONLY)
    assert descriptor >= 0
    libc.close(descriptor)
def write_in_c(path, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
    descriptor = libc.open(os.fsencode(path), flags, 0o644)
    libc.write(descriptor, b"new", 3)
    libc.close(descriptor)
def shell(text):
    subprocess.run(text, shell=True, check=True)
"""
Told = dict[str, tuple[str, str, str]]  # path -> mode, by, seen

READ, WRITE = ("read", "kernel", "audit"), ("write", "kernel", "audit")
READ_IN_C, WRITE_IN_C = ("read", "kernel", "fanotify"), ("write", "kernel", "fanotify")
READ_BY_CHILD, WRITE_BY_CHILD = ("read", "child", "fanotify"), ("write", "child", "fanotify")
DELETED = ("delete", "kernel", "audit")

# The project holds in.txt and data/in.txt.
RECORDED: dict[str, tuple[str, Told]] = {
    "python reads": ("open('in.txt').close()", {"in.txt": READ}),
    "python writes": ("pathlib.Path('out.txt').write_text('x')", {"out.txt": WRITE}),
    "python appends": ("open('in.txt', 'a').close()", {"in.txt": ("read+write", "kernel", "audit")}),
    "C reads": ("read_in_c('in.txt')", {"in.txt": READ_IN_C}),
    "C reads what its text does not name": ("read_in_c('da' + 'ta/in.' + 'txt')", {"data/in.txt": READ_IN_C}),
    "C writes": ("write_in_c('out.txt')", {"out.txt": WRITE_IN_C}),
    "C overwrites": ("write_in_c('in.txt')", {"in.txt": WRITE_IN_C}),
    "C writes in a new folder": ("os.mkdir('new'); write_in_c('new/out.txt')", {"new/out.txt": WRITE_IN_C}),
    "C lists": ("libc.readdir(ctypes.c_void_p(opendir(b'data')))", {"data": ("list", "kernel", "fanotify")}),
    "both read": ("read_in_c('in.txt'); open('in.txt').close()", {"in.txt": READ}),
    "C reads, then python overwrites": (
        "read_in_c('in.txt'); open('in.txt', 'w').close()",
        {"in.txt": ("read+write", "kernel", "audit")},
    ),
    "python overwrites, then C reads": ("open('in.txt', 'w').close(); read_in_c('in.txt')", {"in.txt": WRITE}),
    "opened for writing": ("os.close(os.open('in.txt', os.O_RDWR))", {"in.txt": ("read+write", "kernel", "audit")}),
    "a temporary file": ("open('t', 'w').close(); os.remove('t')", {}),
    "a temporary file of C": ("write_in_c('t'); libc.unlink(b't')", {}),
    "write, then replace": ("write_in_c('t'); os.replace('t', 'out.txt')", {"out.txt": WRITE}),
    "removed": ("os.remove('in.txt')", {"in.txt": ("delete", "kernel", "audit")}),
    "removed by C": ("libc.unlink(b'in.txt')", {"in.txt": ("delete", "kernel", "fanotify")}),
    "a thread": ("t = threading.Thread(target=read_in_c, args=['in.txt']); t.start(); t.join()", {"in.txt": READ_IN_C}),
    "a child reads": ("shell('cat in.txt >/dev/null')", {"in.txt": READ_BY_CHILD}),
    "a child writes": ("shell('echo x > out.txt')", {"out.txt": WRITE_BY_CHILD}),
    "a child moves": (
        "shell('mv in.txt out.txt')",
        {"in.txt": ("delete", "child", "fanotify"), "out.txt": WRITE_BY_CHILD},
    ),
    "a child unpacks": ("shell('mkdir new && cp in.txt new')", {"in.txt": READ_BY_CHILD, "new/in.txt": WRITE_BY_CHILD}),
    "C starts a child": ("libc.system(b'cp in.txt out.txt')", {"in.txt": READ_BY_CHILD, "out.txt": WRITE_BY_CHILD}),
    "a fork": (
        "pid = os.fork()\nif not pid:\n    read_in_c('in.txt')\n    os._exit(0)\nos.waitpid(pid, 0); None",
        {"in.txt": READ_BY_CHILD},
    ),
    "a child lists": ("shell('ls data >/dev/null')", {"data": ("list", "child", "fanotify")}),
    "through a link": ("os.symlink('in.txt', 'link'); read_in_c('link')", {"in.txt": READ_IN_C, "link": WRITE}),
    "an import": ("import helper", {"helper.py": READ}),
    "a folder is emptied": ("shutil.rmtree('data')", {"data": DELETED, "data/in.txt": DELETED}),
    "a question": ("os.path.exists('in.txt') and os.stat('in.txt')", {}),
    "a pattern": ("glob.glob('data/*.txt')", {"data": ("list", "kernel", "audit")}),
    "a pattern in a folder that is not there": ("glob.glob('nowhere/*.txt')", {}),
    "only its own names": ("x = 1", {}),
}


@pytest.fixture
def files(project: Path) -> Path:
    (project / "data").mkdir()
    (project / "in.txt").write_text("old")
    (project / "data" / "in.txt").write_text("old")
    (project / "helper.py").write_text("x = 1")
    return project


def told(execution: CellExecution) -> Told:
    return {each.path: (each.mode, each.by, each.seen) for each in execution.files}


def reads(execution: CellExecution) -> set[str]:
    kinds = ("file:", "entry:", "glob:", "path:", "tree:")
    return {place for place in execution.reads.places if place.startswith(kinds)}


def writes(execution: CellExecution) -> set[str]:
    return {place for place in execution.writes.places if place.startswith(("file:", "entry:"))}


@pytest.fixture
def watched(files: Path, session: LiveSession, monkeypatch: pytest.MonkeyPatch) -> LiveSession:
    if session.observer.files.watch.layer != "fanotify":
        pytest.skip(f"no fanotify here: {session.observer.files.watch.refused}")
    for child in psutil.Process().children():  # of other tests: joblib's workers stay
        disown(child.pid)
    monkeypatch.syspath_prepend(files)
    session.run(PRELUDE)
    session.run("opendir = libc.opendir\nopendir.restype = ctypes.c_void_p")
    return session


@pytest.mark.parametrize("name", RECORDED)
def test_the_files_of_an_execution(watched: LiveSession, name: str) -> None:
    source, expected = RECORDED[name]

    execution = watched.run(source)

    assert execution.status == "ok"
    assert told(execution) == expected
    assert execution.incomplete is None
    assert told(watched.run("y = len(' ')")) == {}


# The places that matter to slicing: (before, the cell, what it must read, what it must write, what it must not read).
PLACES: dict[str, tuple[str, str, set[str], set[str], set[str]]] = {
    "C makes a file": ("", "write_in_c('out.txt')", set(), {"file:out.txt", "entry:out.txt"}, {"file:out.txt"}),
    "C changes a file": (
        "",
        "write_in_c('in.txt', os.O_WRONLY)",
        {"file:in.txt", "entry:in.txt"},
        {"file:in.txt"},
        set(),
    ),
    "C reads a file": ("", "read_in_c('data/in.txt')", {"file:data/in.txt", "entry:data"}, set(), {"path:data/in.txt"}),
    "C reads what it has made": ("", "write_in_c('o.txt'); read_in_c('o.txt')", set(), {"file:o.txt"}, {"file:o.txt"}),
    "a text names a file that isn't opened": ("", "os.path.exists('in.txt')", {"path:in.txt"}, set(), {"file:in.txt"}),
    "a text names a file that isn't there": ("", "os.path.exists('no.txt')", {"path:no.txt"}, set(), set()),
    "a folder is only named": ("", "os.path.isdir('data')", {"path:data"}, set(), {"tree:data", "glob:data/*"}),
    "C lists": ("", "libc.readdir(ctypes.c_void_p(opendir(b'data')))", {"glob:data/*"}, set(), {"tree:data"}),
    "a child reads what it likes": ("", "shell('wc < in.txt')", {"file:in.txt"}, set(), {"file:*"}),
    "a child's text may ask for files": ("", "shell('test -e no.txt || true')", {"path:no.txt"}, set(), {"file:*"}),
    "a child changes a file": ("", "shell('echo x >> in.txt')", {"file:in.txt"}, {"file:in.txt"}, set()),
    "a python child": (
        "",
        "subprocess.run([sys.executable, '-Ic', 'open(\"in.txt\").close()'], check=True)",
        {"file:in.txt"},
        set(),
        {"file:*", "file:data/in.txt"},
    ),
    "through a link": (
        "os.symlink('in.txt', 'link')",
        "open('link').close()",
        {"file:link", "file:in.txt"},
        set(),
        set(),
    ),
    "a memory map": (
        "import mmap\nfd = os.open('in.txt', os.O_RDWR)\nm = mmap.mmap(fd, 3)",
        "m[0] = 65; m.flush(); m.close(); os.close(fd)",
        set(),
        {"file:in.txt"},
        set(),
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_places_of_an_execution(watched: LiveSession, name: str) -> None:
    before, source, must_read, must_write, must_not_read = PLACES[name]
    watched.run(before)

    execution = watched.run(source)

    assert execution.status == "ok"
    assert must_read <= reads(execution)
    assert must_write <= writes(execution)
    assert not must_not_read & reads(execution)


def test_inotify_sees_the_same_and_guesses_whom(
    files: Path, start_session: StartSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module.FileWatch.__init__, "__defaults__", ((Inotify,),))
    with start_session() as session:
        assert session.observer.files.watch.layer == "inotify"
        session.run(PRELUDE)
        reading = session.run("read_in_c('in.txt')")
        writing = session.run("write_in_c('out.txt'); open('in.txt').close()")
        child = session.run("shell('cp data/in.txt new.txt'); open('in.txt').close()")

    assert told(reading) == {"in.txt": ("read", "kernel", "inotify")}
    assert told(writing) == {"out.txt": ("write", "kernel", "inotify"), "in.txt": READ}
    assert told(child) == {
        "data/in.txt": ("read", "child", "inotify"),
        "new.txt": ("write", "child", "inotify"),
        "in.txt": READ,
    }


def test_a_file_from_the_future_is_only_read(watched: LiveSession, files: Path) -> None:
    os.utime(files / "in.txt", (time.time() + 1e6,) * 2)
    assert told(watched.run("read_in_c('in.txt')")) == {"in.txt": READ_IN_C}


def test_without_a_layer_what_is_not_seen_is_assumed(
    files: Path, start_session: StartSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module.FileWatch.__init__, "__defaults__", ((),))
    with start_session() as session:
        layers = session.observer.files
        assert layers.watch.layer == "sweep"
        monkeypatch.setattr(layers.audit, "_on_spawn", layers.before_first_child)
        session.run(PRELUDE)
        child = session.run("subprocess.run([sys.executable, '-c', 'open(\"out.txt\", \"w\").close()'], check=True)")
        native = session.run("import pandas\nread_in_c('in.txt')")

    assert told(child) == {"out.txt": ("write", "child", "sweep")}
    assert "file:*" in reads(child)
    assert told(native)["in.txt"] == ("read", "kernel", "literal")


def test_lost_events_make_an_execution_incomplete(watched: LiveSession) -> None:
    layer = watched.observer.files.watch._at_work
    assert layer is not None
    watched.names["lock"] = layer.drain.lock

    execution = watched.run(
        "with lock:\n    for n in range(17_000):\n        os.close(os.open(f'data/{n}', os.O_CREAT))"
    )

    assert execution.incomplete is not None
    assert "file:*" in reads(execution)
    assert watched.run("read_in_c('in.txt')").incomplete is None


# --- between executions ----------------------------------------------------------------------------------------------


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)
    time.sleep(0.05)


def test_what_a_thread_writes_later_is_its_starters(watched: LiveSession, files: Path) -> None:
    starter = watched.run(
        "def work():\n    import time; time.sleep(0.2)\n    write_in_c('late.txt')\n    time.sleep(2)\n"
        "thread = threading.Thread(target=work, daemon=True)\nthread.start()"
    )
    wait_for(files / "late.txt")

    late = watched.run("1 + 1").late
    assert late is not None
    assert (late.owner, "file:late.txt" in late.writes.places) == (starter.ordinal, True)
    watched.run("thread.join()")


def test_what_a_child_writes_later_is_its_starters(watched: LiveSession, files: Path) -> None:
    starter = watched.run("child = subprocess.Popen('sleep 0.2; echo x > late.txt; sleep 0.5', shell=True)")
    watched.run("x = 1")
    wait_for(files / "late.txt")

    late = watched.run("1 + 1").late
    assert late is not None
    assert (late.owner, late.writes.places) == (starter.ordinal, ("entry:late.txt", "file:late.txt"))
    watched.run("child.wait()")


def test_what_a_stranger_does_meanwhile_is_no_ones(watched: LiveSession, files: Path) -> None:
    stranger = subprocess.Popen(
        "sh -c 'sleep 0.2; echo x > strange.txt' &", shell=True, start_new_session=True, cwd=files
    )
    stranger.wait()
    watched.run("x = 1")
    wait_for(files / "strange.txt")

    execution = watched.run("read_in_c('in.txt')")
    assert execution.late is None
    assert told(execution) == {"in.txt": READ_IN_C}


def test_what_a_stranger_does_during_an_execution_is_told_and_no_ones(watched: LiveSession, files: Path) -> None:
    act = "while [ ! -e go ]; do sleep 0.01; done; echo x > strange.txt; rm in.txt; cat data/in.txt; touch done"
    subprocess.run(f"({act}) >/dev/null &", shell=True, start_new_session=True, cwd=files, check=True)

    execution = watched.run("open('go', 'w').close()\nwhile not os.path.exists('done'): pass\nread_in_c('strange.txt')")

    assert told(execution) == {
        "go": WRITE,
        "in.txt": ("delete", "unattributed", "fanotify"),
        "done": ("write", "unattributed", "fanotify"),
        "strange.txt": ("write", "unattributed", "fanotify"),
    }
    assert {each.path: each.mode for each in execution.own_files} == {"go": "write", "strange.txt": "read"}
    assert writes(execution) == {"file:go", "entry:go"}


# --- outside of the project ------------------------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    (folder / "deep" / "er").mkdir(parents=True)
    for path in (folder / "in.txt", folder / "deep" / "er" / "in.txt"):
        path.write_text("x")
    return folder


@pytest.mark.parametrize(
    ("earlier", "source", "path"),
    [
        ("", "read_in_c('{}/in.txt')", "in.txt"),
        ("", "for n in ['deep/er/in.txt']: read_in_c(f'{}/{{n}}')", "deep/er/in.txt"),
        ("p = pathlib.Path('{}') / 'deep' / 'er'", "read_in_c(p / 'in.txt')", "deep/er/in.txt"),
        ("os.environ['X'] = '{}'", "os.chdir(os.environ['X'])", None),
        ("open('{}/in.txt').close()", "shell('cat ' + os.path.join('..', 'outside', 'in.txt'))", "in.txt"),
        ("", "shell('cat {}/deep/er/in.txt >/dev/null')", "deep/er/in.txt"),
        ("", "read_in_c('../outside/in.txt')", "in.txt"),
    ],
)
def test_what_is_named_outside_is_seen(
    watched: LiveSession, outside: Path, earlier: str, source: str, path: str | None
) -> None:
    watched.run(earlier.format(outside))
    execution = watched.run(source.format(outside))
    if path is not None:
        assert str(outside / path) in told(execution)
    else:  # then relative paths lead there
        assert str(outside / "in.txt") in told(watched.run("read_in_c('in.txt')"))
        os.chdir(watched.observer.project)


def test_the_folders_that_texts_and_values_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b" / "c").mkdir(parents=True)
    (tmp_path / "a b" / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    folder, deeper = str(tmp_path / "a b"), str(tmp_path / "a b" / "c")
    texts = {
        f"open('{folder}/file')": {(folder, False)},
        f"open('{folder}/missing')": {(folder, False)},
        f"f = '{folder}'": {(folder, True)},
        f"glob('{folder}/*.csv'); sql = \"select * from '{deeper}/x.parquet'\"": {(folder, True), (deeper, False)},
        f"f'{folder}/{{name}}.csv'": {(folder, True)},
        "open('a b/c/../file')": {(folder, False)},
        "!cat ~/file; ls c/d": {(str(tmp_path), False)},
        f"run('cat {tmp_path}/x')": {(str(tmp_path), False)},
        "x = y / 2; 'https://example.org/a'; '/proc/self/x'; '/usr/share'; '/no/such/folder'": set(),
        "no separator": set(),
    }
    for text, expected in texts.items():
        assert set(folders_in_text(text, str(tmp_path))) == expected, text
    values = [Path(folder), deeper, "relative/path", 3, b"/bytes", "/x" * 1000, None]
    assert set(folders_in_values(values)) == {(folder, True), (deeper, True)}
