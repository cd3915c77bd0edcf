"""Averages followed by polynomials in ln q, against the quadrature that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from initbench.catalogue.activations import activation
from initbench.theory.gaussian import FIELDS, moments
from initbench.theory.lengths import averages, square_map

NAMES = ("tanh", "gelu", "elu", "hard_tanh", "relu6", "sigmoid", "softplus", "tanhshrink")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("low", "high"), [(-6, 6), (-80, -40), (40, 200)])
def test_all_averages_at_any_length(name: str, low: float, high: float) -> None:
    """Derivatives beside the averages themselves: their quadrature has no more digits than that."""
    q = np.exp(np.linspace(low, high, 30))
    exact = moments(activation(name), q)
    followed = dict(zip(FIELDS, averages(activation(name), q), strict=True))
    for field in ("square", "fourth", "slope_square", "slope_fourth", "mixed"):
        assert followed[field] == pytest.approx(getattr(exact, field), rel=1e-11), field
    s, slope = exact.square, exact.slope_square
    scales = {"mean": s**0.5, "d_mean": s**0.5 / q, "d_square": s / q, "d2_square": s / q / q}
    scales |= {"d_slope_square": slope / q, "d2_slope_square": slope / q / q}
    for field, scale in scales.items():
        assert followed[field] / scale == pytest.approx(getattr(exact, field) / scale, abs=1e-11), field


@pytest.mark.parametrize("name", ["gelu", "tanh", "tanhshrink"])
def test_fourth_powers_that_underflow_at_the_end_of_a_cell_leave_the_rest_alone(name: str) -> None:
    """<phi^4> of gelu is 0 below q = 1e-162; what is above it in the same cell has all its digits."""
    q = np.geomspace(1e-150 if name != "tanhshrink" else 1e-50, 1e-20, 12)
    exact = moments(activation(name), q)
    assert averages(activation(name), q)[FIELDS.index("fourth")] == pytest.approx(exact.fourth, rel=1e-11, abs=0)


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu", "sigmoid"])
@pytest.mark.parametrize("q", [1e-270, 1e-9, 0.3, 7.0, 1e12, 1e270])
def test_one_length_is_as_many(name: str, q: float) -> None:
    own = square_map(activation(name))
    assert own.one(q) == pytest.approx(float(own(np.array([q]))[0]), rel=1e-12)
    assert own.one(q) == pytest.approx(float(moments(activation(name), q).square), rel=1e-11)


@pytest.mark.parametrize("threshold", [1e-3, 1.0, 300.0])
def test_bends_of_any_size_are_followed(threshold: float) -> None:
    own = activation("soft_shrink", threshold=threshold)
    q = threshold**2 * np.exp(np.linspace(-3, 9, 40))
    exact = moments(own, q)
    for field in ("square", "fourth", "slope_square"):
        found = averages(own, q)[FIELDS.index(field)]
        assert found == pytest.approx(getattr(exact, field), rel=2e-12), field


def test_no_signal_and_endless_ones() -> None:
    assert square_map(activation("tanh")).one(np.inf) == 1.0
    assert square_map(activation("sigmoid")).one(0.0) == 0.25
    assert square_map(activation("gelu")).one(np.inf) == np.inf
