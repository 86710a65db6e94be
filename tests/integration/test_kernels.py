from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec

from jupyter_repro.errors import RunFailed, UsageError
from jupyter_repro.run.kernels import Kernel

SPEC = KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], display_name="Python")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel(SPEC, cwd=tmp_path_factory.mktemp("cwd")) as kernel:
        yield kernel


def gone(pid: int) -> bool:
    """Whether the process has ended; one whose parent hasn't asked for its exit status yet has."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def test_a_cell_runs_with_its_id_count_and_outputs(shared: Kernel) -> None:
    outputs: list[tuple[str, dict[str, Any]]] = []
    first = shared.run("import os\nprint(os.getcwd())", on_output=lambda *output: outputs.append(output))
    second = shared.run("cell = get_ipython().get_parent()['metadata']['cellId']", cell_id="cell-7")

    assert (first.status, second.status) == ("ok", "ok")
    assert second.execution_count == (first.execution_count or 0) + 1
    assert outputs == [("stream", {"name": "stdout", "text": shared.evaluate("os.getcwd() + chr(10)")[1:-3] + "\n"})]
    assert shared.evaluate("cell") == "'cell-7'"


def test_an_error_is_a_reply_and_the_kernel_goes_on(shared: Kernel) -> None:
    failed = shared.run("1 / 0")

    assert (failed.status, failed.error_name, failed.error_message) == (
        "error",
        "ZeroDivisionError",
        "division by zero",
    )
    assert shared.run("1").status == "ok"
    assert shared.run("def broken(:").error_name == "SyntaxError"


def test_a_silent_execution_leaves_no_trace(shared: Kernel) -> None:
    shared.run("trace = 40")
    before = shared.evaluate("(len(In), sorted(Out), _, sorted(globals()))")

    shared.run("trace + 2", silent=True)

    assert shared.evaluate("(len(In), sorted(Out), _, sorted(globals()))") == before


def test_an_expression_that_raises_can_not_be_evaluated(shared: Kernel) -> None:
    with pytest.raises(RunFailed, match=r"nothing raised NameError"):
        shared.evaluate("nothing")


def test_answers_go_to_input_and_getpass_in_turn(shared: Kernel) -> None:
    answers = iter(["Ada", "", "secret", "unused"])
    shared.run("from getpass import getpass\nasked = (input('name? '), input(), getpass('key? '))", answers=answers)

    assert shared.evaluate("asked") == "('Ada', '', 'secret')"
    assert list(answers) == ["unused"]


def test_without_an_answer_the_cell_is_interrupted(shared: Kernel) -> None:
    obstinate = """
tries = 0
while tries < 3:
    try:
        tries += 1
        input('again? ')
    except KeyboardInterrupt:
        pass
"""
    with pytest.raises(UsageError, match="'name\\? '") as raised:
        shared.run("input('name? ')")
    assert "--stdin" in raised.value.next_step
    with pytest.raises(UsageError, match="again"):
        shared.run(obstinate)

    assert shared.evaluate("tries") == "3"


@pytest.mark.parametrize(
    "busy", ["import time\ntime.sleep(600)", "while True: print('x' * 100)", "await asyncio.sleep(600)"]
)
def test_a_cell_that_takes_too_long_is_interrupted(shared: Kernel, busy: str) -> None:
    shared.run("import asyncio")

    with pytest.raises(RunFailed, match="longer than the timeout") as raised:
        shared.run(busy, timeout=0.5)

    assert "--timeout" in raised.value.next_step
    assert shared.run("1").status == "ok"


def test_a_flood_of_outputs_ends(shared: Kernel) -> None:
    """The kernel drops what a slow reader doesn't take: the last message, too."""
    reply = shared.run("for i in range(6000):\n    display(i)", on_output=lambda *_: time.sleep(0.001))

    assert reply.status == "ok"
    assert shared.evaluate("i") == "5999"


def test_a_cell_that_does_not_heed_its_interrupt_goes_with_its_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_repro.run.kernels.INTERRUPT_GRACE", 1)
    with Kernel(SPEC, cwd=tmp_path) as kernel:
        pid = int(kernel.evaluate("__import__('os').getpid()"))
        with pytest.raises(RunFailed, match="longer than the timeout"):
            kernel.run(
                "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(600)", timeout=0.5
            )
        assert not kernel.alive
    assert gone(pid)


@pytest.mark.parametrize(
    ("death", "cause"),
    [("os.kill(os.getpid(), 9)", "SIGKILL, as happens when memory runs out"), ("os._exit(3)", "exit code 3")],
)
def test_a_kernel_that_dies_is_a_failed_run(tmp_path: Path, death: str, cause: str) -> None:
    with Kernel(SPEC, cwd=tmp_path) as kernel:
        with pytest.raises(RunFailed, match=cause):
            kernel.run(f"import os\n{death}")
        assert not kernel.alive
        with pytest.raises(RunFailed, match="died"):
            kernel.run("1")


def test_an_error_inside_the_block_ends_the_kernel_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pids = []

    def fail() -> None:
        with Kernel(SPEC, cwd=tmp_path) as kernel:
            pids.append(int(kernel.evaluate("__import__('os').getpid()")))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert gone(pids[0])
    assert list(tmp_path.iterdir()) == []


def test_the_kernel_ends_with_a_command_that_is_killed(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from jupyter_client.kernelspec import KernelSpec
from jupyter_repro.run.kernels import Kernel
with Kernel(KernelSpec(argv=sys.argv[1:]), cwd=Path.cwd()) as kernel:
    print(kernel.evaluate("__import__('os').getpid()"), flush=True)
    os.kill(os.getpid(), 9)
"""
    command = [sys.executable, "-c", script, *SPEC.argv]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == -9
    assert gone(int(done.stdout))


def test_a_long_temporary_folder_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with Kernel(SPEC, cwd=tmp_path) as kernel:
        assert kernel.evaluate("1 + 1") == "2"


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["/missing/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "No such file"),
        ([sys.executable, "-c", "raise SystemExit('no licence today')"], "no licence today"),
    ],
)
def test_a_kernel_that_does_not_start_says_why(tmp_path: Path, argv: list[str], reason: str) -> None:
    with pytest.raises(RunFailed, match=reason), Kernel(KernelSpec(argv=argv, display_name="Odd"), cwd=tmp_path):
        pass


def test_bytecode_is_cached_and_the_history_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    with Kernel(SPEC, cwd=tmp_path, env={"MARK": "1"}) as kernel:
        environment = json.loads(kernel.evaluate("__import__('json').dumps(dict(__import__('os').environ))")[1:-1])
        assert kernel.evaluate("get_ipython().history_manager.hist_file") == "':memory:'"

    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["MARK"] == "1"
    assert os.environ["PYTHONDONTWRITEBYTECODE"] == "1"
