"""Short Hermite series against two-dimensional quadrature and against averages over one preactivation."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from initbench.catalogue.activations import activation
from initbench.theory import moments, pair_moments
from initbench.theory.chaos import ORDER, Series, _coefficients, mean_average, pair_average, powers, series, times_x

CORRELATIONS = np.array([-0.5, 0.0, 0.3, 0.7, 0.9, 0.97, 1.0])
# name and relative error of the series at its worst correlation: smooth, with a kink, with a jump
CASES = [("tanh", 2e-4), ("gelu", 1e-5), ("elu", 1e-4), ("relu", 6e-3), ("hard_tanh", 1e-2), ("sign", 2e-2)]


@pytest.mark.parametrize("q", [0.3, 2.0])
@pytest.mark.parametrize(("name", "tolerance"), CASES)
def test_pairs(name: str, tolerance: float, q: float) -> None:
    chosen = activation(name)
    s, m = series(chosen, np.array([q])), moments(chosen, q)
    at = powers(CORRELATIONS[:, None])
    found = [
        pair_average(s.value, s.value, 1.0, at) * m.square,
        pair_average(s.square, s.square, s.fourth, at) * m.square**2,
        pair_average(s.slope, s.slope, 1.0, at) * m.slope_square,
    ]
    exact = pair_moments(chosen, q, q, 1 - CORRELATIONS)
    scales = [m.square, m.fourth, m.slope_square]
    for series_, truth, scale in zip(
        found, [exact.product, exact.square_product, exact.slope_product], scales, strict=True
    ):
        np.testing.assert_allclose(series_[:, 0], truth, rtol=tolerance, atol=tolerance * float(scale))


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu", "sigmoid"])
def test_totals_are_those_of_one_preactivation(name: str) -> None:
    chosen, q = activation(name), np.array([0.2, 1.7])
    s, m = series(chosen, q), moments(chosen, q)
    np.testing.assert_allclose(s.fourth, m.fourth / m.square**2, rtol=1e-9)
    np.testing.assert_allclose(s.slope_fourth, m.slope_fourth / m.slope_square**2, rtol=1e-9)
    np.testing.assert_allclose(s.mixed, m.mixed / (m.square * m.slope_square), rtol=1e-9)
    # z phi phi' integrated by parts: <z phi phi'> = K d<phi^2>/dK
    np.testing.assert_allclose(s.turned, q**0.5 * m.d_square / np.sqrt(m.square * m.slope_square), rtol=1e-9)
    # <phi^2 h_2> = sqrt(2) K d<phi^2>/dK
    np.testing.assert_allclose(s.square[:, 2], np.sqrt(2) * q * m.d_square / m.square, rtol=1e-8)


def test_multiplication_by_x() -> None:
    """x relu(x) has the coefficients of relu^2."""
    s = series(activation("relu"), np.ones(1))
    scale = np.sqrt(0.5)  # value is phi / sqrt(A), square phi^2 / A
    np.testing.assert_allclose(times_x(s.value)[:, :ORDER], s.square[:, :ORDER] * scale, atol=1e-12)


@pytest.mark.parametrize("name", ["tanh", "gelu", "elu", "hard_tanh", "relu", "sign"])
def test_polynomials_in_ln_q_are_what_the_nodes_say(name: str) -> None:
    q = np.exp(np.random.default_rng(0).uniform(-8, 5, 40))
    direct = np.concatenate([_coefficients(activation(name), one) for one in q[:, None]])
    np.testing.assert_allclose(_table(series(activation(name), q)), direct, atol=3e-8)


def test_what_polynomials_do_not_follow_is_taken_from_the_nodes() -> None:
    """hard_shrink at small q is felt by its tails alone, and beyond their reach not at all."""
    q = np.array([5e-4, 1e-3, 2e-3, 4e-3])
    direct = np.concatenate([_coefficients(activation("hard_shrink"), one) for one in q[:, None]])
    assert (direct[0, : ORDER + 1] == 0).all()
    assert (direct[3, : ORDER + 1] != 0).any()
    rounding = 1e-12 * np.abs(direct).max()  # the even ones of an odd function are nothing else
    np.testing.assert_allclose(_table(series(activation("hard_shrink"), q)), direct, rtol=1e-6, atol=rounding)


def _table(s: Series) -> np.ndarray:
    columns = (np.atleast_2d(column.T).T for column in (getattr(s, field.name) for field in fields(Series)))
    return np.concatenate(list(columns), axis=1)


def test_what_has_one_size_does_not_spread() -> None:
    """sign^2 = 1 in every network: even a rounding error of <phi^4> - 1 would be a spread of 2e-9."""
    s = series(activation("sign"), np.array([0.3, 1.0, 7.0]))
    assert (s.fourth == 1).all()
    assert (pair_average(s.square, s.square, s.fourth, powers(np.full((1, 3), 0.4))) == 1).all()


def test_blanks_and_nothing() -> None:
    s = series(activation("tanh"), np.array([0.0, np.nan, 1.0]))
    assert np.all(s.value[0] == 0)
    assert np.all(np.isnan(s.value[1]))
    assert s.fourth[2] > 1


def test_mean_over_both_sides() -> None:
    s, at = series(activation("relu"), np.ones(1)), powers(np.array([[0.2], [0.6]]))
    both = pair_average(s.square, s.square, s.fourth, at)
    assert mean_average(s.square, s.square, s.fourth, at) == pytest.approx(both.mean())
