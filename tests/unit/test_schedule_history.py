"""History, locks and verdicts of schedules, without running anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_repro.errors import StorageError, UsageError
from jupyter_repro.schedule.history import LOG, Attempt, append, read_history
from jupyter_repro.schedule.locks import Held, holder_of, locked
from jupyter_repro.schedule.running import judge
from jupyter_repro.schedule.schedule import (
    RECORD,
    Schedule,
    check_name,
    home_of,
    list_schedules,
    read_schedule,
    remove_schedule,
    write_schedule,
)

MOMENT = "2026-01-01T00:00:00Z"
SCHEDULE = Schedule(name="nightly", pipeline="exported", created=MOMENT, cron="0 6 * * *", parameters={"a": "1"})
HOLD = "import sys; from pathlib import Path; from jupyter_repro.schedule.locks import locked\n"
HOLD += "with locked(Path(sys.argv[1]), {'pid': 7}): print('held', flush=True); sys.stdin.read()"


def test_a_schedule_is_read_as_it_was_written(project: Path) -> None:
    write_schedule(project, SCHEDULE)
    assert read_schedule(project, "nightly") == SCHEDULE
    assert (home_of(project, "nightly") / RECORD).stat().st_mode & 0o077 == 0
    remove_schedule(project, "nightly")
    assert list_schedules(project) == ([], [])
    with pytest.raises(UsageError, match="no schedule nightly"):
        remove_schedule(project, "nightly")


def test_one_that_cannot_be_read_hides_no_other(project: Path) -> None:
    write_schedule(project, SCHEDULE)
    broken = home_of(project, "broken")
    broken.mkdir()
    (broken / RECORD).write_text("{")
    found, problems = list_schedules(project)
    assert found == [SCHEDULE]
    assert [type(problem) for problem in problems] == [StorageError]


@pytest.mark.parametrize("name", ["", "..", "a/b", "-a", "a b", "ä", "a" * 65])
def test_bad_names(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)


def test_history_survives_a_torn_line(project: Path) -> None:
    write_schedule(project, SCHEDULE)
    done = Attempt(id="1", cause="due", started=MOMENT, ended=MOMENT, verdict="ok", exit_code=0)
    append(project, "nightly", done)
    log = home_of(project, "nightly") / LOG
    log.write_bytes(log.read_bytes() + b'{"id": "2", "ca')
    append(project, "nightly", Attempt(id="3", cause="due", started=MOMENT))
    found = read_history(project, "nightly")
    assert [(each.id, each.verdict) for each in found] == [("1", "ok"), ("3", "killed")]


def test_an_attempt_runs_while_somebody_holds_the_lock(project: Path) -> None:
    write_schedule(project, SCHEDULE)
    append(project, "nightly", Attempt(id="1", cause="due", started=MOMENT))
    append(project, "nightly", Attempt(id="2", cause="due", started=MOMENT))
    lock = home_of(project, "nightly") / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert [each.verdict for each in read_history(project, "nightly")] == ["killed", "running"]
        with pytest.raises(Held) as caught, locked(lock, {}):
            pass
        assert caught.value.holder == {"pid": 7}
        process.kill()
    assert holder_of(lock) is None
    assert [each.verdict for each in read_history(project, "nightly")] == ["killed", "killed"]


@pytest.mark.parametrize(
    ("exit_code", "out", "errors", "verdict", "reason"),
    [
        (0, '{"id": "r", "status": "ok"}', "", "ok", None),
        (0, '{"id": "r", "status": "ok", "verdict": "identical"}', "", "identical", None),
        (1, '{"id": "r", "status": "ok", "verdict": "different", "reasons": ["a", "b"]}', "", "different", "a; b"),
        (0, '{"id": "r", "status": "ok", "verdict": "drifted", "reasons": ["x"]}', "", "drifted", "x"),
        (3, '{"id": "r", "status": "failed", "error": "execution 4: E"}', "", "failed", "execution 4: E"),
        (3, "", "noise\nError: No kernel.\nType `x`.\n", "failed", "No kernel. Type `x`."),
        (2, "", "Error: a has no parameter b.\nType c.\n", "refused", "a has no parameter b. Type c."),
        (-9, "", "", "killed", "`jrepro run` was ended by signal 9"),
        (70, "[1]", "", "failed", "it said nothing"),
    ],
)
def test_verdicts(exit_code: int, out: str, errors: str, verdict: str, reason: str | None) -> None:
    found = judge(Attempt(id="1", cause="due", started=MOMENT), exit_code, out, errors)
    good = exit_code == 0 and verdict != "drifted"
    assert (found.verdict, found.reason, found.is_good) == (verdict, reason, good)
    assert found.run == ("r" if '"r"' in out else None)
    assert found.is_problem is not good


def test_reasons_hold_no_secrets() -> None:
    said: dict[str, Any] = {"status": "failed", "error": "no answer from https://me:hunter2@host/x?token=abcdef"}
    found = judge(Attempt(id="1", cause="due", started=MOMENT), 3, json.dumps(said), "")
    assert found.reason is not None
    assert "hunter2" not in found.reason
    assert "abcdef" not in found.reason
