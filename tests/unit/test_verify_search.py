"""The fewest factors that are enough, over all ways in which causes can come together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from jupyter_repro.verify.bisect import Search
from jupyter_repro.verify.evidence import Home
from jupyter_repro.verify.explanation import Attempt, Bisection, Cause, Explanation, Factor
from jupyter_repro.verify.search import fewest

ITEMS = list(range(12))


@given(causes=st.sets(st.sampled_from(ITEMS), min_size=1), likely=st.integers(0, 12))
def test_exactly_the_causes_are_found(causes: set[int], likely: int) -> None:
    asked: list[frozenset[int]] = []

    def enough(part: Sequence[int]) -> bool:
        asked.append(frozenset(part))
        return causes <= set(part)

    assert set(fewest(ITEMS, enough, likely)) == causes
    assert len(asked) <= len(ITEMS) ** 2


@given(ways=st.lists(st.sets(st.sampled_from(ITEMS), min_size=1), min_size=1, max_size=4))
def test_of_several_ways_one_is_found_that_can_lose_nothing(ways: list[set[int]]) -> None:
    def enough(part: Sequence[int]) -> bool:
        return any(way <= set(part) for way in ways)

    found = fewest(ITEMS, enough)
    assert enough(found)
    assert not any(enough([each for each in found if each != left]) for left in found)


def test_the_likeliest_alone_takes_one_run() -> None:
    asked = []
    assert fewest(ITEMS, lambda part: not asked.append(part) and 0 in part) == [0]
    assert asked == [[0]]


# --- searches ---------------------------------------------------------------------------------------------------------

FACTORS = tuple(Factor(kind="data", name=name, text=f"{name} differs", ordinals=(number,)) for number, name in [
    (2, "a.csv"), (2, "b.csv"), (4, "c.csv"), (5, "d.csv"),
])  # fmt: skip


class _Machine:
    """Execution 2 needs a.csv and b.csv, execution 4 also c.csv; without `steady` each run gives something else."""

    def __init__(self, *, steady: bool = True, curable: bool = True) -> None:
        self.made = 0
        self.steady, self.curable = steady, curable

    def attempt(self, factors: Sequence[Factor], upto: int | None, *, again: bool) -> Attempt:
        self.made += 1
        names = {factor.name for factor in factors}
        first = 2 if not {"a.csv", "b.csv"} <= names else 4 if not (self.curable and "c.csv" in names) else None
        differs = first is not None and first <= (upto or 9)
        keys = tuple(sorted(factor.key for factor in factors))
        found = "x" if self.steady else str(self.made)
        return Attempt(
            restored=keys, upto=upto, same=not differs, first=first if differs else None, found=found, again=again
        )


def search(home: Path, machine: _Machine, most: int = 40, factors: Sequence[Factor] = FACTORS) -> Bisection:
    causes = tuple(Cause(kind="data", text=each.text, strength="likely", factors=(each.key,)) for each in factors)
    explanation = Explanation(
        id="1", pipeline="p", session="s", started="", same=False, causes=causes, factors=tuple(factors)
    )
    return Search(explanation, Home(home), machine, most, lambda attempt, number: None).run()


def isolated(found: Bisection) -> list[tuple[int | None, set[str]]]:
    return [(each.ordinal, {factor.name for factor in each.factors}) for each in found.isolated]


def test_a_pair_of_causes_then_another_one(tmp_path: Path) -> None:
    found = search(tmp_path, _Machine())
    assert found.result == "isolated"
    assert isolated(found) == [(2, {"a.csv", "b.csv"}), (4, {"c.csv"})]
    assert found.suspects == ()


def test_a_search_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = _Machine()
    search(tmp_path / "..", whole)
    made = 0
    for _ in range(20):
        machine = _Machine()
        found = search(tmp_path, machine, most=2)
        made += machine.made
        assert machine.made <= 2
        if found.result != "out of runs":
            break
        assert found.suspects
    assert (found.result, made) == ("isolated", whole.made)


def test_a_search_starts_anew_when_something_else_has_changed(tmp_path: Path) -> None:
    search(tmp_path, _Machine())
    machine = _Machine()
    search(tmp_path, machine, factors=[*FACTORS[:3], Factor(kind="data", name="e.csv", text="e.csv is missing")])
    assert machine.made > 1


def test_what_can_not_be_put_back_is_left_as_a_suspect(tmp_path: Path) -> None:
    python = Factor(kind="Python", name="Python", text="3.11 is now 3.12", obstacle="it can't be put back")
    found = search(tmp_path, _Machine(curable=False), factors=[*FACTORS, python])
    assert found.result == "not among these"
    assert isolated(found) == [(2, {"a.csv", "b.csv"})]
    assert python in found.suspects
    assert not any(python.key in attempt.restored for attempt in found.attempts)


def test_two_runs_that_differ_from_each_other_are_nondeterministic(tmp_path: Path) -> None:
    assert search(tmp_path, _Machine(curable=False, steady=False)).result == "nondeterministic"


def test_what_does_not_come_back_takes_one_run(tmp_path: Path) -> None:
    class _Same(_Machine):
        def attempt(self, factors: Sequence[Factor], upto: int | None, *, again: bool) -> Attempt:
            self.made += 1
            return Attempt(restored=(), upto=upto, same=True)

    machine = _Same()
    assert (search(tmp_path, machine).result, machine.made) == ("does not come back", 1)
