"""Predictions against the maps iterated layer by layer, for every registered activation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from activation_cases import CASES
from theory_iteration import correlations, lengths

from initbench.catalogue.activations import Activation
from initbench.theory.critical import critical_sigma_w
from initbench.theory.mean_field import MeanField, predict

PLANE = ((0.8, 0.1), (1.3, 0.3), (2.5, 0.0))
LAYERS = 60
STEPS = 30
GRID = 2e-3  # what sums over grids of steps 0.002 and 0.05 are off by at kinks
JUMPS = 1e-2  # and at jumps, where a step of 0.05 may fall on either side


def settled(scale: float | None, layers: int) -> bool:
    """Whether deviations have fallen below exp(-12) = 6e-6."""
    return scale is not None and layers > 12 * scale


@pytest.mark.parametrize("activation", CASES, ids=[case.label for case in CASES])
def test_signals_end_where_theory_says(activation: Activation) -> None:
    for sigma_w, sigma_b in PLANE:
        field = predict(activation, sigma_w, sigma_b)
        q, chi = lengths(activation, sigma_w, sigma_b, 1.0, LAYERS)
        _holds_for_lengths(field, q)
        _holds_for_gradients(field, float(np.log(chi[-10:]).mean()) if chi[-10:].all() else -math.inf, q)
        if field.q_star and field.c_star is not None and settled(field.xi_c, STEPS):
            near = correlations(activation, sigma_w, sigma_b, np.full(STEPS, field.q_star), 0.3)[-1]
            assert near == pytest.approx(field.c_star, abs=JUMPS if activation.formula.jumps else GRID)


def _holds_for_lengths(field: MeanField, q: np.ndarray) -> None:
    if field.phase == "diverges":
        assert field.q_star is None
        assert len(q) < LAYERS or q[-1] > q[-10] > q[-20]
    elif field.q_star is None:
        assert field.phase == "critical"
        assert q[-1] == pytest.approx(q[0])
    elif settled(field.xi_q, LAYERS):
        assert q[-1] == pytest.approx(field.q_star, rel=GRID, abs=1e-5)


def _holds_for_gradients(field: MeanField, rate: float, q: np.ndarray) -> None:
    if field.chi is None or (field.q_star is not None and not settled(field.xi_q, LAYERS)):
        return
    assert rate == pytest.approx(math.log(field.chi) if field.chi else -math.inf, abs=5 * GRID) or rate < -20
    if field.phase != "diverges" and abs(rate) > 5 * GRID:
        assert field.phase == ("ordered" if rate < 0 else "chaotic")


@pytest.mark.parametrize("activation", CASES[:37], ids=[case.label for case in CASES[:37]])
def test_gradients_keep_their_size_at_stable_critical_points(activation: Activation) -> None:
    for point in critical_sigma_w(activation, 0.3):
        q, chi = lengths(activation, point.sigma_w, 0.3, point.q or 1.0, 5)
        assert q[-1] == pytest.approx(point.q, rel=GRID)
        np.testing.assert_allclose(chi, 1, atol=5 * GRID)
        above, below = (lengths(activation, point.sigma_w, 0.3, shift * q[0], 5)[0] for shift in (1.02, 0.98))
        apart = np.log(above / below)
        assert (apart[-1] < apart[0]) == point.stable


def test_half_a_percent_of_sigma_w_would_be_seen() -> None:
    """The control: what the tests above allow is less than what another network shows."""
    tanh = CASES[[case.label for case in CASES].index("tanh")]
    q, _ = lengths(tanh, 1.3 * 1.005, 0.3, 1.0, LAYERS)
    with pytest.raises(AssertionError):
        _holds_for_lengths(predict(tanh, 1.3, 0.3), q)
