"""What numpy.unique gives, without what it loads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initbench.theory.sets import sorted_set

NUMBERS = st.lists(st.sampled_from([-1.5, -0.0, 0.0, 1e-300, 1.0, float("inf")]) | st.floats(-3, 3), max_size=9)


@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_every_number_of_all_parts_once_and_in_order(parts: list[list[float]]) -> None:
    found = sorted_set(*(np.array(part, float) for part in parts))
    np.testing.assert_array_equal(found, np.unique(np.concatenate([np.array(part, float) for part in parts])))


@pytest.mark.parametrize("parts", [(3,), (2, np.array([[1, 2], [0, 2]])), (np.array([], int),)])
def test_numbers_and_arrays_of_any_shape(parts: tuple[object, ...]) -> None:
    found = sorted_set(*parts)
    assert found.tolist() == sorted({number for part in parts for number in np.ravel(part).tolist()})  # type: ignore[call-overload]
