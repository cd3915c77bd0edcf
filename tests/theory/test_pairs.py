"""Averages over pairs: against double integrals, Price's theorem, sampling, and what one preactivation says of two."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from gaussian_cases import BARE, REGISTERED, label, normal_nodes, plugin
from pair_reference import double_integral, straight

from initbench.catalogue.activations import Activation, activation
from initbench.theory import moments, pair_moments
from initbench.theory.pairs import FIELDS

MILD = [case for case in BARE if case.name != "exponential" and case.label != "softplus(beta=1000)"]
SMOOTH = [case for case in MILD if not case.formula.jumps]
POWERS = ("sin", "cos", "square")  # whose closed forms cancel in this, or which oscillate in e
STRAIGHT = [
    activation(name, **params)
    for name, params in [
        ("relu6", {}),
        ("threshold", {"threshold": 0.25, "value": -1.5}),
        ("hard_tanh", {}),
        ("hard_sigmoid", {}),
        ("hard_shrink", {}),
        ("soft_shrink", {}),
        ("sparse_sigmoid", {}),
        ("leaky_relu", {"negative_slope": 0.3}),
        ("abs", {}),
        ("sign", {}),
        ("keras:relu", {"threshold": 1.0, "negative_slope": 0.1, "max_value": 4.0}),
    ]
]


def sizes(case: Activation, q: float) -> dict[str, float]:
    """What the error of each field is measured by; that of the gap is the gap."""
    one = moments(case, q)
    return {"product": one.square, "slope_product": one.slope_square, "square_product": one.fourth}


@pytest.mark.parametrize("case", [c for c in MILD if ":" not in c.name or c.formula.kinks], ids=label)
def test_double_integrals(case: Activation) -> None:
    """Equal and unequal q, correlations of either sign: to 1e-9, to which the reference holds, of their bounds."""
    for q_a, q_b, e in ((1.0, 1.0, 0.3), (0.6, 1.7, 1.4)):
        exact, ours = double_integral(case, q_a, q_b, e), pair_moments(case, q_a, q_b, e)
        for name in FIELDS:
            size = exact["gap"] if name == "gap" else sizes(case, max(q_a, q_b))[name]
            assert abs(float(getattr(ours, name)) - exact[name]) <= 1e-9 * size, (name, q_a, e)


@pytest.mark.parametrize("case", STRAIGHT, ids=label)
@pytest.mark.parametrize("q", [1e-3, 1.0, 50.0, 1e4])
def test_price(case: Activation, q: float) -> None:
    """The gap keeps its relative accuracy at every e, with kinks and jumps, and in tails of 16 standard deviations.

    The reference loses what cancels in it: rounding, 1e-15 of q e.
    """
    e = np.array([1e-12, 1e-6, 1e-2, 0.5, 1.0, 1.7])
    ours = pair_moments(case, q, q, e)
    for i, one in enumerate(e):
        gap, slopes = straight(case, q, float(one))
        assert abs(ours.gap[i] - gap) <= 1e-10 * gap + 1e-15 * q * one
        assert abs(ours.slope_product[i] - slopes) <= 1e-11 * sizes(case, q)["slope_product"]


def test_price_in_many_digits() -> None:
    """hard_tanh at q = 1e8, where nearly all of it is a jump: 25 digits."""
    mp = pytest.importorskip("mpmath", reason="mpmath judges the last digits")
    with mp.workdps(25):
        q, e = mp.mpf(10) ** 8, mp.mpf("0.5")
        t, theta = 1 / mp.sqrt(q), mp.acos(1 - e)

        def densities(psi: object) -> object:
            same, other = t**2 / (1 + mp.cos(psi)), 2 * t**2 / mp.sin(psi) ** 2 - t**2 / (1 + mp.cos(psi))
            return (mp.cos(psi) - (1 - e)) * (mp.exp(-same) - mp.exp(-other)) / mp.pi

        ends = [0, *(t * 4**k for k in range(-3, 7)), theta]
        gap = q * (e * mp.erf(t / mp.sqrt(2)) - mp.quad(densities, ends))
    assert float(pair_moments(activation("hard_tanh"), 1e8, 1e8, 0.5).gap) == pytest.approx(float(gap), rel=1e-12)


@pytest.mark.parametrize("case", SMOOTH, ids=label)
def test_gap_as_e_vanishes(case: Activation) -> None:
    """gap / (q e) = <phi'^2> - (2/3) sqrt(e / pi) sum_i step_i^2 p(t_i / sqrt(q)) + O(e), where the slope steps at t_i.

    At e = 1e-12 the next term is 1e-12 times <z^2 phi''^2> / <phi'^2>, which is of order 1.
    """
    e = 1e-12
    for q in (1e-8, 0.3, 4.0):
        ours, limit = pair_moments(case, q, q, e), float(moments(case, q).slope_square)
        for kink in case.formula.kinks:
            step = np.diff(case.slope(np.array([kink - 1e-9, kink + 1e-9])))[0]
            density = math.exp(-(kink**2) / q / 2) / math.sqrt(2 * math.pi)
            limit -= 2 / 3 * math.sqrt(e / math.pi) * step**2 * density
        assert float(ours.gap) / (q * e) == pytest.approx(limit, rel=3e-11), q


@pytest.mark.parametrize("case", REGISTERED, ids=label)
def test_what_one_preactivation_says(case: Activation) -> None:
    """c = 1: all is shared. c = 0: nothing is. c = -1: z_b = -z_a. gap + product = square."""
    q = np.array([1e-4, 0.5, 3.0])
    one = moments(case, q)
    alike, apart, opposite = (pair_moments(case, q, q, e) for e in (0.0, 1.0, 2.0))
    assert not alike.gap.any()
    for name, average in (("product", one.square), ("slope_product", one.slope_square), ("square_product", one.fourth)):
        assert getattr(alike, name) == pytest.approx(average, rel=1e-11)
    assert apart.product == pytest.approx(one.mean**2, rel=1e-10, abs=1e-13 * one.square.max())
    assert apart.square_product == pytest.approx(one.square**2, rel=1e-10)
    for i, root in enumerate(np.sqrt(q)):
        x, w = normal_nodes(case, root)
        there, back = case.value(root * x), case.value(-root * x)
        assert abs(opposite.product[i] - np.sum(there * back * w)) <= 1e-11 * one.square[i]
    for pair in (alike, apart, opposite):
        assert pair.gap + pair.product == pytest.approx(one.square, rel=1e-11)


@pytest.mark.parametrize("case", BARE, ids=label)
def test_fully_correlated_at_different_lengths(case: Activation) -> None:
    q_a, q_b = 0.3, 5.0
    ours = pair_moments(case, q_a, q_b, 0.0)
    x, w = normal_nodes(case, math.sqrt(q_a), math.sqrt(q_b))
    (f, f_slope), (g, g_slope) = case.both(math.sqrt(q_a) * x), case.both(math.sqrt(q_b) * x)
    assert float(ours.product) == pytest.approx(np.sum(f * g * w), rel=1e-10)
    assert float(ours.gap) == pytest.approx(np.sum((f - g) ** 2 * w) / 2, rel=1e-10, abs=1e-14)
    assert float(ours.slope_product) == pytest.approx(np.sum(f_slope * g_slope * w), rel=1e-10)
    swapped = pair_moments(case, [q_a, q_b], [q_b, q_a], 0.7)
    for name in FIELDS:
        there, back = getattr(swapped, name)
        assert there == pytest.approx(back, rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("case", [c for c in SMOOTH if ":" not in c.name and c.name not in POWERS], ids=label)
def test_at_every_length(case: Activation) -> None:
    """q from 1e-8 to 1e8: Price's theorem joins two fields, d gap/de = q slope_product, where nothing jumps."""
    e, (x, w) = 0.3, np.polynomial.legendre.leggauss(8)
    for q, panels in ((1e-8, [(0.0, 1.0)]), (1e8, PANELS)):
        part = np.concatenate([(x + 1) / 2 * size + start for start, size in panels])
        weight = np.concatenate([w * size for _, size in panels]) * part
        ours = pair_moments(case, q, q, [e, *(e * part**2)])
        assert ours.gap[0] == pytest.approx(q * e * np.sum(weight * ours.slope_product[1:]), rel=1e-8), q


# in sqrt(e' / e): the slopes of a saturating activation part within sqrt(e') of 1 / sqrt(q), 1e-4 and less
PANELS = [(0.0, 1e-6), *((1e-6 * 4.0**k, 3e-6 * 4.0**k) for k in range(10)), (1e-6 * 4.0**10, 1 - 1e-6 * 4.0**10)]

SAMPLES, SIGMAS = 20_000, 6.0  # false alarm 1e-6 over all activations and fields


@pytest.mark.parametrize("case", REGISTERED, ids=label)
def test_sampling(case: Activation) -> None:
    u, v = np.random.default_rng(5).normal(size=(2, SAMPLES))
    q_a, q_b, e = 0.8, 0.5, 0.4
    (f, f_slope), (g, g_slope) = (
        case.both(math.sqrt(q) * x) for q, x in ((q_a, u), (q_b, (1 - e) * u + math.sqrt(e * (2 - e)) * v))
    )
    ours = pair_moments(case, q_a, q_b, e)
    seen = {
        "product": f * g,
        "gap": (f - g) ** 2 / 2,
        "slope_product": f_slope * g_slope,
        "square_product": f**2 * g**2,
    }

    def departure(name: str, scale: float) -> float:
        error = seen[name].std() / math.sqrt(SAMPLES)
        return abs(seen[name].mean() - scale * float(getattr(ours, name))) / error if error > 1e-12 else 0.0

    assert max(departure(name, 1.0) for name in FIELDS) < SIGMAS
    assert max(departure(name, 1.3) for name in FIELDS) > SIGMAS  # what is wrong by a third is seen


def test_a_point_mass_at_0() -> None:
    """q = 0: z is 0, and the other one alone is random."""
    for name in ("softplus", "hard_shrink", "relu", "elu"):
        case = activation(name)
        still, slope = float(case.value(np.zeros(1))[0]), float(case.slope(np.zeros(1))[0])
        one = moments(case, 2.0)
        ours = pair_moments(case, [0.0, 2.0], 0.0, 0.6)
        assert ours.product == pytest.approx([still**2, still * float(one.mean)], abs=1e-15)
        assert ours.gap[1] == pytest.approx((one.square - 2 * still * one.mean + still**2) / 2)
        assert ours.gap[0] == 0
        assert ours.slope_product[0] == pytest.approx(slope**2, rel=1e-13)


def test_shapes_and_what_is_no_pair() -> None:
    tanh = activation("tanh")
    table = pair_moments(tanh, np.array([[1.0], [2.0]]), 1.5, np.array([0.0, 0.5, 1.0]))
    assert table.product.shape == (2, 3)
    assert table.product[1, 1] == pytest.approx(float(pair_moments(tanh, 2.0, 1.5, 0.5).product), rel=1e-13)
    assert pair_moments(tanh, 1.0, 1.0, 0.1).gap.shape == ()
    assert pair_moments(tanh, np.ones((0, 2)), 1.0, 0.1).gap.shape == (0, 2)
    wrong = pair_moments(tanh, [np.nan, np.inf, -1.0, 1.0, 1.0], 1.0, [0.5, 0.5, 0.5, -0.1, 2.1])
    assert np.isnan(wrong.product).all()


def test_overflow_is_infinite() -> None:
    ours = pair_moments(activation("exponential"), 800.0, 800.0, 0.5)
    assert np.isinf([ours.product, ours.gap, ours.square_product]).all()
    assert np.isinf(pair_moments(activation("relu"), 1e300, 1e300, 0.5).square_product)


def test_plugins() -> None:
    squared = plugin("relu2", lambda z: np.maximum(z, 0) ** 2, lambda z: 2 * np.maximum(z, 0), steepest=math.inf)
    for q in (1e-6, 1.0, 1e6):
        ours = pair_moments(squared, q, q, 0.4)
        theta = math.acos(0.6)  # Cho and Saul 2009, the arc-cosine kernel of order 2
        kernel = (3 * math.sin(theta) * 0.6 + (math.pi - theta) * (1 + 2 * 0.36)) / (2 * math.pi)
        assert float(ours.product) == pytest.approx(q**2 * kernel, rel=1e-10)
    sinh = plugin("sinh", np.sinh, np.cosh, steepest=math.inf)
    # <sinh a sinh b> = exp((q_a + q_b) / 2) sinh(c sqrt(q_a q_b))
    assert float(pair_moments(sinh, 1.0, 1.0, 0.4).product) == pytest.approx(math.e * math.sinh(0.6), rel=1e-10)
    assert np.isnan(pair_moments(sinh, 100.0, 100.0, 0.4).product)  # where it cannot be followed
    wave = plugin("siren", lambda z: np.sin(30 * z), lambda z: 30 * np.cos(30 * z), steepest=30.0)
    for q in (1e-4, 1e-2, 4.0):
        exact = pair_moments(activation("sin"), 900 * q, 900 * q, 0.01)
        assert float(pair_moments(wave, q, q, 0.01).gap) == pytest.approx(float(exact.gap), rel=1e-10)
    assert np.isnan(pair_moments(wave, 1e6, 1e6, 0.01).gap)


@pytest.mark.parametrize("name", ["hard_shrink", "squareplus"])
def test_memory_stays_small(name: str) -> None:
    case, q = activation(name), np.geomspace(0.1, 100.0, 150)
    pair_moments(case, 1.0, 1.0, 0.5)
    tracemalloc.start()
    pair_moments(case, q, q, np.geomspace(1e-6, 1.0, 150))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
