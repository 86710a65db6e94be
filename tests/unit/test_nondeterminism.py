"""What isn't deterministic in a slice, by its texts and its record, and whether the target may hold it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pipeline_sessions import keep, recording

from jupyter_repro.model import Access, Environment, FileAccess, Nondeterminism, Output, Target
from jupyter_repro.pipeline.nondeterminism import nondeterminism

CELLS = ["import time, os, glob, uuid, secrets, datetime\nfrom pathlib import Path\nimport pandas as pd, numpy as np"]
# Text of the second cell -> (kind, detail, whether `result` may hold it).
CASES: list[tuple[str, list[tuple[str, str, bool]]]] = [
    ("result = time.time()", [("clock", "time.time()", True)]),
    ("from datetime import datetime as dt\nresult = dt.now()", [("clock", "dt.now()", True)]),
    ("from datetime import date\nresult = f'{date.today():%Y}'", [("clock", "date.today()", True)]),
    ("now = datetime.datetime.utcnow\nresult = now()", [("clock", "now()", True)]),
    ("result = pd.Timestamp.now()", [("clock", "pd.Timestamp.now()", True)]),
    ("result = pd.to_datetime('today')", [("clock", "pd.to_datetime('today')", True)]),
    ("result = pd.Timestamp('2020'), np.datetime64('2020')", []),
    ("result = np.datetime64('now')", [("native clock", "np.datetime64('now')", True)]),
    ("result = time.strftime('%Y')", [("clock", "time.strftime()", True)]),
    ("result = time.strftime('%Y', time.gmtime(0))", []),
    ("result = list(map(datetime.datetime.fromtimestamp, [0]))", []),
    ("result = dict(default_factory=time.time)", [("clock", "time.time", True)]),
    # Times that only measure; and differences that don't.
    ("t0 = time.time()\nresult = 1\nprint(time.time() - t0)", [("timer", "time.time()", False)]),
    ("t0 = time.perf_counter()\nresult = time.perf_counter() - t0", [("timer", "time.perf_counter()", True)]),
    (
        "for i in range(3):\n    t = time.monotonic()\n    result = i\n    print(time.monotonic() - t)",
        [("timer", "time.monotonic()", False)],
    ),
    (
        "now = datetime.datetime.now()\nresult = now - datetime.timedelta(7)",
        [("clock", "datetime.datetime.now()", True)],
    ),
    ("result = time.time() - 3600", [("clock", "time.time()", True)]),
    ("%time result = 5", [("timer", "%time", False)]),
    ("%%time\nresult = time.time()", [("clock", "time.time()", True), ("timer", "%%time", False)]),
    ("stamp = !date +%s\nresult = 1", [("native clock", "date in !date +%s", False)]),
    ("!echo $(date)", [("native clock", "date in !echo $(date)", False)]),
    ("!echo date", []),
    # Through functions, classes, containers, branches and loops.
    ("def stamp():\n    return time.time()\nresult = [stamp()]", [("clock", "time.time() in stamp", True)]),
    ("def stamp():\n    return time.time()\nresult = 1", []),
    ("stamp = time.time()\nstamp = 1\nresult = stamp", [("clock", "time.time()", False)]),
    ("result = []\nresult.append(time.time())", [("clock", "time.time()", True)]),
    ("result = {}\nresult['at'] = time.time()", [("clock", "time.time()", True)]),
    ("result = 1\nif time.time() > 5:\n    result = 2", [("clock", "time.time()", True)]),
    ("x = []\nfor i in range(2):\n    result = x\n    x = [time.time()]", [("clock", "time.time()", True)]),
    # Listings, sets, and what loses their order.
    ("result = os.listdir('.')", [("listing", "os.listdir()", True)]),
    ("result = sorted(os.listdir('.')), len(list(Path('.').glob('*')))", []),
    ("result = sorted(p.name for p in Path('.').iterdir())", []),
    ("result = glob.glob('*')\nresult.sort()", []),
    ("result = [p for p in Path('.').rglob('*')]", [("listing", "Path('.').rglob()", True)]),
    ("result = list({'a', 'b'})", [("hash", "the order of {'a', 'b'}", True)]),
    ("s = set('ab')\nresult = [c for c in s]", [("hash", "the order of s", True)]),
    ("s = {'a'}\nresult = sorted(s), len(s), 'a' in s, list({1, 2})", []),
    ("result = hash('a')", [("hash", "hash()", True)]),
    # The rest.
    (
        "from concurrent.futures import as_completed\nresult = list(as_completed([]))",
        [("worker", "as_completed()", True)],
    ),
    ("result = list(pool.imap_unordered(len, 'ab'))", [("worker", "pool.imap_unordered()", True)]),
    ("result = uuid.uuid1(), uuid.uuid4()", [("uuid1", "uuid.uuid1()", True)]),
    ("result = id([])", [("address", "id()", True)]),
    ("id = 5\nresult = id", []),
    ("result = secrets.token_hex(4)", [("secrets", "secrets.token_hex()", True)]),
    ("result = os.getpid()", [("process", "os.getpid()", True)]),
    ("result = 1 +", []),
]


def found(*cells: str | dict[str, Any], hash_seed: str | None = None, **slices: Any) -> list[tuple[str, str, bool]]:
    given = recording(*cells)
    environment = Environment(
        python="3.11", implementation="cpython", platform="linux", machine="x86_64", hash_seed=hash_seed
    )
    given = replace(given, session=replace(given.session, environment=environment))
    return [(each.kind, each.detail, each.matters) for each in nondeterminism(given, keep(given, **slices))]


@pytest.mark.parametrize(("cell", "expected"), CASES, ids=[cell for cell, _ in CASES])
def test_what_a_text_reads(cell: str, expected: list[tuple[str, str, bool]]) -> None:
    assert found(*CELLS, cell) == expected


def test_the_order_of_texts_is_fixed_by_the_hash_seed() -> None:
    assert found("result = list({'a', 'b'})", hash_seed="0") == []
    assert found("result = list({'a', 'b'})", hash_seed="random") != []


def test_who_reads_it_is_who_calls() -> None:
    given = recording("import time\ndef stamp():\n    return time.time()", "x = 1", "result = stamp()")
    use = Nondeterminism(kind="clock", ordinal=3, detail="time.time() in stamp")
    assert nondeterminism(given, keep(given)) == (use,)


def test_it_goes_through_files_and_outputs() -> None:
    wrote = FileAccess(path="now.txt", mode="write", digest="0" * 64)
    writing = {"source": "import time\nopen('now.txt', 'w').write(str(time.time()))", "files": (wrote,)}
    reading = {"source": "text = open('now.txt').read()", "files": (replace(wrote, mode="read"),)}
    cells = (writing, reading, "result = text", "print(result)", "other = 1")
    given = recording(*cells)
    targets = [
        (Target(kind="expression", text="result"), True),
        (Target(kind="expression", text="other"), False),
        (Target(kind="file", text="now.txt"), True),
        (Target(kind="output", text="output of execution 4", ordinal=4), True),
        (Target(kind="output", text="output of execution 5", ordinal=5), False),
    ]
    for target, matters in targets:
        chosen = replace(keep(given), targets=(target,))
        assert [each.matters for each in nondeterminism(given, chosen)] == [matters], target


def test_what_a_magic_measures_is_shown_and_not_bound() -> None:
    timed = {"source": "%%time\nresult = 5", "rebound": ("result",)}
    assert found(timed) == [("timer", "%%time", False)]
    given = recording(timed)
    chosen = replace(keep(given), targets=(Target(kind="output", text="output of execution 1", ordinal=1),))
    assert [each.matters for each in nondeterminism(given, chosen)] == [True]


def test_default_reprs_and_functions_of_local_modules() -> None:
    shown = {"source": "thing", "outputs": (Output(kind="execute_result", text="<a.Thing object at 0x7f31c0aa>"),)}
    assert found(shown) == [("address", "<a.Thing object at 0x7f31c0aa>", False)]
    calling = {
        "source": "import helper\nresult = helper.stamp()",
        "reads": Access(names=("module helper",), objects=((3, 5),)),
        "rebound": ("result",),
    }
    given = replace(recording(calling), code={4: ("datetime", "now"), 9: ("perf_counter",)})
    assert nondeterminism(given, keep(given)) == (
        Nondeterminism(kind="clock", ordinal=1, detail="datetime.now in helper"),
    )
