"""The mean singular value of a layer's own Jacobian: closed forms, matrices drawn here, and networks as a whole."""

from __future__ import annotations

import math

import numpy as np
import pytest
from theory_cells import make_cell

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import initializer
from initbench.theory.gaussian import moments
from initbench.theory.predict_cell import predict_cell
from initbench.theory.singular import _mean, mean_singular_value

ONE = np.array([1.0])


def test_closed_forms() -> None:
    linear, relu = activation("linear"), activation("relu")
    # the quarter circle law: 8 / (3 pi)
    assert mean_singular_value(linear, ONE, 1.0, False) == pytest.approx(8 / (3 * math.pi), abs=1e-9)
    assert mean_singular_value(linear, ONE, 1.0, True) == pytest.approx(1, abs=1e-9)
    # a semi-orthogonal matrix of fan_in Var W = 1 and n / n' = 4
    assert mean_singular_value(linear, ONE, 4.0, True) == pytest.approx(2, rel=1e-6)
    # half of the columns are cut, and those that are left are orthonormal, or n x n/2 of independent entries
    assert mean_singular_value(relu, ONE, 1.0, True) == pytest.approx(0.5, abs=1e-8)
    narrow = mean_singular_value(linear, ONE, 0.5, False)
    assert mean_singular_value(relu, ONE, 1.0, False) == pytest.approx(narrow / 2, rel=1e-7)
    # W and its transpose have the same singular values: variance 1 / n' and 1 / n
    assert mean_singular_value(linear, ONE, 2.0, False) == pytest.approx(math.sqrt(2) * narrow, rel=1e-7)


@pytest.mark.parametrize("name", ["tanh", "gelu", "hard_tanh", "sigmoid", "leaky_relu"])
def test_square_haar_layers_have_their_slopes(name: str) -> None:
    """W^T W = 1: the singular values are |phi'| themselves."""
    phi = activation(name)
    z = np.linspace(-12, 12, 400_001)
    density = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    expected = float(np.abs(phi.slope(math.sqrt(1.7) * z)) @ density)
    assert mean_singular_value(phi, np.array([1.7]), 1.0, True) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("haar", [False, True])
@pytest.mark.parametrize("shape", [(400, 400), (500, 200), (200, 500)])
@pytest.mark.parametrize("name", ["tanh", "gelu", "relu"])
def test_drawn_matrices(name: str, shape: tuple[int, int], haar: bool) -> None:
    """Slopes at the quantiles of z, so that nothing but the matrix is drawn: it leaves 1 / n, and as much for Haar."""
    rng = np.random.default_rng(3)
    law = (
        initializer("orthogonal", gain=math.sqrt(max(1, shape[1] / shape[0]))) if haar else initializer("lecun_normal")
    )
    weights = law.sample(rng, *shape, np.float64)
    units = shape[1]
    grid = np.linspace(-6, 6, 100_001)
    cumulative = np.cumsum(np.exp(-grid * grid / 2))
    z = np.interp((np.arange(units) + 0.5) / units, cumulative / cumulative[-1], grid) * math.sqrt(1.7)
    measured = np.linalg.svd(weights * activation(name).slope(rng.permutation(z)), compute_uv=False).mean()
    expected = mean_singular_value(activation(name), np.array([1.7]), shape[1] / shape[0], haar)[0]
    assert measured == pytest.approx(expected, rel=0.012)


def test_many_mean_squares_are_followed_by_polynomials() -> None:
    q = np.geomspace(0.01, 50, 200)
    found = mean_singular_value(activation("tanh"), q, 1.0, False)
    for k in (0, 57, 120, 199):
        assert found[k] == pytest.approx(_mean(activation("tanh"), float(q[k]), 1.0, False), rel=1e-6)
    assert (np.diff(found) < 0).all()


def test_slopes_that_are_0_and_lengths_that_are_none() -> None:
    assert mean_singular_value(activation("sign"), ONE, 1.0, False)[0] == 0
    assert np.isnan(mean_singular_value(activation("tanh"), np.array([np.nan, 1.0]), 1.0, False)).tolist() == [
        True,
        False,
    ]
    at_0 = mean_singular_value(activation("sigmoid"), np.array([0.0]), 1.0, False)[0]
    assert at_0 == pytest.approx(8 / (3 * math.pi) / 4, rel=1e-7)


@pytest.mark.parametrize(
    ("law", "layer_2", "layer_5"), [("fan_in_uniform", 0.459, 0.489), ("glorot_uniform", 0.653, 0.760)]
)
def test_glorot_and_bengio(law: str, layer_2: float, layer_5: float) -> None:
    """Five tanh layers of 1000 units, measured over four networks; the mean by its first moment is above it."""
    cell = make_cell((1000,) * 6, "tanh", law, metrics=("layer_jacobian_mean",))
    found = predict_cell(cell).curves["layer_jacobian_mean"].mean
    assert found[2] == pytest.approx(layer_2, rel=0.012)
    assert found[5] == pytest.approx(layer_5, rel=0.012)
    q = predict_cell(make_cell((1000,) * 6, "tanh", law, metrics=("preact_q",))).curves["preact_q"].infinite[2]
    sigma = {"fan_in_uniform": 3**-0.5, "glorot_uniform": 1.0}[law]
    assert found[2] < sigma * math.sqrt(float(moments(activation("tanh"), q).slope_square))


def test_layers_that_all_differ() -> None:
    """Widths, activations and laws change from layer to layer; each is what it would be alone."""
    acts = [activation(name) for name in ("tanh", "relu", "tanh")]
    laws = [initializer("orthogonal", gain=1.3), initializer("he_normal"), initializer("orthogonal", gain=0.8)]
    cell = make_cell((100, 200, 50, 50), acts, laws)
    curves = predict_cell(cell).curves
    q, found = curves["preact_q"].infinite, curves["layer_jacobian_mean"].infinite
    # a wide orthogonal matrix of gain 1.3 has fan_in Var W = 1.69 / 2
    first = mean_singular_value(acts[0], q[1:2], 2.0, True)[0] * math.sqrt(1.69 / 2)
    second = mean_singular_value(acts[1], q[2:3], 0.25, False)[0] * math.sqrt(2)
    third = mean_singular_value(acts[2], q[3:4], 1.0, True)[0] * 0.8
    np.testing.assert_allclose(found[1:], [first, second, third], rtol=1e-9)
