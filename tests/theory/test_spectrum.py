"""The correlation map as a power series in c, against series that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from initbench.catalogue.activations import activation
from initbench.theory.gaussian import moments
from initbench.theory.maps import chord
from initbench.theory.spectrum import TERMS, spectrum

Q = np.array([0.3, 1.0, 4.0])


def test_sin_is_sinh() -> None:
    """<sin sin> = exp(-q) sinh(q c): odd powers q^k / k! over sinh(q)."""
    series = spectrum(activation("sin"), Q)
    for k in range(12):
        expected = Q**k / math.factorial(k) / np.sinh(Q) if k % 2 else np.zeros(3)
        np.testing.assert_allclose(series.power[:, k], expected, atol=1e-14)
    assert series.nearest() == 0


def arcsin_series(m: int) -> float:
    """asin(c) = sum_m b_m c^(2 m + 1), b_m = binomial(2 m, m) / (4^m (2 m + 1))."""
    return math.exp(math.lgamma(2 * m + 1) - 2 * math.lgamma(m + 1) - m * math.log(4)) / (2 * m + 1)


def test_sign_is_arcsin() -> None:
    """<sign sign> = (2 / pi) asin(c)."""
    power = spectrum(activation("sign"), np.array([7.0])).power[0]
    for m in (0, 1, 2, 10, 100):
        assert power[2 * m + 1] == pytest.approx(2 / math.pi * arcsin_series(m), rel=1e-10)
    assert np.abs(power[::2]).max() < 1e-25


def test_relu_is_cho_and_sauls_kernel() -> None:
    """2 <relu relu> / q = 1 / pi + c / 2 + (the integral of asin from 0 to c) / pi: Cho, Saul 2009."""
    series = spectrum(activation("relu"), np.array([1e-3, 1e5]))
    np.testing.assert_allclose(series.power[:, :2], [[1 / np.pi, 0.5]] * 2, rtol=1e-12)
    for m in (0, 1, 5, 50):
        expected = arcsin_series(m) / (2 * m + 2) / np.pi
        np.testing.assert_allclose(series.power[:, 2 * m + 2], expected, rtol=1e-9)
    beyond = sum(arcsin_series(m) / (2 * m + 2) / math.pi for m in range(TERMS // 2 - 1, 200_000))
    np.testing.assert_allclose(series.rest, beyond, rtol=1e-3)


def test_powers_add_up_and_what_is_left_is_known() -> None:
    for name in ("gelu", "hard_tanh", "exponential"):
        series = spectrum(activation(name), Q)
        np.testing.assert_allclose(series.power.sum(axis=1) + series.rest, 1, rtol=1e-13)


@pytest.mark.parametrize("name", ["tanh", "hard_tanh", "hard_shrink", "elu", "softsign"])
def test_chords_and_slopes_are_those_of_quadrature(name: str) -> None:
    shape = activation(name)
    series, m = spectrum(shape, Q), moments(shape, Q)
    e = np.array([max(series.nearest(), 1e-6), 0.2, 1.0])
    expected = chord(shape, Q[:, None], e) * (Q / m.square)[:, None]
    np.testing.assert_allclose(series.chord(e), expected, rtol=1e-9)
    step = 1e-5
    products = [1 - x * series.chord(x) for x in (e[1:2] - step, e[1:2] + step)]
    np.testing.assert_allclose(series.slope(e[1:2]), (products[0] - products[1]) / (2 * step), rtol=1e-6)


def test_smooth_series_hold_up_to_one() -> None:
    shape = activation("tanh")
    m = moments(shape, Q)
    near = spectrum(shape, Q[:2]).chord(np.array([1e-12]))[:, 0]
    np.testing.assert_allclose(near, (Q * m.slope_square / m.square)[:2], rtol=1e-10)
