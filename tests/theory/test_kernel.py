"""The infinitely wide network of a cell: fans, gradients, where theory ends."""

from __future__ import annotations

import numpy as np
import pytest
from theory_cells import make_cell, sigma

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import initializer
from initbench.theory.kernel import trajectory
from initbench.theory.normality import LARGEST

FANS = (16, 8, 32, 16)


def test_linear_gradients_go_back_through_the_right_fans() -> None:
    """E (dL/dz_{l-1})^2 = fan_out_l Var W_l E (dL/dz_l)^2: with fans of 16-8-32-16 no other fan gives these."""
    t = trajectory(make_cell(FANS, "linear", initializer("normal", stddev=0.5), batch=1))
    assert t.grad[1:, 0] == pytest.approx([32 * 16 / 16, 16 / 4, 1.0])
    assert t.q[1:, 0] == pytest.approx([16 / 4, 16 / 4 * 8 / 4, 16 / 4 * 8 / 4 * 32 / 4])


def test_relu_halves_both_ways() -> None:
    t = trajectory(make_cell(FANS, "relu", "he_normal", batch=1))
    assert t.q[1:, 0] == pytest.approx(2.0)
    assert t.moments.square[:, 0] == pytest.approx(1.0)
    # He's variance 2 / fan_in, half of the gradients: fan_out / fan_in is left
    assert t.grad[1:, 0] == pytest.approx([0.5 * (32 / 8) * (16 / 32), 0.5 * 16 / 32, 0.5])


def test_a_haar_matrix_has_the_variance_of_its_longer_side() -> None:
    t = trajectory(make_cell(FANS, "linear", initializer("orthogonal", gain=1.0), batch=1))
    # down to 8 units a projection keeps the mean square; up to 32 the length is kept, on four times as many units
    assert t.q[1:, 0] == pytest.approx([1.0, 0.25, 0.25])
    assert t.cw[1:] == pytest.approx([1.0, 0.25, 1.0])


def test_rows_are_layers() -> None:
    """An off-by-one of laws, widths or activations shows where all of them change."""
    acts = [activation(name) for name in ("tanh", "linear", "relu")]
    weights = [sigma(s, n) for s, n in zip((1.0, 2.0, 3.0), FANS[:-1], strict=True)]
    t = trajectory(make_cell(FANS, acts, weights, 0.5, batch=1))
    assert t.width.tolist() == list(FANS)
    assert t.cw[1:] == pytest.approx([1, 4, 9])
    assert t.cb[1:] == pytest.approx(0.25)
    square = float(t.moments.square[1, 0])
    assert t.q[:, 0] == pytest.approx([1, 1.25, 4 * square + 0.25, 9 * (4 * square + 0.25) + 0.25])
    assert 0.3 < square < 0.5  # tanh at q = 1.25
    assert t.moments.square[3, 0] == pytest.approx(t.q[3, 0] / 2)
    assert [(one.name, rows.tolist()) for one, rows in t.by_activation()] == [
        ("tanh", [1]),
        ("linear", [2]),
        ("relu", [3]),
    ]


def test_theory_ends_where_a_layer_is_refused() -> None:
    weights = [initializer(name) for name in ("he_normal", "he_normal", "ones", "he_normal")]
    t = trajectory(make_cell((8,) * 5, "relu", weights, batch=2))
    assert (t.known, t.depth) == (2, 4)
    assert t.reason.startswith("layer 3: weights drawn from ones are not random")
    for rows in (t.q, t.e, t.moments.square, t.pairs.gap):
        assert np.isfinite(rows[1:3]).all()
        assert np.isnan(rows[3:]).all()
    assert np.isnan(t.grad).all()


def test_theory_ends_below_the_first_layer_that_is_not_normal_enough() -> None:
    t = trajectory(make_cell((8, *[2] * 9), "tanh", initializer("uniform", low=-3.0, high=3.0), batch=2))
    assert 0 < t.known < t.depth
    assert "not normal" in t.reason
    assert np.all(np.abs(t.normality.forward[: t.known + 1]) <= LARGEST)


def test_biases_of_a_mean_are_refused() -> None:
    t = trajectory(make_cell((8,) * 3, "relu", "he_normal", initializer("constant", value=0.1)))
    assert t.known == 0
    assert t.reason == "layer 1: biases drawn from constant(value=0.1) are not random: every unit gets the same"


@pytest.mark.parametrize(("weights", "why"), [("ones", "every unit gets the same"), ("identity", "a unit gets a copy")])
def test_weights_that_are_not_random_say_what_units_get(weights: str, why: str) -> None:
    t = trajectory(make_cell((8,) * 3, "relu", weights))
    assert t.reason.startswith(f"layer 1: weights drawn from {weights} are not random: {why}")


def test_means_over_the_batch_leave_out_what_serves_pairs_alone() -> None:
    t = trajectory(make_cell((30, 20, 20), "relu", batch=40, resample=False))
    assert len(t.start.q) > 40
    assert t.over_batch(t.q[0]) == pytest.approx(t.start.measured["act_q"], rel=1e-12)
    assert t.over_pairs(np.ones(len(t.start.e))) == pytest.approx(1)
