"""Fingerprints: equal for equal values, different for different ones, and never a trace of the process."""

from __future__ import annotations

import collections
import copy
import dataclasses
import datetime
import enum
import functools
import io
import math
import re
import struct
import threading
from typing import Any

import pytest

from jupyter_repro.capture.fingerprint import fingerprint


def digest(value: Any) -> str:
    return fingerprint(value).digest


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: Any) -> None:
        self.a = a


class Shout(str):
    def __str__(self) -> str:
        raise AssertionError("the user's code was run")

    __repr__ = __hash__ = __str__  # type: ignore[assignment]


class Meddling:
    """Every hook that a fingerprint might be tempted to call."""

    def __init__(self) -> None:
        self.value = [1]

    def _refuse(self, *_: Any) -> Any:
        raise AssertionError("the user's code was run")

    __reduce__ = __reduce_ex__ = __getstate__ = __iter__ = __len__ = __repr__ = __str__ = __eq__ = _refuse
    __hash__ = __getattr__ = __bool__ = __copy__ = __deepcopy__ = __dir__ = __format__ = _refuse


def same_function(offset: int) -> Any:
    def inner(x: int, y: int = 2) -> int:
        return x + y + offset

    return inner


NAN = struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_0123))[0]

EQUAL = {
    "aliases and copies": lambda: ([inner := [1, 2], inner], [[1, 2], [1, 2]]),
    "interned and new strings": lambda: (["ab" * 2, "ab" * 2], ["abab", "".join(["ab", "ab"])]),
    "sets built in another order": lambda: (set("abcdef"), set("fedcba")),
    "a set of mixed types": lambda: ({1, "a", (2, None)}, {(2, None), "a", 1}),
    "any NaN": lambda: ([math.nan, 1.0], [NAN, 1.0]),
    "a lone NaN": lambda: (math.nan, -NAN),
    "attributes set in another order": lambda: (Plain(a=1, b=[2]), Plain(b=[2], a=1)),
    "an unset slot": lambda: (Slotted(1), Slotted(1)),
    "ranges as they compare": lambda: (range(0, 3, 2), range(0, 4, 2)),
    "functions of equal code and closure": lambda: (same_function(3), same_function(3)),
    "cached properties": lambda: (Cached(), touched(Cached())),
    "equal circles": lambda: (circle(3), circle(3)),
    "text buffers": lambda: (io.StringIO("ab"), io.StringIO("ab")),
    "attributes that hold an address": lambda: (addressed(), addressed()),
    "weak references to equal values": lambda: (Plain(a={1}), Plain(a={1})),
}

DIFFERENT = {
    "types": lambda: (1, 1.0, True, "1", b"1", 1 + 0j, None, [1], (1,), {1}, frozenset({1}), {1: 1}, bytearray(b"1")),
    "zeros": lambda: (0.0, -0.0, 0, False, "", [], (), {}, set(), None),
    "nesting": lambda: ([[1], 2], [1, [2]], [[1, 2]], [[], 1, 2], [1, 2], [1, 2, []]),
    "long lists": lambda: ([0] * 10_000, [0] * 9_999 + [1], [0] * 9_999 + [0.0], [0] * 9_999 + ["0"]),
    "dict order": lambda: ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 2, None: 3}),
    "large integers": lambda: (2**64, 2**64 + 1, -(2**64), 2**63, -(2**63)),
    "text that joins": lambda: (["ab", "c"], ["a", "bc"], ["abc"], ["ab", "c", ""]),
    "objects": lambda: (Plain(a=1), Plain(a=2), Plain(b=1), Plain(), Slotted(1), {"a": 1}),
    "functions": lambda: (same_function(3), same_function(4), lambda x: x, lambda x: x + 1, lambda x=1: x),
    "moments": lambda: (
        datetime.datetime(2020, 10, 25, 2),
        datetime.datetime(2020, 10, 25, 2, fold=1),
        datetime.datetime(2020, 10, 25, 2, tzinfo=datetime.timezone.utc),
        datetime.date(2020, 10, 25),
    ),
    "mappings": lambda: ({}, collections.OrderedDict(), collections.defaultdict(int), collections.Counter()),
    "circles": lambda: (circle(2), circle(3), circle(3, 1)),
    "patterns": lambda: (re.compile("a"), re.compile("a", re.I), re.compile(b"a")),
    "partials": lambda: (functools.partial(int, base=2), functools.partial(int, base=3), int),
    "deques": lambda: (collections.deque([1]), collections.deque([1], 3), [1]),
}


class Cached:
    @functools.cached_property
    def costly(self) -> int:
        return 3


def touched(value: Cached) -> Cached:
    assert value.costly == 3
    return value


def circle(size: int, mark: int = 0) -> Any:
    nodes = [Plain(mark=mark) for _ in range(size)]
    for one, other in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
        one.next = other
        other.previous = [one]
    return nodes[0]


def addressed() -> Plain:
    words = ["a", "b"]
    return Plain(words=words, words_id=id(words))


@pytest.mark.parametrize("name", EQUAL)
def test_equal_values_have_equal_digests(name: str) -> None:
    one, other = EQUAL[name]()
    assert digest(one) == digest(other)


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_values_have_different_digests(name: str) -> None:
    values = DIFFERENT[name]()
    assert len({digest(value) for value in values}) == len(values)


@pytest.mark.parametrize("name", EQUAL)
def test_a_value_is_exact_and_its_copy_is_equal(name: str) -> None:
    value = EQUAL[name]()[0]
    assert fingerprint(value).exact
    if name not in ("text buffers", "attributes that hold an address"):  # not copied, copied with a stale address
        assert digest(copy.deepcopy(value)) == digest(value)


def test_a_recursive_function_is_its_own_equal() -> None:
    def make() -> Any:
        def down(n: int) -> int:
            return 0 if n == 0 else down(n - 1)

        return down

    assert digest(make()) == digest(make())


def test_no_line_of_the_users_code_is_run() -> None:
    found = fingerprint([Meddling(), {"key": Meddling()}, Shout("a")])
    assert found.digest == digest([Meddling(), {"key": Meddling()}, Shout("a")])
    assert fingerprint(Shout("a")).digest != fingerprint(Shout("b")).digest
    assert fingerprint(Meddling()).summary.startswith("Meddling(")


def test_iterators_are_described_and_not_moved() -> None:
    numbers = iter([1, 2, 3])
    squares = (n * n for n in [1, 2])
    assert not fingerprint({"a": [numbers, squares]}).exact
    assert (list(numbers), list(squares)) == ([1, 2, 3], [1, 4])


def test_handles_are_described_only() -> None:
    with open(__file__) as file:
        for value in (file, threading.Lock(), threading.current_thread(), threading.local()):
            assert not fingerprint(value).exact


@pytest.mark.parametrize("value", [object(), Plain(a=object()), print, same_function(1), threading.Lock(), lambda: 1])
def test_no_address_gets_out(value: Any) -> None:
    assert "0x" not in fingerprint(value).summary


def test_deep_nesting_does_not_recurse() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert fingerprint(deep).exact
    assert digest(deep) != digest(deep[0])


def test_shared_objects_are_walked_once() -> None:
    value: Any = 1
    for _ in range(200):
        value = [value, value]
    assert fingerprint(value).exact


def test_a_dense_circle_ends() -> None:
    nodes = [Plain(n=n) for n in range(60)]
    for node in nodes:
        node.others = nodes
    assert fingerprint(nodes).exact


def test_a_summary_is_one_short_line() -> None:
    for value in ("x" * 10**7, 10**50_000, list(range(10**6)), {"k" * 500: "v" * 500}, "line\nbreak\x00", "\ud800"):
        summary = fingerprint(value).summary
        assert 0 < len(summary) <= 200
        assert "\n" not in summary
        assert summary.encode()


def test_classes_of_the_notebook_count_by_content_and_others_by_name() -> None:
    def define(body: str) -> Any:
        space: dict[str, Any] = {"__name__": "__main__"}
        exec(body, space)
        return space["Model"]

    body = "import functools\nclass Model:\n    rate = 1\n    def run(self): return self.rate\n"
    body += "    @functools.cached_property\n    def all(self): return {'a', 'b'}"
    one, same = define(body), define(body)
    other = define("\n\nclass Model:\n    rate = 1\n    def run(self): return self.rate + 1")
    assert digest(one) == digest(same) != digest(other)
    assert fingerprint(one).exact
    assert digest(Plain) == digest(Plain)
    assert digest(Plain) != digest(Slotted)


def test_moving_a_cell_does_not_change_its_functions() -> None:
    def define(text: str, file: str) -> Any:
        space: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(text, file, "exec"), space)
        return space["f"]

    text = "def f(x, *, k={'a', 'b'}):\n    'Doc.'\n    return [x in {'p', 'q'} for _ in range(k)]"
    assert digest(define(text, "<ipython-1>")) == digest(define("\n\n\n" + text, "<ipython-2>"))


def test_dataclasses_and_enumerations_made_twice_are_equal() -> None:
    def make() -> tuple[Any, ...]:
        kind = enum.Enum("Kind", "A B", module="__main__")
        record = dataclasses.make_dataclass(
            "Record", [("x", int), ("y", list, dataclasses.field(default_factory=list))]
        )
        record.__module__ = "__main__"
        return kind, kind.A, record, record(1)

    assert [digest(value) for value in make()] == [digest(value) for value in make()]
    assert all(fingerprint(value).exact for value in make())


def test_nothing_is_changed() -> None:
    class Fresh:
        __slots__ = ("a",)

    value = Plain(a=[1, {2, 3}], b={"k": Fresh()}, c=Cached())
    instance, of_class, cached = dict(value.__dict__), set(Fresh.__dict__), dict(value.c.__dict__)
    fingerprint(value)
    assert (dict(value.__dict__), set(Fresh.__dict__), dict(value.c.__dict__)) == (instance, of_class, cached)
