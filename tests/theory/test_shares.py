"""Inactive, saturated and dead shares: against the metric's own definition on samples, and where they are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from gaussian_cases import REGISTERED, label

from initbench.catalogue.activations import Activation, activation
from initbench.engine.measure import measure_activity
from initbench.theory import dead_share, share
from initbench.theory.shares import below, region

UNITS, BATCH = 20_000, 4
SIGMAS = 6.0  # false alarm 2e-9 each, 1e-6 over all activations
WANTED = ("inactive_fraction", "dead_fraction", "saturated_fraction")


@pytest.mark.parametrize("case", REGISTERED, ids=label)
@pytest.mark.parametrize("q", [0.3, 5.0])
def test_the_metrics_on_normal_preactivations(case: Activation, q: float) -> None:
    c = 0.6
    rng = np.random.default_rng(4)
    common, own = rng.normal(size=(1, 1, UNITS)), rng.normal(size=(1, BATCH, UNITS))
    h, slope = case.both(math.sqrt(q) * (math.sqrt(c) * common + math.sqrt(1 - c) * own))
    steepest = case.formula.steepest if case.formula.saturates else None
    seen = measure_activity(h, slope, steepest, WANTED)

    def holds(metric: str, predicted: float, count: int) -> None:
        error = math.sqrt(max(predicted * (1 - predicted), 1 / count) / count)
        assert abs(seen[metric][0] - predicted) < SIGMAS * error, metric
        assert abs(seen[metric][0] - predicted - 0.05) > SIGMAS * error  # a difference of 0.05 is seen

    # inputs are correlated: no fewer than UNITS of the entries are independent
    holds("inactive_fraction", float(share(case, q, "inactive")), UNITS)
    holds("dead_fraction", float(dead_share(case, q, c, BATCH)), UNITS)
    if steepest is None:
        assert math.isnan(share(case, q, "saturated"))
    else:
        holds("saturated_fraction", float(share(case, q, "saturated")), UNITS)


def test_known_shares() -> None:
    q = np.array([1e-8, 0.01, 1.0, 100.0, 1e8])
    assert share(activation("relu"), q, "inactive") == pytest.approx(np.full(5, 0.5), rel=1e-15)
    assert not share(activation("tanh"), q[:4], "inactive").any()
    tails = [math.erfc(1 / math.sqrt(2 * x)) for x in q]
    assert share(activation("hard_tanh"), q, "saturated") == pytest.approx(tails, rel=1e-12, abs=1e-300)
    # tanh' = 1 - tanh^2 = 0.01
    edge = math.atanh(math.sqrt(0.99))
    assert region(activation("tanh"), "saturated")[:, 1].tolist() == pytest.approx([-edge, math.inf], rel=1e-13)


def test_regions_end_where_the_activation_breaks() -> None:
    assert region(activation("relu"), "inactive").tolist() == [[-math.inf, 0.0]]
    assert region(activation("hard_silu"), "inactive").tolist() == [[-math.inf, -3.0]]
    assert region(activation("soft_shrink"), "inactive").tolist() == [[-0.5, 0.5]]
    assert region(activation("torch:hardtanh", min_val=0.0, max_val=2.0), "inactive").tolist() == [[-math.inf, 0.0]]
    assert region(activation("softsign"), "saturated")[0, 1] == pytest.approx(-9, rel=1e-13)
    assert region(activation("linear"), "inactive").shape == (0, 2)


def test_what_underflows_is_inactive_as_the_engine_computes_it() -> None:
    gelu = activation("gelu")
    assert -39 < region(gelu, "inactive")[0, 1] < -38
    assert -15 < region(gelu, "inactive", "float32")[0, 1] < -14
    z = np.random.default_rng(8).normal(0, 10, 100_000).astype(np.float32)
    value, slope = gelu.both(z)
    expected = float(share(gelu, 100.0, "inactive", "float32"))
    assert abs(np.mean((value == 0) & (slope == 0)) - expected) < SIGMAS * math.sqrt(expected / z.size)


def test_a_region_ends_between_two_neighbouring_floats() -> None:
    """The first float on the other side is not inactive any more."""
    gelu = activation("gelu")
    end = region(gelu, "inactive")[0, 1]
    z = np.array([np.nextafter(end, -np.inf), np.nextafter(end, np.inf)])
    value, slope = gelu.both(z)
    assert ((value == 0) & (slope == 0)).tolist() == [True, False]


def test_shares_below_have_the_last_digits_of_either_tail() -> None:
    x = np.concatenate([np.linspace(-45, 45, 9001), [-math.inf, math.inf, math.nan]])
    np.testing.assert_array_equal(below(x), [0.5 * math.erfc(-z / math.sqrt(2)) for z in x])


def test_at_the_ends() -> None:
    relu, hard = activation("relu"), activation("hard_tanh")
    assert share(relu, [0.0, np.inf], "inactive").tolist() == [1.0, 0.5]
    assert share(hard, [0.0, np.inf], "saturated").tolist() == [0.0, 1.0]
    assert share(hard, np.ones((2, 0)), "saturated").shape == (2, 0)
    assert dead_share(relu, 0.0, 0.5, 3) == 1.0


def test_dead_units_of_relu() -> None:
    """The orthants of two and three normals; 1 / (B + 1) at c = 1/2."""
    c = np.array([0.0, 1e-9, 0.1, 0.5, 0.9, 0.999, 1 - 1e-9, 1.0])
    relu = activation("relu")
    assert dead_share(relu, 1.0, c, 2) == pytest.approx(0.25 + np.arcsin(c) / (2 * math.pi), rel=1e-13)
    assert dead_share(relu, 7.0, c, 3) == pytest.approx(0.125 + 3 * np.arcsin(c) / (4 * math.pi), rel=1e-13)
    for batch in (1, 4, 64, 1000):
        assert float(dead_share(relu, 2.0, 0.5, batch)) == pytest.approx(1 / (batch + 1), rel=1e-11)


def test_dead_units_between_the_extremes() -> None:
    """Independent inputs: a power; equal ones: the share itself; more inputs never make more dead units."""
    for name, q in (("hard_shrink", 0.2), ("soft_shrink", 1e-4), ("hard_silu", 30.0), ("relu6", 1.0)):
        case = activation(name)
        alone = float(share(case, q, "inactive"))
        shares = dead_share(case, q, np.linspace(0, 1, 21), 5)
        assert shares[0] == pytest.approx(alone**5, rel=1e-12)
        assert shares[-1] == alone
        assert np.all(np.diff(shares) >= -1e-14)
        assert dead_share(case, np.full((2, 1), q), [0.2, 0.7, 0.9], 1) == pytest.approx(np.full((2, 3), alone))
    assert dead_share(activation("tanh"), 1.0, 0.5, 4) == 0


def test_many_lengths_in_any_order() -> None:
    q = np.random.default_rng(1).uniform(0.1, 9.0, (10, 20))
    one_by_one = [float(share(activation("hard_silu"), x, "inactive")) for x in q.ravel()]
    assert share(activation("hard_silu"), q, "inactive").ravel() == pytest.approx(one_by_one, rel=1e-14)
