"""The maps of one infinitely wide layer against averages over random preactivations.

Every figure must lie within WIDE standard errors: a normal number does not with a probability of 4e-8, so that one of
the 300 comparisons here fails by chance once in 90,000 runs. The seed is fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from activation_cases import CASES

from initbench.catalogue.activations import Activation
from initbench.theory.maps import correlation_map, gradient_map, length_map

Array = np.ndarray[Any, Any]

WIDE = 5.5
SAMPLES = 300_000
SIGMA_W, SIGMA_B, E = 1.3, 0.4, 0.3


def deviations(activation: Activation, q: float, sampled: float) -> Array:
    """By how many standard errors length, gradient and correlation differ from theory at q, with z ~ N(0, sampled)."""
    x, y = np.random.default_rng(1).standard_normal((2, SAMPLES))
    value, slope = activation.both(np.sqrt(sampled) * x)
    other = activation.value(np.sqrt(sampled) * ((1 - E) * x + np.sqrt(1 - (1 - E) ** 2) * y))
    length = float(length_map(activation, SIGMA_W, SIGMA_B, q))
    together = (1 - float(correlation_map(activation, SIGMA_W, SIGMA_B, E, q))) * length
    expected = (length - SIGMA_B**2, float(gradient_map(activation, SIGMA_W, q)), together - SIGMA_B**2)
    found = []
    for draws, theory in zip((value**2, slope**2, value * other), expected, strict=True):
        error = SIGMA_W**2 * draws.std() / SAMPLES**0.5
        distance = SIGMA_W**2 * draws.mean() - theory
        # where every draw is the same, only rounding is left, and only rounding is allowed
        found.append(distance / max(error, 1e-12 * abs(theory) + 1e-15))
    return np.array(found)


@pytest.mark.parametrize("q", [0.8, 3.0])
@pytest.mark.parametrize("activation", CASES[:37], ids=[case.label for case in CASES[:37]])
def test_maps_are_averages(activation: Activation, q: float) -> None:
    q = 0.05 * q if activation.name == "exponential" else q  # at larger q, rare draws make up the average
    np.testing.assert_array_less(np.abs(deviations(activation, q, q)), WIDE)


def test_a_q_that_is_wrong_by_a_tenth_is_seen() -> None:
    """The control: of the lengths that depend on q, most are more than WIDE standard errors away."""
    away = [
        abs(deviations(case, 2.0, 2.2)[0]) > WIDE for case in CASES[:37] if case.name not in {"sign", "exponential"}
    ]
    assert np.mean(away) > 0.8
