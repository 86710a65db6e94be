"""Whose the global generators are: unseeded, each execution draws for itself; seeded by the user, they are a chain."""

from __future__ import annotations

import inspect
import random
import sys

import numpy as np
import pytest
from live_sessions import LiveSession

from jupyter_repro.capture.seeder import Seeder

PYTHON, NUMPY = "import random", "import numpy as np"
BOTH = f"{PYTHON}\n{NUMPY}"
DRAW, RAND, X = "random.random()", "np.random.rand()", "x = random.random()"
EVERYTHING = "def seed_everything(n):\n    random.seed(n)\n    np.random.seed(n)"
SLICES = [
    # ours: nothing depends on who drew before
    ([PYTHON, DRAW, X], [1, 3]),
    ([PYTHON, DRAW, DRAW, X, "junk = random.random()"], [1, 4]),
    ([NUMPY, RAND, "x = np.random.rand()"], [1, 3]),
    ([BOTH, "np.random.rand(); random.random()", "x = random.random() + np.random.rand()"], [1, 3]),
    # the user's: a chain from the seeding on
    ([PYTHON, "random.seed(1)", DRAW, X], [1, 2, 3, 4]),
    ([PYTHON, DRAW, "random.seed(1)", X], [1, 3, 4]),
    ([PYTHON, "random.seed(0)", DRAW, "random.seed(1)", X], [1, 4, 5]),
    ([NUMPY, RAND, "np.random.seed(1)", RAND, "x = np.random.rand()"], [1, 3, 4, 5]),
    (["from numpy.random import rand, seed", "rand()", "seed(1)", "x = rand()"], [1, 3, 4]),
    # by a function, among other calls
    ([BOTH, EVERYTHING, DRAW, "print(); seed_everything(1)", X], [1, 2, 4, 5]),
    ([BOTH, EVERYTHING, RAND, "seed_everything(1)", "x = np.random.rand()"], [1, 2, 4, 5]),
    # drawn from before it was seeded
    ([PYTHON, "random.seed(2)", DRAW, "y = random.random(); random.seed(1)", X], [1, 2, 3, 4, 5]),
    ([PYTHON, DRAW, "y = random.random(); random.seed(1)", X], [1, 3, 4]),
    # another library's seed is none of this one's
    ([BOTH, "random.seed(2)", "np.random.seed(0); y = random.random()", X], [1, 2, 3, 4]),
    # states that are taken and set
    ([PYTHON, "s = random.getstate()", DRAW, "random.setstate(s)", X], [1, 2, 4, 5]),
    ([NUMPY, "s = np.random.get_state()", RAND, "np.random.set_state(s)", "x = np.random.rand()"], [1, 2, 4, 5]),
    ([PYTHON, "random.seed(1)", "s = random.getstate()", DRAW, "random.setstate(s)", X], [1, 2, 3, 5, 6]),
    # seeding again what was seeded, to the same state
    ([PYTHON, "random.seed(1)", "random.seed(1)", X], [1, 3, 4]),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "kept"), SLICES)
def test_what_a_draw_depends_on(session: LiveSession, cells: list[str], kept: list[int]) -> None:
    for cell in cells:
        session.run(cell)

    assert session.slice("x") == kept


def test_a_seed_that_was_not_seen_to_be_set_is_still_the_users(session: LiveSession) -> None:
    """Their `seed` is from before the recording."""
    session.names["seed"] = inspect.unwrap(random.Random.seed).__get__(random._inst)
    for cell in (PYTHON, "seed(5)", DRAW, X):
        session.run(cell)

    expected = random.Random(5)
    expected.random()
    assert session.names["x"] == expected.random()
    assert session.slice("x")[-3:] == [2, 3, 4]


def test_everything_is_put_back() -> None:
    owners = (random, random.Random, np.random, np.random.mtrand, np.random.bit_generator)
    before = [dict(vars(owner)) for owner in owners]
    python, numpy = random.getstate(), np.random.get_state()
    finders = list(sys.meta_path)
    seeder = Seeder(3, lambda error: pytest.fail(str(error)))

    seeder.start(1)
    changed = [dict(vars(owner)) for owner in owners]
    seeder.stop()
    random.setstate(python)
    np.random.set_state(numpy)

    assert before != changed
    assert [dict(vars(owner)) for owner in owners] == before
    assert sys.meta_path == finders
