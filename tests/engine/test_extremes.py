"""Networks that overflow, vanish or die: results, never crashes or warnings (a warning fails any test here)."""

from __future__ import annotations

import engine_reference as ref
import numpy as np
import pytest

from initbench.catalogue.inputs import inputs
from initbench.catalogue.metrics import METRICS
from initbench.engine import propagate

FIRST = {"linear": (28, 29), "relu": (31, 33)}
"""The first layer of width 512 with N(0, 1) weights that float32 cannot hold.

The largest of some 1000 preactivations, 3.5 to 4.5 standard deviations, passes 3.4e38: linear, the standard deviation
is 512^(l/2): l between 27.96 and 28.04 (+-0.1 for the spread of 28 layers of finite width), so 28 or 29. relu,
it is sqrt(512) 16^(l-1): l between 31.3 and 31.5, +-0.4 for four standard deviations sqrt(31 5 / 512) / 2 of the
logarithm, so 31, 32 or, with luck, 33 (only finite layers before it).
"""


@pytest.mark.parametrize("name", FIRST)
def test_float32_overflows_where_it_must(name: str) -> None:
    cell = ref.make_cell((512,) * 35, name, ("normal", {"stddev": 1.0}), dtype="float32", batch_size=2)
    trace = propagate(cell, range(3))
    finite = np.isfinite(trace.of("preact_q"))[:, 1:]
    first = finite.argmin(axis=1) + 1
    low, high = FIRST[name]
    assert not finite.all(axis=1).any()
    assert ((first >= low) & (first <= high)).all(), first
    # nan or inf is there, in every layer from the first on, and absent is not what it becomes
    for s, layer in enumerate(first):
        for column, metric in enumerate(trace.metrics):
            needs = METRICS.find(metric).needs
            rows = trace.values[s, 1:, column] if needs == "gradient" else trace.values[s, layer:, column]
            if metric == "saturated_fraction":
                assert not trace.present[s, :, column].any()
                continue
            assert not np.isfinite(rows).any(), (metric, rows)
            assert trace.present[s, 1:, column].all(), metric
        assert np.isfinite(trace.values[s, :layer, [trace.metrics.index("act_q")]]).all()
        assert np.isfinite(trace.of("cosine")[s, :layer]).all()
        assert np.isfinite(trace.of("act_var")[s, :layer]).all()


def test_float64_holds_the_same_networks() -> None:
    cell = ref.make_cell((128,) * 36, "linear", ("normal", {"stddev": 1.0}), batch_size=2)
    q = propagate(cell, (0, 1)).of("act_q")
    assert np.isfinite(q).all()
    np.testing.assert_allclose(np.log(q[:, 35]) / 35, np.log(128), atol=0.15)


def test_float64_beyond_its_squares() -> None:
    """h of 1e200 is finite while its square is not: the mean square says so, and what has no square is still told."""
    cell = ref.make_cell((16, 12, 8), "relu", ("normal", {"stddev": 1e100}), batch_size=4)
    whole = propagate(cell, (0, 1))
    usual = propagate(ref.make_cell((16, 12, 8), "relu", ("normal", {"stddev": 1.0}), batch_size=4), (0, 1))
    assert np.isposinf(whole.of("act_q")[:, 2]).all()
    for metric in ("cosine", "dead_fraction", "inactive_fraction"):
        np.testing.assert_allclose(whole.of(metric), usual.of(metric), rtol=1e-12)


@pytest.mark.parametrize("stddev", [1e-80, 1e-82, 1e-90])
def test_float64_below_its_squares(stddev: float) -> None:
    """h of 1e-160 and 1e-180: its square underflows, its direction does not."""
    cell = ref.make_cell((16, 12, 8), "relu", ("normal", {"stddev": stddev}), batch_size=4)
    usual = propagate(ref.make_cell((16, 12, 8), "relu", ("normal", {"stddev": 1.0}), batch_size=4), (0, 1))
    trace = propagate(cell, (0, 1))
    np.testing.assert_allclose(trace.of("cosine"), usual.of("cosine"), rtol=1e-12)
    np.testing.assert_array_equal(trace.of("dead_fraction"), usual.of("dead_fraction"))


def test_small_weights_vanish_to_exactly_zero() -> None:
    """The factor .01 sqrt(512) = .226 a layer takes 1 below 1.4e-45, the smallest float32, after 103 / 1.486 = 69.5
    layers.
    """
    cell = ref.make_cell((512,) * 77, "tanh", ("normal", {"stddev": 0.01}), dtype="float32", batch_size=2)
    trace = propagate(cell, (0,))
    q = trace.of("act_q")[0]
    zero = int(np.flatnonzero(q == 0)[0])
    assert 69 <= zero <= 74
    assert (q[zero:] == 0).all()
    assert (q[:zero] > 0).all()
    # down to 1e-35 the halving goes on as it began; nearer the end float32 runs out of digits
    np.testing.assert_allclose(np.diff(np.log(q[5:54])), np.log(512e-4), atol=5 * np.sqrt(2 / 512) * 1.5)
    assert not trace.present[0, zero:, trace.metrics.index("cosine")].any()
    assert trace.of("grad_q")[0, 1] == 0
    assert (trace.of("distinct_units")[0, zero:] == 1).all()
    assert (trace.of("inactive_fraction")[0, 1:] == 0).all()  # the slope of tanh at 0 is 1


def test_dead_networks() -> None:
    cell = ref.make_cell((8, 8, 8, 8), bias=("constant", {"value": -1e3}), dtype="float32")
    trace = propagate(cell, (0, 1))
    assert (trace.of("act_q")[:, 1:] == 0).all()
    assert (trace.of("dead_fraction")[:, 1:] == 1).all()
    assert (trace.of("inactive_fraction")[:, 1:] == 1).all()
    assert (trace.of("grad_q")[:, 1:] == 0).all()
    assert (trace.of("weight_grad_q")[:, 1:] == 0).all()
    assert not trace.present[:, 1:, trace.metrics.index("cosine")].any()
    assert trace.present[:, 0, trace.metrics.index("cosine")].all()


def test_infinite_preactivations_of_a_bounded_activation() -> None:
    """Weights beyond float32 make z infinite or nan, and the row says so."""
    cell = ref.make_cell((8, 8, 8), "tanh", ("constant", {"value": 1e39}), dtype="float32")
    trace = propagate(cell, (0, 1))
    assert not np.isfinite(trace.of("preact_q")[:, 1:]).any()
    assert trace.present[:, 1:, trace.metrics.index("preact_q")].all()
    assert not np.isfinite(trace.of("distinct_units")[:, 1:]).any()


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_constant_inputs_at_the_ends_of_float32(scale: float) -> None:
    cell = ref.make_cell(
        (50, 40), "linear", "ones", source=inputs("constant", value=scale), dtype="float32", batch_size=3
    )
    trace = propagate(cell, (0,))
    exact = float(np.float32(scale))
    assert trace.of("act_q")[0, 0] == pytest.approx(exact**2, rel=1e-12)
    assert trace.of("act_q")[0, 1] == pytest.approx((50 * exact) ** 2, rel=1e-6)
    assert trace.of("act_mean")[0, 1] == pytest.approx(50 * exact, rel=1e-6)
    assert trace.of("act_var")[0, 0] == pytest.approx(0, abs=1e-13 * exact**2)
    np.testing.assert_array_equal(trace.of("act_var_batch")[0], [0, 0])
    np.testing.assert_allclose(trace.of("cosine")[0], 1, rtol=2e-7)
    assert trace.of("distinct_units")[0, 1] == 1


def test_gradients_that_overflow_on_the_way_down() -> None:
    """Inputs of 1e-30 leave the forward pass room; cotangents of 1 grow by e^1.354 a layer of width 16, (psi(8) + ln 2)
    / 2, and
    pass 3.4e38 after 65.5 of 80 layers: +-5 for four standard deviations sqrt(65 psi'(8)) / 2 / 1.354.
    """
    source = inputs("gaussian", stddev=1e-30)
    cell = ref.make_cell((16,) * 81, "linear", ("normal", {"stddev": 1.0}), source=source, dtype="float32")
    trace = propagate(cell, range(5))
    for metric in ("act_q", "preact_q", "cosine", "act_var_batch"):
        assert np.isfinite(trace.of(metric)[:, 1:]).all()
    grad = trace.of("grad_q")[:, 1:]
    lowest = np.isfinite(grad).argmax(axis=1) + 1
    assert ((lowest >= 80 - 65.5 - 5) & (lowest <= 80 - 65.5 + 6)).all(), lowest
    for s, layer in enumerate(lowest):
        assert np.isfinite(grad[s, layer - 1 :]).all()
        assert not np.isfinite(grad[s, : layer - 1]).any()
        assert not np.isfinite(trace.of("weight_grad_q")[s, 1:layer]).any()
    assert trace.present[:, 1:, trace.metrics.index("grad_q")].all()
