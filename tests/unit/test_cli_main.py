from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from journals import ID, Written

from jupyter_repro.cli import main as cli
from jupyter_repro.errors import NoSession, NotReproduced, RunFailed, StorageError

# Imports that would make `jrepro --help` slow.
HEAVY = "IPython nbformat papermill jupyter_client jupyter_core git rich msgspec sqlite3 psutil numpy asyncio".split()


def jrepro(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jupyter_repro.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


def test_help_lists_every_command_with_one_line() -> None:
    done = jrepro("--help")
    assert done.returncode == 0
    width = max(map(len, cli.COMMANDS))
    for name, line in cli.COMMANDS.items():
        assert f"  {name:<{width}}  {line}\n" in done.stdout


def test_help_imports_no_command_and_nothing_heavy() -> None:
    code = (
        "import sys; from jupyter_repro.cli.main import main; main(['--help']);"
        "print(*(name for name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stderr.split())
    assert not imported & set(HEAVY)
    assert {name for name in imported if name.startswith("jupyter_repro.cli.")} == {"jupyter_repro.cli.main"}


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_loads_and_has_help(name: str) -> None:
    result: Result = CliRunner().invoke(cli.jrepro, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Usage: jrepro {name}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["show"], "Missing argument 'SESSION'"),
        (["log", "--nonsense"], "No such option"),
        (["--nonsense"], "No such option"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert re.search(r"jrepro.* (-h|--help)'", shown.err)  # click before 8.4 names the short one
    assert shown.out == ""


@pytest.fixture
def raises(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """`jrepro log` raises what is put in here."""
    given: list[BaseException] = []

    @click.command()
    def command() -> None:
        raise given[0]

    monkeypatch.setattr("jupyter_repro.cli.log.command", command)
    return given


DEBUG = "JREPRO_DEBUG=1 before the command shows where.\n"
ERRORS = [
    (NoSession("None of it.", "Type `jrepro record`."), 2, "Error: None of it.\nType `jrepro record`.\n"),
    (StorageError("It is full.", "Type `df`."), 2, "Error: It is full.\nType `df`.\n"),
    (NotReproduced("It differs.", "Type `jrepro verify`."), 1, "Error: It differs.\nType `jrepro verify`.\n"),
    (RunFailed("It failed.", "Look into it."), 3, "Error: It failed.\nLook into it.\n"),
    (KeyboardInterrupt(), 130, "\nInterrupted.\n"),
    (click.Abort(), 130, "Interrupted.\n"),
    (
        OSError(errno.ENOSPC, "No space left on device", "/data/a b"),
        2,
        "Error: '/data/a b': No space left on device.\nLook with `df -h '/data/a b'`, then run the command again.\n",
    ),
    (
        PermissionError(errno.EACCES, "Permission denied", "/data"),
        2,
        "Error: /data: Permission denied.\nLook at its permissions with `ls -ld /data`, then run the command again.\n",
    ),
    (
        ZeroDivisionError("division by zero"),
        70,
        "Error: this is a bug in jupyter_repro: ZeroDivisionError: division by zero\n" + DEBUG,
    ),
]


@pytest.mark.parametrize(("error", "code", "message"), ERRORS)
def test_an_error_is_one_message_and_an_exit_code(
    raises: list[BaseException], error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    raises.append(error)
    assert cli.main(["log"]) == code
    assert capsys.readouterr() == ("", message)


def test_a_bug_shows_its_traceback_when_asked(
    raises: list[BaseException], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raises.append(ZeroDivisionError("division by zero"))
    monkeypatch.setenv("JREPRO_DEBUG", "1")
    assert cli.main(["log"]) == 70
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_the_exit_code_of_a_command_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for code in (0, 1, 3):
        exits = click.Command("log", callback=lambda code=code: click.get_current_context().exit(code))
        monkeypatch.setattr("jupyter_repro.cli.log.command", exits)
        assert cli.main(["log"]) == code


def test_a_reader_that_has_seen_enough_is_no_failure(project: Path) -> None:
    journal = Written(project)
    for number in range(20_000):
        journal.began(f"x = {number}")
    command = f"env -u PYTHONUNBUFFERED {sys.executable} -m jupyter_repro.cli show {ID}"
    script = f"{command} | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"Session {ID} of notebook.ipynb", "141"]
    assert done.stderr == ""


def test_a_terminal_that_lacks_a_character_stops_nothing(project: Path) -> None:
    Written(project, notebook="😀.ipynb").execution("print('😀')")
    for arguments in (["log"], ["show", ID]):
        done = jrepro(*arguments, PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
        assert (done.returncode, done.stderr) == (0, "")
        assert "\\U0001f600" in done.stdout
    done = jrepro("show", ID, "--json", PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
    assert json.loads(done.stdout)["executions"][0]["source"] == "print('😀')"


def test_the_module_is_the_command(project: Path) -> None:
    done = jrepro("log")
    assert done.returncode == 0
    assert "jrepro record" in done.stdout
    failed = jrepro("show", "nonsense")
    assert failed.returncode == 2
    assert failed.stderr.startswith("Error: There is no session nonsense")
    assert "Traceback" not in failed.stderr
