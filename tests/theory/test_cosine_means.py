"""Mean cosines and their spread against networks simulated plainly, where lengths have a say in angles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from finite_networks import over_networks, simulate
from theory_cells import make_cell

from initbench.catalogue.initializers import initializer
from initbench.catalogue.inputs import inputs
from initbench.spec import Cell
from initbench.theory.fluctuations import fluctuations
from initbench.theory.forward import ALL_BUT_ALIKE, forward_spread
from initbench.theory.kernel import trajectory
from initbench.theory.validity import CANCELLED, angle_range

Array = np.ndarray[Any, Any]

DEPTH = 8
SKEW = inputs("uniform", low=-0.5, high=1.5)
PAIR = inputs("pair", cosine=0.6, mean_square=1.0)


def uniform(sd: float) -> Any:
    return initializer("uniform", low=-(sd * 3**0.5), high=sd * 3**0.5)


def network(name: str, weights: Any, bias: Any, source: Any = "gaussian", batch: int = 8, width: int = 32) -> Cell:
    return make_cell([width] * (DEPTH + 1), name, weights, bias, source, batch=batch, gradient="none")


CASES: dict[str, Cell] = {
    "elu": network("elu", 1.2, 0.3),
    "elu, uniform": network("elu", uniform(32**-0.5), uniform(0.46)),
    "relu with biases": network("relu", 1.3, 0.5),
    "softplus": network("softplus", 1.0, 0.3),
    "cos": network("cos", 1.5, 0.3),
    "selu": network("selu", 1.0, 0.3),
    "tanh, Haar": network("tanh", initializer("orthogonal", gain=1.5), 0.3),
    "elu, Haar": network("elu", initializer("orthogonal", gain=1.1), 0.3),
    "erf, inputs of mean 0.5": network("erf", 1.4, 0.5, SKEW),
}


def test_the_range_ends_where_second_order_is_seen() -> None:
    """Of hard_silu, means are off by 7 to 10 % of 1 - cosine in layers 6 and 7, and by 1 % up to layer 4."""
    cell = network("hard_silu", 1.6**0.5, 0.3)
    sample, t = over_networks(simulate(cell, 5000, root=23)["cosine"]), trajectory(cell)
    mean, within = forward_spread(t).bands["cosine"].mean, angle_range(t, fluctuations(t))
    off, error = np.abs(mean - sample.mean) / (1 - mean), sample.mean_error / (1 - mean)
    assert np.all(off[within] <= 0.015 + 4 * error[within])
    assert np.all(off[6:8] - 4 * error[6:8] > 0.02)
    assert np.all(within[:4])
    assert not np.any(within[6:8])


def test_the_very_inputs_that_all_seeds_share(tmp_path: Path) -> None:
    """Two rows at a right angle whose large entries meet, below uniform weights: their z have more in common than those
    of any two at that angle, whose mean cosine is higher by 0.008 for abs."""
    large = np.where(np.arange(16) < 8, 3.0, 1.0)
    np.save(tmp_path / "rows.npy", large * np.stack([np.ones(16), (-1.0) ** np.arange(16)]))
    rows, weights = inputs("npy", path=str(tmp_path / "rows.npy")), uniform(80**-0.5)
    cell = make_cell([16, 64], "abs", weights, None, rows, batch=2, resample=False, gradient="none")
    sample, band = (
        over_networks(simulate(cell, 5000, root=25)["cosine"]),
        forward_spread(trajectory(cell)).bands["cosine"],
    )
    assert band.within[1]
    assert band.mean[1] == pytest.approx(sample.mean[1], abs=4 * sample.mean_error[1])
    assert sample.mean_error[1] < 0.001


@pytest.mark.parametrize(("name", "holds"), [("elu", True), ("sin", False)])
def test_biases_that_are_most_of_z(name: str, holds: bool) -> None:
    """Excess kurtoses of -0.25 and beyond: of elu 2 % of 1 - cosine, of sin 6 % in the first layer."""
    cell = make_cell([64] * 3, name, 1.0, uniform(1.1), batch=4, gradient="none")
    t = trajectory(cell)
    assert np.all(t.normality.excess[1:] < -0.25)
    sample = over_networks(simulate(cell, 5000, root=24)["cosine"])
    band = forward_spread(t).bands["cosine"]
    off = np.abs(band.mean - sample.mean)[1:] / (1 - band.mean[1:])
    assert np.all((off < 0.025) == holds)
    assert np.all(band.within[1:] == holds)


@pytest.mark.parametrize("case", CASES)
def test_means(case: str) -> None:
    """Within 0.003 and four standard errors in every layer, most of them in range; what infinite width says is not."""
    cell = CASES[case]
    sample = over_networks(simulate(cell, 5000, root=22)["cosine"])
    t = trajectory(cell)
    band = forward_spread(t).bands["cosine"]
    allowed = 0.003 + 4 * sample.mean_error
    assert np.all(band.within[:6])
    assert np.all(np.abs(band.mean - sample.mean) <= allowed)
    infinite = 1 - t.over_pairs(t.pairs.gap / t.moments.square[:, t.start.a])
    assert np.any(np.abs(infinite - sample.mean) > allowed)


def test_the_error_falls_as_the_square_of_the_width() -> None:
    """The shift falls as 1 / n, and what is left of the difference faster: at width 48 it is under an eighth of it."""
    for width, share in ((16, 0.3), (48, 0.125)):
        cell = network("cos", 1.5, 0.3, width=width)
        t = trajectory(cell)
        sample = over_networks(simulate(cell, 8000, root=23)["cosine"])
        pairs, error = forward_spread(t).kernel.pairs, 4 * sample.mean_error
        left = 1 - pairs.gap + pairs.shift - sample.mean
        assert np.all(np.abs(left) <= share * np.abs(pairs.shift) + error)
        assert np.all(np.abs(pairs.shift[1:]) > 2 * error[1:])  # the control


SPREADS = {
    "relu with biases": network("relu", 1.3, 0.5, PAIR, batch=2),
    "erf": network("erf", 0.8, 1.0, PAIR, batch=2),
    "elu": network("elu", 1.0, 0.3, PAIR, batch=2, width=48),
}


@pytest.mark.parametrize("case", SPREADS)
def test_spreads(case: str) -> None:
    """Lengths that angles feel for many layers: without them, variances would be up to half too large. As angles vanish
    the spread stays a share of them."""
    sample = over_networks(simulate(SPREADS[case], 6000, root=24)["cosine"])
    band = forward_spread(trajectory(SPREADS[case])).bands["cosine"]
    known = np.isfinite(band.sd)
    ratio = sample.variance[known][1:] / band.sd[known][1:] ** 2
    assert known[:6].all()
    assert np.all(np.abs(ratio - 1) <= 0.15 + 4 * sample.variance_error[known][1:] * ratio)


def test_a_spread_that_is_more_than_the_angle_is_blank() -> None:
    band = forward_spread(trajectory(network("sigmoid", 1.0, 1.0, PAIR, batch=2, width=16))).bands["cosine"]
    blank = np.flatnonzero(np.isnan(band.sd))
    assert blank.size
    assert np.all(band.mean[blank] > 0.999)
    assert band.reason == ALL_BUT_ALIKE


@pytest.mark.parametrize("cosine", [1.0, -1.0])
def test_what_is_the_same_or_opposite_stays_so(cosine: float) -> None:
    """At any depth, where every difference would grow."""
    cell = make_cell([64] * 1001, "tanh", 2.5, None, inputs("pair", cosine=cosine, mean_square=1.0), batch=2)
    band = forward_spread(trajectory(cell)).bands["cosine"]
    np.testing.assert_allclose(band.mean, cosine, atol=1e-13)
    np.testing.assert_array_equal(band.sd, 0.0)


def test_all_but_equal_inputs() -> None:
    """1 - cosine is moved in proportion to itself, until chaos has made it large."""
    found = {}
    for e in (1e-12, 1e-9):
        cell = make_cell([256] * 7, "tanh", 2.0, 0.3, inputs("pair", cosine=1 - e, mean_square=1.0), batch=2)
        pairs = forward_spread(trajectory(cell)).kernel.pairs
        found[e] = pairs.shift / pairs.gap, np.sqrt(pairs.variance) / pairs.gap
    for small, large in zip(*found.values(), strict=True):
        np.testing.assert_allclose(small[1:], large[1:], rtol=0.01)


def test_angles_that_move_by_more_than_themselves_are_out_of_range() -> None:
    """tanhshrink's lengths shrink like K^3: at layer 5, first order says 0.99 and networks show 0.96."""
    within = forward_spread(trajectory(network("tanhshrink", 1.3, 0.1, PAIR, batch=2, width=48))).bands["cosine"].within
    assert within[1:3].all()
    assert not within[5]


def test_what_haar_matrices_hardly_leave_of_an_angle_is_out_of_range() -> None:
    """hard_sigmoid is all but linear: variances are 2 to 20 times what the first order leaves."""
    cell = network("hard_sigmoid", initializer("orthogonal", gain=1.0), 0.3, PAIR, batch=2, width=48)
    band = forward_spread(trajectory(cell)).bands["cosine"]
    assert band.within[1]
    assert not band.within[2:].any()
    assert set(band.why.values()) == {CANCELLED}


def test_strange_biases_end_the_range_where_angles_feel_them() -> None:
    """Most of z is a uniform bias as inputs become alike; where they are, no cumulant moves the cosine."""
    band = forward_spread(trajectory(network("elu", "fan_in_uniform", uniform(0.3), width=48))).bands["cosine"]
    assert band.within[1]
    assert not band.within[3]
    assert band.within[8]
    assert band.mean[8] > 0.99


@pytest.mark.parametrize("source", [SKEW, inputs("gaussian", mean=0.7, stddev=1.0)])
def test_cosines_of_random_inputs(source: Any) -> None:
    """Of 24 features: the mean of the cosine, and its covariance with the mean logarithm of both lengths."""
    features, number = 24, 60_000
    start = trajectory(make_cell([features, 8], "tanh", 1.0, None, source, batch=2)).start
    x = source.draw(np.random.default_rng(3), 2 * number, features).reshape(2, number, features)
    squares = np.square(x).sum(axis=2)
    found = np.vecdot(x[0], x[1]) / np.sqrt(squares[0] * squares[1])
    shift = found - (1 - start.e[0])
    assert start.cosine_shift == pytest.approx(shift.mean(), rel=0.1, abs=4 * shift.std() / number**0.5)
    lengths = np.log(squares).mean(axis=0)
    common = (found - found.mean()) * (lengths - lengths.mean())
    assert start.cosine_common == pytest.approx(common.mean(), rel=0.1, abs=4 * common.std() / number**0.5)
    assert abs(start.cosine_common) > 8 * common.std() / number**0.5


@pytest.mark.parametrize("name", ["tanh", "sin", "linear"])
def test_no_length_moves_a_right_angle(name: str) -> None:
    """Of odd activations without biases: the mean cosine is 0 at any width."""
    band = forward_spread(trajectory(network(name, 1.2, None))).bands["cosine"]
    np.testing.assert_array_equal(band.mean, 0.0)
