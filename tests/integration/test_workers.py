"""What workers draw without a seed, whichever worker takes which task: recorded again, proven, run by papermill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_randomness import SHOW, bare, digests, export, record, recorded_print, run_bare

__all__ = ["bare"]

HELPER = """
import random, uuid
import numpy as np
def draw(x=None):
    generators = [np.random.default_rng().random(), random.Random().random()]
    return [random.random(), np.random.rand(), *generators, str(uuid.uuid4())]
def seed():
    np.random.seed(5)
def send(queue):
    queue.put(draw())
"""
SNIPPETS = {
    "loky": "loky = Parallel(n_jobs=2)(delayed(mine)(i) for i in range(30))",
    "again": "again = Parallel(n_jobs=2)(delayed(mine)(i) for i in range(3))",
    "pool": "pool = Parallel(n_jobs=2, backend='multiprocessing')(delayed(mine)(i) for i in range(9))",
    "executor": "with ProcessPoolExecutor(2, mp_context=spawn) as pool_of_two:\n"
    "    futures = [pool_of_two.submit(helper.draw) for _ in range(6)]\n"
    "    executor = [each.result() for each in futures] + list(pool_of_two.map(helper.draw, range(5), chunksize=2))\n"
    "del futures",
    "spawned": "with spawn.Pool(2) as pool_of_two:\n"
    "    spawned = pool_of_two.map(helper.draw, range(9)) + [pool_of_two.apply(helper.draw)]\n"
    "    spawned += [*pool_of_two.imap(helper.draw, range(3)), *pool_of_two.imap(helper.draw, range(6), 2)]",
    "forked": "with multiprocessing.get_context('fork').Pool(3) as pool_of_three:\n"
    "    forked = pool_of_three.map(mine, range(30)) + pool_of_three.starmap(mine, [(1,), (2,)])",
    "process": "queue = spawn.Queue()\nchild = spawn.Process(target=helper.send, args=(queue,))\nchild.start()\n"
    "process = queue.get()\nchild.join()\ndel queue, child",
}
CELLS = [
    """
import multiprocessing, random, uuid, warnings
import numpy as np
import helper
from concurrent.futures import ProcessPoolExecutor
from joblib import Parallel, delayed
warnings.simplefilter('ignore')
spawn = multiprocessing.get_context('spawn')
def mine(i):
    return [i, random.random(), np.random.rand(), np.random.default_rng().random(), str(uuid.uuid4())]""",
    *SNIPPETS.values(),
    """with ProcessPoolExecutor(1, mp_context=spawn, initializer=helper.seed) as pool_of_one:
    seeded = [pool_of_one.submit(helper.draw).result()[1] for _ in range(2)]""",
    "squares = Parallel(n_jobs=2)(delayed(pow)(i, 2) for i in range(5))",
    SHOW.format(f"[{', '.join(SNIPPETS)}, seeded]"),
]


@pytest.mark.usefixtures("bare")
def test_tasks_draw_the_same_in_any_worker(project: Path, write_notebook: Any) -> None:
    (project / "helper.py").write_text(HELPER)
    write_notebook(CELLS)
    first, second = record(project), record(project)

    known = digests(first, [*SNIPPETS, "seeded"])
    assert known == digests(second, [*SNIPPETS, "seeded"])
    assert all(value and value[0] for value in known.values())
    shown = recorded_print(project, second)
    assert shown[-1] == [0.22199317108973948, 0.8707323061773764]  # of numpy's seed 5, which the user gave
    drawn = [number for group in shown[:-2] for draws in group for number in draws[1:]]
    assert len(set(drawn)) == len(drawn)
    assert second.executions[-2].entropy == ()  # tasks that draw nothing leave no trace in what is exported

    exported = export(project)
    assert exported["dropped"] == [len(CELLS) - 1]
    assert run_bare(project) == shown
    assert run_bare(project, seed=1)[0][0][1:] != shown[0][0][1:]


@pytest.mark.usefixtures("bare")
def test_what_workers_draw_depends_on_no_other_execution(project: Path, write_notebook: Any) -> None:
    (project / "helper.py").write_text(HELPER)
    write_notebook([CELLS[0], SNIPPETS["again"], SNIPPETS["loky"], SHOW.format("loky")])
    recording = record(project)
    assert export(project)["dropped"] == [2]
    assert run_bare(project) == recorded_print(project, recording)
