"""Which writes meet which demands, for the state that executions share without naming it."""

from __future__ import annotations

import pytest

from jupyter_repro.lineage.places import Patterns, demanded

CASES = [
    # written, demanded or a word of what is kept, whether the one meets the other
    ("file:a.csv", "file:a.csv", True),
    ("file:a.csv", "file:b.csv", False),
    ("file:a.csv", "entry:a.csv", False),  # other content doesn't make it exist
    ("file:a.csv", "path:a.csv", True),
    ("file:a.csv", "file:*", True),
    ("file:data/raw/a.csv", "tree:data", True),
    ("file:data/raw/a.csv", "tree:data/raw", True),
    ("file:database/a.csv", "tree:data", False),
    ("file:data/a.csv", "glob:data/*", False),
    ("entry:a.csv", "entry:a.csv", True),
    ("entry:a.csv", "file:a.csv", False),
    ("entry:a.csv", "path:a.csv", True),
    ("entry:a.csv", "file:*", True),
    ("entry:data/a.csv", "tree:data", True),
    ("entry:data/a.csv", "glob:data/*.csv", True),
    ("entry:data/a.txt", "glob:data/*.csv", False),
    ("entry:data/raw/a.csv", "glob:data/**/*.csv", True),
    ("entry:data/a.csv", "glob:data/**/*.csv", True),  # `**` may stand for no folder
    ("entry:data/a.csv", "match:data:(?s:a.*)\\Z", True),
    ("entry:data/b.csv", "match:data:(?s:a.*)\\Z", False),
    ("entry:data/raw/a.csv", "match:data:(?s:a.*)\\Z", False),
    ("env:HOME", "env:HOME", True),
    ("env:HOME", "env:USER", False),
    ("env:HOME", "env:*", True),
    ("cwd:", "cwd:", True),
    ("ambient:rc|figure.dpi", "ambient:rc|figure.dpi", True),
    ("ambient:rc|figure.dpi", "ambient:rc|*", True),
    ("ambient:rc|figure.dpi", "ambient:rc|font.size", False),
    ("ambient:rc|figure.dpi", "ambient:print|*", False),
    ("ambient:decimal|*", "ambient:decimal|*", True),
    ("random:numpy", "random:numpy", True),
    ("random:numpy", "random:random", False),
    ("in:3", "in:3", True),
    ("in:3", "in:*", True),
    ("in:3", "in:4", False),
    ("heap:*", "heap:*", True),
    ("attribute:json|dumps", "dumps", True),
    ("attribute:json|dumps", "loads", False),
    ("attribute:pandas.DataFrame|plot", "plot", True),
    ("submodule:scipy|stats", "stats scipy", True),
    ("submodule:scipy|stats", "stats", False),
    ("magic:mine", "mine", True),
    ("magic:mine", "yours", False),
]


def test_a_listing_is_found_below_the_folder_that_it_names() -> None:
    patterns = Patterns(["glob:in/[ab]*/x?.csv", "glob:**/deep.txt", "match:out:p.*", "file:in/a/x1.csv"])
    assert patterns.matching("in/a/x1.csv") == "glob:in/[ab]*/x?.csv"
    assert patterns.matching("in/c/x1.csv") is None
    assert patterns.matching("one/two/deep.txt") == "glob:**/deep.txt"
    assert patterns.matching("deep.txt") == "glob:**/deep.txt"
    assert patterns.matching("out/p1") == "match:out:p.*"
    assert patterns.matching("out/sub/p1") is None


@pytest.mark.parametrize(("written", "wanted", "expected"), CASES)
def test_what_meets_a_demand(written: str, wanted: str, expected: bool) -> None:
    demands, words = ({wanted}, set[str]()) if ":" in wanted else (set[str](), set(wanted.split()))
    assert (demanded(written, demands, Patterns(demands), words) is not None) is expected
