"""Whatever straight-line program a session was: running the slice of a name again gives the name's value."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from live_sessions import replay

from jupyter_repro.capture import heap
from jupyter_repro.capture.fingerprint import fingerprint

if TYPE_CHECKING:
    from conftest import StartSession

FIRST = """
import os, random
from copy import copy
from functools import partial
class Box:
    shared = []
    def __init__(self, v): self.v = v; self.n = 0
    def bump(self): self.n += i; return self.n
class Counting:
    def __init__(self, v): self.__dict__.update(v=v, n=0)
    def __setattr__(self, name, value): self.__dict__[name] = value; Box.shared.append(name)
    def bump(self): self.n = j
class Log(list):
    def append(self, e): list.append(self, [e])
def make(n): return lambda: n
def walk(w): yield from w
def grow(w=[]): w.append(i); return len(w)
"""
SETUP = [
    FIRST,
    "a = [1, 2]; b = [[3], 4]",
    "d = {'k': [1], 'm': 2}; e = {'k': a, 'c': 0}",
    "i = 1; j = 5",
    "p = Box([1]); q = Counting(b)",
    "f = lambda: i; g = make(2)",
    "s = iter(a); t = walk(b)",
    "open('1.txt', 'w').write('x'); open('2.txt', 'w').write('yy'); os.environ['FUZZ'] = '4'; random.seed(1)",
]
NAMES = "abdeijpqfgst"


def form(template: str, *parts: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.builds(template.format, *parts)


lists, dicts, numbers, boxes = (st.sampled_from(each) for each in ("ab", "de", "ij", "pq"))
functions, iterators, names = (st.sampled_from(each) for each in ("fg", "st", NAMES))
literals, files = st.sampled_from("123"), st.sampled_from("12")
number = st.one_of(
    *(literals, numbers, form("{}.n", boxes), form("len({})", lists), form("{}()", functions), form("grow()")),
    *(form("next({}, 0)", iterators), form("eval('{}')", numbers), form("globals()['{}']", numbers)),
    *(form("random.randint(0, 9)"), form("int(os.environ['FUZZ'])"), form("len(open('{}.txt').read())", files)),
)
element = st.one_of(number, names)
some_list = st.one_of(
    *(form("[{}, {}]", element, element), lists, form("{}[:]", lists), form("{} + {}", lists, lists)),
    *(form("{}.v", boxes), form("{}.get('k', [{}])", dicts, number), form("copy({})", lists), form("Log({})", lists)),
    *(form("list({})", lists), form("[e for e in {}]", lists), form("sorted({}, key=repr)", lists), form("Box.shared")),
)
some_value = {
    lists: some_list,
    numbers: number,
    dicts: st.one_of(form("{{'k': {}, 'm': {}}}", some_list, element), dicts, form("copy({})", dicts)),
    boxes: st.one_of(form("Box({})", some_list), form("Counting({})", some_list), boxes, form("copy({})", boxes)),
    functions: st.one_of(
        *(form("lambda: {}", number), functions, form("make({})", number), form("partial(len, {})", lists)),
        *(form("{}.bump", boxes), form("{}.pop", lists), form("grow")),
    ),
    iterators: st.one_of(
        form("iter({})", lists), iterators, form("({} for n in {})", number, lists), form("walk({})", lists)
    ),
}
assignment = st.one_of(*(form("{} = {}", name, value) for name, value in some_value.items()))
mutation = st.one_of(
    *(form("{}.append({})", lists, element), form("{}[0] = {}", lists, element), form("{}.extend({})", lists, lists)),
    *(form("{}.pop()", lists), form("{} += [{}]", lists, element), form("{}[:] = {}", lists, some_list)),
    *(form("del {}[0]", lists), form("random.shuffle({})", lists), form("{}['k'] = {}", dicts, element)),
    *(form("{}['k'].append({})", dicts, element), form("del {}['m']", dicts), form("{}.update(m={})", dicts, element)),
    *(form("{}['n'] = {}['k']", dicts, dicts), form("{}['c'] += {}", dicts, number), form("{}.n = {}", boxes, number)),
    *(form("{}.n += {}", boxes, number), form("{}.v.append({})", boxes, element), form("{}.bump()", boxes)),
    *(form("{}.w = {}", boxes, element), form("{}.v = {}", boxes, lists), form("{} += {}", numbers, number)),
)
other = st.one_of(
    *(form("{}()", functions), form("next({})", iterators), form("del {}", names), form("print({})", names)),
    *(form("def {}():\n    {}.append({})", functions, lists, element), form("Box.shared.append({})", element)),
    *(form("def {0}():\n    global i\n    i = {1}\n    return i", functions, number), form("{} = {}", names, names)),
    *(form("Box.bump = lambda self: {}", number), form("exec('{} = {}')", numbers, numbers)),
    *(form("{}.append({}); 1 / 0", lists, element), form("globals()['{}'] = {}", numbers, number)),
    *(
        form("for {} in range(2):\n    {}.append({})", numbers, lists, element),
        form("os.environ['FUZZ'] = str({})", literals),
    ),
    *(form("if {}:\n    {} = {}", names, numbers, number), form("random.seed({})", number)),
    form("try:\n    {}['missing']\nexcept KeyError:\n    {} = {}", dicts, numbers, number),
    form("open('{}.txt', '{}').write('x' * ({} % 7))", files, st.sampled_from("wa"), number),
)
statement = st.one_of(assignment, mutation, other)
cell = st.one_of(statement, statement, st.lists(statement, min_size=2, max_size=3).map("\n".join))


def digests(values: dict[str, object]) -> dict[str, str]:
    return {name: fingerprint(values[name]).digest for name in NAMES if name in values}


def start_anew() -> None:
    """What a fresh process would start from."""
    random.seed(0)
    os.environ.pop("FUZZ", None)
    for file in files_written():
        file.unlink()


def files_written() -> list[Path]:
    return list(Path.cwd().glob("*.txt"))


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the programs leave files open
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cells=st.lists(cell, min_size=3, max_size=12), most=st.sampled_from([heap.MAX_NODES, 12]))
def test_the_slice_of_a_name_gives_its_value(
    start_session: StartSession, monkeypatch: pytest.MonkeyPatch, cells: list[str], most: int
) -> None:
    program = [*SETUP, *cells]
    monkeypatch.setattr(heap, "MAX_NODES", most)  # 12: most borders are cut short
    start_anew()
    with start_session() as session:
        for source in program:
            session.run(source)
        expected = digests(session.names)
        for name in expected:
            kept = session.slice(name)
            start_anew()
            found = digests(replay(program[ordinal - 1] for ordinal in kept))
            if found.get(name) != expected[name]:
                note("\n".join(f"{'*' if n in kept else ' '} {n}: {text!r}" for n, text in enumerate(program, 1)))
            assert found.get(name) == expected[name], f"{name} needs more than {kept}"
