"""Hermite series: equal to quadrature in the plane where they claim to suffice, and silent where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from gaussian_cases import BARE, label, plugin

from initbench.catalogue.activations import Activation, activation
from initbench.theory.mehler import by_mehler
from initbench.theory.quadrature import bends
from initbench.theory.rotated import by_quadrature

ANALYTIC = ("tanh", "sigmoid", "softplus", "gelu", "silu", "mish", "arctan", "squareplus", "tanhshrink", "erf", "cos")


@pytest.mark.parametrize("name", ANALYTIC)
def test_agrees_with_the_plane(name: str) -> None:
    case = activation(name)
    q_a, q_b = np.array([1e-8, 0.3, 0.3, 1.0, 3.0]), np.array([1e-8, 0.3, 0.9, 1.0, 3.0])
    for e in (1e-12, 0.1, 1.0, 1.7):
        ours = by_mehler(case, q_a, q_b, np.full(5, e))
        assert np.isfinite(ours).all()
        for i in range(5):
            exact = by_quadrature(case, q_a[i], q_b[i], e)
            alike = by_quadrature(case, q_b[i], q_b[i], 0.0)  # bounds of all but the gap
            size = [alike[0], exact[1], alike[2], alike[3]]
            if e > 1 or q_a[i] != q_b[i]:  # differences of even functions cancel there
                size[1] += 1e-5 * alike[0]
            assert np.all(np.abs(ours[:, i] - exact) <= 3e-11 * np.array(size)), (q_a[i], e)


@pytest.mark.parametrize("case", [case for case in BARE if bends(case).size], ids=label)
def test_nothing_is_claimed_of_what_bends(case: Activation) -> None:
    assert np.isnan(by_mehler(case, np.ones(2), np.ones(2), np.array([0.1, 1.0]))).all()


def test_nothing_is_claimed_where_the_coefficients_do_not_suffice() -> None:
    q = np.array([1.0, 1e3, 1e8])
    for name in ("tanh", "tanhshrink", "softplus"):
        ours = by_mehler(activation(name), q, q, np.full(3, 0.1))
        assert np.isnan(ours).all(axis=0).tolist() == [False, True, True]
    wave = plugin("siren", lambda z: np.sin(30 * z), lambda z: 30 * np.cos(30 * z), steepest=30.0)
    q = np.geomspace(0.01, 10.0, 40)  # on few nodes, a fast wave looks like a slow one
    ours = by_mehler(wave, q, q, np.full(40, 0.5))
    assert np.all(np.isnan(ours[1]) | (np.abs(ours[1] - 0.5) < 1e-9 + np.exp(-900 * q * 0.5)))


def test_polynomials_have_few_coefficients_at_any_length() -> None:
    cube = plugin("cube", lambda z: z**3, lambda z: 3 * z**2, steepest=np.inf)
    q, c = np.array([1e-8, 1.0, 1e8]), 0.3
    ours = by_mehler(cube, q, q, np.full(3, 1 - c))
    assert ours[0] == pytest.approx(q**3 * (9 * c + 6 * c**3), rel=1e-11)


def test_many_pairs_at_once() -> None:
    """More than a block of them, lengths repeated, in any order."""
    rng = np.random.default_rng(2)
    q_a, q_b, e = rng.choice([0.5, 1.0, 2.0, 8.0], 900), rng.choice([0.5, 2.0], 900), rng.uniform(0, 2, 900)
    together = by_mehler(activation("gelu"), q_a, q_b, e)
    for i in range(0, 900, 100):
        alone = by_mehler(activation("gelu"), q_a[i : i + 1], q_b[i : i + 1], e[i : i + 1])
        assert together[:, i] == pytest.approx(alone[:, 0], rel=1e-11)
