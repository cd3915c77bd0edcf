"""Means and spreads of gradients against networks simulated plainly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from finite_networks import Sample, over_networks, simulate
from theory_cells import make_cell

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import initializer
from initbench.catalogue.inputs import inputs
from initbench.spec import Cell
from initbench.theory.backward import backward_spread
from initbench.theory.bands import Band
from initbench.theory.forward import forward_spread
from initbench.theory.kernel import trajectory

Array = np.ndarray[Any, Any]

GRADIENTS = ("grad_q", "weight_grad_q")
CLAIM = 0.15


def bands(cell: Cell) -> dict[str, Band]:
    t = trajectory(cell)
    return dict(backward_spread(t, forward_spread(t)).bands)


def agrees(sample: Sample, band: Band, errors: float = 4) -> bool:
    """Variances within 15 % and means within 3 %, and `errors` standard errors more: a false alarm in 16,000
    comparisons for 4."""
    assert np.all(band.within[1:])
    variance = sample.variance[1:] / band.sd[1:] ** 2
    mean = np.abs(sample.mean - band.mean)[1:]
    fine = np.abs(variance - 1) <= CLAIM + errors * sample.variance_error[1:] * variance
    return bool(np.all(fine) and np.all(mean <= 0.03 * band.mean[1:] + errors * sample.mean_error[1:]))


GENERAL: dict[str, Cell] = {
    "tanh": make_cell([24] * 4, "tanh", 1.7, 0.1, batch=1),
    "tanh, 8 inputs": make_cell([24] * 4, "tanh", 1.0, None, batch=8),
    "gelu": make_cell([24] * 4, "gelu", 1.4, 0.5, batch=1, resample=False),
    "gelu, 8 inputs": make_cell([24] * 4, "gelu", 1.4, 0.5, batch=8),
    "relu, 8 inputs": make_cell([24] * 4, "relu", 2**0.5, None, batch=8),
    "softsign, rectangular": make_cell([16, 32, 24, 48], "softsign", 1.5, 0.3, batch=4),
    "erf and relu": make_cell([24] * 4, [activation("erf"), activation("relu"), activation("erf")], 1.2, 0.1, batch=2),
    "haar": make_cell([16] * 3, "tanh", initializer("orthogonal", gain=1.2), 0.3, batch=4),
    "haar, rectangular": make_cell([16, 32, 16], "relu", initializer("orthogonal", gain=1.2), 0.3, batch=2),
    "uniform": make_cell([24] * 4, "relu", "he_uniform", None, batch=1),
    "ones, odd": make_cell([24] * 4, "tanh", 1.5, 0.2, batch=1, gradient="ones"),
}


@pytest.mark.parametrize("case", GENERAL)
def test_gradients(case: str) -> None:
    cell = GENERAL[case]
    measured, found = simulate(cell, 4000, root=3), bands(cell)
    for name in GRADIENTS:
        assert agrees(over_networks(measured[name]), found[name]), name


@pytest.mark.parametrize("wrong", [0.5, 2.0])
def test_a_wrong_width_is_seen(wrong: float) -> None:
    """The control: the bands of networks half or twice as wide do not agree."""
    cell = GENERAL["tanh, 8 inputs"]
    sample, band = over_networks(simulate(cell, 4000, root=3)["grad_q"]), bands(cell)["grad_q"]
    assert agrees(sample, band)
    assert not agrees(sample, Band(band.mean, band.sd * wrong**0.5, band.within))


def test_the_error_of_the_mean_falls_as_the_square_of_the_width() -> None:
    """As in the forward test: with the shift, what is left of the error is under a fifth of that of infinite width, and
    n times it is at 32 less than half of that at 8; 4 standard errors are allowed throughout."""
    left = {}
    for width in (8, 16, 32):
        cell = make_cell([width] * 4, "tanh", 1.7, 0.3, batch=8)
        t = trajectory(cell)
        found = backward_spread(t, forward_spread(t)).bands["grad_q"].mean[1]
        sample = over_networks(simulate(cell, 12_000, root=6)["grad_q"])
        error = 4 * sample.mean_error[1]
        infinite, rest = t.over_batch(t.grad)[1] - sample.mean[1], found - sample.mean[1]
        assert abs(rest) < abs(infinite) / 5 + error
        assert abs(infinite) > 2 * error  # the control: infinite width does not pass
        left[width] = (width * rest, width * error)
    assert abs(left[32][0]) < abs(left[8][0]) / 2 + left[32][1]


def test_the_mean_of_relu_gradients_does_not_move() -> None:
    """One matrix forward and backward changes nothing for a homogeneous network (Hanin & Rolnick 2018)."""
    t = trajectory(make_cell([12, 20, 8], "relu", "he_normal", None, batch=3))
    found = backward_spread(t, forward_spread(t)).bands["grad_q"]
    np.testing.assert_allclose(found.mean[1:], t.over_batch(t.grad)[1:], rtol=1e-9)


def test_gradients_of_one_input_are_products() -> None:
    """weight_grad_q = act_q of the layer below times grad_q, network by network; for relu its spread is the same in
    every layer."""
    cell = make_cell([16] * 4, "relu", "he_normal", None, batch=1, source="ones")
    measured = simulate(cell, 50, root=1)
    product = measured["act_q"][:, :-1] * measured["grad_q"][:, 1:]
    np.testing.assert_allclose(measured["weight_grad_q"][:, 1:], product, rtol=1e-4)
    found = bands(cell)["weight_grad_q"]
    np.testing.assert_allclose((found.sd / found.mean)[1:], (found.sd / found.mean)[1], rtol=1e-12)


def test_what_is_not_derived_is_blank() -> None:
    together = bands(make_cell([16] * 3, "tanh", 1.5, 0.2, batch=4, gradient="shared"))
    assert np.all(np.isfinite(together["grad_q"].mean[1:]))
    assert np.all(np.isnan(together["grad_q"].sd))
    assert np.all(np.isnan(together["weight_grad_q"].mean))
    assert "share" in together["grad_q"].reason
    coherent = bands(make_cell([16] * 3, "relu", 1.4, None, batch=1, gradient="ones"))
    assert np.all(np.isnan(coherent["grad_q"].sd))
    assert np.all(np.isnan(coherent["grad_q"].mean))
    assert "sent back" in coherent["grad_q"].reason
    assert bands(make_cell([16] * 3, "relu", 1.4, None, gradient="none")) == {}
    laws = [initializer("he_normal"), initializer("constant", value=0.1)]
    assert bands(make_cell([16] * 3, "tanh", laws, None)) == {}


def test_one_shared_cotangent_of_one_input_is_like_any() -> None:
    one, other = (bands(make_cell([16] * 3, "tanh", 1.5, 0.2, batch=1, gradient=g)) for g in ("shared", "gaussian"))
    np.testing.assert_array_equal(one["grad_q"].sd, other["grad_q"].sd)


def test_outside_the_range() -> None:
    """Gradients feel all layers from the last one down: of 20 layers of 64 units the upper 10 are inside."""
    found = bands(make_cell([64] * 21, "tanh", 1.7, 0.1, batch=1, source="ones"))["grad_q"].within
    assert found[11]
    assert not found[10]
    assert np.all(bands(make_cell([8] * 21, "relu", "he_normal", None, batch=1))["grad_q"].within)


def test_dead_gradients_do_not_vary() -> None:
    found = bands(make_cell([8] * 3, "sign", 1.0, None, batch=2))
    for name in GRADIENTS:
        np.testing.assert_array_equal(found[name].mean[1:], 0)
        np.testing.assert_array_equal(found[name].sd[1:], 0)


def test_weight_gradients_of_one_cotangent_feel_the_lengths_below() -> None:
    """gelu's lengths move the last layer's mean by a tenth over ten layers, though no gradient has gone far; relu's
    have a mean that stays."""
    for name, fine in (("gelu", False), ("relu", True)):
        cell = make_cell([100] * 11, name, 1.6**0.5, 0.3, inputs("pair", cosine=0.999), batch=2, gradient="shared")
        assert bands(cell)["weight_grad_q"].within[-1] == fine
