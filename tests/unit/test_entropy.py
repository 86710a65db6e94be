"""Entropy from the session's seed, in this process: every case runs as the notebook's own code would."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import struct
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from entropy_cases import DRAWS, evaluate

from jupyter_repro.capture.entropy import Streams
from jupyter_repro.capture.entropy_sources import EntropySources
from jupyter_repro.capture.randomness import encoded_state, states
from jupyter_repro.model import Entropy


@contextmanager
def recording(seed: int = 7, ordinal: int = 3) -> Iterator[Streams]:
    streams = Streams(seed)
    sources = EntropySources(streams)
    sources.start()
    streams.begin(ordinal)
    try:
        yield streams
    finally:
        sources.stop()


def drawn(expression: str, seed: int = 7, ordinal: int = 3) -> Any:
    with recording(seed, ordinal):
        return evaluate(expression)


@pytest.fixture(autouse=True)
def _global_generators() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    yield
    random.setstate(python)
    np.random.set_state(numpy)
    tempfile._name_sequence = None  # type: ignore[attr-defined]


@pytest.mark.parametrize("expression", DRAWS)
def test_a_draw_follows_from_the_seed_and_the_execution(expression: str) -> None:
    found = drawn(expression)
    assert drawn(expression) == found
    assert drawn(expression, seed=8) != found
    assert drawn(expression, ordinal=4) != found
    with recording():
        assert evaluate(expression) == found
        assert evaluate(expression) != found


def test_executions_do_not_disturb_each_other() -> None:
    with recording(ordinal=1) as streams:
        for expression in DRAWS:
            evaluate(expression)
        streams.begin(2)
        found = [evaluate(expression) for expression in DRAWS]
    with recording(ordinal=2):
        assert [evaluate(expression) for expression in DRAWS] == found


@pytest.mark.parametrize(
    "expression",
    [
        "random.Random(5).random()",
        "(random.seed('a', version=1), random.random())",
        "np.random.default_rng(5).random()",
        "np.random.RandomState(5).rand()",
        "(np.random.seed(5), np.random.rand())",
        "str(uuid.uuid5(uuid.NAMESPACE_DNS, 'a'))",
        "os.urandom(0)",
    ],
)
def test_a_seed_of_the_user_is_not_touched(expression: str) -> None:
    found = evaluate(expression)
    with recording() as streams:
        assert evaluate(expression) == found
        assert {each.source for each in streams.records()} <= {"os.urandom"}  # which has no seed


@pytest.mark.parametrize(
    ("expression", "module"),
    [
        ("secrets.token_hex()", "__main__"),
        ("secrets.randbits(128)", "__main__"),
        ("random.SystemRandom().random()", "__main__"),
        # what a library, the kernel and an import draw for themselves
        ("os.urandom(16)", "json"),
        ("uuid.uuid4()", "json"),
        ("tempfile.mktemp()", "json"),
        ("random.Random().random()", "ipykernel.kernelbase"),
        ("np.random.default_rng().random()", "importlib._bootstrap"),
    ],
)
def test_what_is_not_the_users_comes_from_the_operating_system(expression: str, module: str) -> None:
    found = []
    for _ in range(2):
        with recording() as streams:
            found.append(evaluate(expression, module))
            assert streams.records() == ()
    assert found[0] != found[1]


def test_draws_are_recorded_by_source_and_module() -> None:
    with recording() as streams:
        evaluate("[os.urandom(1), uuid.uuid4(), random.Random(), tempfile.mktemp()]")
        evaluate(
            "[np.random.default_rng(), np.random.RandomState(1), np.random.RandomState(2), np.random.RandomState()]"
        )
        evaluate("[copy.deepcopy(np.random.default_rng(1)), pickle.loads(pickle.dumps(np.random.RandomState(1)))]")
        first, second = streams.records(), streams.records()
    assert first == second
    assert [(each.source, each.module, each.count) for each in first] == [
        ("numpy", "__main__", 2),
        ("os.urandom", "__main__", 2),
        ("random", "__main__", 1),
        ("random", "tempfile", 1),
    ]


@pytest.mark.parametrize("size", [-1, "a", None, 1.5])
def test_wrong_arguments_raise_what_they_raise(size: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as expected:
        os.urandom(size)
    with recording() as streams:
        with pytest.raises(expected.type, match=re.escape(str(expected.value))):
            evaluate(f"os.urandom({size!r})")
        with pytest.raises(TypeError):
            evaluate("random.Random([])")
        assert streams.records() == ()


def test_everything_is_put_back() -> None:
    def patched() -> list[Any]:
        bits = sys.modules["numpy.random.bit_generator"].randbits  # type: ignore[attr-defined]
        return [os.urandom, uuid.uuid4, random.Random.seed, random.seed, bits]

    before = patched()
    with recording():
        kept: Callable[[int], bytes] = os.urandom
        assert (os.urandom.__module__, os.urandom.__qualname__) == ("os", "urandom")
        assert [now is then for now, then in zip(patched(), before, strict=True)] == [False, True, False, False, False]
    assert all(now is then for now, then in zip(patched(), before, strict=True))
    assert eval("kept(8) != kept(8)", {"__name__": "__main__", "kept": kept})  # a name of the user's outlives it


def test_what_somebody_else_replaced_meanwhile_stays() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "urandom", os.urandom)
        with recording():
            os.urandom = bytes
        assert os.urandom is bytes


def test_a_fault_of_ours_leaves_the_users_call_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> bytes:
        raise RuntimeError("ours")

    with recording() as streams:
        monkeypatch.setattr(streams, "_bytes", fail)
        found = [evaluate(expression) for expression in DRAWS for _ in range(2)]
        assert len({str(each) for each in found}) == len(found)
        with pytest.raises(RuntimeError, match="ours"):
            streams.records()
        assert streams.records() == ()


def _in_children(count: int) -> list[str]:
    """What each of some forked children draws, one after the other."""
    found = []
    for _ in range(count):
        read, write = os.pipe()
        if not (pid := os.fork()):
            with os.fdopen(write, "w") as file:
                json.dump([evaluate(each) for each in ("random.random()", *DRAWS[:5], "os.urandom(4).hex()")], file)
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as file:
            found.append(file.read())
        assert os.waitpid(pid, 0)[1] == 0
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # threads of other tests' libraries
def test_forked_children_draw_numbers_of_their_own() -> None:
    with recording() as streams:
        children = _in_children(3)
        after = evaluate(DRAWS[0])
        assert Entropy(source="fork", module="os", count=3) in streams.records()
    assert len(set(children)) == 3
    assert after == drawn(DRAWS[0])
    with recording():
        assert _in_children(3) == children


def test_a_state_can_be_set_again_from_its_json() -> None:
    random.gauss(0, 1)
    np.random.standard_normal()
    found = states()
    packed = {library: json.loads(encoded_state(found[library])) for library in ("random", "numpy")}
    expected = random.gauss(0, 1), random.random(), np.random.standard_normal(), np.random.rand()
    random.seed(1)
    np.random.seed(1)

    version, words, gauss = packed["random"]
    random.setstate((version, struct.unpack("<625I", base64.b64decode(words["uint32"])), gauss))
    kind, key, *rest = packed["numpy"]
    np.random.set_state((kind, np.frombuffer(base64.b64decode(key["bytes"]), np.uint32), *rest))
    assert (random.gauss(0, 1), random.random(), np.random.standard_normal(), np.random.rand()) == expected
