"""What a recorded session holds: one kernel runs the cells of every case, one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from recorded_kernels import Ran, recorded

from jupyter_repro import objects
from jupyter_repro.capture.fingerprint import fingerprint
from jupyter_repro.model import CellExecution, Recording

pytestmark = pytest.mark.xdist_group("recorder")

SECRET = "hunter2-hunter2"
PASSWORD = "swordfish"


@dataclass(frozen=True)
class Case:
    """Cells, what the record of the last one holds, and the answers that it gets."""

    name: str
    cells: tuple[str, ...]
    expected: dict[str, Any]
    answers: tuple[str, ...] = ()


def case(name: str, *cells: str, answers: tuple[str, ...] = (), **expected: Any) -> Case:
    return Case(name, cells, {"status": "ok", **expected}, answers)


def failing(name: str, *cells: str, **expected: Any) -> Case:
    return Case(name, cells, {"status": "error", **expected})


CASES = [
    # names
    case("binds", "a = 1\nb: int = 2", bound=("a", "b")),
    case("rebinds", "a = 2", rebound=("a",), bound=()),
    case("stores the same value", "b = 2", rebound=(), bound=()),
    case("deletes", "gone = 1", "del gone", deleted=("gone",)),
    case("deletes and binds anew", "again = [1]", "del again; again = 'x'", rebound=("again",), deleted=()),
    case("mutates", "m = [1]\nalias = {'k': m}", "alias['k'].append(a)", mutated=("alias",), names_read=("a", "alias")),
    case("only reads", "len(m) + m[0]", mutated=(), bound=(), names_read=("m",)),
    case("binds behind the text", "globals()['hidden'] = 5", bound=("hidden",)),
    # what goes wrong
    failing("fails half-way", "m.append(9)\nhalf = 1\n1 / 0\nhalf = 2", mutated=("m",), bound=("half",)),
    failing("has a syntax error", "syntax = 1\ndef broken(:", bound=()),
    failing("is refused before it runs", "return 5", bound=()),
    failing("raises in a function", "def fail():\n    raise KeyError('k')\nfail()", bound=("fail",)),
    failing("leaves by sys.exit", "import sys\nsys.exit(3)", bound=("sys",)),
    failing("uses a magic that isn't there", "%no_such_magic", bound=()),
    # await, magics, shell
    case("awaits", "import asyncio\nawait asyncio.sleep(0)\nw = 1", bound=("asyncio", "w")),
    failing("fails in await", "async def co():\n    raise OSError('x')\nawait co()", bound=("co",)),
    case("is timed", "%%time\ntimed = 1", bound=("timed",)),
    case("is timed often", "%timeit -n2 -r1 a + 1", bound=()),
    case("is captured", "%%capture kept\nprint('hidden')\nc = 2", bound=("c", "kept"), outputs=()),
    case("runs a script", "%run script.py", bound=("from_script",), files={"script.py": "read"}),
    case("runs the shell", "!echo made > made.txt", bound=(), files={"made.txt": "write"}),
    case("keeps what the shell says", "lines = !cat data.txt", bound=("lines",)),
    case("is a shell script", "%%bash\nprintf 2 > two.txt", files={"two.txt": "write"}),
    case(
        "runs cells inside of itself",
        "get_ipython().run_cell('inner = 1')\nget_ipython().run_cell(' ')\nouter = 1",
        bound=("inner", "outer"),
    ),
    # questions
    case("asks", "name = input('name? ')", answers=("Ada",), bound=("name",)),
    case("asks twice", "pair = input(), input()", answers=("x", "y"), bound=("pair",)),
    case(
        "asks for a password",
        "import getpass\nsecret = getpass.getpass()\nlogin = {'user': 'Ada', 'key': secret, 'port': 1.5}",
        answers=(PASSWORD,),
        bound=("getpass", "login", "secret"),
    ),
    # files
    case("reads a file", "data = open('data.txt').read()", files={"data.txt": "read"}, bound=("data",)),
    case("writes a file", "with open('out.txt', 'w') as f: f.write('out')", files={"out.txt": "write"}),
    case("changes a file", "with open('out.txt', 'r+') as f: f.read()", files={"out.txt": "read+write"}),
    case("deletes a file", "import os\nos.remove('out.txt')", files={"out.txt": "delete"}),
    case("lists a folder", "import os\nlisted = os.listdir()", bound=("listed",)),
    case("imports a module", "import mine", bound=("mine",)),
    # state beside names
    case("draws", "import random\nr = random.random()", random=["random"]),
    case("draws from numpy", "import numpy\nr = numpy.random.rand()", random=["numpy"]),
    case("seeds", "random.seed(3)", random=["random"]),
    case("sets a variable", "os.environ['MINE'] = os.environ['TOKEN']", ambient=[("env", "MINE")]),
    case("changes directory", "os.chdir('folder')", ambient=[("cwd", "*")]),
    case("changes it by a magic", "%cd -q ..", ambient=[("cwd", "*")]),
    # what is shown
    case("prints", "import sys\nprint('one')\nprint('two', file=sys.stderr)\nprint('three')", bound=()),
    case("shows and gives", "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))\n[1, 2]"),
    case("clears", "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('stays')"),
    case("clears later", "print('gone')\nclear_output(wait=True)\nprint('stays')"),
    case("updates", "h = display('first', display_id='d')\nh.update('second')"),
    case("prints much", "for i in range(3000): print(i, flush=i % 100 == 0)"),
    case("prints from a child", "!echo child"),
    case("sets an option", "import warnings\nwarnings.simplefilter('ignore')", bound=("warnings",)),
]


@dataclass
class Session:
    """The recorded session of all cases, and what their cells showed."""

    project: Path
    recording: Recording
    ran: list[Ran]
    last: dict[str, int]  # case -> ordinal of its last cell

    def __getitem__(self, name: str) -> CellExecution:
        return self.recording.executions[self.last[name] - 1]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    project = tmp_path_factory.mktemp("project")
    (project / "folder").mkdir()
    for name, text in (("data.txt", "data\n"), ("script.py", "from_script = 1\n"), ("mine.py", "x = 1\n")):
        (project / name).write_text(text)
    with recorded(project, env={"TOKEN": SECRET}) as kernel:
        kernel.start("--notebook explored.ipynb --seed 5")
        ran, last = [], {}
        for each in CASES:
            for cell in each.cells:
                kernel.kernel.run("1 + 1", silent=True)
                kernel.run(" \n")
                ran.append(kernel.run(cell, cell_id=f"cell-{len(ran) + 1}", answers=each.answers))
            last[each.name] = len(ran)
        recording = kernel.recording()
        kernel.run("%repro stop")
        yield Session(project, recording, ran, last)


@pytest.mark.parametrize("each", [pytest.param(each, id=each.name) for each in CASES])
def test_a_cell_that(session: Session, each: Case) -> None:
    execution = session[each.name]
    seen = {
        **{name: getattr(execution, name, None) for name in each.expected},
        "files": {file.path: file.mode for file in execution.files if file.path in each.expected.get("files", ())},
        "random": [state.library for state in execution.random],
        "ambient": [(change.group, change.key) for change in execution.ambient],
    }
    assert {name: seen[name] for name in each.expected} == each.expected
    assert execution.source == each.cells[-1]
    assert execution.answers == (each.answers if PASSWORD not in each.answers else ())
    assert execution.incomplete is None


@pytest.mark.parametrize("name", [each.name for each in CASES])
def test_outputs_are_kept_as_the_front_end_saw_them(session: Session, name: str) -> None:
    execution, ran = session[name], session.ran[session.last[name] - 1]
    assert kept_outputs(session.project, execution) == as_a_notebook_has_them(ran)
    assert [output.kind for output in execution.outputs] == [
        each["output_type"] for each in as_a_notebook_has_them(ran)
    ]


def kept_outputs(project: Path, execution: CellExecution) -> list[Any]:
    if execution.outputs_object is not None:
        return list(json.loads(objects.get(project, execution.outputs_object)))
    return list(json.loads(execution.outputs_json or "[]"))


def as_a_notebook_has_them(ran: Ran) -> list[dict[str, Any]]:
    """The messages put together as a front end does it."""
    outputs: list[dict[str, Any]] = []
    clears = False
    for kind, content in ran.outputs:
        if clears or (kind == "clear_output" and not content["wait"]):
            outputs.clear()
        clears = kind == "clear_output" and content["wait"]
        last = outputs[-1] if outputs else {}
        if kind == "stream" and last.get("name") == content["name"]:
            last["text"] += content["text"]
        elif kind == "update_display_data":
            last["data"] = content["data"]
        elif kind != "clear_output":
            outputs.append({"output_type": kind, **{key: content[key] for key in content if key != "transient"}})
    return outputs


def test_everything_is_in_true_order_with_its_circumstances(session: Session) -> None:
    executions, started = session.recording.executions, session.recording.session
    assert [(e.ordinal, e.cell_id) for e in executions] == [(n, f"cell-{n}") for n in range(1, len(session.ran) + 1)]
    assert [e.execution_count for e in executions] == [ran.reply.execution_count for ran in session.ran]
    assert all(e.duration is not None and 0 <= e.duration < 60 for e in executions)
    for one, following in pairwise(executions):
        assert (one.started or "") <= (following.started or "")
        assert (one.peak_memory or 0) <= (following.peak_memory or 0)
    assert (started.notebook, started.cwd, started.seed, started.seed_given) == ("explored.ipynb", ".", 5, True)
    assert started.kernel.startswith("ipykernel ")
    assert started.environment is not None
    assert "TOKEN" in started.environment.environment_names
    assert (started.incomplete, session.recording.problems) == (None, ())


def test_errors_are_kept_as_they_were_shown(session: Session) -> None:
    errors = {name: session[name].error for name in session.last}
    assert {name: (error.name, error.message) for name, error in errors.items() if error is not None} == {
        "fails half-way": ("ZeroDivisionError", "division by zero"),
        "has a syntax error": ("SyntaxError", shown(session, "has a syntax error")),
        "is refused before it runs": ("SyntaxError", shown(session, "is refused before it runs")),
        "raises in a function": ("KeyError", "'k'"),
        "leaves by sys.exit": ("SystemExit", "3"),
        "uses a magic that isn't there": ("UsageError", "Line magic function `%no_such_magic` not found."),
        "fails in await": ("OSError", "x"),
    }


def shown(session: Session, name: str) -> str | None:
    return session.ran[session.last[name] - 1].reply.error_message


def test_values_and_files_are_known_by_content(session: Session) -> None:
    values = {"binds": {"a": 1, "b": 2}, "asks": {"name": "Ada"}, "asks twice": {"pair": ("x", "y")}}
    for name, bindings in values.items():
        assert {key: value.digest for key, value in session[name].values.items()} == {
            key: fingerprint(value).digest for key, value in bindings.items()
        }
    (read,) = session["reads a file"].files
    assert (read.digest, read.size) == (sha256(b"data\n").hexdigest(), 5)
    (written,) = [file for file in session["runs the shell"].files if file.path == "made.txt"]
    assert (written.digest, written.by) == (sha256(b"made\n").hexdigest(), "child")
    assert [(module.name, module.path) for module in session.recording.session.modules] == [("mine", "mine.py")]


def test_the_namespace_at_the_end(session: Session) -> None:
    namespace = session.recording.namespace
    assert {"a", "half", "hidden", "inner", "from_script", "w"} <= namespace.keys()
    assert not {"gone", "syntax"} & namespace.keys()
    value = namespace["m"].value
    assert value is not None
    assert value.summary == "[1, 2, 9]"


def test_no_value_of_an_environment_variable_is_kept(session: Session) -> None:
    kept = [path for path in (session.project / ".jrepro").rglob("*") if path.is_file()]
    assert len(kept) > 2
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]


def test_no_password_is_kept(session: Session) -> None:
    kept = [path for path in (session.project / ".jrepro").rglob("*") if path.is_file()]
    assert len(kept) > 2
    assert [path for path in kept if PASSWORD.encode() in path.read_bytes()] == []
    login = session.recording.namespace["login"].value
    assert login is not None
    assert (login.summary, login.exact) == ("(holds a password)", False)
