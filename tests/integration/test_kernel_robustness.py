"""A kernel that dies, a disk that is full, a project that can't be written: the user's cells go on, nothing is lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import JREPRO, answer, jrepro
from jupyter_client.kernelspec import KernelSpec
from recorded_kernels import LOAD, SPEC, Ran, Recorded, check_refused, recorded

from jupyter_repro.errors import RunFailed
from jupyter_repro.store.journal_reader import read_recording

CHOOSE = "Type `%env JREPRO_PROJECT=FOLDER`"
OURS = "jupyter_repro:"  # how a line begins that we say unasked


@pytest.fixture
def kernel(project: Path) -> Iterator[Recorded]:
    with recorded(project) as kernel:
        yield kernel


# --- a kernel that dies -----------------------------------------------------------------------------------------------


def killed(kernel: Recorded) -> None:
    os.kill(int(kernel.kernel.evaluate("__import__('os').getpid()")), signal.SIGKILL)
    with pytest.raises(RunFailed, match="died"):
        kernel.run("1")


def test_of_a_kernel_killed_right_after_a_reply_the_last_event_is_missing_at_most(project: Path) -> None:
    for run in range(5):
        with recorded(project) as kernel:
            kernel.start("--notebook n.ipynb")
            for number in range(4):
                assert kernel.run(f"x{number} = {run}").reply.status == "ok"
            killed(kernel)
            recording = read_recording(project, kernel.journals()[-1].stem)
        executions = recording.executions
        assert [execution.source for execution in executions] == [f"x{number} = {run}" for number in range(4)]
        assert all(execution.observed for execution in executions[:-1])
        assert recording.problems == ()


def test_a_restarted_kernel_is_a_new_session_of_the_same_notebook(project: Path) -> None:
    for source in ("x = 1", "x = 2"):
        with recorded(project, env={"JPY_SESSION_NAME": str(project / "n.ipynb")}) as kernel:
            kernel.start()
            kernel.run(source)
            killed(kernel)

    sessions = answer(jrepro(project, "log", "n.ipynb", "--json"))
    assert [(session["state"], session["executions"]) for session in sessions] == [("lost", 1), ("lost", 1)]
    for session in sessions:
        shown = answer(jrepro(project, "show", session["id"], "--json"))
        assert [execution["source"] for execution in shown["executions"]] in (["x = 1"], ["x = 2"])


def test_a_line_torn_by_the_kill_is_left_out_and_said(project: Path) -> None:
    with recorded(project) as kernel:
        kernel.start()
        kernel.run("x = 1")
        kernel.run("%repro status")
        killed(kernel)
        (journal,) = kernel.journals()
    journal.write_bytes(journal.read_bytes() + b'{"line":"began","ordinal":2,"sou')

    recording = read_recording(project, journal.stem)
    assert [execution.source for execution in recording.executions] == ["x = 1"]
    assert "torn" in recording.problems[0]
    assert jrepro(project, "show", journal.stem).returncode == 0


def test_an_execution_whose_lines_are_lost_keeps_what_came_before_it(project: Path) -> None:
    with recorded(project) as kernel:
        kernel.start("--notebook n.ipynb")
        for source in ("a = 1", "b = 2", "c = 3", "d = 4"):
            kernel.run(source)
        kernel.run("%repro stop")
        (journal,) = kernel.journals()
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"ordinal":2' not in line))

    exported = jrepro(project, "export", "n.ipynb", "-t", "d", "--no-prove")
    assert "The record is not whole: execution 2 can't be read." in exported.stderr
    kept = answer(jrepro(project, "slice", journal.stem, "-t", "d", "--json"))["kept"]
    assert [each["ordinal"] for each in kept] == [1, 4]
    assert kept[0]["reason"] == "comes before execution 2, which was not observed"


# --- a disk that is full ----------------------------------------------------------------------------------------------

LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({}, resource.RLIM_INFINITY))"
Switch = Callable[[bool], None]


@contextmanager
def on_a_small_disk(folder: Path) -> Iterator[tuple[Recorded, Switch]]:
    """A kernel in a project on a file system of its own, and what fills it or frees it again."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system")
    try:
        with recorded(folder) as kernel:
            yield kernel, lambda full: _fill(folder / "filler") if full else (folder / "filler").unlink()
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1024))
        except OSError:
            return


@contextmanager
def with_a_file_size_limit(folder: Path) -> Iterator[tuple[Recorded, Switch]]:
    """A kernel that may write no file further than its journal is long: lines are torn in the middle."""
    with recorded(folder) as kernel:

        def switch(full: bool) -> None:
            limit = kernel.journals()[-1].stat().st_size + 20 if full else "resource.RLIM_INFINITY"
            assert kernel.kernel.run(LIMIT.format(limit), silent=True).status == "ok"

        yield kernel, switch


@pytest.fixture(params=[on_a_small_disk, with_a_file_size_limit], ids=["small disk", "file size limit"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Recorded, Switch]]:
    with request.param(tmp_path / "disk") as found:
        yield found


def test_a_full_disk_is_said_once_and_nothing_is_lost_when_there_is_space_again(disk: tuple[Recorded, Switch]) -> None:
    kernel, switch = disk
    kernel.start()
    # What is left of a block could hold a short cell.
    cells = [
        "a = [1]",
        f"b = a + [2]  # {'long' * 2000}\nprint('shown')",
        "a.append(3); 1 / 0",
        "c = b + a",
        "d = c + [4]",
    ]
    ran = [kernel.run(cells[0])]
    kernel.run("%repro status")
    switch(True)
    ran += map(kernel.run, cells[1:4])
    status = kernel.run("%repro status").text
    refused = kernel.run("%repro slice c")
    switch(False)
    ran += map(kernel.run, cells[4:])

    assert [each.reply.status for each in ran] == ["ok", "ok", "error", "ok", "ok"]
    assert "".join(each.text for each in ran).count(OURS) == 1
    assert ran[1].text.replace(said(ran[1]), "") == "shown\n"
    assert "Not on disk yet: the last" in status
    check_refused(refused, "Make room there, then type `%repro slice c`")
    recording = kernel.recording()
    assert [execution.source for execution in recording.executions] == cells
    assert all(execution.incomplete is None for execution in recording.executions)
    assert [output.text for output in recording.executions[1].outputs] == ["shown\n"]
    assert "executions 2 to" in (recording.session.incomplete or "")
    assert recording.problems == ()
    assert kernel.run("%repro slice c").text.count("\n") > 2


def test_on_a_full_disk_stop_stops_and_says_what_is_lost(disk: tuple[Recorded, Switch]) -> None:
    kernel, switch = disk
    kernel.start()
    kernel.run("a = 1")
    kernel.run("%repro status")
    switch(True)
    kernel.run(f"b = 2  # {'long' * 2000}")  # what is left of a block could hold a short cell
    stopped = kernel.run("%repro stop")
    again = kernel.run("%repro start")
    switch(False)
    assert kernel.run("a + b").text == "3\n"

    assert stopped.reply.status == "ok"
    assert "Lost: the last" in stopped.text
    if again.reply.status == "error":  # a limit for the old journal leaves room for a new one's first lines
        check_refused(again, CHOOSE)
        assert len(kernel.journals()) == 1
        assert kernel.run("%repro start").reply.status == "ok"


def said(ran: Ran) -> str:
    """Our own line in what a cell showed."""
    found = re.search(rf"^{OURS}.*\n", ran.text, re.MULTILINE)
    return found[0] if found else ""


def test_evidence_that_was_too_much_to_wait_keeps_its_execution(tmp_path: Path) -> None:
    with with_a_file_size_limit(tmp_path) as (kernel, switch):
        kernel.start()
        kernel.run("a = 1")
        kernel.run("%repro status")
        kernel.kernel.run("import jupyter_repro.journal; jupyter_repro.journal._MOST_WAITING = 0", silent=True)
        switch(True)
        kernel.run("b = 2")
        kernel.run("c = 3")
        switch(False)
        kernel.run("d = a")
        recording = kernel.recording()
        kept = answer(jrepro(tmp_path, "slice", recording.session.id, "-t", "d", "--json"))

    assert [execution.source for execution in recording.executions] == ["a = 1", "b = 2", "c = 3", "d = a"]
    assert "lines of evidence" in (recording.session.incomplete or "")
    lost = [execution.ordinal for execution in recording.executions if not execution.observed]
    assert lost
    assert {*lost, 4} <= {each["ordinal"] for each in kept["kept"]}


def test_outputs_that_cant_be_kept_are_said_once(kernel: Recorded, project: Path) -> None:
    kernel.start()
    (project / ".jrepro" / "objects").write_text("a file where the folder should be")
    ran = [kernel.run(f"a{number} = 1\nprint('x' * 10_000)") for number in range(2)]
    ran.append(kernel.run("b = 1"))
    recording = kernel.recording()

    assert "".join(each.text for each in ran).count(OURS) <= 1
    assert [execution.incomplete for execution in recording.executions] == [None] * 3
    assert "lost: 2 objects" in (recording.session.incomplete or "")


def test_a_journal_that_is_removed_is_said_once_and_stop_and_start_go_on(kernel: Recorded, project: Path) -> None:
    kernel.start()
    kernel.run("a = 1")
    kernel.run("%repro status")
    shutil.rmtree(project / ".jrepro")
    ran = [kernel.run("b = a + 1"), kernel.run("print(b)")]
    assert "".join(each.text for each in ran).count(OURS) == 1
    assert ran[1].text.replace(said(ran[1]), "") == "2\n"
    assert kernel.run("%repro stop").reply.status == "ok"
    assert kernel.run("%repro start").reply.status == "ok"
    kernel.run("c = b")
    assert [execution.status for execution in kernel.executions()] == ["unobserved"] * 3 + ["ok"]


def test_a_closed_file_descriptor_is_no_way_into_the_users_files(kernel: Recorded, project: Path) -> None:
    """`os.closerange` is how daemons begin; the journal's number may come back for a file of the user's."""
    kernel.start()
    kernel.run("a = 1")
    number = kernel.kernel.evaluate(
        "__import__('jupyter_repro.capture.magics').capture.magics._recorder.keeper.journal._fd"
    )
    kernel.run(f"import os\nos.close({number})\nfile = open('mine.txt', 'w')\nassert file.fileno() == {number}")
    kernel.run("file.write('mine')\nfile.close()")
    assert (project / "mine.txt").read_text() == "mine"
    assert [execution.status for execution in kernel.executions()] == ["ok"] * 3
    assert kernel.recording().session.incomplete is None


# --- our own faults ---------------------------------------------------------------------------------------------------

# Makes one method of the recorder's fail once.
SABOTAGE = """
from jupyter_repro.capture import magics
owner = eval(path, {"recorder": magics._recorder})
original = getattr(owner, name)
def fail(*args, **kwargs):
    setattr(owner, name, original)
    raise error("sabotaged")
setattr(owner, name, fail)
"""
FAULTS = [
    ("recorder._observer", "begin", "ZeroDivisionError"),
    ("recorder._observer", "end", "MemoryError"),
    ("recorder._observer", "collect", "SystemExit"),
    ("recorder._observer.heap", "update", "RecursionError"),
    ("recorder._answers", "begin", "KeyboardInterrupt"),
    ("recorder._bindings", "changes", "SystemExit"),
]


def test_a_fault_of_ours_is_said_once_and_costs_one_execution(kernel: Recorded, project: Path) -> None:
    kernel.start()
    shown = []
    for path, name, error in FAULTS:
        shown.append(kernel.run("x = [1]"))
        sabotage = f"exec({SABOTAGE!r}, {{'path': {path!r}, 'name': {name!r}, 'error': {error}}})"
        assert kernel.kernel.run(sabotage, silent=True).status == "ok"
        shown.append(kernel.run("x.append(2)\nprint('fine')"))
        shown.append(kernel.run("y = x"))
        kernel.run("%repro status")
    recording = kernel.recording()
    kept = answer(jrepro(project, "slice", recording.session.id, "-t", "y", "--json"))["kept"]

    assert [ran.text.replace(said(ran), "") for ran in shown[1::3]] == ["fine\n"] * len(FAULTS)
    assert "".join(ran.text for ran in shown).count(OURS) == 1
    assert "ZeroDivisionError: sabotaged" in (recording.session.incomplete or "")
    assert [execution.ordinal for execution in recording.executions if not execution.observed] == [2, 5, 8, 11, 14]
    assert all(execution.status == "ok" for execution in recording.executions)
    assert [each["ordinal"] for each in kept] == [*range(1, 15), 16, 17, 18]


# --- a project that can't be written ----------------------------------------------------------------------------------

# Root may write anywhere, unless it gives that up.
UNPRIVILEGED = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "locked"
    folder.mkdir()
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)


def lock(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def test_where_nothing_can_be_written_start_says_so_in_one_line(locked: Path, tmp_path: Path) -> None:
    lock(locked)
    spec = KernelSpec(argv=[*UNPRIVILEGED, *SPEC.argv], display_name="Python")
    with recorded(tmp_path / "other", spec=spec, env={"JREPRO_PROJECT": str(locked)}) as kernel:
        assert kernel.run(LOAD).text == ""
        check_refused(kernel.run("%repro start"), "Nothing is recorded", str(locked), CHOOSE)
        assert kernel.run("print(1 + 1)").text == "2\n"
        kernel.run(f"%env JREPRO_PROJECT={tmp_path / 'other'}")
        assert kernel.run("%repro start").reply.status == "ok"
        kernel.run("x = 1")
        assert kernel.executions()[-1].source == "x = 1"


def test_in_a_locked_project_what_was_recorded_can_be_read_and_exported_elsewhere(locked: Path, tmp_path: Path) -> None:
    with recorded(locked) as kernel:
        kernel.start("--notebook n.ipynb")
        kernel.run("x = 1 + 1")
        kernel.run("%repro stop")
    lock(locked)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*UNPRIVILEGED, *JREPRO, *arguments], cwd=locked, capture_output=True, text=True, check=False
        )

    assert len(answer(run("log", "--json"))) == 1
    refused = run("export", "n.ipynb", "-t", "x")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Permission denied" in refused.stderr
    assert "Traceback" not in refused.stderr
    exported = run("export", "n.ipynb", "-t", "x", "-o", str(tmp_path / "out"), "--json")
    assert answer(exported)["verdict"] == "proven", exported.stderr
