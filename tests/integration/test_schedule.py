"""`jrepro schedule` as a person uses it, its server under SIGTERM and kill -9, and under a clock that leaps."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
import time_machine
from commands import JREPRO, answer, jrepro, record

from jupyter_repro.schedule.history import Attempt, read_history
from jupyter_repro.schedule.schedule import Schedule, home_of, write_schedule
from jupyter_repro.schedule.server import Server, server_of

pytestmark = pytest.mark.xdist_group("schedule")

CELLS = [
    "import os, time",
    "pause = 0",
    "rows = open('data.csv').read().split()",
    "time.sleep(pause)\ntotal = sum(int(row) for row in rows) + 0 * pause",
    "open('total.txt', 'w').write(str(total))",
    "total",
]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a proven pipeline that adds up data.csv."""
    folder = tmp_path_factory.mktemp("original")
    (folder / ".jrepro").mkdir()
    (folder / "data.csv").write_text("1\n2\n")
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
        for n, text in enumerate(CELLS)
    ]
    (folder / "sums.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    record(folder, folder / "sums.ipynb")
    done = jrepro(folder, "export", "sums.ipynb", "-p", "pause", "-o", "sums")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def sums(project: Path, original: Path) -> Path:
    """That project, to use up."""
    shutil.copytree(original, project, dirs_exist_ok=True)
    return project


def wait_for(condition: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.perf_counter() + seconds
    while not (found := condition()):
        assert time.perf_counter() < deadline
        time.sleep(0.05)
    return found


@contextmanager
def serving(project: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([*JREPRO, "schedule", "serve", "--quiet"], cwd=project) as process:
        try:
            wait_for(lambda: server_of(project))
            yield process
        finally:
            process.terminate()
            process.wait(60)


def ended(project: Path, name: str) -> list[Attempt]:
    return [each for each in read_history(project, name) if each.verdict not in ("running", "skipped")]


def add(project: Path, *arguments: str) -> str:
    done = jrepro(project, "schedule", "add", "sums", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kernels(project: Path) -> list[psutil.Process]:
    """Processes whose current folder is the project."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and Path(process.cwd()) == project:
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_add_list_run_pause_remove(sums: Path) -> None:
    said = add(sums, "--cron", "0 6 * * 1-5", "--timezone", "Europe/Berlin", "-p", "pause", "0", "--name", "nightly")
    assert said.startswith("nightly: At 06:00, Monday through Friday (Europe/Berlin)\n")
    assert said.count(" 06:00:00 CE") == 3

    done = jrepro(sums, "schedule", "run-now", "nightly", "--json")
    assert done.returncode == 0, done.stderr
    assert (sums / ".jrepro/runs" / answer(done)["run"]).is_dir()
    listed = answer(jrepro(sums, "schedule", "list", "--json"))
    (fields,) = listed["schedules"]
    assert (fields["last"]["exit_code"], fields["proven"], len(fields["next"])) == (0, True, 3)
    assert listed["server"] is None
    assert answer(done)["run"] in jrepro(sums, "schedule", "history", "nightly").stdout

    assert jrepro(sums, "schedule", "pause", "nightly").returncode == 0
    assert jrepro(sums, "schedule", "run-now", "nightly", "--cause", "due").returncode == 0
    assert len(read_history(sums, "nightly")) == 1
    assert "paused" in jrepro(sums, "schedule", "list").stdout
    assert jrepro(sums, "schedule", "resume", "nightly").returncode == 0
    assert jrepro(sums, "schedule", "remove", "nightly").returncode == 0
    assert answer(jrepro(sums, "schedule", "list", "--json"))["schedules"] == []
    assert len(list((sums / ".jrepro/runs").iterdir())) == 1


def test_bad_input(sums: Path) -> None:
    add(sums, "--cron", "0 6 * * *")
    cases = {
        "is no cron expression: '61' is no minute": ["add", "sums", "--name", "b", "--cron", "61 * * * *"],
        "never comes": ["add", "sums", "--name", "b", "--cron", "0 0 31 2 *"],
        "'Mars/Base' is no time zone": ["add", "sums", "--name", "b", "--every", "1h", "--timezone", "Mars/Base"],
        "is no pipeline": ["add", "gone", "--every", "1h"],
        "no parameter pauze": ["add", "sums", "--name", "b", "--every", "1h", "-p", "pauze", "1"],
        "pause takes an int": ["add", "sums", "--name", "b", "--every", "1h", "-p", "pause", "long"],
        "'soon' is no duration": ["add", "sums", "--name", "b", "--every", "soon"],
        "needs one of --cron and --every": ["add", "sums", "--name", "b"],
        "There is a schedule sums already": ["add", "sums", "--every", "1h"],
        "There is no schedule b": ["run-now", "b"],
        "Nobody can be told": ["add", "sums", "--name", "b", "--every", "1h", "--notify", "fax:1"],
    }
    for problem, arguments in cases.items():
        done = jrepro(sums, "schedule", *arguments)
        assert (done.returncode, done.stdout) == (2, ""), problem
        message, step = done.stderr.splitlines()
        assert message.startswith("Error: ")
        assert problem in message
        assert step
    assert [path.name for path in (sums / ".jrepro/schedules").iterdir()] == ["sums"]


def test_an_unproven_pipeline_is_marked(sums: Path) -> None:
    manifest = json.loads((sums / "sums/pipeline.json").read_text())
    (sums / "sums/pipeline.json").write_text(json.dumps({**manifest, "verification": None}))
    assert "sums is not proven: type `jrepro verify sums`." in add(sums, "--every", "6h")
    assert "not proven" in jrepro(sums, "schedule", "list").stdout


def test_a_pipeline_that_went_away_is_refused_and_written_down(sums: Path) -> None:
    add(sums, "--every", "6h", "--retries", "3")
    shutil.rmtree(sums / "sums")
    done = jrepro(sums, "schedule", "run-now", "sums", "--json")
    assert (done.returncode, answer(done)["verdict"]) == (2, "refused")
    assert "is no pipeline" in answer(done)["reason"]
    assert len(read_history(sums, "sums")) == 1


def test_retries_and_who_is_told(sums: Path) -> None:
    script = sums / "tell.sh"
    script.write_text(f'cat >> "{sums}/told"; echo >> "{sums}/told"\n')
    notify = ["--notify", f"command:sh {script}"]
    add(sums, "--every", "6h", "--retries", "1", "--retry-delay", "1s", *notify)
    (sums / "data.csv").write_text("one\n")

    assert jrepro(sums, "schedule", "run-now", "sums").returncode == 3
    found = read_history(sums, "sums")
    assert [(each.attempt, each.verdict) for each in found] == [(1, "failed"), (2, "failed")]
    assert "ValueError" in (found[-1].reason or "")
    (sums / "data.csv").write_text("1\n")
    assert jrepro(sums, "schedule", "run-now", "sums").returncode == 0

    notices = [json.loads(line) for line in (sums / "told").read_text().splitlines()]
    assert [(notice["exit_code"], notice["recovered"]) for notice in notices] == [(3, False), (0, True)]
    assert "ValueError" in notices[0]["reason"]
    assert Path(notices[0]["where"]).exists()


def test_a_time_limit_ends_run_and_kernel(sums: Path) -> None:
    add(sums, "--every", "6h", "-p", "pause", "600", "--time-limit", "5s")
    done = jrepro(sums, "schedule", "run-now", "sums", "--json")
    assert (done.returncode, answer(done)["verdict"]) == (3, "timed out")
    wait_for(lambda: not kernels(sums))


def test_a_turn_longer_than_its_period_never_overlaps(sums: Path) -> None:
    add(sums, "--every", "1s", "-p", "pause", "3")
    with serving(sums):
        wait_for(lambda: len(ended(sums, "sums")) >= 2)
        done = jrepro(sums, "schedule", "serve")
        assert done.returncode == 2
        assert "are served by process" in done.stderr
        assert answer(jrepro(sums, "schedule", "list", "--json"))["server"]["turns"] >= 2
    assert server_of(sums) is None
    wait_for(lambda: not kernels(sums))
    history = read_history(sums, "sums")
    assert any(each.verdict == "skipped" for each in history)
    turns = [each for each in history if each.verdict != "skipped"]
    assert all(each.is_good or each.verdict == "cancelled" for each in turns)
    for one, following in pairwise(turns):
        assert one.ended is not None
        assert one.ended <= following.started


def test_changed_content_runs_once_and_a_new_time_never(sums: Path) -> None:
    add(sums, "--on-data-change")
    with serving(sums):
        (sums / "data.csv").write_text("5\n6\n")
        wait_for(lambda: len(ended(sums, "sums")) == 1)
        assert (sums / "total.txt").read_text() == "11"
        os.utime(sums / "data.csv", (1, 1))
        (sums / "data.csv").write_text("5\n6\n")
        (sums / "data.new").write_text("7\n")
        os.replace(sums / "data.new", sums / "data.csv")
        wait_for(lambda: len(ended(sums, "sums")) == 2)
    assert [each.cause for each in read_history(sums, "sums")] == ["data", "data"]
    assert (sums / "total.txt").read_text() == "7"
    (sums / "data.csv").write_text("8\n")  # while nobody serves
    with serving(sums):
        wait_for(lambda: len(ended(sums, "sums")) == 3)
    assert (sums / "total.txt").read_text() == "8"


def test_kill_9_loses_no_record_and_the_schedule_goes_on(sums: Path) -> None:
    add(sums, "--every", "2s")
    for kill_after in (0.3, 1.1, 2.7, 4.0):
        with subprocess.Popen([*JREPRO, "schedule", "serve", "--quiet"], cwd=sums) as server:
            wait_for(lambda: server_of(sums))
            time.sleep(kill_after)
            server.kill()
    before = len(ended(sums, "sums"))
    with serving(sums):
        wait_for(lambda: len(ended(sums, "sums")) >= before + 2)
    wait_for(lambda: not kernels(sums))
    for line in (home_of(sums, "sums") / "history.jsonl").read_bytes().splitlines():
        assert json.loads(line)
    found = [each for each in read_history(sums, "sums") if each.verdict != "skipped"]
    assert all(each.is_good or each.verdict == "cancelled" for each in found)  # a turn outlives its server
    runs = {each.run for each in found if each.is_good}
    assert all((sums / ".jrepro/runs" / str(run) / "sums.ipynb").is_file() for run in runs)


def test_a_killed_turn_is_seen_as_killed(sums: Path) -> None:
    add(sums, "--every", "6h", "-p", "pause", "600")
    with subprocess.Popen([*JREPRO, "schedule", "run-now", "sums"], cwd=sums, stderr=subprocess.DEVNULL) as turn:
        run = wait_for(lambda: psutil.Process(turn.pid).children())[0]
        wait_for(lambda: [each.verdict for each in read_history(sums, "sums")] == ["running"])
        turn.kill()
        turn.wait()
        refused = jrepro(sums, "schedule", "run-now", "sums")  # what it ran goes on, and nothing may overlap
        assert (refused.returncode, "runs already" in refused.stderr) == (2, True)
        run.kill()
    wait_for(lambda: [each.verdict for each in read_history(sums, "sums")] == ["killed"])
    wait_for(lambda: not kernels(sums))


@contextmanager
def serving_here(project: Path) -> Iterator[Server]:
    """In this process, whose clock can be moved."""
    server = Server(project, workers=2)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.scheduler.running)
        yield server
    finally:
        server.stop.set()
        thread.join()


def next_due(server: Server) -> str:
    return server.state().next["nightly"]


def test_what_was_missed_is_caught_up_once(project: Path) -> None:
    """After a week without a server, and after one in which the machine slept."""
    moment = datetime(2026, 3, 23, 4, 59, 30, tzinfo=timezone.utc)
    schedule = Schedule(
        name="nightly", pipeline="gone", created="2026-03-01T00:00:00Z", cron="0 6 * * *", timezone="Europe/Berlin"
    )
    (project / ".jrepro/schedules").mkdir()
    write_schedule(project, schedule)
    with time_machine.travel(moment, tick=True), serving_here(project) as server:
        wait_for(lambda: server.state().next)
        assert next_due(server) == "2026-03-23T05:00:00Z"
    later = time_machine.travel(moment + timedelta(days=7, hours=3), tick=True)
    with later as traveller, serving_here(project) as server:
        wait_for(lambda: len(ended(project, "nightly")) == 1)
        assert next_due(server) == "2026-03-31T04:00:00Z"  # summer has begun
        traveller.move_to(moment + timedelta(days=14, hours=3))
        wait_for(lambda: len(ended(project, "nightly")) == 2)
        wait_for(lambda: next_due(server) == "2026-04-07T04:00:00Z")
    assert [each.verdict for each in read_history(project, "nightly")] == ["refused", "refused"]


def test_a_schedule_that_is_paused_is_not_caught_up(project: Path) -> None:
    moment = datetime(2026, 3, 23, 4, 59, 30, tzinfo=timezone.utc)
    schedule = Schedule(name="nightly", pipeline="gone", created="2026-03-01T00:00:00Z", cron="0 6 * * *")
    (project / ".jrepro/schedules").mkdir()
    write_schedule(project, schedule)
    with time_machine.travel(moment, tick=True), serving_here(project) as server:
        wait_for(lambda: server.state().next)
        assert jrepro(project, "schedule", "pause", "nightly").returncode == 0
        wait_for(lambda: not server.state().next)
    with time_machine.travel(moment + timedelta(days=7, hours=3), tick=True), serving_here(project) as server:
        assert jrepro(project, "schedule", "resume", "nightly").returncode == 0
        wait_for(lambda: server.state().next)
        assert next_due(server) == "2026-03-31T06:00:00Z"
    assert read_history(project, "nightly") == []


def test_without_its_packages_it_names_them(sums: Path) -> None:
    code = "import sys; sys.modules['apscheduler'] = None; from jupyter_repro.cli.main import main; sys.exit(main())"
    command = [JREPRO[0], "-c", code, "schedule", "serve"]
    done = subprocess.run(command, cwd=sums, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert 'Type `pip install "jupyter-repro[schedule]"`.' in done.stderr


def test_systemd_units(sums: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # no systemd answers there
    add(sums, "--cron", "0 6 13 * 1-5", "--timezone", "Europe/Berlin", "--name", "nightly")
    done = jrepro(sums, "schedule", "install", "nightly", "--to", "systemd")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "home/.config/systemd/user"
    (service,) = folder.glob("jrepro-nightly-*.service")
    timer = service.with_suffix(".timer").read_text()
    assert (
        "OnCalendar=*-*-13 06:00:00 Europe/Berlin\nOnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 06:00:00 Europe/Berlin" in timer
    )
    assert "Persistent=true" in timer
    assert f"WorkingDirectory={sums}\n" in service.read_text()
    if shutil.which("systemd-analyze"):
        times = [line.partition("=")[2] for line in timer.splitlines() if line.startswith("OnCalendar=")]
        assert subprocess.run(["systemd-analyze", "calendar", *times], capture_output=True, check=False).returncode == 0
    assert "systemd" in jrepro(sums, "schedule", "list").stdout
    assert jrepro(sums, "schedule", "uninstall", "nightly").returncode == 0
    assert list(folder.iterdir()) == []


def test_a_crontab_line(sums: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By a crontab that keeps its table in a file; the line is run as cron would."""
    table, program = tmp_path / "table", tmp_path / "bin/crontab"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nif [ "$1" = -l ]; then cat "{table}"; else cat > "{table}"; fi\n')
    program.chmod(0o755)
    table.write_text("1 2 3 4 5 true\n")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    add(sums, "--every", "6h")
    assert jrepro(sums, "schedule", "install", "sums", "--to", "cron").returncode == 0
    first, line = table.read_text().splitlines()
    assert (first, line.startswith("0 */6 * * * ")) == ("1 2 3 4 5 true", True)
    subprocess.run(["sh", "-c", line.removeprefix("0 */6 * * * ").replace("\\%", "%")], cwd="/", check=True)
    assert [(each.cause, each.is_good) for each in read_history(sums, "sums")] == [("due", True)]
    assert jrepro(sums, "schedule", "remove", "sums").returncode == 0
    assert table.read_text() == "1 2 3 4 5 true\n"
    add(sums, "--every", "7h")
    refused = jrepro(sums, "schedule", "install", "sums", "--to", "cron")
    assert (refused.returncode, "cron can't say every" in refused.stderr) == (2, True)


def test_sigterm_ends_what_runs(sums: Path) -> None:
    add(sums, "--every", "1s", "-p", "pause", "600")
    with serving(sums) as server:
        wait_for(lambda: [each.verdict for each in read_history(sums, "sums")][:1] == ["running"])
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    assert next(each for each in read_history(sums, "sums")).verdict == "cancelled"
    wait_for(lambda: not kernels(sums))
