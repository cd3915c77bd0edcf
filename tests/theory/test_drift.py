"""How far mean squares drift: against closed forms, and the quick search's measure against the full prediction."""

from __future__ import annotations

import math

import numpy as np
import pytest

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import initializer
from initbench.theory.drift import EXPLODING, STABLE, VANISHING, Drift, drifts, worst_drift
from initbench.theory.maps import length_map

DEPTH, WIDTH = 30, 128


def test_a_relu_network_in_closed_form() -> None:
    """He keeps the mean; ln |h_L|^2 has the variance of prod(1 + 5 / n), but for the first layer's own 5 / n."""
    found = drifts(activation("relu"), initializer("he_normal"), None, DEPTH, WIDTH)
    assert found.forward.ratio == pytest.approx(1, rel=1e-9)
    assert found.backward.ratio == pytest.approx(1, rel=1e-9)
    variance = DEPTH * math.log1p(5 / WIDTH)
    assert found.forward.typical == pytest.approx(math.exp(math.hypot(variance / 2, math.sqrt(variance))), rel=0.02)
    assert found.worse.within


@pytest.mark.parametrize(("name", "ratio"), [("lecun_normal", 0.5), ("fan_in_uniform", 1 / 6), ("he_normal", 1.0)])
def test_a_scale_counts_once_a_layer(name: str, ratio: float) -> None:
    found = drifts(activation("relu"), initializer(name), None, DEPTH, WIDTH)
    assert found.forward.ratio == pytest.approx(ratio ** (DEPTH - 1), rel=1e-9)
    assert found.backward.ratio == pytest.approx(ratio ** (DEPTH - 1), rel=1e-9)


def test_biases_and_orthogonal_weights_count() -> None:
    tanh, gain = activation("tanh"), {"gain": 1.30414584006}
    normal = drifts(tanh, initializer("lecun_normal", **gain), initializer("normal", stddev=0.2), 50, WIDTH)
    # On the critical line nothing drifts once lengths are at rest: what remains is the way there, and the spread.
    assert 0.3 < normal.backward.ratio < 1
    relu = activation("relu")
    haar = drifts(relu, initializer("orthogonal", gain=math.sqrt(2)), None, DEPTH, WIDTH)
    gaussian = drifts(relu, initializer("he_normal"), None, DEPTH, WIDTH)
    assert haar.typical < gaussian.typical


def test_what_never_arrives_drifts_without_end() -> None:
    found = drifts(activation("sign"), initializer("lecun_normal"), None, DEPTH, WIDTH)
    assert math.isnan(found.backward.ratio)
    assert found.backward.typical == found.typical == math.inf
    assert found.backward.state == VANISHING
    assert drifts(activation("exponential"), initializer("he_normal"), None, 5, WIDTH).typical == math.inf


def test_lengths_that_run_away_are_not_trusted_beyond_theorys_range() -> None:
    """Around gelu's keeping gain a layer stretches deviations by 1.1, and narrow networks leave theory's range."""
    gain = initializer("lecun_normal", gain=1.53353)
    gelu = drifts(activation("gelu"), gain, None, 30, 64)
    assert 1.05 < gelu.stretch ** (1 / 29) < 1.2
    assert not gelu.trusted
    assert drifts(activation("gelu"), gain, None, 30, 4096).forward.within
    assert drifts(activation("gelu"), gain, None, 8, 64).trusted
    relu = drifts(activation("relu"), initializer("he_normal"), None, 500, 16)
    assert relu.stretch == pytest.approx(1, rel=1e-9)
    assert relu.trusted
    tanh = drifts(activation("tanh"), initializer("lecun_normal", gain=1.5), None, 30, 64)
    assert tanh.stretch < 1e-3
    assert math.isinf(drifts(activation("exponential"), initializer("he_normal"), None, 5, 64).stretch)


def test_the_stretch_is_what_a_layer_does_to_a_deviation() -> None:
    """Against the length map itself, by central differences of a relative 1e-4."""
    chosen, sigma_w, sigma_b = activation("gelu"), 1.45, 0.3
    q, factors = sigma_w**2 + sigma_b**2, []
    for _ in range(9):
        ends = np.log(length_map(chosen, sigma_w, sigma_b, q * np.exp([-1e-4, 1e-4])))
        factors.append((ends[1] - ends[0]) / 2e-4)
        q = float(length_map(chosen, sigma_w, sigma_b, q))
    bias = initializer("normal", stddev=sigma_b)
    found = drifts(chosen, initializer("lecun_normal", gain=sigma_w), bias, 10, 64)
    assert found.stretch == pytest.approx(max(factors) ** 9, rel=1e-5)


def test_a_spread_beyond_all_numbers_is_no_rest() -> None:
    """(1 + 5 / n)^L overflows: a typical network of that depth is nowhere near where it began."""
    found = drifts(activation("relu"), initializer("he_normal"), None, 10_000, 16)
    assert (found.forward.typical, found.backward.typical) == (math.inf, math.inf)


@pytest.mark.parametrize(
    ("ratio", "state"),
    [(1.0, STABLE), (0.01, STABLE), (100.0, STABLE), (0.009, VANISHING), (0.0, VANISHING), (101.0, EXPLODING),
     (math.inf, EXPLODING), (math.nan, VANISHING)],
)  # fmt: skip
def test_states_go_by_a_verdicts_factor(ratio: float, state: str) -> None:
    assert Drift(ratio, 1.0, True).state == state


@pytest.mark.parametrize("name", ["tanh", "selu", "softsign", "erf", "gelu"])
def test_the_quick_measure_finds_where_the_prediction_is_least(name: str) -> None:
    """It leaves out the backward spread and the shift of the means. What it finds may miss the least drift by less than
    the factor of 2 from which a recommendation makes anything of it."""
    chosen = activation(name)
    scales = np.geomspace(0.8, 2.0, 15)
    full = [drifts(chosen, initializer("lecun_normal", gain=float(one)), None, DEPTH, WIDTH).typical for one in scales]
    found = int(worst_drift(chosen, scales, DEPTH, WIDTH).argmin())
    assert full[found] < 2 * min(full)
    assert max(full) > 100 * min(full)  # so that it can miss


def test_it_is_nowhere_smaller_than_at_the_known_optimum() -> None:
    scales = np.geomspace(1.2, 1.6, 41)
    assert abs(scales[worst_drift(activation("relu"), scales, DEPTH, WIDTH).argmin()] - math.sqrt(2)) < 0.02
    assert np.isinf(worst_drift(activation("sign"), np.array([0.5, 1.0, 2.0]), DEPTH, WIDTH)).all()
