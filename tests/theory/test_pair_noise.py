"""The noise of one layer in the angle of two inputs, against quadrature in the plane."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from length_cases import lengths_at
from theory_cells import make_cell

from initbench.catalogue.activations import Activation, activation
from initbench.catalogue.initializers import initializer
from initbench.catalogue.inputs import inputs
from initbench.theory.chaos import series
from initbench.theory.fluctuations import fluctuations
from initbench.theory.kernel import trajectory
from initbench.theory.lengths_and_angles import Lengths, cosine_map
from initbench.theory.pair_noise import PairNoise, fourth_of_square, kept, pair_noises
from initbench.theory.pair_sums import around

Array = np.ndarray[Any, Any]

FIELDS = ("angle", "common", "across", "shift")
X, W = np.polynomial.hermite_e.hermegauss(120)
W = W / W.sum()


def in_the_plane(chosen: Activation, q: float, c: float) -> PairNoise:
    """From the definitions, with X and Y the products and squares of one unit."""
    z_a, z_b = np.broadcast_arrays(X[:, None], c * X[:, None] + np.sqrt(1 - c * c) * X)
    phi_a, phi_b = (chosen.value(np.sqrt(q) * z) for z in (z_a, z_b))
    weights = W[:, None] * W

    def mean(f: Array) -> float:
        return float((weights * f).sum())

    a, b, x = (f / mean(phi_a**2) for f in (phi_a**2, phi_b**2, phi_a * phi_b))
    kappa = mean(x)
    angle, length = x - kappa * (a + b) / 2, (a + b) / 2
    # E (1 + dx) / sqrt((1 + da) (1 + db)) to second order
    second = -mean((x - kappa) * (a + b - 2)) / 2 + kappa * mean(3 * ((a - 1) ** 2 + (b - 1) ** 2) / 8)
    second += kappa * mean((a - 1) * (b - 1)) / 4
    values = (mean(angle**2), mean(angle * (length - 1)), mean((a - b) ** 2), second)
    return PairNoise(*(np.array([value]) for value in values))


@pytest.mark.parametrize("e", [1.3, 1.0, 0.5, 0.1, 1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("name", ["tanh", "gelu", "softplus"])
def test_noise(name: str, e: float) -> None:
    """The variance of the angle is of order (1 - c)^2, where its parts are of order 1 - c."""
    q = np.array([0.8])
    found = pair_noises(series(activation(name), q), lengths_at(name, q, np.ones(1))).at(around(np.full((1, 1), e)))
    exact = in_the_plane(activation(name), float(q[0]), 1 - e)
    for field in FIELDS:
        assert getattr(found, field)[0] == pytest.approx(getattr(exact, field)[0], rel=2e-3, abs=1e-6 * e), field


def haar(name: str, c: float) -> tuple[PairNoise, PairNoise]:
    """Noise of independent weights, and what a Haar matrix keeps of it."""
    q, at = np.full(2, 0.8), around(np.full((1, 2), 1 - c))
    s, lengths = series(activation(name), q), lengths_at(name, q, np.ones(2))
    lengths = Lengths(**{**vars(lengths), "haar": np.ones(2)})
    gap = pair_noises(s, lengths).product.lacks(at)[0]
    gap[0] = 1 - c  # of the layer below
    return pair_noises(s, lengths).at(at), kept(s, lengths, gap, cosine_map(s, lengths).slope.mean(at), at)


@pytest.mark.parametrize("c", [-0.4, 0.0, 0.7])
def test_haar_matrices_keep_all_angles_of_linear_layers(c: float) -> None:
    free, fixed = haar("linear", c)
    for field in FIELDS:
        assert getattr(fixed, field)[1] == pytest.approx(getattr(free, field)[1], abs=1e-9), field
        assert getattr(free.less(fixed), field)[1] == pytest.approx(0, abs=1e-9), field


@pytest.mark.parametrize("name", ["tanh", "gelu"])
def test_haar_matrices_keep_some_of_others(name: str) -> None:
    free, fixed = haar(name, 0.4)
    for field in ("angle", "across"):
        assert 0 < getattr(fixed, field)[1] < getattr(free, field)[1]


@pytest.mark.parametrize("name", ["tanh", "gelu", "softplus", "cos"])
def test_uniform_biases_of_infinitely_wide_networks(name: str) -> None:
    """There, z is a normal variable and a uniform one: averages are those of a triple integral."""
    reach = 0.35
    bias = initializer("uniform", low=-reach, high=reach)
    cell = make_cell([10**9] * 2, name, 1.0, bias, inputs("pair", cosine=0.3, mean_square=1.0), batch=2)
    pairs = fluctuations(trajectory(cell)).pairs
    b, w_b = np.polynomial.legendre.leggauss(20)
    z_a, z_b = X[:, None], 0.3 * X[:, None] + np.sqrt(1 - 0.09) * X
    value = activation(name).value
    phi_a, phi_b = (value(np.broadcast_to(z, (len(X), len(X)))[..., None] + reach * b) for z in (z_a, z_b))
    weights = W[:, None, None] * W[None, :, None] * w_b / 2
    exact = (weights * phi_a * phi_b).sum() / np.sqrt((weights * phi_a**2).sum() * (weights * phi_b**2).sum())
    moved = exact - (1 - pairs.gap[1])
    assert pairs.shift[1] == pytest.approx(moved, rel=0.05)


@pytest.mark.parametrize("cosine", [0.7, 0.9, 0.98, 0.99])
def test_uniform_biases_where_inputs_are_near_a_kink_together(cosine: float) -> None:
    """With x the excess kurtosis, relu's <phi_a phi_b> moves by x K (1 - c)^2 / (12 pi sqrt(1 - c^2)): near c = 1 much
    less than each of the averages that it is made of."""
    reach = 0.35
    bias = initializer("uniform", low=-reach, high=reach)
    cell = make_cell([10**9] * 2, "relu", 1.0, bias, inputs("pair", cosine=cosine, mean_square=1.0), batch=2)
    share = 1 / (1 + reach**2 / 3)
    c = 1 - share * (1 - cosine)
    exact = -1.2 * (1 - share) ** 2 * (1 - c) ** 2 / (6 * np.pi * np.sqrt(1 - c**2))
    assert fluctuations(trajectory(cell)).pairs.shift[1] == pytest.approx(exact, rel=0.15)


@pytest.mark.parametrize("name", ["relu", "hard_tanh", "hard_shrink", "gelu", "softplus", "abs"])
def test_the_fourth_derivative_of_a_square(name: str) -> None:
    """Against <g^2 He_4(x)> on a fine line, g = phi^2 - <phi^2>, with kinks, with jumps and with neither."""
    x = np.linspace(-9, 9, 200_001)
    weights = np.exp(-x * x / 2) / np.exp(-x * x / 2).sum()
    g = activation(name).value(np.sqrt(0.8) * x) ** 2
    g = g / (weights @ g) - 1
    coefficients = series(activation(name), np.array([0.8])).square.copy()
    coefficients[:, 0] = 0.0
    exact = weights @ (g**2 * (x**4 - 6 * x**2 + 3))
    assert fourth_of_square(coefficients)[0] == pytest.approx(exact, abs=0.05 * (weights @ g**2))
