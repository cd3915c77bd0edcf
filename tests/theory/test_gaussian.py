"""Averages over one preactivation: against another rule, many digits, the literature, sampling, and their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from gaussian_cases import BARE, DERIVATIVES, FIELDS, REGISTERED, WAVES, label, plugin, reference

from initbench.catalogue.activations import Activation, activation
from initbench.theory import moments
from initbench.theory.gaussian import FIELDS as ROWS
from initbench.theory.gaussian import by_quadrature

QS = np.geomspace(1e-8, 1e8, 9)
REACHED = {"sin": 1e3, "cos": 1e3, "exponential": 4.0}  # the largest q at which the reference can follow
NORMAL = 1e-290  # under it, averages are not asked for


def reached(case: Activation) -> float:
    return REACHED.get(case.name.split(":")[-1], math.inf)


@pytest.mark.parametrize("case", REGISTERED, ids=label)
def test_averages_and_derivatives(case: Activation) -> None:
    """1e-12 of the average where it is a normal number, derivatives to 1e-11 of the average of absolute values; there,
    and for tanhshrink, which goes like z^3, z^12 beyond 9 standard deviations is missing.
    """
    qs = QS[reached(case) >= QS]
    ours = moments(case, qs)
    for i, q in enumerate(qs):
        averages, sizes = reference(case, float(q))
        for name in (*FIELDS, *DERIVATIVES):
            tolerance = 1e-12 if name in FIELDS and "tanh" not in case.name else 1e-11
            error = abs(getattr(ours, name)[i] - averages[name])
            assert error <= tolerance * sizes[name] or sizes[name] < NORMAL, (name, q)


@pytest.mark.parametrize(
    ("name", "q"), [("tanh", 1e6), ("sigmoid", 1e-8), ("softplus", 1.3), ("gelu", 1e4), ("elu", 0.2)]
)
def test_many_digits(name: str, q: float) -> None:
    mp = pytest.importorskip("mpmath", reason="mpmath judges the last digits")
    functions = {
        "tanh": mp.tanh,
        "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
        "softplus": lambda z: mp.log1p(mp.exp(z)),
        "gelu": lambda z: z * mp.ncdf(z),
        "elu": lambda z: z if z > 0 else mp.expm1(z),
    }
    phi, ours = functions[name], moments(activation(name), q)
    with mp.workdps(25):
        root = mp.sqrt(q)
        ends = sorted(
            {0, *(s * x for s in (-1, 1) for x in (1 / root, 4 / root, 16 / root, 0.2, 1, 3, 6, 12) if x <= 12)}
        )
        for power, average in ((2, ours.square), (4, ours.fourth)):
            exact = mp.quad(lambda x, power=power: phi(root * x) ** power * mp.npdf(x), ends)
            size = ours.square ** (power / 2)
            assert abs(float(average - exact)) <= 1e-13 * size


def test_the_literature() -> None:
    """Closed forms that are known but not used: gelu (Tsuchida 2021), hard_tanh, selu's fixed point (0, 1)."""
    for q in (1e-6, 0.3, 1.0, 20.0, 1e5):
        # <z^2 Phi(z)^2> = q / 4 + q (arcsin(q / (1 + q)) + 2 q / ((1 + q) sqrt(1 + 2 q))) / (2 pi)
        gelu = q / 4 + q / (2 * math.pi) * (math.asin(q / (1 + q)) + 2 * q / ((1 + q) * math.sqrt(1 + 2 * q)))
        assert float(moments(activation("gelu"), q).square) == pytest.approx(gelu, rel=1e-13)
        inside = math.erf(1 / math.sqrt(2 * q))
        edge = math.sqrt(2 / math.pi / q) * math.exp(-1 / (2 * q))
        hard = moments(activation("hard_tanh"), q)
        assert float(hard.slope_square) == pytest.approx(inside, rel=1e-13)
        assert float(hard.square) == pytest.approx(q * (inside - edge) + math.erfc(1 / math.sqrt(2 * q)), rel=1e-11)
    selu = moments(activation("selu"), 1.0)
    assert abs(float(selu.mean)) < 1e-14
    assert float(selu.square) == pytest.approx(1, rel=1e-14)


SAMPLES = 40_000
SIGMAS = 6.0  # 2e-9 two-sided: false alarm 1.5e-6 over all activations and averages


def off_by_sigmas(case: Activation, scale: float = 1.0) -> float:
    """The largest departure of sampled averages, in their standard errors; scale: of what is predicted."""
    q = 0.7
    v, s = case.both(np.random.default_rng(11).normal(0, math.sqrt(q), SAMPLES))
    ours = moments(case, q)
    departures = []
    for samples, average in ((v, ours.mean), (v**2, ours.square), (s**2, ours.slope_square), (v**2 * s**2, ours.mixed)):
        error = samples.std() / math.sqrt(SAMPLES)
        departures.append(abs(samples.mean() - scale * average) / error if error > 1e-12 else 0.0)
    return float(max(departures))


@pytest.mark.parametrize("case", REGISTERED, ids=label)
def test_sampling(case: Activation) -> None:
    assert off_by_sigmas(case) < SIGMAS
    if case.name not in ("linear", "sign", "keras:linear", "jax:identity"):
        assert off_by_sigmas(case, 1.2) > SIGMAS  # what is wrong by a fifth is seen


@pytest.mark.parametrize("case", BARE, ids=label)
def test_derivatives_are_those_of_the_averages(case: Activation) -> None:
    """By central differences of the fourth order: the error is h^4 times a fifth derivative, over rounding / h."""
    h = 1e-2
    for q in (0.4, 2.5):
        ours = moments(case, q * (1 + h * np.arange(-2, 3)))
        for name in DERIVATIVES:
            order, field = (2, name[3:]) if name.startswith("d2") else (1, name[2:])
            f = getattr(ours, field)
            stencil = (1, -8, 0, 8, -1) if order == 1 else (-1, 16, -30, 16, -1)
            difference = float(np.dot(stencil, f)) / 12 / (h * q) ** order
            size = float(max(np.abs(f).max(), ours.square.max() ** 0.5 if field == "mean" else 0.0)) / q**order
            assert abs(getattr(ours, name)[2] - difference) <= 5e-6 * size, (name, q)


@pytest.mark.parametrize("t", [3.0, 12.0, 25.0, 36.0])
def test_tails_of_what_is_cut_off(t: float) -> None:
    """hard_shrink and soft_shrink at t standard deviations: averages down to 1e-282, by many digits."""
    mp = pytest.importorskip("mpmath")
    with mp.workdps(40):
        tail, bell = 2 * mp.ncdf(-mp.mpf(t)), 2 * mp.npdf(mp.mpf(t))
        hard_square, soft_square = tail + t * bell, (1 + mp.mpf(t) ** 2) * tail - t * bell
        soft_fourth = (t**4 + 6 * mp.mpf(t) ** 2 + 3) * tail - (mp.mpf(t) ** 3 + 5 * t) * bell
    q = 0.25 / t**2
    hard, soft = moments(activation("hard_shrink"), q), moments(activation("soft_shrink"), q)
    assert float(hard.slope_square) == pytest.approx(float(tail), rel=1e-11)
    assert float(hard.square) == pytest.approx(q * float(hard_square), rel=1e-11)
    assert float(soft.square) == pytest.approx(q * float(soft_square), rel=1e-11)
    if t < 36:
        assert float(soft.fourth) == pytest.approx(q * q * float(soft_fourth), rel=1e-11)
    # d<phi'^2>/dq is a density at the cut
    assert float(hard.d_slope_square) == pytest.approx(t / (2 * q) * float(bell), rel=1e-9)


def test_points_at_0_and_at_infinity() -> None:
    sigmoid, relu = moments(activation("sigmoid"), [0.0, np.inf]), moments(activation("relu"), [0.0, np.inf])
    assert sigmoid.mean.tolist() == [0.5, 0.5]
    assert sigmoid.square.tolist() == [0.25, 0.5]
    assert sigmoid.slope_square.tolist() == [1 / 16, 0.0]
    assert relu.square.tolist() == [0.0, np.inf]
    assert relu.slope_square.tolist() == [0.0, 0.5]
    assert np.isnan(sigmoid.d_square).all()


@pytest.mark.parametrize("case", BARE, ids=label)
def test_no_length_is_too_small_or_too_large(case: Activation) -> None:
    """No warning (they are errors here), and nothing below 0, anywhere between the smallest and the largest number."""
    ours = moments(case, [0.0, 5e-324, 1e-300, 1e-30, 1e15, 1e30, 1e300, 1.7e308, np.inf])
    for name in ("square", "fourth", "slope_square", "slope_fourth", "mixed"):
        row = getattr(ours, name)
        assert np.all((row >= 0) | np.isnan(row)), name
    if case.name not in WAVES:
        assert not np.isnan(ours.square).any()


def test_overflow_is_infinite() -> None:
    ours = moments(activation("exponential"), [80.0, 100.0, 400.0, 2000.0])
    assert np.isinf(ours.fourth).tolist() == [False, True, True, True]
    assert np.isinf(ours.square).tolist() == [False, False, True, True]
    assert np.isinf(ours.mean).tolist() == [False, False, False, True]
    assert float(moments(activation("square"), 1e8).fourth) == pytest.approx(105e32)


def test_shapes() -> None:
    tanh = activation("tanh")
    assert moments(tanh, 1.0).square.shape == ()
    assert moments(tanh, np.ones((2, 0, 3))).d_mean.shape == (2, 0, 3)
    table = moments(tanh, np.geomspace(1e-3, 1e3, 12).reshape(3, 4))
    for name in ROWS:
        row = getattr(table, name)
        assert row.shape == (3, 4)
        assert row.dtype == np.float64
        one = getattr(moments(tanh, table.q[1, 2]), name)
        assert float(one) == pytest.approx(row[1, 2], rel=1e-12, abs=1e-13)
    assert np.isnan(moments(tanh, [np.nan, -1.0]).square).all()


def test_many_lengths_are_the_same_as_one_by_one() -> None:
    """More than a block of them, in any order."""
    q = np.random.default_rng(3).permutation(np.geomspace(1e-6, 1e6, 300))
    for name in ("gelu", "hard_shrink"):
        together = moments(activation(name), q)
        alone = [float(moments(activation(name), x).square) for x in q[:20]]
        assert together.square[:20] == pytest.approx(alone, rel=1e-13)
        assert np.all(together.q == q)


class TestPlugins:
    def test_with_a_hidden_bend(self) -> None:
        """relu^2, whose slope has no jump: <phi^2> = 3 q^2 / 2, <phi^4> = 105 q^4 / 2."""
        squared = plugin("relu2", lambda z: np.maximum(z, 0) ** 2, lambda z: 2 * np.maximum(z, 0), steepest=math.inf)
        ours = moments(squared, QS)
        assert ours.square == pytest.approx(1.5 * QS**2, rel=1e-13)
        assert ours.fourth == pytest.approx(52.5 * QS**4, rel=1e-13)
        assert ours.d2_square == pytest.approx(np.full(9, 3.0), rel=1e-12)

    def test_that_grows_like_exp(self) -> None:
        sinh = plugin("sinh", np.sinh, np.cosh, steepest=math.inf)
        q = np.array([1e-6, 1.0, 30.0, 80.0])
        ours = moments(sinh, q)
        assert ours.square == pytest.approx(np.expm1(2 * q) / 2, rel=1e-12)
        assert ours.fourth[2] == pytest.approx(math.exp(240) / 8, rel=1e-12)
        assert math.isinf(moments(sinh, 100.0).fourth)

    def test_whose_average_does_not_exist(self) -> None:
        """<exp(z^2 / 4)> = (1 - q / 2)^(-1/2) for q < 2."""
        bell = plugin("bell", lambda z: np.exp(z**2 / 8), lambda z: z / 4 * np.exp(z**2 / 8), steepest=math.inf)
        ours = moments(bell, [0.5, 1.5, 2.5])
        assert ours.square[:2] == pytest.approx([0.75**-0.5, 0.25**-0.5], rel=1e-12)
        assert np.isinf([*ours.square[2:], *ours.fourth[1:]]).all()

    def test_that_never_rests(self) -> None:
        """Followed as far as can be, and nan beyond: <sin^2(30 z)> = (1 - exp(-1800 q)) / 2."""
        wave = plugin("siren", lambda z: np.sin(30 * z), lambda z: 30 * np.cos(30 * z), steepest=30.0)
        q = np.array([1e-8, 1e-4, 1.0])
        assert moments(wave, q).square == pytest.approx(-np.expm1(-1800 * q) / 2, rel=1e-12)
        assert np.isnan(moments(wave, 1e6).square)


def test_quadrature_alone_knows_no_names() -> None:
    """erf (Williams 1997) and relu, which the closed forms would have taken."""
    q = np.geomspace(1e-6, 1e6, 7)
    table = dict(zip(ROWS, by_quadrature(activation("erf"), q), strict=True))
    assert table["square"] == pytest.approx(2 / math.pi * np.arcsin(2 * q / (1 + 2 * q)), rel=1e-12)
    assert table["slope_square"] == pytest.approx(4 / math.pi / np.sqrt(1 + 4 * q), rel=1e-12)
    table = dict(zip(ROWS, by_quadrature(activation("relu"), q), strict=True))
    assert table["square"] == pytest.approx(q / 2, rel=1e-13)
    assert np.abs(table["d2_square"]) == pytest.approx(0 * q, abs=1e-13 / q.min())
