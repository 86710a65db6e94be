"""What travels to workers: a worker that knows nothing of streams gets the bare function and gives the bare result."""

from __future__ import annotations

import multiprocessing.pool
import pickle
import random
import subprocess
import sys

from jupyter_repro.capture import tasks
from jupyter_repro.capture.entropy import Streams
from jupyter_repro.capture.entropy_sources import EntropySources


def loaded_elsewhere(thing: object) -> str:
    code = "import pickle, sys\nprint(pickle.load(sys.stdin.buffer))"
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(thing), capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_what_a_foreign_process_unpickles_is_bare() -> None:
    assert loaded_elsewhere(tasks.Task(len, "1 2.task0", ())) == "<built-in function len>"
    assert loaded_elsewhere(tasks.Result([1, 2], True)) == "[1, 2]"
    assert loaded_elsewhere({"streams": tasks.Boot("no code")}).startswith("{'streams': None}")


def test_a_task_that_runs_where_it_was_made_changes_nothing() -> None:
    sources = EntropySources(Streams(1))
    sources.start()
    try:
        random.seed(5)
        state = random.getstate()
        assert tasks.task(random.getstate)() == state
    finally:
        sources.stop()


def test_what_hands_tasks_out_is_put_back() -> None:
    before = dict(vars(multiprocessing.pool.Pool))
    sources = EntropySources(Streams(1))
    sources.start()
    assert vars(multiprocessing.pool.Pool)["apply_async"] is not before["apply_async"]
    sources.stop()
    assert dict(vars(multiprocessing.pool.Pool)) == before
    assert tasks.task(len) is len
