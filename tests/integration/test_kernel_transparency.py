"""What a user would notice of a recording: nothing. And what interrupts, threads and tasks leave in the record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import answer, jrepro
from recorded_kernels import LOAD, Recorded, recorded

from jupyter_repro.errors import RunFailed, UsageError


@pytest.fixture
def kernel(project: Path) -> Iterator[Recorded]:
    with recorded(project) as kernel:
        yield kernel


# --- leaving no trace -------------------------------------------------------------------------------------------------

# All that a recording replaces or registers, by identity; `Random` and numpy are what draws entropy.
STATE = """
import asyncio, builtins, gc, io, os, random, sys, threading, uuid
import numpy, numpy.random
def state():
    shell = get_ipython()
    kernel = shell.kernel
    return {
        "hooks": {name: list(map(repr, found)) for name, found in shell.events.callbacks.items()},
        "kernel": sorted(set(vars(kernel)) - {"shell_parent"}),
        "session": sorted(vars(kernel.session)),
        "import": list(map(repr, (*sys.meta_path, *sys.path_hooks, *sys.path))),
        "sys": list(map(repr, (sys.displayhook, sys.excepthook, sys.unraisablehook))),
        "streams": list(map(repr, (sys.stdout, sys.stderr, sys.stdin))),
        "open": list(map(repr, (builtins.open, builtins.__import__, os.open, io.open, os.urandom))),
        "random": list(map(repr, (random.seed, random.Random, random.Random.seed, random.Random.__init__))),
        "numpy": list(map(repr, (numpy.random.seed, numpy.random.default_rng, numpy.random.bit_generator.randbits))),
        "uuid": list(map(repr, (uuid.uuid4, uuid.os.urandom))),
        "gc": list(map(repr, gc.callbacks)),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "magics": sorted(shell.magics_manager.magics["line"]),
        "names": sorted(name for name in globals() if name.strip("_i0123456789")),
        "trace": list(map(repr, (sys.gettrace(), sys.getprofile(), threading.gettrace()))),
    }
"""


def test_stop_puts_everything_back_and_unloading_takes_the_magic_away(kernel: Recorded) -> None:
    def state() -> object:
        return json.loads(kernel.run("import json; print(json.dumps(state()))").text)

    kernel.run(STATE)
    before = state()
    assert kernel.run(LOAD).text == ""
    for _ in range(2):
        kernel.run("%repro start")
        kernel.run("x = random.random(), numpy.random.default_rng().random(), uuid.uuid4()\nimport colorsys")
        kernel.run("%repro stop")
    kernel.run("del x, colorsys")
    kernel.run("%unload_ext jupyter_repro")
    after = state()
    assert after == before

    assert "Line magic function `%repro` not found" in kernel.run("%repro start").text
    assert "Recording" in kernel.start().text
    assert "Stopped session" in kernel.run("%unload_ext jupyter_repro").text
    assert state() == before


def test_what_others_put_over_our_hooks_stays(kernel: Recorded) -> None:
    kernel.start()
    kernel.run(
        "kernel = get_ipython().kernel\nours = kernel.session.send\ncalls = []\n"
        "def send(*args, **kwargs):\n    calls.append(1)\n    return ours(*args, **kwargs)\n"
        "kernel.session.send = send"
    )
    kernel.run("%repro stop")
    assert (
        kernel.run("before = len(calls)\nprint('shown', flush=True)\nprint(len(calls) > before)").text
        == "shown\nTrue\n"
    )


# --- the user's own run -----------------------------------------------------------------------------------------------

SPECIAL = (
    "__eq__ __hash__ __repr__ __str__ __bool__ __len__ __iter__ __next__ __contains__ __getattr__ __getitem__ __call__"
    " __index__ __int__ __float__ __format__ __bytes__ __fspath__ __array__ __enter__ __lt__ __dir__ __sizeof__ __get__"
    " __copy__ __deepcopy__ __reduce__ __reduce_ex__ __getstate__ __getnewargs__ __getnewargs_ex__ _repr_html_"
    " _repr_mimebundle_ _ipython_display_ keys values items get append"
)
MISBEHAVING = f"""
import collections, threading
called = collections.Counter()
def noted(name):
    def method(self, *args, **kwargs):
        called[name] += 1
        print("called", name)
        raise SystemExit(name)
    return method
methods = {{name: noted(name) for name in "{SPECIAL}".split()}}
pretends = {{"__class__": property(noted("__class__"))}}
kinds = [list, tuple, set, frozenset, dict, int, str, float, bytes, Exception]
kinds += [collections.deque, collections.OrderedDict]
checks = {{name: noted(name) for name in ("__instancecheck__", "__subclasscheck__")}}
def make():
    made = [object.__new__(type("Plain", (), methods | pretends))]
    made.append(object.__new__(type("Hidden", (), methods | {{"__dict__": property(noted("__dict__"))}})))
    made.append(object.__new__(type("Closed", (), {{"__getattribute__": noted("__getattribute__")}})))
    made.append(object.__new__(type("Slots", (), methods | {{"__slots__": ("a", "__b")}})))
    made.append(object.__new__(type("Thread", (threading.Thread,), methods)))
    made += [kind.__new__(type("Odd", (kind,), methods | pretends)) for kind in kinds]
    made.append(type("Meta", (type,), checks)("M", (), {{}}))
    made += [object.__new__(type("Nowhere", (), {{"__module__": module}})) for module in (5, None, "", "no.where")]
    made.append(object.__new__(type("Slot", (), {{"__slots__": ("__module__",)}})))
    return made
"""
# Each prints what a plain kernel prints, whatever is asked behind its back.
SAME = [
    MISBEHAVING,
    "objects = make()\na, *others = objects\nby_name = {'a': a, 'all': objects}",
    "object.__setattr__(a, 'x', [1, 2])\nlist.append(others[4], a)",
    "def uses(): return a, others, by_name\nz = uses()",
    "import numpy, pandas\narray = numpy.empty(2, dtype=object)\narray[1] = a",
    "frame = pandas.DataFrame({'c': [1, 2]})",
    "frame['o'] = [1, 2]\ntuple(map(type, (a, *others)))\npass",
    "class Odd(Exception):\n    def __str__(self): called['str'] += 1; return 'message'",
    "raise Odd",
    "import datetime\nclass Zone(datetime.tzinfo):\n    def utcoffset(self, moment): called['zone'] += 1",
    "now = datetime.datetime(2020, 1, 1, tzinfo=Zone())",
    "class Path:\n    def __fspath__(self): called['path'] += 1; return 'data.txt'",
    "import os\nopen(Path(), 'w').close()\nopen(Path()).close()\nos.remove(Path())",
    "del a, others, z, array, frame, now\nfor odd in objects: pass",
    "print(sorted(called.items()))",
    # memory
    "import gc, sys, weakref\ngc.collect(); gc.disable()",
    "log = []\nclass Big:\n    def __del__(self): log.append('gone')",
    "x = Big(); x.data = bytearray(1 << 20); inner = weakref.ref(x)\nholder = [Big(), {'k': Big()}]",
    "print(list(map(sys.getrefcount, (x, holder, holder[0]))), gc.get_referrers(holder[1]) == [holder])",
    "del x\nprint(inner() is None, log)",
    "holder.pop(0)\nprint(log)",
    "del holder\nprint(log)",
    "array = numpy.zeros(1 << 18); seen = weakref.ref(array); view = array[1:]",
    "del array, view\nprint(seen() is None)",
    "class Gone: data = bytearray(1 << 20)\nkind = weakref.ref(Gone); one = Gone()",
    "del Gone, one\ngc.collect(); gc.collect()\nprint(kind() is None)",
    "gc.enable()",
    # names, output, errors
    "globals()[5] = 'not a name'\nprint(len([name for name in globals() if type(name) is not str]))",
    "import warnings\nwarnings.simplefilter('always')\nimport itertools\ncounter = itertools.count()",
    "next(counter), print(next(counter))",
    "from contextlib import redirect_stdout\nimport io",
    "with redirect_stdout(io.StringIO()) as out: print('kept')\nprint(out.getvalue())",
    "sys.setrecursionlimit(150)\ndeep = []\nfor number in range(5000): deep = [deep]",
    "print(len(deep))",
    "sys.setrecursionlimit(3000)",
    "_ + 1",
    "40 + 2",
    "print(_ + 1, Out[max(Out)], In[-1])",
    "%reset -f",
    "sorted(name for name in globals() if not name.startswith('_'))",
]


def test_cells_show_what_they_show_in_a_plain_kernel(tmp_path: Path) -> None:
    plain, watched = (list(shown_by(tmp_path / name, name == "watched")) for name in ("plain", "watched"))
    assert watched == plain
    assert "[('path', 3), " in plain[SAME.index("print(sorted(called.items()))")]


def shown_by(folder: Path, watched: bool) -> Iterator[str]:
    with recorded(folder) as kernel:
        kernel.run("%xmode Minimal")
        kernel.start() if watched else kernel.run(LOAD)
        for number, cell in enumerate(SAME):
            yield kernel.run(cell).text
            if watched and number % 6 == 0:  # what is done when the kernel is idle: all values are looked at
                assert kernel.kernel.run("get_ipython().run_line_magic('repro', 'status')", silent=True).status == "ok"
        if watched:
            assert kernel.recording().session.incomplete is None


# --- interrupts, threads, tasks ---------------------------------------------------------------------------------------

INTERRUPTED = {
    "sleeping": "seen.append('{}')\nimport time\ntime.sleep(600)",
    "awaiting": "seen.append('{}')\nimport asyncio\nawait asyncio.sleep(600)",
    "in a loop": "seen.append('{}')\nwhile True: pass",
    "in a loop in C": "seen.append('{}')\nimport time\nlist(map(time.sleep, [0.01] * 100_000))",
    "in a child": "seen.append('{}')\n!sleep 600",
}


def test_interrupted_cells_are_recorded_as_far_as_they_came(kernel: Recorded) -> None:
    kernel.start()
    kernel.run("seen = []")
    for name, source in INTERRUPTED.items():
        with pytest.raises(RunFailed, match="timeout"):
            kernel.kernel.run(source.format(name), timeout=0.5)
        assert kernel.run("print(seen[-1])").text == f"{name}\n"
    with pytest.raises(UsageError, match="no answer"):
        kernel.run("seen.append('asking'); input('? ')")

    recording = kernel.recording()
    cut = recording.executions[1::2]
    expected = ["interrupted"] * 6
    if cut[4].status == "ok":  # the shell's child heeds the interrupt, and the cell ends as if it had not come
        expected[4] = "ok"
    assert [execution.status for execution in cut] == expected
    assert all("seen" in execution.mutated and execution.observed for execution in cut)
    assert recording.session.incomplete is None


THREAD = """
import threading
data, go = [], threading.Event()
def work():
    go.wait()
    data.append(1)
    print('from the thread')
thread = threading.Thread(target=work)
thread.start()
"""
TASK = """
import asyncio
found = []
async def work_on():
    await asyncio.sleep(0.05)
    found.append(1)
task = asyncio.create_task(work_on())
"""


def test_what_threads_and_tasks_change_later_belongs_to_their_starter(kernel: Recorded, project: Path) -> None:
    kernel.start()
    for source in (THREAD, "x = 1", "go.set(); thread.join()", "y = 2", TASK, "await asyncio.sleep(0.2)", "z = 3"):
        assert kernel.run(source).reply.status == "ok"
    recording = kernel.recording()

    def kept(target: str) -> list[int]:
        found = answer(jrepro(project, "slice", recording.session.id, "-t", target, "--json"))
        return [each["ordinal"] for each in found["kept"]]

    assert kept("data") == [1, 3]
    assert kept("found") == [5, 6]
    assert kept("y") == [4]
    assert all("from the thread" not in str(each.outputs) for each in recording.executions if each.ordinal in (2, 4))


BESIDE = """
import threading
ran = threading.Thread(target=lambda: get_ipython().run_cell('beside = 1'))
ran.start(); ran.join()
after = beside
"""


def test_a_cell_in_a_thread_of_its_own_is_on_record_as_not_observed(kernel: Recorded, project: Path) -> None:
    kernel.start()
    kernel.run("x = 1")
    assert kernel.run(BESIDE).reply.status == "ok"
    kernel.run("y = after")
    recording = kernel.recording()

    assert [(e.ordinal, e.source, e.status) for e in recording.executions] == [
        (1, "x = 1", "ok"),
        (2, BESIDE, "ok"),
        (3, "beside = 1", "unobserved"),
        (4, "y = after", "ok"),
    ]
    assert (recording.session.incomplete, recording.problems) == (None, ())
