"""What real kernels leave behind, looked at with `jrepro log` and `jrepro show`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.kernelspec import KernelSpec

from jupyter_repro.cli.main import main
from jupyter_repro.errors import RunFailed
from jupyter_repro.run.kernels import Kernel

SPEC = KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], display_name="Python")
# As a kernel whose environment doesn't have the package.
WITHOUT = "import sys; sys.modules['jupyter_repro'] = None; from ipykernel.kernelapp import main; main()"
BARE = KernelSpec(argv=[sys.executable, "-c", WITHOUT, "-f", "{connection_file}"], display_name="Bare")

if TYPE_CHECKING:
    from tests.conftest import WriteNotebook

Ask = Callable[..., Any]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """The JSON that a command prints."""

    def run(*arguments: str) -> Any:
        capsys.readouterr()
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def wait_for(path: Path, text: str) -> None:
    """Until it holds `text`: what nobody waits for is written when the kernel is idle, or by the helper process."""
    for _ in range(600):
        if path.exists() and text in path.read_text():
            return
        time.sleep(0.1)
    raise AssertionError(f"{text} was never written to {path}")


def test_an_exploration_is_shown_as_it_happened(project: Path, write_notebook: WriteNotebook, ask: Ask) -> None:
    read = "words = open('numbers.txt').read()"
    (project / "numbers.txt").write_text("1 2 3")
    (project / "cleaning.py").write_text("def clean(text):\n    return text.split()\n")
    write_notebook(["import random, numpy", read, "saved, later = 1, 2", "y = x * 2"])
    with Kernel(SPEC, cwd=project) as kernel:
        kernel.run("%load_ext jupyter_repro\n%repro start --notebook notebook.ipynb", cell_id="start")
        for cell_id, source in [
            ("cell-0", "import random, numpy"),
            ("cell-1", read),
            ("cell-2", "saved = 1"),
            ("gone", "import cleaning; words = cleaning.clean(words); x = random.random()"),
            ("cell-3", "y = x * 2"),
            ("gone", "del x; 1 / 0"),
            ("cell-1", read),
        ]:
            kernel.run(source, cell_id=cell_id)
        (during,) = ask("log")
        kernel.run("%repro stop", cell_id="stop")
    (session,) = ask("log", "notebook.ipynb")
    assert (during["state"], session["state"], session["executions"]) == ("recording", "stopped", 7)

    wait_for(project / ".jrepro" / "sessions" / f"{session['id']}.environment.json", "imports")
    shown = ask("show", session["id"])
    _, first_read, _, cleaned, doubled, failed, second_read = shown["executions"]
    assert [file["path"] for file in first_read["files"] if file["mode"] == "read"] == ["numbers.txt"]
    assert [state["library"] for state in cleaned["random"]] == ["random"]
    assert (doubled["names_read"], doubled["bound"]) == (["x"], ["y"])
    assert (failed["status"], failed["deleted"], failed["error"]["name"]) == ("error", ["x"], "ZeroDivisionError")
    assert second_read["rebound"] == ["words"]
    assert [(each["ordinal"], each["reasons"], each["deleted"]) for each in shown["stale"]] == [
        (2, ["its cell ran again as execution 7"], False),
        (3, ["the saved notebook has other text in its cell"], False),
        (4, ["its cell ran again as execution 6"], True),  # the words it read are the same again
        (5, ["it read `x`, which execution 6 deleted since"], False),
        (6, [], True),
    ]
    assert "numpy" in shown["session"]["environment"]["distributions"]
    assert [module["path"] for module in shown["session"]["modules"]] == ["cleaning.py"]
    assert shown["problems"] == []


def test_what_a_killed_kernel_ran_is_on_record(project: Path, ask: Ask) -> None:
    with Kernel(SPEC, cwd=project) as kernel:
        kernel.run("%load_ext jupyter_repro\n%repro start")
        kernel.run("x = 41")
        (running,) = ask("log")
        wait_for(project / ".jrepro" / "sessions" / f"{running['id']}.jsonl", '"x":{"reads"')
        with pytest.raises(RunFailed):
            kernel.run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    (session,) = ask("log")
    assert (running["state"], session["state"]) == ("recording", "lost")
    shown = ask("show", session["id"])
    assert [execution["status"] for execution in shown["executions"]] == ["ok", "lost"]
    assert shown["executions"][0]["bound"] == ["x"]
    assert "x" in shown["namespace"]


def _plain(content: dict[str, Any]) -> str:
    return str(content.get("text") or content.get("data", {}).get("text/plain", ""))


def test_the_kernel_itself_tells_how_it_stands(project: Path) -> None:
    shown: list[str] = []
    with Kernel(SPEC, cwd=project) as kernel:
        kernel.run("%load_ext jupyter_repro\n%repro start")
        kernel.run("x = 1", cell_id="a")
        kernel.run("x = 2", cell_id="a")
        kernel.run("%repro status", on_output=lambda kind, content: shown.append(_plain(content)))
    assert "its cell ran again as execution 2" in "".join(shown)


# --- jrepro enable ---------------------------------------------------------------------------------------------------


@pytest.fixture
def enabled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    assert main(["enable"]) == 0


@pytest.mark.usefixtures("enabled")
def test_a_new_kernel_records_itself_and_keeps_its_names_to_itself(project: Path, ask: Ask) -> None:
    outputs: list[Any] = []
    with Kernel(SPEC, cwd=project) as kernel:
        kernel.run("print([name for name in dir() if 'repro' in name])", on_output=lambda *each: outputs.append(each))
    (session,) = ask("log")
    assert (session["executions"], session["state"]) == (1, "stopped")
    assert outputs == [("stream", {"name": "stdout", "text": "[]\n"})]


@pytest.mark.usefixtures("enabled")
@pytest.mark.parametrize(
    ("spec", "env"),
    [
        pytest.param(SPEC, {"JREPRO_DISABLE": "1"}, id="switched off"),
        pytest.param(BARE, {}, id="not installed"),
        pytest.param(SPEC, {"JREPRO_PROJECT": os.devnull}, id="nowhere to write"),
    ],
)
def test_a_kernel_that_cant_or_must_not_record_starts_as_ever(
    project: Path, ask: Ask, spec: KernelSpec, env: dict[str, str]
) -> None:
    with Kernel(spec, cwd=project, env=env) as kernel:
        assert kernel.run("1 + 1").status == "ok"
    assert ask("log") == []


@pytest.mark.usefixtures("enabled")
def test_after_disable_new_kernels_are_not_recorded(project: Path, ask: Ask) -> None:
    assert main(["disable"]) == 0
    with Kernel(SPEC, cwd=project) as kernel:
        assert kernel.run("1 + 1").status == "ok"
    assert ask("log") == []


@pytest.mark.usefixtures("enabled")
def test_ipython_in_a_terminal_is_no_kernel(project: Path, ask: Ask) -> None:
    command = [sys.executable, "-m", "IPython", "-c", "print(1 + 1)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2"
    assert ask("log") == []
