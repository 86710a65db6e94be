"""The data of sessions that really run: hashed in the background, told by folder, kept and put back."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import answer, jrepro, record
from recorded_kernels import Recorded, recorded

from jupyter_repro import objects
from jupyter_repro.hashing import digest
from jupyter_repro.lineage.slicing import slice_for
from jupyter_repro.lineage.targets import parse_targets
from jupyter_repro.manifests import read_manifest
from jupyter_repro.model import CellExecution, FileAccess
from jupyter_repro.store.journal_reader import read_recording
from jupyter_repro.verify.inputs import inputs_of

if TYPE_CHECKING:
    from tests.conftest import WriteNotebook

MANY = 1_500
LARGE = 5 << 20  # bytes
READ_ALL = "texts = {name: open(f'many/{name}').read() for name in sorted(os.listdir('many'))}"


def write_many(project: Path) -> None:
    (project / "many").mkdir()
    for number in range(MANY):
        (project / "many" / f"{number:04}.txt").write_text(str(number))


def ran(recording: Recorded, *sources: str) -> tuple[CellExecution, ...]:
    for source in sources:
        done = recording.run(source)
        assert done.reply.status == "ok", done.text
    return recording.executions()


def file_of(execution: CellExecution, path: str) -> FileAccess:
    (found,) = [each for each in execution.files if each.path == path]
    return found


def states(project: Path, *arguments: str) -> dict[str, str]:
    done = jrepro(project, "data", *arguments, "--json")
    found = answer(done)
    assert done.returncode == int(found["differs"])
    return {each["path"]: each["state"] for each in found["files"]}


def test_large_files_are_hashed_later_and_no_cell_seems_to_read_them_again(project: Path) -> None:
    names = [f"large{number}" for number in range(80)]  # more than are held open
    for name in names:
        (project / name).write_bytes(name.encode() + bytes(LARGE // 5))
    cells = [f"x{number} = {number}; open('none.txt', 'w').close()" for number in range(20)]
    with recorded(project) as kernel:
        kernel.start()
        read = f"import os\nfor name in {names}:\n    with open(name, 'rb') as file:\n        file.read(1)"
        ran(kernel, read, *cells)
        kernel.run("%repro stop")
        recording = read_recording(project, kernel.journals()[-1].stem)
    digests = {each.path: each.digest for each in recording.executions[0].files}
    assert digests == {name: digest((project / name).read_bytes()) for name in names}
    assert {each.path for execution in recording.executions[1:] for each in execution.files} == {"none.txt"}


def test_very_many_files_are_one_record(project: Path) -> None:
    write_many(project)
    with recorded(project) as kernel:
        kernel.start()
        listed, read, writes, after = ran(
            kernel,
            "import os; names = os.listdir('many'); n = len(names)",
            READ_ALL,
            "for number in (3, 4):\n    open(f'many/{number:04}.txt', 'w').write('new')",
            "y = 1",
        )
        kernel.run("%repro stop")
        session = kernel.journals()[-1]
    assert after.files == ()
    assert file_of(listed, "many").mode == "list"
    recording = read_recording(project, session.stem)
    folder = file_of(recording.executions[1], "many")
    assert (folder.mode, folder.count) == ("read", MANY)
    assert [each.path for each in recording.executions[1].files] == ["many"]
    entries = read_manifest(project, folder.manifest or "").entries
    assert entries["0007.txt"].digest == digest(b"7")
    assert entries["0007.txt"].read
    assert "tree:many" in read.reads.places
    assert max(map(len, session.read_bytes().splitlines())) < 10_000
    assert file_of(writes, "many/0003.txt").mode == "write"


def test_who_reads_a_folder_of_many_files_needs_who_wrote_in_it(project: Path) -> None:
    write_many(project)
    with recorded(project) as kernel:
        kernel.start()
        ran(kernel, "import os", "open('many/0003.txt', 'w').write('new')", "open('one.txt', 'w').write('x')", READ_ALL)
        recording = kernel.recording()
    kept = [each.ordinal for each in slice_for(recording, parse_targets(recording, ["texts"])).kept]
    assert kept == [1, 2, 4]


def test_c_code_that_reads_very_many_files_is_one_record(project: Path) -> None:
    write_many(project)
    read = (
        "libc = ctypes.CDLL(None)\n"
        f"for number in range({MANY}):\n"
        "    libc.close(libc.open(f'many/{number:04}.txt'.encode(), os.O_RDONLY))"
    )
    with recorded(project) as kernel:
        kernel.start()
        ran(kernel, "import ctypes, os", read)
        recording = kernel.recording()
        kernel.run("%repro stop")
        recording = read_recording(project, recording.session.id)
    (folder,) = recording.executions[1].files
    assert (folder.path, folder.mode, folder.seen, folder.count) == ("many", "read", "fanotify", MANY)
    assert "cwd:" in recording.executions[1].reads.places


def test_status_of_very_many_files(project: Path, write_notebook: WriteNotebook) -> None:
    write_many(project)
    notebook = write_notebook(["import os", READ_ALL])
    session = record(project, notebook)
    assert states(project, "status", "notebook.ipynb") == {}
    for name in ("0001.txt", "0002.txt", "0003.txt"):
        (project / "many" / name).unlink()
    (project / "many" / "0004.txt").write_text("other")
    (project / "many" / "new.txt").write_text("new")
    (project / "many" / "newer.txt").write_text("new")
    done = jrepro(project, "data", "status")
    assert done.returncode == 1
    total = done.stdout.splitlines()[-1]
    assert total == f"In all: 3 removed, 1 changed, 2 added since the recorded run ({MANY - 4} unchanged)"
    other = record(project, notebook)
    assert sorted(states(project, "diff", session, other).values()) == ["added"] * 2 + ["changed"] + ["removed"] * 3
    assert states(project, "diff", other, other) == {}


def test_a_kernel_that_is_killed_leaves_a_record_without_digests(project: Path) -> None:
    write_many(project)
    with (project / "huge").open("wb") as file:
        file.truncate(50 << 30)
    with recorded(project) as kernel:
        kernel.start()
        ran(kernel, "import os", "file = open('huge', 'rb'); first = file.read(10)", READ_ALL, "result = len(texts)")
        pid = int(kernel.run("os.getpid()").text)
        session = kernel.journals()[-1].stem
        os.kill(pid, signal.SIGKILL)
    recording = read_recording(project, session)
    assert file_of(recording.executions[1], "huge").digest is None
    assert "huge" in inputs_of(recording, project).files
    assert states(project, "status", "--session", session)["huge"] == "unknown"
    done = jrepro(project, "slice", session, "-t", "result")
    assert done.returncode == 0, done.stderr


def test_a_folder_that_was_read_is_proven_and_what_changed_in_it_is_named(
    project: Path, write_notebook: WriteNotebook
) -> None:
    write_many(project)
    total = "total = sum(map(int, texts.values())); total"
    notebook = write_notebook(["import os", READ_ALL, "open('many/0000.txt', 'w').write('0')", total])
    record(project, notebook)
    done = jrepro(project, "export", str(notebook), "-o", "pipeline")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Proven" in done.stdout
    assert len(list((project / "many").iterdir())) == MANY
    (project / "many" / "0009.txt").write_text("1000000")
    done = jrepro(project, "verify", "pipeline")
    assert done.returncode == 1
    assert "many/0009.txt differs from the one that was read" in done.stdout


@pytest.mark.parametrize("name", ["small.txt", "large.bin"])
def test_data_that_was_kept_is_put_back(project: Path, name: str) -> None:
    content = b"kept" if name == "small.txt" else b"kept" * (LARGE // 4)
    (project / name).write_bytes(content)
    with recorded(project) as kernel:
        kernel.start("--keep-data")
        ran(kernel, f"data = open('{name}', 'rb').read()", "open('out.txt', 'w').write('mine')")
        kernel.run("%repro stop")
        session = kernel.journals()[-1].stem
    assert not objects.has(project, digest(b"mine"))
    (project / name).write_bytes(b"changed in place")
    (found,) = answer(jrepro(project, "data", "status", "--json"))["files"]
    assert (found["state"], found["kept"], found["digest"]) == ("changed", True, digest(content))
    refused = jrepro(project, "data", "restore", session)
    assert (refused.returncode, (project / name).read_bytes()) == (1, b"changed in place")
    done = jrepro(project, "data", "restore", session, "--force", "--json")
    assert json.loads(done.stdout)["done"] == [name]
    assert (project / name).read_bytes() == content
    assert states(project, "status") == {}


def test_a_pipe_that_a_cell_reads_is_left_alone(project: Path) -> None:
    os.mkfifo(project / "fifo")
    with recorded(project) as kernel:
        kernel.start()
        (executed,) = ran(kernel, "import os; os.listdir('.'); file = os.open('fifo', os.O_RDONLY | os.O_NONBLOCK)")
        assert file_of(executed, "fifo").digest is None
        assert kernel.run("%repro stop").reply.status == "ok"
