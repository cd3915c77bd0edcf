"""Panels and nodes: exact where they must be, cut where the activation is not smooth, and few."""

from __future__ import annotations

import math

import numpy as np
import pytest
from gaussian_cases import BARE, REGISTERED, WAVES, label, plugin, tanh_sinh

from initbench.catalogue.activations import Activation, activation
from initbench.theory.quadrature import (
    FAR,
    ORDER,
    REACH,
    breaks,
    centre,
    density,
    gauss,
    grid,
    is_quiet,
    merged,
    mesh,
    nodes,
    tails,
    trusted,
)


@pytest.mark.parametrize("order", [1, 6, 12, 20])
def test_gauss_is_exact_for_polynomials(order: int) -> None:
    points, weights = gauss(order)
    for power in range(2 * order):
        assert np.sum(weights * points**power) == pytest.approx(1 / (power + 1), rel=1e-14)
    if order < 12:  # and no further
        assert np.sum(weights * points ** (2 * order)) != pytest.approx(1 / (2 * order + 1), rel=1e-14)


@pytest.mark.parametrize("order", [2, 12, 40])
def test_gauss_is_numpys_and_symmetric(order: int) -> None:
    """NumPy's weights are good to 1e-12."""
    points, weights = gauss(order)
    theirs, their_weights = np.polynomial.legendre.leggauss(order)
    np.testing.assert_allclose(points, (theirs + 1) / 2, rtol=0, atol=2e-16)
    np.testing.assert_allclose(weights, their_weights / 2, rtol=1e-12)
    np.testing.assert_array_equal(weights, weights[::-1])
    np.testing.assert_allclose(points, 1 - points[::-1], rtol=0, atol=1.2e-16)


def test_panels_of_width_0_weigh_nothing() -> None:
    x, w = nodes(np.array([[0.0, 1.0, 1.0, 3.0], [-2.0, -2.0, -2.0, 1.0]]), 5)
    assert x.shape == w.shape == (2, 15)
    assert w.sum(axis=1) == pytest.approx([3, 3])
    assert np.sum(w * x**2, axis=1) == pytest.approx([9, 3])


def test_the_weight_is_resolved_by_its_own_panels() -> None:
    x, w = nodes(grid())
    w = w * density(x)
    for power, moment in ((0, 1), (2, 1), (4, 3), (6, 15)):  # beyond REACH lies 2e-13 of the last
        assert np.sum(w * x**power) == pytest.approx(moment, rel=3e-13)


def test_merged_ends_are_sorted_and_within_reach() -> None:
    ends = merged(grid(), np.array([[0.3, 50.0], [-50.0, 1.0]]))
    assert ends.shape == (2, grid().size + 2)
    assert np.all(np.diff(ends) >= 0)
    assert np.abs(ends).max() == REACH
    assert 0.3 in ends[0]
    assert 1.0 in ends[1]


@pytest.mark.parametrize("cut", [0.5, 5.0, 30.0, -30.0])
def test_tails_resolve_what_lies_beyond_a_cut(cut: float) -> None:
    """Mills' ratio, by mpmath, to 1e-13."""
    mp = pytest.importorskip("mpmath")
    ends = np.sort(np.concatenate([[cut], tails(np.array([cut]))]))
    x, w = nodes(ends)
    assert np.sum(w * density(x)) == pytest.approx(float(mp.ncdf(-abs(cut))), rel=1e-13)
    assert np.abs(ends).max() <= FAR + 2


@pytest.mark.parametrize("case", REGISTERED, ids=label)
def test_mesh_has_every_break_and_polynomials_between(case: Activation) -> None:
    """Between neighbouring ends ORDER nodes integrate phi^2 and phi'^2 as tanh-sinh does; the sum from 0 counts."""
    ends = mesh(case)
    assert set(breaks(case)) <= set(ends)
    assert np.all(np.diff(ends) > 0)
    assert math.isinf(trusted(case)) == (case.name not in WAVES)
    cuts = np.unique(np.concatenate([ends[np.abs(ends) < 30], [-30.0, 30.0]]))
    for sign in (-1, 1):
        own = np.unique(np.maximum(sign * cuts, 0.0))
        x, w = nodes(own)
        ours = np.stack([f**2 for f in case.both(sign * x)]) * w
        fine, weight = tanh_sinh(np.unique(np.concatenate([own, np.linspace(0, 30, 61), 2.0 ** -np.arange(1, 14)])))
        theirs = np.stack([f**2 for f in case.both(sign * fine)]) * weight
        for end in own[1:]:
            whole, parts = ours[:, x < end].sum(axis=1), theirs[:, fine < end].sum(axis=1)
            assert np.all(np.abs(whole - parts) <= 1e-12 * parts), end


@pytest.mark.parametrize("case", [c for c in BARE if c.name not in (*WAVES, "exponential")], ids=label)
def test_mesh_is_small(case: Activation) -> None:
    """Moderate q must be cheap: few panels within 10 standard deviations of q = 1."""
    assert np.sum(np.abs(mesh(case)) < 10) <= 20


def test_mesh_finds_what_a_plugin_does_not_tell() -> None:
    sharp = plugin("sharp", lambda z: np.tanh(1000 * z), lambda z: 1000 / np.cosh(1000 * z) ** 2, steepest=1000.0)
    assert np.abs(mesh(sharp)).min() < 1e-3
    bent = plugin("bent", lambda z: np.maximum(z - 1.3, 0) ** 3, lambda z: 3 * np.maximum(z - 1.3, 0) ** 2)
    assert np.abs(mesh(bent) - 1.3).min() < 1e-2
    wave = plugin("siren", lambda z: np.sin(30 * z), lambda z: 30 * np.cos(30 * z), steepest=30.0)
    assert 10 < trusted(wave) < 1000


def test_breaks_however_far_and_near_are_ends() -> None:
    for threshold in (1e-250, 1e-9, 1e13):
        assert threshold in mesh(activation("hard_shrink", threshold=threshold))


def test_the_centre_is_where_an_activation_bends() -> None:
    known = {"hard_tanh": 1.0, "relu6": 6.0, "hard_silu": 3.0, "tanh": 1.0, "linear": 1.0}
    for name, size in known.items():
        assert centre(activation(name)) == pytest.approx(2 * math.log(size), abs=1e-12), name
    assert centre(activation("hard_shrink", threshold=100.0)) == pytest.approx(2 * math.log(100))
    assert abs(centre(activation("hard_shrink", threshold=1e-250))) < 100


def test_quiet_are_those_whose_slope_is_0_around_0() -> None:
    quiet = {case.label for case in BARE if is_quiet(case, 1e-3)}
    assert quiet == {
        "threshold(threshold=0.25, value=-1.5)",
        "keras:threshold(threshold=0.25, default_value=-1.5)",
        "torch:threshold(threshold=0.25, value=-1.5)",
        "threshold(threshold=1, value=1)",
        "hard_shrink",
        "soft_shrink",
        "keras:hard_shrink",
        "keras:soft_shrink",
        "torch:hardshrink",
        "torch:softshrink",
        "hard_shrink(threshold=1.5)",
        "torch:hardtanh(min_val=1, max_val=2)",
    }
    assert not any(is_quiet(case, 1.0) for case in BARE)


def test_the_mesh_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        mesh(activation("tanh"))[0] = 0.0
    assert ORDER > 12
