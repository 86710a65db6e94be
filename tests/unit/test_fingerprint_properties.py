"""What holds for any value that hypothesis can think of."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from jupyter_repro.capture.comparison import compare
from jupyter_repro.capture.fingerprint import content, fingerprint
from jupyter_repro.capture.values.content import decode, records_of

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=20),
    st.binary(max_size=20),
)
numpy_arrays = arrays.arrays(
    st.one_of(arrays.scalar_dtypes(), arrays.array_dtypes()), arrays.array_shapes(min_dims=0, max_dims=3, min_side=0)
)
keys = st.one_of(st.booleans(), st.integers(), st.text(max_size=5), st.tuples(st.integers(), st.text(max_size=3)))
values = st.recursive(
    st.one_of(scalars, numpy_arrays),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.tuples(inner, inner),
        st.dictionaries(keys, inner, max_size=5),
        st.frozensets(keys, max_size=5),
    ),
    max_leaves=20,
)


def described(value: Any) -> str:
    """A canonical text of scalars and containers: another, slower idea of equality."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value.hex()
    if isinstance(value, complex):
        return f"({described(value.real)},{described(value.imag)})"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({','.join(map(described, value))})"
    if isinstance(value, dict):
        return f"dict({','.join(f'{described(key)}:{described(part)}' for key, part in value.items())})"
    if isinstance(value, frozenset):
        return f"set({','.join(sorted(map(described, value)))})"
    return f"{type(value).__name__}:{value!r}"


plain = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner), st.dictionaries(keys, inner, max_size=4), st.frozensets(keys)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(values)
def test_copies_are_equal_and_nothing_is_raised(value: Any) -> None:
    found = fingerprint(value)
    assert found.exact
    assert len(found.summary) <= 200
    assert fingerprint(copy.deepcopy(value)).digest == found.digest
    assert fingerprint(pickle.loads(pickle.dumps(value))).digest == found.digest
    assert compare(value, found, content(value)).verdict == "identical"


@settings(deadline=None, max_examples=300)
@given(plain, plain)
def test_digests_are_equal_exactly_when_values_are(one: Any, other: Any) -> None:
    same = described(one) == described(other)
    assert (fingerprint(one).digest == fingerprint(other).digest) == same


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=200)
@given(values)
def test_a_content_is_decoded_to_what_was_encoded(value: Any) -> None:
    encoded = content(value)
    if encoded is not None:
        assert repr(decode(encoded)) == repr(list(records_of(value)))


@settings(deadline=None, max_examples=200)
@given(
    arrays.arrays(np.float64, arrays.array_shapes(max_dims=2), elements=st.floats(-1e6, 1e6)),
    st.floats(-0.4e-6, 0.4e-6),
)
def test_small_relative_errors_are_equivalent(array: Any, error: float) -> None:
    moved = array * (1 + error)
    assert compare(moved, fingerprint(array), content(array)).verdict in ("identical", "equivalent")


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.data())
def test_one_number_that_is_off_is_found(numbers: list[float], data: Any) -> None:
    position = data.draw(st.integers(0, len(numbers) - 1))
    moved = [*numbers[:position], numbers[position] + 1 + abs(numbers[position]), *numbers[position + 1 :]]
    check = compare({"a": moved}, fingerprint({"a": numbers}), content({"a": numbers}))
    assert check.verdict == "different"
    assert check.found is not None
    assert check.found.endswith(f"at ['a'][{position}]")
