"""README's "Schedule it", typed as it stands there; then data that grow and break."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import JREPRO, jrepro

from jupyter_repro.schedule.history import Attempt, read_history
from jupyter_repro.schedule.server import server_of

ROOT = Path(__file__).parents[2]


def readme_commands() -> list[list[str]]:
    section = (ROOT / "README.md").read_text().partition("## Schedule it\n")[2].partition("\n## ")[0]
    return [shlex.split(line) for line in re.findall(r"^    (\S.*)$", section, re.MULTILINE)]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.perf_counter() + 90
    while not condition():
        assert time.perf_counter() < deadline
        time.sleep(0.05)


@pytest.mark.xdist_group("schedule")
def test_the_readme_and_data_that_grow_and_break(project: Path) -> None:
    enter, *commands, serve = readme_commands()
    shutil.copytree(ROOT / enter[1], project, dirs_exist_ok=True)
    said = {}
    for command in commands:
        done = jrepro(project, *command[1:])
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        said[" ".join(command[1:3])] = said.get(" ".join(command[1:3]), "") + done.stdout
    assert "At 06:00, Monday through Friday (Europe/Berlin)" in said["schedule add"]
    assert said["schedule add"].count(" 06:00:00 CE") == 3
    assert "nobody serves them" in said["schedule list"].lower()

    def data_runs() -> list[Attempt]:
        return [each for each in read_history(project, "fresh") if each.verdict != "running"]

    with subprocess.Popen([*JREPRO, *serve[1:], "--quiet"], cwd=project) as server:
        try:
            wait_for(lambda: server_of(project))
            subprocess.run([sys.executable, project / "grow.py"], check=True)
            wait_for(lambda: len(data_runs()) == 1)
            subprocess.run([sys.executable, project / "grow.py", "--corrupt"], check=True)
            wait_for(lambda: len(data_runs()) >= 2)
        finally:
            server.terminate()
            assert server.wait(60) == 0
    grown, broken = data_runs()[:2]
    assert (grown.exit_code, grown.cause) == (0, "data")
    assert (broken.verdict, broken.exit_code) == ("failed", 3)
    assert "KeyError: 'amount'" in (broken.reason or "")
