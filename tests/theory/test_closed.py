"""Closed forms: found by what an activation does, and equal to quadrature wherever that can follow."""

from __future__ import annotations

import math

import numpy as np
import pytest
from gaussian_cases import BARE, REGISTERED, label, plugin

from initbench.catalogue.activations import Activation, activation
from initbench.theory import gaussian, pairs
from initbench.theory.closed import closed_form
from initbench.theory.closed.homogeneous import angle, sine_less_cosine
from initbench.theory.rotated import by_quadrature

CLOSED = [case for case in BARE if closed_form(case) is not None]
FOLLOWED = {"sin": 100.0, "cos": 100.0, "exponential": 0.3}  # up to which q quadrature follows


def kind(case: Activation) -> str:
    return type(closed_form(case)).__name__


def test_which_have_one() -> None:
    found = {kind(case): set() for case in REGISTERED}
    for case in REGISTERED:
        found[kind(case)].add(case.name.split(":")[-1])
    assert found["Ray"] == {"linear", "identity", "relu", "leaky_relu", "prelu", "rrelu", "abs"}
    assert found["Step"] == {"sign"}
    assert found["Wave"] == {"sin", "cos"}
    assert found["Exponential"] == {"exponential"}
    assert found["Square"] == {"square"}
    assert found["Erf"] == {"erf"}
    assert kind(activation("keras:relu", threshold=1.0)) == "NoneType"
    assert kind(activation("hard_shrink", threshold=0.0)) == "Ray"
    assert kind(activation("elu", alpha=0.0)) == "Ray"


def test_names_do_not_matter() -> None:
    mine = plugin("mine", lambda z: np.where(z > 0, 2 * z, -3 * z), lambda z: np.where(z > 0, 2.0, -3.0), kinks=(0.0,))
    assert kind(mine) == "Ray"
    assert float(gaussian.moments(mine, 4.0).square) == pytest.approx(4 * (4 + 9) / 2)
    flip = plugin("flip", lambda z: -np.sign(z), np.zeros_like, jumps=(0.0,), steepest=0.0)
    assert kind(flip) == "Step"
    nearly = plugin("nearly", lambda z: np.sin(z) + 1e-12, np.cos)
    assert kind(nearly) == "NoneType"
    flat = plugin("flat", lambda z: np.maximum(z, 0), lambda z: 0.0 * z, kinks=(0.0,))
    assert kind(flat) == "NoneType"  # its slope is not that of its value
    broken = plugin("broken", np.copy, np.ones_like, kinks=(7.7,))
    assert kind(broken) == "NoneType"  # it says that it breaks, where no probe may have looked


@pytest.mark.parametrize("case", CLOSED, ids=label)
def test_one_preactivation(case: Activation) -> None:
    form = closed_form(case)
    assert form is not None
    q = np.geomspace(1e-8, 1e8, 17)
    q = q[q <= FOLLOWED.get(case.name.split(":")[-1], math.inf)]
    table = dict(zip(gaussian.FIELDS, gaussian.by_quadrature(case, q), strict=True))
    known = form.moments(q)
    assert set(known) == set(gaussian.FIELDS) - {"q"} or kind(case) == "Erf"
    for name, row in known.items():
        order = 2 if name.startswith("d2") else 1 if name.startswith("d_") else 0
        base = table[name.split("_", 1)[1] if order else name]
        size = np.maximum(np.abs(base), np.sqrt(table["square"]) if name.endswith("mean") else 0.0) / q**order
        assert np.all(np.abs(row - table[name]) <= 2e-11 * size), name


@pytest.mark.parametrize("case", CLOSED, ids=label)
@pytest.mark.parametrize("e", [1e-12, 1e-5, 0.2, 1.0, 1.6, 2.0])
def test_two_preactivations(case: Activation, e: float) -> None:
    form = closed_form(case)
    assert form is not None
    most = FOLLOWED.get(case.name.split(":")[-1], 1e8)
    for q_a, q_b in ((1e-8, 1e-8), (0.2, 0.2), (0.1, 0.3), (most, most)):
        known = form.pairs(*(np.array([x]) for x in (q_a, q_b, e)))
        exact = dict(zip(pairs.FIELDS, by_quadrature(case, q_a, q_b, e), strict=True))
        one = gaussian.moments(case, max(q_a, q_b))
        sizes = {"product": one.square, "slope_product": one.slope_square, "square_product": one.fourth}
        # a difference of even functions is rounding where they are flat, and vanishes at c = -1
        rounding = 1e-15 * float(one.square)
        sizes["gap"] = exact["gap"] + (rounding * 1e10 if e > 1 or q_a != q_b else 0.0)
        for name, row in known.items():
            assert abs(row[0] - exact[name]) <= 1e-10 * sizes[name], (name, q_a, q_b)


def test_angles_do_not_cancel() -> None:
    mp = pytest.importorskip("mpmath", reason="mpmath judges the last digits")
    for e in (1e-300, 1e-12, 1e-3, 0.3, 1.0, 1.9, 2.0):
        with mp.workdps(330):
            theta = mp.acos(1 - mp.mpf(e))
            less = mp.sin(theta) - theta * mp.cos(theta)
        assert float(angle(np.array([e]))[0]) == pytest.approx(float(theta), rel=1e-14)
        if e > 1e-200:  # beyond, it underflows
            assert float(sine_less_cosine(angle(np.array([e])))[0]) == pytest.approx(float(less), rel=1e-13)


def test_waves_however_long() -> None:
    """At large q, where quadrature gives up: sums and differences of many turns are independent."""
    for name in ("sin", "cos"):
        ours = gaussian.moments(activation(name), 1e8)
        assert [float(ours.square), float(ours.fourth), float(ours.mixed)] == [0.5, 0.375, 0.125]
        pair = pairs.pair_moments(activation(name), 1e8, 1e8, [1e-12, 1e-8, 1.0])
        assert pair.gap == pytest.approx([-math.expm1(-1e-4) / 2, -math.expm1(-1.0) / 2, 0.5], rel=1e-14)


def test_small_waves_keep_their_digits() -> None:
    """sin z = z - z^3 / 6 at q = 1e-8: <phi^4> = 3 q^2 - 10 q^3."""
    q = 1e-8
    ours = gaussian.moments(activation("sin"), q)
    assert float(ours.fourth) == pytest.approx(3 * q**2 - 10 * q**3, rel=1e-14)
    pair = pairs.pair_moments(activation("cos"), q, q, 0.5)
    # cos z = 1 - z^2 / 2: <(a^2 - b^2)^2> / 8 = q^2 (1 - c^2) / 2, to first order in q
    assert float(pair.gap) == pytest.approx(q**2 * 0.75 / 2, rel=1e-7)
