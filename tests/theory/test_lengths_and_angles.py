"""The second-order map of lengths and angles against finite differences of averages in the plane."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from length_cases import lengths_at
from theory_cells import make_cell

from initbench.catalogue.activations import activation
from initbench.theory import moments, pair_moments
from initbench.theory.chaos import ORDER, series
from initbench.theory.fluctuations import fluctuations
from initbench.theory.kernel import trajectory
from initbench.theory.lengths_and_angles import Bends, Joint, cosine_map, of_correlations, raised
from initbench.theory.pair_sums import around

Array = np.ndarray[Any, Any]

STEP = 0.02  # in ln K
C = np.array([-0.6, 0.0, 0.3, 0.7, 0.9])


def bends_at(name: str, q: float, reach: float = 0.01) -> Bends:
    """For every c, as the mean over c - reach, c and c + reach."""
    rows = np.full(C.shape, q)
    found = cosine_map(series(activation(name), rows), lengths_at(name, rows, np.ones(C.shape)))
    return found.bends(around(1 - C + reach * np.array([[1.0], [0.0], [-1.0]])))


def cosine(name: str, q_a: float, q_b: float, c: Array) -> Array:
    chosen = activation(name)
    sizes = moments(chosen, np.array([q_a, q_b])).square
    return np.asarray(pair_moments(chosen, q_a, q_b, 1 - c).product / np.sqrt(sizes.prod()))


@pytest.mark.parametrize("q", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("name", ["tanh", "gelu", "elu", "softplus", "selu", "hard_tanh", "sin"])
def test_derivatives_of_the_cosine(name: str, q: float) -> None:
    h, up, down = STEP, np.exp(STEP), np.exp(-STEP)

    def moved(a: float, b: float, c: Array = C) -> Array:
        return cosine(name, q * a, q * b, c)

    root = np.exp(h / 2)
    exact = Bends(
        length=(moved(up, up) - moved(down, down)) / (2 * h),
        angle=(moved(1, 1, C + h) - 2 * moved(1, 1) + moved(1, 1, C - h)) / h**2,
        mixed=sum(sign * (moved(up, up, C + sign * h) - moved(down, down, C + sign * h)) for sign in (1, -1))
        / (4 * h**2),
        along=(moved(up, up) - 2 * moved(1, 1) + moved(down, down)) / h**2,
        across=2 * (moved(root, 1 / root) - moved(1, 1)) / h**2,
    )
    found = bends_at(name, q)
    for field, tolerance in (("length", 0.002), ("along", 0.005), ("across", 0.005), ("mixed", 0.02)):
        np.testing.assert_allclose(getattr(found, field), getattr(exact, field), atol=tolerance, err_msg=field)
    np.testing.assert_allclose(found.angle, exact.angle, atol=0.1)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "abs", "square", "sign", "linear"])
def test_no_length_moves_the_angle_of_a_power(name: str) -> None:
    found = bends_at(name, 1.3)
    for field in ("length", "mixed", "along", "across"):
        np.testing.assert_allclose(getattr(found, field), 0, atol=1e-6, err_msg=field)


def test_equal_inputs_stay_equal_at_every_length() -> None:
    rows = np.array([0.3, 4.0])
    found = cosine_map(series(activation("elu"), rows), lengths_at("elu", rows, np.ones(2)))
    for part in (found.length, found.along):
        np.testing.assert_allclose(part.value(around(np.zeros((1, 2)))), 0, atol=1e-15)
        # in proportion to 1 - c
        near, nearer = part.value(around(np.full((1, 2), 1e-4))), part.value(around(np.full((1, 2), 1e-6)))
        np.testing.assert_allclose(nearer, near / 100, rtol=0.01)


def test_derivatives_of_the_correlation() -> None:
    """c of K_ab = w kappa sqrt(A_a A_b) + b, K_aa = w A_a + b."""
    w, b, kappa, h = 1.2, 0.7, np.array([-0.5, 0.0, 0.4, 0.999]), 1e-3

    def c(y_a: float, y_b: float, kappa: Array = kappa) -> Array:
        lengths = [w * np.exp(y) + b for y in (y_a, y_b)]
        return np.asarray((w * kappa * np.exp((y_a + y_b) / 2) + b) / np.sqrt(lengths[0] * lengths[1]))

    share = np.full(kappa.shape, w / (w + b))
    found = of_correlations(lengths_at("tanh", np.full(kappa.shape, w + b), share), 1 - kappa)
    exact = {
        "length": (c(h, h) - c(-h, -h)) / (2 * h),
        "angle": 0 * kappa,
        "mixed": (c(h, h, kappa + h) - c(h, h) - c(-h, -h, kappa + h) + c(-h, -h)) / (2 * h * h),
        "along": (c(h, h) - 2 * c(0, 0) + c(-h, -h)) / h**2,
        "across": 2 * (c(h / 2, -h / 2) - c(0, 0)) / h**2,
    }
    for field, value in exact.items():
        np.testing.assert_allclose(getattr(found, field), value, atol=1e-4, err_msg=field)


def test_the_shift_is_the_mean_of_a_quadratic() -> None:
    """Over normal variables, by their sample."""
    rng = np.random.default_rng(1)
    x, angle = rng.multivariate_normal([0.1, 0.0], [[0.04, 0.01], [0.01, 0.09]], 100_000).T
    apart = rng.normal(0, 0.3, 100_000)
    bends = Bends(*(np.array([value]) for value in (0.5, 1.5, -0.7, 0.4, -2.0)))
    joint = Joint(*(np.array([value]) for value in (0.09, 0.01, 0.04, 0.09)))
    centred = x - 0.1
    sample = 0.5 * x + 0.75 * angle**2 - 0.7 * angle * centred + 0.2 * centred**2 - apart**2
    found = sum(bends.parts(np.array([0.1]), joint))
    assert found[0] == pytest.approx(sample.mean(), abs=4 * sample.std() / 100_000**0.5)


@pytest.mark.parametrize("by", [1, 2, 4])
def test_coefficients_of_derivatives(by: int) -> None:
    """The derivatives of sin are sin and cos of the same coefficients."""
    q = np.array([1.0])
    sizes = [moments(activation(name), q).square ** 0.5 for name in ("sin", "cos")]
    sin, cos = (series(activation(name), q).value * size for name, size in zip(("sin", "cos"), sizes, strict=True))
    expected = {1: cos, 2: -sin, 4: sin}[by]
    np.testing.assert_allclose(raised(sin, by)[:, : ORDER - 3], expected[:, : ORDER - 3], atol=1e-5)


def test_a_spread_of_lengths_is_split_in_two() -> None:
    """Var y_a = Var y_+ + Var y_- / 4, and the two inputs' covariance is Var y_+ - Var y_- / 4: as `fluctuations` has
    them, which are found in another way."""
    f = fluctuations(trajectory(make_cell([64] * 6, "elu", 1.2, 0.3, batch=8)))
    across = f.pairs.across[1:]
    np.testing.assert_allclose(2 * (f.square[1:, 0] - f.pair_square[1:]), across, rtol=0.04)
    assert f.pairs.across[0] == pytest.approx(2 * np.log1p(2 / 64))
