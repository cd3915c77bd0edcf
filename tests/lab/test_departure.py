"""theory_z: how often it cries wolf under a true theory, that it sees a false one, and what it does not compare."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from lab_predictions import curve, he_relu, he_relu_draws, prediction
from lab_traces import make_cell, make_trace

from initbench.lab.departure import ALLOWED, Comparison, Departure, compare, corrected
from initbench.lab.summary import Summary, summarise
from initbench.spec import Cell

WIDTH, DEPTH = 64, 50


def compared(cell: Cell, layers: dict[str, Any], seeds: int, **curves: Any) -> Comparison:
    return compare(cell, prediction(cell, **curves), summarise(make_trace(layers, seeds)))


def departure(cell: Cell, layers: dict[str, Any], seeds: int, **curves: Any) -> Departure:
    found = compared(cell, layers, seeds, **curves).departure
    assert found is not None
    return found


def naive(summary: Summary, curves: dict[str, Any]) -> float:
    """The largest |mean - theory| / (theory_sd / sqrt(n)), corrected in the same way."""
    deviates = []
    for metric, one in curves.items():
        with np.errstate(all="ignore"):
            z = (summary.of("mean", metric) - one.mean) / (one.sd / np.sqrt(summary.of("n", metric)))
        deviates += [abs(number) for number in z[1:]]
    return corrected(max(deviates), len(deviates))


def chance(hits: int, trials: int, rate: float) -> float:
    """The probability of `hits` or more alarms at this rate."""
    return 1 - sum(math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(hits))


@pytest.mark.parametrize(("depth", "seeds"), [(DEPTH, 32), (DEPTH, 8), (10, 2)])
def test_false_alarms_are_as_rare_as_promised(depth: int, seeds: int) -> None:
    """800 cells under a theory that is exact: |theory_z| > 3 is promised in at most 0.27 % of them. The test fails a
    true promise with a probability under 1e-3 (9 alarms or more), and the plain deviate must break it.
    """
    rng = np.random.default_rng(depth + seeds)
    cell, curves = make_cell(depth, WIDTH), he_relu(depth, WIDTH)
    trials, alarms, naive_alarms = 800, 0, 0
    for _ in range(trials):
        summary = summarise(make_trace(he_relu_draws(depth, WIDTH, seeds, rng), seeds))
        found = compare(cell, prediction(cell, **curves), summary).departure
        assert found is not None
        alarms += abs(found.z) > 3
        naive_alarms += naive(summary, curves) > 3
    assert chance(9, trials, 0.0027) < 1e-3
    assert alarms <= 8
    assert chance(naive_alarms, trials, 0.0027) < 1e-6  # the control


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_a_wrong_theory_is_found(factor: float) -> None:
    rng = np.random.default_rng(0)
    cell, curves = make_cell(20, 512), he_relu(20, 512)
    layers = he_relu_draws(20, 512, 200, rng)
    layers["act_q"][15:] = [factor * values for values in layers["act_q"][15:]]
    found = departure(cell, layers, 200, **curves)
    assert abs(found.z) > 3
    assert math.copysign(1, found.z) == (1 if factor > 1 else -1)
    assert (found.metric, found.layer >= 15) == ("act_q", True)
    assert found.measured == pytest.approx(np.mean(layers["act_q"][found.layer]))
    assert found.theory == 1
    assert found.stderr == pytest.approx(curves["act_q"].sd[found.layer] / math.sqrt(200))


def test_what_theory_may_be_wrong_by_is_no_departure() -> None:
    """Of second order in the sum of 1 / width: for any number of seeds."""
    cell = make_cell(10, 100)
    s = 11 / 100
    sd = np.array([0.0] + [1e-6] * 10)
    for share, departs in ((0.9, False), (1.2, True)):
        level = 1 + share * ALLOWED * s**2
        layers = {"act_q": [1.0] + [1.0] * 9 + [level]}
        found = departure(cell, layers, 3, act_q=curve(np.ones(11), sd))
        assert (found.z != 0) is departs
        if departs:
            assert (found.metric, found.layer) == ("act_q", 10)


def test_gradients_have_passed_every_layer() -> None:
    cell = make_cell(10, 100)
    level = 1 + 0.9 * ALLOWED * 0.11**2
    layers = {"act_q": [1.0] * 11, "grad_q": [None, level, *[1.0] * 9]}
    assert departure(cell, layers, 3, grad_q=curve([np.nan] + [1.0] * 10, 1e-6)).z == 0
    assert departure(cell, {"act_q": [1.0, level, *[1.0] * 9]}, 3, act_q=curve(np.ones(11), 1e-6)).z > 3


def test_a_prediction_without_spread_is_met_to_rounding() -> None:
    cell = make_cell(3)
    exact = curve(np.ones(4), 0.0)
    near = departure(cell, {"act_q": [5.0, 1 + 1e-7, 1.0, 1 - 1e-7]}, 2, act_q=exact)  # nor is the input compared
    assert (near.z, near.count) == (0, 0)
    far = departure(make_cell(3, 10**6), {"act_q": [1.0, 1.0, 1.01, 1.0]}, 2, act_q=exact)
    assert far.z > 100
    assert (far.layer, far.count) == (2, 1)


def test_means_that_may_be_negative() -> None:
    cell = make_cell(3, 10**6)
    layers = {"act_q": [1.0] * 4, "preact_mean": [None, [-0.1, 0.1], [0.0, 0.2], [-2.0, -3.0]]}
    found = departure(cell, layers, 2, preact_mean=curve([np.nan, 0, 0, 0], 0.2))
    assert (found.metric, found.layer, found.count) == ("preact_mean", 3, 3)
    assert found.z == pytest.approx(corrected(-2.5 / (0.2 / math.sqrt(2)), 3), rel=1e-4)


def test_means_that_cannot_be_negative_are_taken_like_squares() -> None:
    """relu's mean activation is lognormal where its mean square is; tanh's has a sign."""
    layers = {"act_mean": [0.0, 1.3, 1.3, 1.3]}
    told = curve([0.0, 1.0, 1.0, 1.0], 0.4)
    of_relu, of_tanh = (
        departure(make_cell(3, 10**6, activation=name), layers, 9, act_mean=told) for name in ("relu", "tanh")
    )
    r = 0.4 / 3
    plain = 0.3 / r
    logarithmic = (math.log(1.3) + math.log(1 + r**2) / 2) / math.sqrt(math.log(1 + r**2))
    assert of_relu.z == pytest.approx(corrected(logarithmic, 3), rel=1e-4)
    assert of_tanh.z == pytest.approx(corrected(plain, 3), rel=1e-4)


def test_what_is_not_compared_is_said() -> None:
    cell = make_cell(5)
    layers = {"act_q": [1.0, [1.0, math.inf], 1.0, 1.0, 1e-80, 50.0], "act_mean": [0.0] + [0.1] * 5}
    within = [True, True, True, True, True, False]
    curves = {
        "act_q": curve([1.0, 1.0, 1.0, 1.0, 1e-80, 1.0], [0.0, 0.1, 3.0, 0.9, 1e-82, 0.1], within),
        "act_mean": curve([0.0] + [0.1] * 5, 0.01),
    }
    found = compared(cell, layers, 2, **curves)
    assert found.departure is not None
    assert (found.departure.z, found.departure.count) == (0, 2)
    one = "not compared: one network's mean square spreads by 3 times the mean, too much for a mean of a few"
    few = "not compared: 2 networks are too few where one's mean square spreads by 0.9 times the mean"
    small = "not compared: under the smallest numbers of float32"
    assert found.skipped == {
        ("act_q", 1): "not compared: 1 of 2 networks are not finite here",
        **{(metric, 2): one for metric in curves},
        **{(metric, 3): few for metric in curves},
        **{(metric, 4): small for metric in curves},
    }


def test_nothing_to_compare() -> None:
    cell = make_cell(2)
    layers = {"act_q": [1.0, 1.0, 1.0]}
    assert compared(cell, layers, 2) == Comparison(None, {})
    assert compared(cell, layers, 2, act_q=curve([1.0, 1.0, 1.0])) == Comparison(None, {})
    assert compared(cell, layers, 2, act_q=curve([1.0, 1.0, 1.0], 0.1, False)) == Comparison(None, {})
    unmeasured = make_trace({"act_q": [None, None, None]}, 2)
    assert compare(cell, prediction(cell, act_q=curve([1.0] * 3, 0.1)), summarise(unmeasured)).departure is None


def test_signals_that_die_though_theory_says_otherwise() -> None:
    found = departure(make_cell(2), {"act_q": [1.0, 1.0, 0.0]}, 100, act_q=curve([1.0, 1.0, 1.0], [0.0, 0.1, 0.1]))
    assert found.z < -10
    assert found.layer == 2


def test_the_correction() -> None:
    assert corrected(3.0, 1) == pytest.approx(3.0, rel=1e-12)
    assert corrected(-3.0, 1) == pytest.approx(-3.0, rel=1e-12)
    p = math.erfc(4 / math.sqrt(2))
    assert math.erfc(corrected(4.0, 100) / math.sqrt(2)) == pytest.approx(1 - (1 - p) ** 100, rel=1e-9)
    assert corrected(0.5, 1000) == corrected(-0.5, 1000) == 0.0
    assert math.copysign(1, corrected(-0.5, 1000)) == 1  # no -0.0 in a table
    assert corrected(0.0, 0) == 0
    deviates = [corrected(z, 300) for z in np.linspace(0, 60, 1201)]
    assert deviates == sorted(deviates)  # also where the tail leaves the range of numbers, at 37
    assert max(np.diff(deviates)) < 0.5
    assert corrected(1e200, 300) == 1e200
