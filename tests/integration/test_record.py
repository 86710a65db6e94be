from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bare_kernel import BARE

from jupyter_repro.cli.main import main
from jupyter_repro.errors import RunFailed, UsageError
from jupyter_repro.model import Recording
from jupyter_repro.run.history import by_numbers, from_history, top_to_bottom
from jupyter_repro.run.notebooks import read_notebook
from jupyter_repro.run.record import Recorded, record
from jupyter_repro.store.journal_reader import read_recording

if TYPE_CHECKING:
    from tests.conftest import WriteNotebook


COMMAND = (sys.executable, "-m", "jupyter_repro.cli")


def record_all(notebook: Path, **options: Any) -> Recorded:
    opened = read_notebook(notebook)
    return record(opened, top_to_bottom(opened), **options)


def recording_of(project: Path) -> Recording:
    """The only session of the project."""
    (journal,) = (project / ".jrepro" / "sessions").glob("*.jsonl")
    return read_recording(project, journal.stem)


def test_from_top_to_bottom_past_failures(project: Path, write_notebook: WriteNotebook) -> None:
    notebook = write_notebook([("markdown", "# T"), "a = 1", "", "1 / 0", "def broken(:", "%%time\nb = a + 1", "b"])
    saved = notebook.read_bytes()

    recorded = record_all(notebook, seed=7)

    recording = read_recording(project, recorded.session)
    assert [(e.ordinal, e.cell_id, e.source, e.status) for e in recording.executions] == [
        (1, "cell-1", "a = 1", "ok"),
        (2, "cell-3", "1 / 0", "error"),
        (3, "cell-4", "def broken(:", "error"),
        (4, "cell-5", "%%time\nb = a + 1", "ok"),
        (5, "cell-6", "b", "ok"),
    ]
    assert recorded.executions == 5
    assert [(failure.ordinal, failure.number) for failure in recorded.failures] == [(2, 3), (3, 4)]
    assert recorded.failures[0].error == "ZeroDivisionError: division by zero"
    session = recording.session
    assert (session.notebook, session.cwd, session.seed, session.seed_given) == ("notebook.ipynb", ".", 7, True)
    assert session.stopped is not None
    assert session.incomplete is None
    assert recording.problems == ()
    assert notebook.read_bytes() == saved


def test_as_a_history_tells(project: Path, write_notebook: WriteNotebook) -> None:
    notebook = read_notebook(write_notebook(["x = 1", ("markdown", "---"), "y = x * 2", "x += 1"]))
    history = project / "history.jsonl"
    lines = [{"cell": 0, "source": "x = 5"}, {"cell": 2}, {"cell": None, "source": "z = x"}, {"cell": 1}, {"cell": 2}]
    history.write_text("\n".join(map(json.dumps, lines)))

    recorded = record(notebook, from_history(notebook, history))

    executions = read_recording(project, recorded.session).executions
    assert [(execution.cell_id, execution.source) for execution in executions] == [
        ("cell-0", "x = 5"),
        ("cell-3", "x += 1"),
        ("deleted-d2e16ecdb776", "z = x"),
        ("cell-2", "y = x * 2"),
        ("cell-3", "x += 1"),
    ]
    assert [failure.ordinal for failure in recorded.failures] == []


def test_input_is_answered_line_by_line_and_a_missing_answer_ends_it(
    project: Path, write_notebook: WriteNotebook
) -> None:
    notebook = read_notebook(write_notebook(["name = input('name? ')", "pair = (input(), input())", "never = 1"]))

    with pytest.raises(UsageError, match="no answer is left") as raised:
        record(notebook, by_numbers(notebook, "1,2,3"), answers=["Ada", "first"])

    recording = recording_of(project)
    assert "--stdin FILE" in raised.value.next_step
    assert f"Execution 2 (cell 2) was running; session {recording.session.id}" in raised.value.problem
    assert [(e.status, e.answers) for e in recording.executions] == [("ok", ("Ada",)), ("interrupted", ("first",))]
    assert recording.session.stopped is not None


def test_a_kernel_that_dies_leaves_what_was_recorded(project: Path, write_notebook: WriteNotebook) -> None:
    notebook = write_notebook(["a = 1", "import os\nos.kill(os.getpid(), 9)", "never = 1"])

    with pytest.raises(RunFailed, match=r"died.*Execution 2 \(cell 2\)"):
        record_all(notebook)

    assert [(e.ordinal, e.status) for e in recording_of(project).executions] == [(1, "ok"), (2, "lost")]


def test_a_cell_that_takes_too_long_ends_it(project: Path, write_notebook: WriteNotebook) -> None:
    notebook = write_notebook(["import time\ntime.sleep(600)", "never = 1"])

    with pytest.raises(RunFailed, match=r"timeout\. Execution 1"):
        record_all(notebook, timeout=1)

    recording = recording_of(project)
    assert [e.status for e in recording.executions] == ["interrupted"]
    assert recording.session.stopped is not None


def test_a_notebook_that_ends_its_kernel_is_recorded(project: Path, write_notebook: WriteNotebook) -> None:
    recorded = record_all(write_notebook(["a = 1", "exit()"]))

    assert [e.status for e in read_recording(project, recorded.session).executions] == ["ok", "ok"]


def test_it_runs_in_the_notebooks_folder_or_where_it_is_told(project: Path, write_notebook: WriteNotebook) -> None:
    notebook = write_notebook(["open('made', 'w').close()"], name="deep/odd 'name' $HOME {cell}.ipynb")
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()

    recorded = record_all(notebook)
    record_all(notebook, cwd=elsewhere)

    session = read_recording(project, recorded.session).session
    assert (session.notebook, session.cwd) == ("deep/odd 'name' $HOME {cell}.ipynb", "deep")
    assert (project / "deep" / "made").exists()
    assert (elsewhere / "made").exists()


def test_kernels_that_record_by_themselves_are_recorded_once(
    project: Path, write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    main(["enable"])

    record_all(write_notebook(["%load_ext jupyter_repro\n%repro start", "a = 1"]), seed=7)

    recording = recording_of(project)
    assert recording.session.seed == 7
    assert [execution.source for execution in recording.executions] == ["a = 1"]


def test_what_keeps_the_recording_from_starting_arrives_whole(project: Path, write_notebook: WriteNotebook) -> None:
    notebook = write_notebook(["open('ran', 'w').close()"])
    (project / ".jrepro").rmdir()
    (project / ".jrepro").write_text("a file where the folder should be")

    with pytest.raises(UsageError, match=r"\.jrepro") as raised:
        record_all(notebook)

    assert raised.value.problem
    assert raised.value.next_step
    assert not (project / "ran").exists()


def test_a_kernel_without_jupyter_repro_says_how_to_install_it(
    project: Path, write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "jupyter" / "kernels" / "bare"
    folder.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-c", BARE, "-f", "{connection_file}"],
        "display_name": "Bare",
        "language": "python",
    }
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))

    with pytest.raises(UsageError, match="jupyter_repro") as raised:
        record_all(write_notebook(["a = 1"]), kernel="bare")

    assert "pip install jupyter-repro" in raised.value.next_step


def test_the_command_prints_the_session_as_json_and_nothing_else(project: Path, write_notebook: WriteNotebook) -> None:
    notebook = write_notebook(["a = input()", "1 / 0", "b = input()"])
    answers = project / "answers.txt"
    answers.write_text("first\n\n")

    arguments = ["record", notebook.name, "--order", "1,2,3,2", "--stdin", answers.name, "--json"]
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)

    recording = recording_of(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "session": recording.session.id,
        "executions": 4,
        "failed": [2, 4],
        "notebook": str(notebook),
        "unhashed": [],
    }
    assert [execution.answers for execution in recording.executions] == [("first",), (), ("",), ()]


def test_the_command_tells_what_failed(
    project: Path, write_notebook: WriteNotebook, capsys: pytest.CaptureFixture[str]
) -> None:
    write_notebook(["a = 1", "raise ValueError('two\\nlines')"])

    assert main(["record", "notebook.ipynb"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "Recorded notebook.ipynb with kernel python3: 2 executions.",
        "  execution 2 (cell 2) failed: ValueError: two\\nlines",
        f"Session {recording_of(project).session.id}",
    ]


def interrupted(project: Path, times: int) -> tuple[int, str]:
    """Exit code and messages of `jrepro record` after so many Ctrl-C; the notebook writes its kernel's pid down."""
    with subprocess.Popen([*COMMAND, "record", "notebook.ipynb"], stderr=subprocess.PIPE, text=True) as process:
        while not (project / "pid").exists() or not (pid := (project / "pid").read_text()):
            assert process.poll() is None
            time.sleep(0.05)
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        _, told = process.communicate()
    assert not Path(f"/proc/{pid}").exists()
    return process.returncode, told


def test_ctrl_c_ends_the_recording_in_order(project: Path, write_notebook: WriteNotebook) -> None:
    write_notebook(["a = 1", "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)", "never = 1"])

    exit_code, told = interrupted(project, times=1)

    recording = recording_of(project)
    assert exit_code == 130
    assert f"Execution 2 (cell 2) was running; session {recording.session.id} keeps what was recorded." in told
    assert [execution.status for execution in recording.executions] == ["ok", "interrupted"]
    assert recording.session.stopped is not None


def test_a_second_ctrl_c_ends_a_cell_that_does_not_heed_the_first(project: Path, write_notebook: WriteNotebook) -> None:
    obstinate = "import os, signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    write_notebook([f"{obstinate}open('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)"])

    assert interrupted(project, times=2)[0] == 130
    assert [execution.status for execution in recording_of(project).executions] == ["lost"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["missing.ipynb"], "no notebook missing.ipynb"),
        (["notebook.ipynb", "--order", "9"], "'9'"),
        (["notebook.ipynb", "--history", "missing.jsonl"], "missing.jsonl"),
        (["notebook.ipynb", "--order", "1", "--history", "missing.jsonl"], "--order and --history"),
        (["notebook.ipynb", "--stdin", "missing.txt"], "missing.txt"),
        (["notebook.ipynb", "--cwd", "missing"], "missing"),
        (["notebook.ipynb", "--kernel", "missing"], "'missing'"),
        (["notebook.ipynb", "--timeout", "0"], "--timeout"),
        (["notebook.ipynb", "--seed", "x"], "--seed"),
    ],
)
def test_bad_input_is_one_message_and_nothing_runs(
    project: Path,
    write_notebook: WriteNotebook,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    problem: str,
) -> None:
    write_notebook(["open('ran', 'w').close()"])

    assert main(["record", *arguments]) == 2

    told = capsys.readouterr()
    assert problem in told.err
    assert "Traceback" not in told.err
    assert told.out == ""
    assert list((project / ".jrepro").iterdir()) == []
    assert not (project / "ran").exists()
