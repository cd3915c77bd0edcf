"""What averages over pairs lack of their value at c = 1, against two-dimensional quadrature and closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from initbench.catalogue.activations import activation
from initbench.theory import moments, pair_moments
from initbench.theory.chaos import ORDER, pair_average, powers, series
from initbench.theory.pair_sums import PairSum, around, mean, pair_sum

Array = np.ndarray[Any, Any]

E = np.array([1.5, 1.0, 0.4, 0.05, 1e-3, 1e-6, 1e-12])
NONE = np.zeros(1, bool)


def product(name: str, q: float, power: int = 1) -> tuple[PairSum, float]:
    """<phi_a phi_b> / <phi^2>, and <phi^2>."""
    m, s = moments(activation(name), q), series(activation(name), np.array([q]))
    steep = np.array([m.slope_square * q / m.square])
    return PairSum(s.value**2, np.ones(1), steep, power), float(m.square)


@pytest.mark.parametrize("q", [0.5, 3.0])
@pytest.mark.parametrize(("name", "tolerance"), [("tanh", 1e-3), ("gelu", 1e-4), ("elu", 1e-3), ("relu", 0.02)])
def test_the_gap_to_all_digits(name: str, tolerance: float, q: float) -> None:
    found, square = product(name, q)
    exact = pair_moments(activation(name), q, q, E).gap / square
    np.testing.assert_allclose(found.lacks(around(E[:, None]))[:, 0], exact, rtol=tolerance)


def test_without_its_first_power_the_series_is_all_there_is() -> None:
    """relu begins with 1 - c, of which the orders have not all."""
    first, _ = product("relu", 1.0)
    cut, _ = product("relu", 1.0, power=0)
    near, far = around(np.full((1, 1), 1e-6)), around(np.full((1, 1), 0.2))
    assert first.lacks(near)[0, 0] == pytest.approx(1e-6, rel=1e-3)
    assert cut.lacks(near)[0, 0] < 0.99e-6
    assert first.lacks(far) == cut.lacks(far)


def test_where_the_first_power_is_not_known_it_is_not_used() -> None:
    s = series(activation("sign"), np.ones(2))
    found = PairSum(s.value**2, np.ones(2), np.array([np.nan, 0.5]), 1).lacks(around(np.full((1, 2), 1e-3)))[0]
    assert found[1] == pytest.approx(0.5e-3, rel=0.5)
    assert found[0] > 10 * found[1]


@pytest.mark.parametrize(("name", "value"), [("sign", -1.0), ("abs", 1.0), ("hard_tanh", -1.0)])
def test_opposite_inputs_of_odd_and_even_activations(name: str, value: float) -> None:
    """At c = -1, what the orders lack counts as odd or even; `chaos` leaves it out."""
    s = series(activation(name), np.ones(1))
    found = pair_sum(s.value**2, 1.0, NONE).value(around(np.full((1, 1), 2.0)))
    assert found[0, 0] == pytest.approx(value, abs=1e-7)
    assert abs(pair_average(s.value, s.value, 1.0, powers(-np.ones((1, 1))))[0, 0] - value) > 5e-4


def test_rows_that_are_cut_have_their_orders_alone() -> None:
    terms = np.zeros((2, ORDER + 1))
    terms[:, 1] = 0.5
    found = pair_sum(terms, np.ones(2), np.array([True, False])).value(around(np.array([[0.0, 0.0], [0.5, 0.5]])))
    np.testing.assert_allclose(found, [[0.5, 1.0], [0.25, 0.25]], atol=1e-12)


def test_means_are_over_correlations() -> None:
    np.testing.assert_array_equal(mean(np.array([[1.0, 2.0], [3.0, 6.0]])), [2.0, 4.0])
    found, _ = product("tanh", 1.0)
    where = around(np.array([[0.1], [0.5]]))
    assert found.mean(where)[0] == found.value(where).mean()
