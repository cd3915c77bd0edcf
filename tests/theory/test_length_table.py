"""The table of <phi^2> and <phi'^2> between its nodes."""

from __future__ import annotations

import numpy as np
import pytest
from activation_cases import CASES

from initbench.catalogue.activations import Activation, activation
from initbench.theory.gaussian import moments
from initbench.theory.length_table import length_table

STEP = np.log(10) / 16  # of the nodes, in ln q
# Hermite's polynomial of degree 5 errs by max |f^(6)| h^6 / 46080. The averages vary with powers of q from -1/2 to 2
# times functions of the same scale, so that derivatives grow by less than a factor of 3 each.
ERROR = 3**6 * STEP**6 / 46080
SLOPE_ERROR = ERROR * 30 / STEP


POWERS = [case for case in CASES[:37] if case.name != "exponential"]  # whose averages outgrow every power of q


@pytest.mark.parametrize("case", POWERS, ids=[case.label for case in POWERS])
def test_between_the_nodes(case: Activation) -> None:
    log_q = np.random.default_rng(0).uniform(np.log(1e-3), np.log(1e3), 60)
    q = np.exp(log_q)
    m, at = moments(case, q), length_table(case).at(log_q)
    scale = np.maximum(m.square, 0.1 * q)  # beside q, to which it is compared
    np.testing.assert_array_less(np.abs(at.ratio * q - m.square), ERROR * scale)
    np.testing.assert_array_less(np.abs((at.slope - m.d_square) * q), SLOPE_ERROR * scale)
    steepest = np.maximum(m.slope_square, 0.1)
    np.testing.assert_array_less(np.abs(at.slope_square - m.slope_square), ERROR * steepest)
    np.testing.assert_array_less(np.abs(at.growth - q * m.d_slope_square), SLOPE_ERROR * steepest)


def test_the_nodes_are_met() -> None:
    table = length_table(activation("gelu"))
    at = table.at(table.log_q)
    np.testing.assert_allclose(at.ratio * table.q, table.square, rtol=1e-14)
    np.testing.assert_allclose(at.slope_square, table.slope_square, rtol=1e-14)


def test_limits_at_zero_come_from_above() -> None:
    assert length_table(activation("relu")).at_zero == pytest.approx((0.5, 0.5))  # though relu'(0) = 0
    assert length_table(activation("tanh")).at_zero == pytest.approx((1, 1))
    assert length_table(activation("square")).at_zero == (0, 0)


def test_overflow_is_infinite() -> None:
    table = length_table(activation("exponential"))
    assert np.isinf(table.at(np.log([1e4])).ratio[0])
    assert np.isfinite(table.at(np.log([10.0])).ratio[0])


def test_which_length_maps_rise() -> None:
    assert length_table(activation("gelu")).rising
    assert not length_table(activation("cos")).rising
