"""The maps of one infinitely wide layer, against closed forms in exact arithmetic."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from initbench.catalogue.activations import activation
from initbench.errors import ParameterError, UnknownNameError
from initbench.theory.maps import (
    chord_growth,
    correlation_map,
    correlation_slope,
    found,
    gradient_map,
    homogeneous,
    length_map,
    length_slope,
)

EXACT = 1e-10  # what averages are promised to


def erf_product(a: float, b: float, c: float) -> mpmath.mpf:
    """<erf(z_a) erf(z_b)>: Williams 1997."""
    return 2 / mpmath.pi * mpmath.asin(2 * mpmath.sqrt(a * b) * c / mpmath.sqrt((1 + 2 * a) * (1 + 2 * b)))


def relu_product(c: mpmath.mpf) -> mpmath.mpf:
    """<relu(z_a) relu(z_b)> at q = 1: Cho, Saul 2009."""
    return (mpmath.sqrt(1 - c * c) + c * (mpmath.pi - mpmath.acos(c))) / (2 * mpmath.pi)


def test_lengths_and_gradients_of_relu_and_erf() -> None:
    q = np.array([[1e-6, 1.0], [3.0, 1e6]])
    np.testing.assert_allclose(length_map("relu", 1.5, 0.3, q), 2.25 * q / 2 + 0.09, rtol=EXACT)
    np.testing.assert_allclose(length_slope("relu", 1.5, q), 1.125, rtol=EXACT)
    np.testing.assert_allclose(
        length_map("erf", 1.5, 0.3, q), 2.25 * 2 / np.pi * np.arcsin(2 * q / (1 + 2 * q)) + 0.09, rtol=EXACT
    )
    np.testing.assert_allclose(gradient_map("erf", 1.5, q), 2.25 * 4 / np.pi / np.sqrt(1 + 4 * q), rtol=EXACT)


def test_gradients_feel_both_fans() -> None:
    assert gradient_map("linear", 1.0, 1.0, fan_in=64, fan_out=16) == pytest.approx(0.25)
    assert gradient_map("relu", 2**0.5, 1.0, fan_in=16, fan_out=64) == pytest.approx(4)


@pytest.mark.parametrize("e", [1e-12, 1e-9, 1e-6, 1e-3, 0.3, 1.0, 1.9])
def test_correlations_keep_their_digits_near_one(e: float) -> None:
    with mpmath.workdps(60):
        c = 1 - mpmath.mpf(e)
        relu = 1 - 2 * relu_product(c)
        length = mpmath.mpf("2.25") * erf_product(0.7, 0.7, 1) + mpmath.mpf("0.09")
        erf = mpmath.mpf("2.25") * (erf_product(0.7, 0.7, 1) - erf_product(0.7, 0.7, c)) / length
    assert float(correlation_map("relu", 2**0.5, 0, e, 1.0)) == pytest.approx(float(relu), rel=1e-9)
    assert float(correlation_map("erf", 1.5, 0.3, e, 0.7)) == pytest.approx(float(erf), rel=1e-9)


def test_correlations_of_inputs_of_different_lengths() -> None:
    a, b, e = 0.7, 2.5, 0.4
    lengths = [2.25 * erf_product(x, x, 1) + mpmath.mpf("0.09") for x in (a, b)]
    expected = 1 - (2.25 * erf_product(a, b, 1 - e) + mpmath.mpf("0.09")) / mpmath.sqrt(lengths[0] * lengths[1])
    assert float(correlation_map("erf", 1.5, 0.3, e, a, b)) == pytest.approx(float(expected), rel=EXACT)


def test_the_slope_of_the_correlation_map_at_one_is_chi() -> None:
    q = 0.607046791909  # tanh's fixed point at (1.3, 0.3), as Poole et al. 2016 have it
    slope = float(correlation_slope("tanh", 1.3, 0.3, 0.0, q))
    assert slope == pytest.approx(float(gradient_map("tanh", 1.3, q)), rel=1e-10)


@pytest.mark.parametrize(("name", "q"), [("tanh", 2.0), ("hard_tanh", 2.0), ("hard_shrink", 0.8), ("sign", 1.0)])
@pytest.mark.parametrize("e", [0.05, 0.6, 1.3])
def test_slopes_are_those_of_the_map(name: str, q: float, e: float) -> None:
    """Central differences of step h = 1e-4 err by h^2 f''' / 6 < 1e-6 relatively, f''' < 100 |f'| here."""
    step = 1e-4
    ends = correlation_map(name, 1.4, 0.2, np.array([e - step, e + step]), q)
    assert float(correlation_slope(name, 1.4, 0.2, e, q)) == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=2e-6)


def test_jumps_make_the_slope_at_one_infinite_but_not_chi() -> None:
    assert correlation_slope("sign", 1.0, 0.0, 0.0, 1.0) == math.inf
    assert gradient_map("sign", 1.0, 1.0) == 0
    assert correlation_slope("hard_shrink", 1.0, 0.0, 0.0, 1.0) == math.inf
    assert gradient_map("hard_shrink", 1.0, 1.0) == pytest.approx(math.erfc(0.5 / math.sqrt(2)), rel=EXACT)
    # <sign sign> = (2 / pi) asin c
    e = np.array([1e-6, 1e-3, 0.5, 1.0])
    expected = 2 / np.pi / np.sqrt(e * (2 - e))
    np.testing.assert_allclose(chord_growth(activation("sign"), 1.0, e), expected, rtol=1e-8)


def test_without_weights_nothing_passes_not_even_infinity() -> None:
    assert length_map("exponential", 0.0, 0.5, 1e6) == 0.25
    assert length_map("exponential", 0.1, 0.5, 1e6) == math.inf
    assert gradient_map("exponential", 0.0, 1e6) == 0


@pytest.mark.parametrize(
    ("name", "params", "slopes"),
    [
        ("linear", {}, (1, 1)),
        ("relu", {}, (0, 1)),
        ("leaky_relu", {"negative_slope": -0.5}, (-0.5, 1)),
        ("abs", {}, (-1, 1)),
        ("hard_shrink", {"threshold": 0.0}, (1, 1)),
        ("elu", {"alpha": 0.0}, (0, 1)),
        ("gelu", {}, None),
        ("relu6", {}, None),
        ("sign", {}, None),
        ("square", {}, None),
        ("soft_shrink", {"threshold": 1e-3}, None),
    ],
)
def test_what_is_homogeneous(name: str, params: dict[str, float], slopes: tuple[float, float] | None) -> None:
    assert homogeneous(activation(name, **params)) == slopes


def test_names_are_looked_up() -> None:
    assert found("keras:gelu").name == "keras:gelu"
    with pytest.raises(UnknownNameError, match="gelu"):
        found("gelo")
    with pytest.raises(ParameterError, match="needs threshold"):
        found("threshold")
