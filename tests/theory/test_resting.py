"""Where correlations come to rest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from initbench.catalogue.activations import activation
from initbench.theory.fixed_points import fixed_points
from initbench.theory.gaussian import moments
from initbench.theory.maps import correlation_map, correlation_slope
from initbench.theory.resting import Rest, depth_scale, limit_of_correlation, phase_of, resting_correlation


def rest(name: str, sigma_w: float, sigma_b: float) -> tuple[float, Rest]:
    """q at the last fixed point, and where correlations rest there."""
    shape = activation(name)
    point = fixed_points(shape, sigma_w, sigma_b)[-1]
    square = float(moments(shape, point.q).square)
    return point.q, resting_correlation(shape, point.q, square, point.chi, sigma_w**2 * square / point.q)


@pytest.mark.parametrize(
    ("name", "sigma_w", "sigma_b"),
    [
        ("tanh", 1.5, 0.3),
        ("erf", 3.0, 0.1),
        ("sin", 2.0, 1.0),
        ("hard_tanh", 1.1, 0.2),
        ("hard_tanh", 1.07, 0.2),
        ("relu6", 2.0, 0.1),
        ("sign", 1.0, 3.0),
        ("hard_shrink", 0.8, 1.0),
    ],
)
def test_it_is_a_fixed_point_with_its_slope(name: str, sigma_w: float, sigma_b: float) -> None:
    q, there = rest(name, sigma_w, sigma_b)
    e = 1 - there.c
    assert 0 < e < 1
    assert float(correlation_map(name, sigma_w, sigma_b, e, q)) == pytest.approx(e, rel=1e-9)
    assert float(correlation_slope(name, sigma_w, sigma_b, e, q)) == pytest.approx(there.slope, rel=1e-6)
    assert there.slope < 1


def test_signs_rest_where_arcsin_says() -> None:
    q, there = rest("sign", 1.0, 1.0)
    assert q == pytest.approx(2)
    assert 2 * there.c == pytest.approx(2 / math.pi * math.asin(there.c) + 1, rel=1e-12)
    assert there.slope == pytest.approx(1 / math.pi / math.sqrt(1 - there.c**2), rel=1e-10)


def test_odd_activations_without_biases_decorrelate_completely() -> None:
    for name in ("tanh", "erf", "sin", "selu"):
        assert rest(name, 1.5 if name != "selu" else 1.0, 0.0)[1].c == 0


def test_ordered_and_critical_inputs_become_equal() -> None:
    assert rest("tanh", 1.2, 0.3)[1].c == 1
    assert rest("tanh", 1.3270096607058823, math.sqrt(0.05))[1].c == 1
    just_beyond = rest("tanh", 1.3270096607058823 + 1e-5, math.sqrt(0.05))[1]
    assert 1e-6 < 1 - just_beyond.c < 1e-4
    assert just_beyond.slope < 1


def test_jumps_too_rare_to_matter() -> None:
    assert rest("torch:softplus", 1.0, 0.1)[1] == Rest(1.0, pytest.approx(0.28933, rel=1e-4))
    _, silent = rest("hard_shrink", 0.5, 0.01)
    assert silent == Rest(1.0, 0.0)


@pytest.mark.parametrize(
    ("name", "growing", "expected"),
    [
        ("gelu", True, Rest(1, 1)),
        ("selu", False, Rest(1, 1)),
        ("abs", True, Rest(1, 1)),
        ("tanh", False, None),
        ("linear", True, None),
        ("hard_shrink", True, None),
        ("soft_shrink", False, None),
        ("exponential", True, None),
        ("square", True, Rest(pytest.approx(1 / 2), pytest.approx(2 / 3))),  # (1 + 2 c^2) / 3
        ("square", False, Rest(pytest.approx(1 / 2), pytest.approx(2 / 3))),
        ("tanhshrink", False, Rest(0, pytest.approx(3 / 5))),  # z^3: (9 c + 6 c^3) / 15
    ],
)
def test_lengths_without_bound(name: str, growing: bool, expected: Rest | None) -> None:
    assert limit_of_correlation(activation(name), growing) == expected


def test_biases_that_add_up_make_inputs_equal() -> None:
    assert limit_of_correlation(activation("linear"), growing=True, adding_up=True) == Rest(1, 1)


def test_depth_scales() -> None:
    slopes = np.array([0.0, math.exp(-1), -math.exp(-0.1), 1.0, 1 - 1e-9, 1.5, np.nan])
    np.testing.assert_allclose(depth_scale(slopes), [0, 1, 10, np.inf, np.inf, np.nan, np.nan])


def test_phases() -> None:
    assert phase_of([0, 0.99, 1 + 1e-9, 1.01]).tolist() == ["ordered", "ordered", "critical", "chaotic"]
