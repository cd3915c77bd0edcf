"""Homogeneous networks of any width and depth: published numbers, digamma functions and brute force."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from finite_networks import over_networks, simulate
from theory_cells import make_cell

from initbench.catalogue.activations import Activation, activation
from initbench.catalogue.initializers import Initializer, initializer
from initbench.spec import Cell
from initbench.theory.backward import backward_spread
from initbench.theory.exact import exact_layers, growth, log_moments
from initbench.theory.forward import forward_spread
from initbench.theory.kernel import trajectory

Array = np.ndarray[Any, Any]

# Hanin & Rolnick 2018, He + relu: width -> variance of M_20, mean and variance of ln M_20 (exact; M_0 = 1)
HEADLINE = {
    8: (16483.2, -7.97555, 24.9398),
    16: (229.137, -3.52795, 8.39187),
    32: (17.2404, -1.65080, 3.54996),
    64: (3.50176, -0.80217, 1.65995),
}


def spread(cell: Cell) -> dict[str, Array]:
    """Relative variance of every mean square, (L + 1,)."""
    t = trajectory(cell)
    forward = forward_spread(t)
    bands = {**forward.bands, **backward_spread(t, forward).bands}
    return {name: (bands[name].sd / bands[name].mean) ** 2 for name in ("preact_q", "act_q", "grad_q", "weight_grad_q")}


def single(widths: list[int], acts: str | list[Activation], weights: float | Initializer | str = "he_normal") -> Cell:
    return make_cell(widths, acts, weights, source="ones", batch=1)


@pytest.mark.parametrize("width", HEADLINE)
def test_published_numbers_of_he_and_relu(width: int) -> None:
    variance, log_mean, log_variance = HEADLINE[width]
    cell = single([width] * 21, "relu")
    assert spread(cell)["act_q"][20] == pytest.approx(variance, rel=2e-6)
    found = growth(trajectory(cell))
    assert found is not None
    assert found.mean[20] == pytest.approx(log_mean, abs=6e-6)
    assert found.variance[20] == pytest.approx(log_variance, rel=4e-6)
    assert found.dead[20] == pytest.approx(1 - (1 - 0.5**width) ** 20, rel=1e-3)
    assert found.typical[20] == pytest.approx(math.exp(log_mean), rel=1e-5)


def test_dead_networks() -> None:
    """Of 20 layers of 8 units, 7.5 % are dead (Hanin & Rolnick 2018)."""
    found = growth(trajectory(single([8] * 21, "relu")))
    assert found is not None
    assert found.dead[20] == pytest.approx(0.075, abs=5e-4)


@pytest.mark.parametrize("n", [1, 2, 8, 64, 1024, 4096])
def test_logarithms_by_digamma_functions(n: int) -> None:
    """Linear: psi(n/2) + ln(2/n) and psi1(n/2). Relu: a binomial mixture of these."""
    from scipy.special import polygamma
    from scipy.stats import binom

    mean, variance, dead = log_moments(1.0, 1.0, n)
    assert dead == 0
    assert mean == pytest.approx(float(polygamma(0, n / 2)) + math.log(2 / n), abs=1e-10)
    assert variance == pytest.approx(float(polygamma(1, n / 2)), rel=1e-6)
    units = np.arange(1, n + 1)
    share = binom.pmf(units, n, 0.5)
    share /= share.sum()
    psi, psi1 = polygamma(0, units / 2), polygamma(1, units / 2)
    mean, variance, dead = log_moments(0.0, 1.0, n)
    assert dead == (0.5**n if n <= 1000 else pytest.approx(0, abs=1e-300))
    assert mean == pytest.approx(float(share @ psi) + math.log(2 / n), abs=1e-10)
    assert variance == pytest.approx(float(share @ (psi1 + psi**2) - (share @ psi) ** 2), rel=1e-6)


def test_logarithms_of_leaky_relu_by_sampling() -> None:
    """200,000 draws: both within 4.5 standard errors, a false alarm in 70,000."""
    rng, draws = np.random.default_rng(1), 200_000
    slopes = np.where(rng.random((draws, 6)) < 0.5, 0.3, 1.0)
    logs = np.log(np.square(slopes * rng.standard_normal((draws, 6))).mean(axis=1))
    mean, variance, dead = log_moments(0.3, -1.0, 6)
    sample = over_networks(logs[:, None])
    assert dead == 0
    assert abs(sample.mean[0] - mean) < 4.5 * sample.mean_error[0]
    assert abs(sample.variance[0] / variance - 1) < 4.5 * sample.variance_error[0]


def test_nothing_passes_a_flat_activation() -> None:
    mean, variance, dead = log_moments(0.0, 0.0, 5)
    assert math.isnan(mean)
    assert math.isnan(variance)
    assert dead == 1


def test_relative_variances_in_closed_form() -> None:
    """prod (1 + 5/n) forward, (1 + 2/n) on top of it for preactivations, prod (1 + 5/n) backward from the last layer,
    and one number for the weight gradients of all layers."""
    widths = np.array([6, 12, 8, 16])
    found = spread(single(widths.tolist(), "relu"))
    factors = 1 + 5 / widths[1:]
    np.testing.assert_allclose(found["act_q"], np.append(1, factors.cumprod()) - 1, rtol=1e-12, atol=1e-15)
    expected = (1 + 2 / widths[1:]) * np.append(1, factors.cumprod()[:-1]) - 1
    np.testing.assert_allclose(found["preact_q"][1:], expected, rtol=1e-12)
    np.testing.assert_allclose(found["grad_q"][1:], factors[::-1].cumprod()[::-1] - 1, rtol=1e-12)
    np.testing.assert_allclose(found["weight_grad_q"][1:], factors.prod() - 1, rtol=1e-12)


def test_haar_matrices_in_closed_form() -> None:
    """prod (1 + 3 / (n + 2)) for relu; nothing varies in a linear network."""
    turned = spread(single([16] * 5, "relu", initializer("orthogonal", gain=2**0.5)))
    np.testing.assert_allclose(turned["act_q"], (1 + 3 / 18) ** np.arange(5) - 1, rtol=1e-11, atol=1e-14)
    linear = spread(single([16] * 5, "linear", initializer("orthogonal")))
    np.testing.assert_allclose(linear["act_q"], 0, atol=1e-13)
    np.testing.assert_allclose(linear["preact_q"][1:], 0, atol=1e-13)


def test_uniform_weights() -> None:
    """One layer of He-uniform relu on ones: (2 (3 + (9/5 - 3) / 16) - 1) / 16."""
    found = spread(single([16, 16], "relu", "he_uniform"))["act_q"][1]
    assert found == pytest.approx(0.30313, abs=5e-6)


LEAKY, RELU, LINEAR = activation("leaky_relu", negative_slope=0.3), activation("relu"), activation("linear")
FOLD = activation("leaky_relu", negative_slope=-1.0)
BRUTE: dict[str, tuple[list[int], list[Activation], float | Initializer | str, int]] = {
    "leaky": ([6, 12, 8], [LEAKY, LEAKY], 1.4, 60_000),
    "mixed": ([6, 12, 8, 16], [RELU, LEAKY, LINEAR], 1.4, 60_000),
    "fold": ([6, 12, 8], [FOLD, FOLD], 1.0, 60_000),
    "haar": ([16, 8, 16], [RELU, RELU], initializer("orthogonal", gain=2**0.5), 25_000),
    "uniform": ([16, 16], [RELU], "he_uniform", 60_000),
}


@pytest.mark.parametrize("case", BRUTE)
def test_brute_force(case: str) -> None:
    """Every mean and every variance within 5 standard errors, of up to 20 numbers: a false alarm in 80,000 runs if the
    errors were normal. Sample variances are skewed: theirs is taken on the scale of the larger of the two, measured and
    predicted. The haar case adds the 2 % by which gradients through rectangular Haar matrices may be off."""
    widths, acts, weights, networks = BRUTE[case]
    cell = single(widths, acts, weights)
    t = trajectory(cell)
    forward = forward_spread(t)
    bands = {**forward.bands, **backward_spread(t, forward).bands}
    measured = simulate(cell, networks, root=2)
    slack = 0.02 if case == "haar" else 0.0
    for name in ("preact_q", "act_q", "grad_q", "weight_grad_q"):
        sample, band = over_networks(measured[name][:, 1:]), bands[name]
        mean, variance = band.mean[1:], band.sd[1:] ** 2
        assert np.all(np.abs(sample.mean - mean) <= 5 * np.sqrt(variance / networks) + 1e-6 * mean), name
        off = np.abs(sample.variance - variance) / np.maximum(sample.variance, variance + 1e-12)
        assert np.all(off <= 5 * sample.variance_error + slack), name


def test_a_wrong_width_is_seen() -> None:
    """The control: (3 s4 / s2^2 - 1) / (n + 1) in place of n lies beyond the 5 standard errors allowed above."""
    cell = single([6, 12], [LEAKY], 1.4)
    sample = over_networks(simulate(cell, 60_000, root=2)["act_q"][:, 1:])
    s2, s4 = (1 + 0.3**2) / 2, (1 + 0.3**4) / 2
    relative = sample.variance[0] / sample.mean[0] ** 2
    right, wrong = ((3 * s4 / s2**2 - 1) / n for n in (12, 13))
    assert abs(relative / right - 1) < 5 * sample.variance_error[0] < abs(relative / wrong - 1)


def test_where_it_is_exact() -> None:
    assert exact_layers(trajectory(single([8] * 4, "relu"))) == 3
    assert exact_layers(trajectory(single([8] * 4, [RELU, activation("tanh"), RELU]))) == 1
    assert exact_layers(trajectory(single([8] * 4, "relu", "he_uniform"))) == 0
    assert exact_layers(trajectory(make_cell([8] * 4, "relu", batch=2))) == 0
    assert exact_layers(trajectory(make_cell([8] * 4, "relu", bias=0.1, batch=1))) == 0
    assert growth(trajectory(make_cell([8] * 4, "tanh", batch=1))) is None
