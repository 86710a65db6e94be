from __future__ import annotations

from typing import Any

import pytest
from pipeline_sessions import drawing, recording, seeding

from jupyter_repro.model import Access
from jupyter_repro.pipeline.seeds import Seeding, Setting, plan_seeding, seed_parameter, seeded_inside, seeding_code

NUMPY = "import numpy as np"
PYTHON_1, NUMPY_1 = Setting("random", 1), Setting("numpy", 1)
KERAS_ALL, TORCH_ALL = Setting("tensorflow"), Setting("torch")
KERAS = {"source": "import keras", "modules": ("keras", "tensorflow")}
TRAIN = {"source": "import keras\nkeras.fit()", "modules": ("keras", "tensorflow")}


@pytest.mark.parametrize(
    ("cells", "before"),
    [
        ([NUMPY, "x = 1"], {}),
        ([NUMPY, drawing("x = np.random.rand()", "numpy")], {1: (NUMPY_1,)}),
        # each execution that draws has a stream of its own
        ([NUMPY, drawing("a()", "random"), drawing("b()", "numpy")], {1: (PYTHON_1,), 2: (NUMPY_1,)}),
        ([NUMPY, drawing("a()", "numpy"), drawing("b()", "numpy")], {1: (NUMPY_1,), 2: (NUMPY_1,)}),
        # what the user seeds is the user's
        ([NUMPY, seeding("np.random.seed(0)", "numpy"), {"source": "np.random.rand()"}], {}),
        ([NUMPY, drawing("a()", "numpy"), seeding("np.random.seed(0)", "numpy")], {1: (NUMPY_1,)}),
        # imported by what was dropped, or by another library
        (["import pandas as pd", drawing("df.sample()", "numpy")], {1: (NUMPY_1,)}),
        # the user imports it later
        ([drawing("a()", "random"), NUMPY, drawing("b()", "numpy")], {0: (PYTHON_1,), 2: (NUMPY_1,)}),
        # tensorflow's graphs draw without a trace
        ([KERAS, "model.fit()"], {1: (KERAS_ALL,)}),
        ([KERAS, "a()", drawing("b()", "random", "tensorflow")], {1: (KERAS_ALL,), 2: (PYTHON_1,)}),
        ([drawing("from tensorflow import keras", "random"), "fit()"], {0: (PYTHON_1,), 1: (KERAS_ALL,)}),
        (["from tensorflow import keras"], {}),
        ([{"source": "load()", "modules": ("tensorflow",)}, "fit()"], {0: (KERAS_ALL,)}),
        ([KERAS, seeding("tf.random.set_seed(1)", "tensorflow"), "fit()"], {}),
        # no evidence
        ([NUMPY, {"source": "a()", "incomplete": "a fault"}], {1: (Setting("random", 2), Setting("numpy", 2))}),
        (
            [NUMPY, {"source": "a()", "reads": Access(places=("*",))}],
            {1: (Setting("random", 2), Setting("numpy", 2))},
        ),
        ([{"source": "a()", "status": "unobserved"}, drawing("b()", "random")], {1: (PYTHON_1,)}),
    ],
)
def test_each_library_is_seeded_before_its_first_unseeded_draw(
    cells: list[Any], before: dict[int, tuple[Setting, ...]]
) -> None:
    found = recording(*cells, seed=3)
    assert plan_seeding(found.executions) == Seeding(before=before)
    assert (seed_parameter(found.session, found.executions) is not None) == bool(before)


@pytest.mark.parametrize(
    ("cell", "plan"),
    [
        (drawing("import numpy as np\nx = np.random.rand()", "numpy"), Seeding(inside={0: (NUMPY_1,)})),
        (drawing("import random\nx = random.random()", "random"), Seeding(before={0: (PYTHON_1,)})),
        (TRAIN, Seeding(inside={0: (KERAS_ALL,)})),
        (
            drawing("import torch, numpy\nx = f()", "random", "numpy", "torch"),
            Seeding(before={0: (PYTHON_1,)}, inside={0: (NUMPY_1, TORCH_ALL)}),
        ),
        (drawing("%%time\nimport numpy\nx = numpy.random.rand()", "numpy"), Seeding(before={0: (NUMPY_1,)})),
    ],
)
def test_an_execution_that_imports_and_draws_is_seeded_inside(cell: dict[str, Any], plan: Seeding) -> None:
    assert plan_seeding(recording(cell, seed=3).executions) == plan


SET = '__import__("numpy").random.seed([seed % 2**32, 7])'


@pytest.mark.parametrize(
    ("source", "seeded"),
    [
        ("import numpy as np\nx = f()", f"import numpy as np\n{SET}  # as when it was recorded\nx = f()"),
        (
            "import os; import numpy as np  # np\nx",
            f"import os; import numpy as np  # np\n{SET}  # as when it was recorded\nx",
        ),
        ("import numpy as np; x = f()", f"import numpy as np; {SET}; x = f()"),
        ("from numpy import (\n  a,\n)", f"from numpy import (\n  a,\n)\n{SET}  # as when it was recorded"),
        (
            "try:\n    import numpy\nexcept ImportError:\n    pass\nx",
            f"try:\n    import numpy\nexcept ImportError:\n    pass\n{SET}  # as when it was recorded\nx",
        ),
        ("import os\nimport pandas\nx", f"import os\nimport pandas\n{SET}  # as when it was recorded\nx"),
    ],
)
def test_the_line_stands_behind_the_import(source: str, seeded: str) -> None:
    assert seeded_inside(source, [Setting("numpy", 7)], "seed") == seeded


@pytest.mark.parametrize(
    ("source", "name"),
    [("x = random.random()", "seed"), ("np.random.seed(0)", "seed"), ("f(seed)", "jrepro_seed")],
)
def test_the_seed_is_a_parameter_under_a_name_of_its_own(source: str, name: str) -> None:
    found = recording(drawing(source, "random"), seed=2**63)
    parameter = seed_parameter(found.session, found.executions)
    assert parameter is not None
    assert (parameter.name, parameter.default, parameter.inferred_type_name) == (name, str(2**63), "int")


def test_without_a_session_seed_there_is_nothing_to_set() -> None:
    found = recording(drawing("x = random.random()", "random"))
    assert seed_parameter(found.session, found.executions) is None


def test_seeding_leaves_nothing_behind() -> None:
    import random

    state = random.getstate()
    namespace: dict[str, Any] = {"start": 2**40 + 1, "numpy": "the user's"}
    exec(seeding_code((Setting("random", 5), Setting("numpy", 5)), "start"), namespace)
    try:
        import numpy

        drawn = random.random(), numpy.random.rand()
        random.seed(f"{2**40 + 1} 5")
        numpy.random.seed([(2**40 + 1) % 2**32, 5])
        assert drawn == (random.random(), numpy.random.rand())
    finally:
        random.setstate(state)
    assert namespace.keys() == {"start", "numpy", "__builtins__"}
    assert namespace["numpy"] == "the user's"
