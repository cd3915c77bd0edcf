"""Fixed points of the length map: all of them, their stability, and which one is reached."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from activation_cases import CASES

from initbench.catalogue.activations import Activation, activation
from initbench.theory.fixed_points import FixedPoint, fixed_points, reached
from initbench.theory.maps import length_map


def of(name: str, sigma_w: float, sigma_b: float) -> tuple[FixedPoint, ...]:
    return fixed_points(activation(name), sigma_w, sigma_b)


def end(name: str, sigma_w: float, sigma_b: float, q0: float = 1.0) -> float | None:
    shape = activation(name)
    point = reached(shape, fixed_points(shape, sigma_w, sigma_b), sigma_w, sigma_b, q0)
    return None if point is None else point.q


@pytest.mark.parametrize("case", CASES, ids=[case.label for case in CASES])
def test_fixed_points_are_fixed_and_take_turns(case: Activation) -> None:
    for sigma_w, sigma_b in ((0.7, 0.0), (1.5, 0.1), (2.5, 1.0)):
        points = fixed_points(case, sigma_w, sigma_b)
        for point in points:
            image = float(length_map(case, sigma_w, sigma_b, point.q))
            assert image == pytest.approx(point.q, rel=1e-11 * max(1, 1 / abs(1 - point.slope)))
            assert point.stable == (point.slope < 1)
            assert point.slope >= -0.5  # d ln F / d ln q >= -1/2
        assert all(a.stable != b.stable for a, b in itertools.pairwise(points))


def test_squares_have_roots_of_a_quadratic() -> None:
    """F(q) = 3 sigma_w^2 q^2 + sigma_b^2."""
    weights, biases = 0.04, 0.25
    root = math.sqrt(1 - 12 * weights * biases)
    expected = [(1 - root) / (6 * weights), (1 + root) / (6 * weights)]
    points = of("square", 0.2, 0.5)
    assert [point.q for point in points] == pytest.approx(expected, rel=1e-12)
    assert [point.slope for point in points] == pytest.approx([1 - root, 1 + root], rel=1e-10)
    assert [point.stable for point in points] == [True, False]
    assert [point.chi for point in points] == pytest.approx([4 * weights * q for q in expected], rel=1e-12)


def test_where_two_fixed_points_meet() -> None:
    """The discriminant 1 - 12 sigma_w^2 sigma_b^2 is 0 at sigma_w^2 = 1/4, sigma_b^2 = 1/3, with q = 2/3."""
    sigma_b = math.sqrt(1 / 3)
    (point,) = of("square", 0.5, sigma_b)
    assert point.q == pytest.approx(2 / 3, rel=1e-6)  # a double root keeps half of the digits
    assert (point.stable, point.slope) == (False, pytest.approx(1, abs=1e-6))
    assert end("square", 0.5, sigma_b, 0.1) == point.q
    assert end("square", 0.5, sigma_b, 0.9) is None
    low, high = of("square", 0.5, sigma_b * (1 - 1e-6))
    assert (low.stable, high.stable) == (True, False)
    assert high.q - low.q == pytest.approx(2 / 3 * 2 * math.sqrt(2e-6), rel=1e-3)
    assert of("square", 0.5, sigma_b * (1 + 1e-6)) == ()


def test_soft_shrink_is_tangent_where_it_is_critical() -> None:
    """phi phi'' = 0 makes F' = chi at every q, so that a critical fixed point is never crossed."""
    (point,) = of("soft_shrink", 2.281631709610551, 0.3)
    assert (point.stable, point.slope, point.chi) == (False, pytest.approx(1, abs=1e-8), pytest.approx(1, abs=1e-8))


def test_zero_is_a_fixed_point_where_phi_and_the_biases_are_zero_there() -> None:
    assert of("tanh", 0.8, 0)[0].q == 0
    assert of("tanh", 0.8, 0)[0].slope == pytest.approx(0.64)
    assert of("relu6", 1.0, 0)[0] == FixedPoint(0.0, pytest.approx(0.5), True, pytest.approx(0.5))
    assert of("sign", 1.5, 0)[0] == FixedPoint(0.0, math.inf, False, 0.0)
    assert of("sigmoid", 1.0, 0)[0].q > 0
    assert of("tanh", 0.8, 1e-3)[0].q > 0


def test_at_slope_one_the_next_order_decides_about_zero() -> None:
    assert of("tanh", 1, 0) == (FixedPoint(0.0, pytest.approx(1), True, pytest.approx(1)),)
    assert of("gelu", 2, 0) == (FixedPoint(0.0, pytest.approx(1), False, pytest.approx(1)),)


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "exponential"])
@pytest.mark.parametrize("sigma_w", [1e-13, 1e-50, 1e-150])
def test_tiny_weights_leave_what_is_not_zero_at_zero(name: str, sigma_w: float) -> None:
    """phi(0) != 0 and no biases: q comes to sigma_w^2 phi(0)^2, however small, and does not diverge."""
    at_zero = activation(name).value(np.zeros(1))[0]
    assert end(name, sigma_w, 0.0) == pytest.approx(sigma_w**2 * at_zero**2, rel=1e-9)


def test_tiny_biases_and_just_supercritical_weights() -> None:
    assert of("tanh", 0.5, 1e-20)[0].q == pytest.approx(1e-40 / 0.75, rel=1e-10)
    zero, above = of("tanh", 1 + 1e-8, 0)
    assert (zero.stable, above.stable) == (False, True)
    assert above.q == pytest.approx(1e-8, rel=1e-4)  # sigma_w^2 (1 - 2 q) = 1 to first order


@pytest.mark.parametrize(
    ("sigma_w", "sigma_b", "expected"),
    [
        (1.0, 0.1, [(0.02, True)]),
        (1.0, 0.0, [(0.0, True)]),
        (2.0, 0.0, [(0.0, False)]),
        (2.0, 0.1, []),
        (2**0.5, 0.0, []),
        (2**0.5, 0.1, []),
    ],
)
def test_relu_has_a_line(sigma_w: float, sigma_b: float, expected: list[tuple[float, bool]]) -> None:
    points = of("relu", sigma_w, sigma_b)
    assert [(point.q, point.stable) for point in points] == [(pytest.approx(q), stable) for q, stable in expected]


def test_which_one_is_reached_depends_on_the_start() -> None:
    low, high = of("gelu", 1.547, 0.2)
    assert (low.stable, high.stable) == (True, False)
    assert end("gelu", 1.547, 0.2, high.q * 0.999) == low.q
    assert end("gelu", 1.547, 0.2, 1e-6) == low.q
    assert end("gelu", 1.547, 0.2, high.q * 1.001) is None
    assert end("gelu", 1.547, 0.2, high.q) == high.q
    assert end("tanh", 1.0, 0.0) == 0
    assert end("relu", 2**0.5, 0.0) is None


def test_a_map_that_falls_is_followed() -> None:
    """<cos^2> = (1 + exp(-2 q)) / 2."""
    q = end("cos", 0.6, 0.0, 1e-4)
    assert q == pytest.approx(0.18 * (1 + math.exp(-2 * q)), rel=1e-12)


def test_all_of_a_wavy_map() -> None:
    """A threshold with a high floor: <phi^2> falls and rises again; a fine scan sees the same roots."""
    shape = activation("threshold", threshold=1.0, value=10.0)
    q = np.exp(np.arange(np.log(1e-3), np.log(1e6), 0.01))
    for sigma_w in (0.1, 0.5, 1.0, 1.35, 1.41):
        excess = length_map(shape, sigma_w, 0.1, q) - q
        turns = q[:-1][np.sign(excess[:-1]) != np.sign(excess[1:])]
        assert [point.q for point in fixed_points(shape, sigma_w, 0.1)] == pytest.approx(turns, rel=0.011)
