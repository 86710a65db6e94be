"""Calls without a seed, each of which asks the operating system for entropy; their results are JSON."""

from __future__ import annotations

from typing import Any

IMPORTS = "import copy, os, pickle, random, secrets, tempfile, uuid\nimport numpy as np\n"
DRAWS = [
    "random.Random().random()",
    "[random.seed(), random.random()]",
    "[g := random.Random(1), g.seed(), g.random()][1:]",
    "type('Mine', (random.Random,), {})().random()",
    "np.random.default_rng().random()",
    "np.random.RandomState().rand()",
    "np.random.SeedSequence().entropy",
    "np.random.SeedSequence(pool_size=5).entropy",
    "[getattr(np.random, n)().random_raw() for n in ('PCG64', 'PCG64DXSM', 'MT19937', 'Philox', 'SFC64')]",
    "[np.random.seed(1), np.random.seed(), np.random.rand()]",
    "str(uuid.uuid4())",
    "[str(each()) for each in [uuid.uuid4] * 2]",
    "os.urandom(5).hex()",
    "os.urandom(np.int64(200)).hex()",
    "os.path.basename(tempfile.mktemp())",
]


def evaluate(expression: str, module: str = "__main__") -> Any:
    """As code of that module."""
    names: dict[str, Any] = {"__name__": module}
    exec(IMPORTS, names)
    return eval(expression, names)
