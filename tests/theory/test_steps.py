"""Activations that saturate, so far out that they all but jump: Hermite's terms go on to orders of about q."""

from __future__ import annotations

import numpy as np
import pytest

from initbench.catalogue.activations import activation
from initbench.theory.angles import pairs_at
from initbench.theory.gaussian import FIELDS, Moments, moments
from initbench.theory.pairs import pair_moments

GAPS = np.array([1e-12, 1e-6, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 1.0, 1.5, 1.9])
BOUNDS = np.where(GAPS < 1e-2, 0.2, np.where(GAPS < 0.1, 0.03, 5e-3))


@pytest.mark.parametrize("q", [30.0, 1e2, 1e3, 1e4, 1e6, 1e8, 1e12, 1e15, 1e20])
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "hard_tanh", "softsign", "relu6", "erf", "arctan"])
def test_gaps_of_all_but_steps(name: str, q: float) -> None:
    m = moments(activation(name), np.array([[q]]))
    both = Moments(*(np.repeat(getattr(m, field), 2, axis=1) for field in FIELDS))
    with np.errstate(all="ignore"):
        pairs = pairs_at(activation(name), both, np.zeros(len(GAPS), int), np.ones(len(GAPS), int))
        found = pairs.gap(0, GAPS)
    assert np.all(np.abs(found / pair_moments(activation(name), q, q, GAPS).gap - 1) <= BOUNDS)
