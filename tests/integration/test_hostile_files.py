"""Files and folders that are no good: the cell does what it would do anyway, and the record says what is known."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from recorded_kernels import Recorded, recorded

from jupyter_repro.model import CellExecution

_FIFO = """
import os, threading
os.mkfifo("pipe")
threading.Thread(target=lambda: open("pipe", "w").write("through")).start()
text = open("pipe").read()
names = os.listdir(".")
"""
_SOCKET = """
import socket, threading
server = socket.socket(socket.AF_UNIX)
server.bind("here.sock")
server.listen()
client = socket.socket(socket.AF_UNIX)
client.connect("here.sock")
text = "connected"
"""
_LOOPS = """
import os, pathlib
os.symlink("loop", "loop")
os.makedirs("deep/er")
os.symlink("..", "deep/er/up")
try:
    open("loop")
except OSError:
    text = str(len(list(pathlib.Path("deep").rglob("*"))))
"""
_NAMES = r"""
import os
os.mkdir(b"caf\xe9")
with open(b"caf\xe9/\xff.txt", "w") as file:
    file.write("x")
text = open(os.listdir(b"caf\xe9") and b"caf\xe9/\xff.txt").read()
"""
_STRANGE_NAMES = r"""
names = ["new\nline.txt", "tab\t.txt", "quote'\".txt", "-rf", "ünï.txt", "日本.txt", "a" * 250]
for name in names:
    with open(name, "w") as file:
        file.write(name)
text = "".join(open(name).read() for name in names)
"""
_GONE = """
import os, tempfile
folder = tempfile.mkdtemp(dir=".")
home = os.getcwd()
os.chdir(folder)
open("lost.txt", "w").write("x")
os.remove("lost.txt")
os.rmdir(os.path.join(home, folder))
"""
_VANISHING = """
import os, threading
def churn(thread):
    for number in range(300):
        with open(f"brief{thread}-{number}", "w") as file:
            file.write("x")
        os.remove(f"brief{thread}-{number}")
threads = [threading.Thread(target=churn, args=(thread,)) for thread in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
text = open("input.txt").read()
"""
_FORKS = """
import os
for _ in range(60):
    if (child := os.fork()) == 0:
        os.fork()
        open("input.txt").read()
        os._exit(0)
    os.waitpid(child, 0)
text = open("input.txt").read()
"""
_WORKERS = """
from concurrent.futures import ThreadPoolExecutor
def read(number):
    return open("input.txt").read()
with ThreadPoolExecutor(32) as pool:
    text = list(pool.map(read, range(500)))[0]
"""
_DESCRIPTORS = """
import os
reader, writer = os.pipe()
os.write(writer, b"piped")
text = os.fdopen(reader).read(5)
with open("/dev/null", "w") as null, open("/proc/self/stat") as stat:
    null.write(stat.read())
"""


@dataclass(frozen=True)
class Hostile:
    source: str
    shows: str  # `text` afterwards
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


HOSTILE = {
    "a fifo is never opened by us": Hostile(_FIFO, "through"),
    "a socket": Hostile(_SOCKET, "connected"),
    "links that lead to themselves": Hostile(_LOOPS, "2"),
    "names that are no text": Hostile(_NAMES, "x", writes=(os.fsdecode(b"caf\xe9/\xff.txt"),)),
    "names that break lines": Hostile(
        _STRANGE_NAMES,
        "new\nline.txttab\t.txtquote'\".txt-rfünï.txt日本.txt" + "a" * 250,
        writes=("new\nline.txt", "tab\t.txt", "quote'\".txt", "-rf", "ünï.txt", "日本.txt", "a" * 250),
    ),
    "files that come and go": Hostile(_VANISHING, "given", reads=("input.txt",)),
    "forks of forks": Hostile(_FORKS, "given", reads=("input.txt",)),
    "many threads": Hostile(_WORKERS, "given", reads=("input.txt",)),
    "pipes and devices": Hostile(_DESCRIPTORS, "piped"),
}


@pytest.fixture
def kernel(project: Path) -> Iterator[Recorded]:
    (project / "input.txt").write_text("given")
    with recorded(project) as kernel:
        kernel.start()
        yield kernel


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_cell_does_as_it_would_and_its_record_holds(kernel: Recorded, hostile: Hostile) -> None:
    ran = kernel.run(hostile.source)
    assert (ran.reply.status, ran.text) == ("ok", "")
    assert kernel.run("text").text.strip() == repr(hostile.shows)
    recording = kernel.recording()
    assert (recording.session.incomplete, recording.problems) == (None, ())
    execution = recording.executions[0]
    assert execution.observed
    assert _paths(execution, "read") >= set(hostile.reads)
    assert _paths(execution, "write") >= set(hostile.writes)
    for access in execution.files:
        path = kernel.project / access.path
        if path.is_file() and not path.is_symlink():
            assert access.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def _paths(execution: CellExecution, mode: str) -> set[str]:
    return {access.path for access in execution.files if mode in access.mode}


def test_results_in_files_whose_names_are_no_text_are_exported_and_proven(kernel: Recorded) -> None:
    kernel.run(_NAMES)
    exported = kernel.run("%repro export").text
    assert "identical   caf" in exported
    assert "Proven in" in exported


def test_a_working_directory_that_is_gone_stops_neither_cells_nor_record(kernel: Recorded, project: Path) -> None:
    assert kernel.run(_GONE).reply.status == "ok"
    assert kernel.run("x = 1").text == ""
    assert "FileNotFoundError" in kernel.run("open('anything')").text
    kernel.run(f"import os\nos.chdir({str(project)!r})")
    kernel.run("y = open('input.txt').read()")
    recording = kernel.recording()
    assert recording.session.incomplete is None
    assert [execution.status for execution in recording.executions] == ["ok", "ok", "error", "ok", "ok"]
    assert _paths(recording.executions[-1], "read") == {"input.txt"}


def test_a_thread_that_outlives_its_cell_writes_as_its_cells_doing(kernel: Recorded, project: Path) -> None:
    kernel.run(
        "import threading, time\n"
        "def later():\n    time.sleep(1)\n    open('late.txt', 'w').write('x')\n"
        "thread = threading.Thread(target=later)\nthread.start()"
    )
    kernel.run("x = 1")
    kernel.run("thread.join()")
    kernel.run("text = open('late.txt').read()")
    kept = kernel.run("%repro slice text").text
    assert "Kept 3 of 4" in kept, kept


def test_more_events_than_the_queue_holds_make_the_record_incomplete_or_whole(kernel: Recorded) -> None:
    """C code that holds the interpreter and opens more files than the system's queue takes."""
    kernel.run(
        "import ctypes\n"
        "libc = ctypes.PyDLL(None)\n"  # unlike CDLL it keeps the lock, so that no thread of ours can empty the queue
        "for number in range(9_000):\n"
        "    libc.close(libc.open(b'input.txt', 0)); libc.unlink(b'/nowhere/%d' % number)\n"
        "for number in range(30_000):\n"
        "    libc.close(libc.creat(b'made%d' % (number % 20_000), 0o600))\n"
    )
    kernel.run("x = 1")
    execution, after = kernel.executions()
    assert execution.incomplete is not None or len(_paths(execution, "write")) == 20_000
    assert after.observed


def test_files_that_may_not_be_read_are_told_without_a_digest(project: Path, tmp_path: Path) -> None:
    """As an ordinary user: root may read everything."""
    script = (
        "import os, sys; from pathlib import Path; from recorded_kernels import recorded\n"
        "with recorded(Path.cwd()) as kernel:\n"
        "    kernel.start()\n"
        '    kernel.run(\'file = open("secret", "w"); file.write("x"); file.close()\')\n'
        "    kernel.run('import os; os.chmod(\"secret\", 0)')\n"
        "    print(kernel.run('open(\"secret\")').reply.error_name)\n"
        '    kernel.run(\'fd = os.open("late", os.O_CREAT | os.O_WRONLY, 0); os.write(fd, b"x"); os.close(fd)\')\n'
        "    recording = kernel.recording()\n"
        "    late = recording.executions[3].files\n"
        "    print(recording.session.incomplete, [(each.path, each.mode, each.digest) for each in late])\n"
    )
    from ordinary import as_ordinary_user

    user = as_ordinary_user(tmp_path / "home")
    user["env"]["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=project, capture_output=True, text=True, check=False, **user
    )
    assert done.stdout.splitlines() == ["PermissionError", "None [('late', 'write', None)]"], done.stderr
