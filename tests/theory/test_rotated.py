"""Quadrature in the plane, on its own: for what pairs would hand to closed forms and series, in tails, at the ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from gaussian_cases import plugin
from pair_reference import double_integral

from initbench.catalogue.activations import activation
from initbench.theory import moments
from initbench.theory.pairs import FIELDS
from initbench.theory.rotated import by_quadrature


@pytest.mark.parametrize("name", ["tanh", "gelu", "relu", "erf", "cos", "sign", "tanhshrink"])
@pytest.mark.parametrize(("q_a", "q_b", "e"), [(1.0, 1.0, 0.05), (2.0, 0.7, 0.9), (0.5, 1.5, 1.3)])
def test_double_integrals(name: str, q_a: float, q_b: float, e: float) -> None:
    case = activation(name)
    exact = double_integral(case, q_a, q_b, e)
    size = moments(case, max(q_a, q_b))
    sizes = (size.square, exact["gap"], size.slope_square, size.fourth)
    for ours, field, bound in zip(by_quadrature(case, q_a, q_b, e), FIELDS, sizes, strict=True):
        assert abs(ours - exact[field]) <= 1e-9 * float(bound), field


@pytest.mark.parametrize("name", ["hard_shrink", "soft_shrink"])
@pytest.mark.parametrize("q", [0.05, 1e-3])
def test_tails_of_independent_inputs_are_products(name: str, q: float) -> None:
    """Down to 1e-112: relative accuracy of what lies beyond two cuts at once."""
    case, one = activation(name), moments(activation(name), q)
    product, gap, slopes, squares = by_quadrature(case, q, q, 1.0)
    assert abs(product) <= 1e-12 * float(one.square)
    assert gap == pytest.approx(float(one.square), rel=1e-12)
    assert slopes == pytest.approx(float(one.slope_square) ** 2, rel=1e-11)  # phi' is 0 or 1
    assert squares == pytest.approx(float(one.square) ** 2, rel=1e-11)


@pytest.mark.parametrize("name", ["softsign", "sparse_plus", "hard_silu", "elu", "hard_shrink"])
def test_a_and_b_change_places(name: str) -> None:
    case = activation(name)
    for q_a, q_b in ((0.2, 3.0), (1e-6, 1e4), (0.0, 1.0)):
        for e in (1e-9, 0.4, 1.2):
            there, back = by_quadrature(case, q_a, q_b, e), by_quadrature(case, q_b, q_a, e)
            assert there == pytest.approx(back, rel=1e-9, abs=1e-14)


def test_nearly_equal_lengths_are_nearly_equal() -> None:
    """Half of v is left out where q_a = q_b; nothing may jump there."""
    for name in ("elu", "hard_tanh", "sign"):
        case = activation(name)
        for e in (1e-4, 0.6, 1.5):
            assert by_quadrature(case, 2.0, 2.0, e) == pytest.approx(
                by_quadrature(case, 2.0, math.nextafter(2.0, 3.0), e), rel=1e-11, abs=1e-14
            )


def test_what_cannot_be_followed_is_nan() -> None:
    assert np.isnan(by_quadrature(activation("sin"), 1e8, 1e8, 0.5)).all()
    assert np.isnan(by_quadrature(activation("exponential"), 9.0, 9.0, 0.5)).all()
    odd = plugin("cube", lambda z: z**3, lambda z: 3 * z**2, steepest=math.inf)
    assert by_quadrature(odd, 4.0, 4.0, 0.5)[0] == pytest.approx(64 * (9 * 0.5 + 6 * 0.125), rel=1e-11)
