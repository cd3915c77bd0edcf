"""Gradients against central differences of L = sum(cotangent h_L), in float64, on networks rebuilt from their
streams.
"""

from __future__ import annotations

import engine_reference as ref
import numpy as np
import pytest

from initbench.engine import measure, propagate
from initbench.engine.measure import gram_pays
from initbench.engine.signal import Signal

STEP = 1e-6
ACTIVATIONS = [
    "tanh",
    ("leaky_relu", {"negative_slope": 0.2}),
    "softplus",
    "hard_tanh",
    "relu",
    "silu",
]
INITIALIZERS = ["glorot_normal", "he_uniform", "orthogonal", "lecun_normal", "he_normal", "glorot_uniform"]


def difference(net: ref.Net, zs: list[np.ndarray], index: int) -> np.ndarray:
    """dL/dz of one layer, entry by entry."""
    d = np.empty_like(zs[index])
    for place in np.ndindex(d.shape):
        z = zs[index].copy()
        z[place] += STEP
        up = net.loss_from(z, index)
        z[place] -= 2 * STEP
        d[place] = (up - net.loss_from(z, index)) / (2 * STEP)
    return d


def weight_difference(net: ref.Net, zs: list[np.ndarray], h: np.ndarray, index: int) -> np.ndarray:
    """dL/dW of one layer, entry by entry: W_ij + e moves column j of z by e h_i."""
    d = np.empty_like(net.weights[index])
    for i, j in np.ndindex(d.shape):
        z = zs[index].copy()
        z[:, j] += STEP * h[:, i]
        up = net.loss_from(z, index)
        z[:, j] -= 2 * STEP * h[:, i]
        d[i, j] = (up - net.loss_from(z, index)) / (2 * STEP)
    return d


@pytest.mark.parametrize(
    ("source", "batch", "seed"),
    [("gaussian", 3, 0), ("gaussian", 30, 1), ("shared", 3, 2), ("ones", 12, 3)],
)
def test_gradients_are_those_of_the_loss(source: str, batch: int, seed: int) -> None:
    """Central differences err by STEP^2 in the third derivative and by 1e-16 |L| / STEP ~ 1e-9:
    squared and averaged, under 1e-6.
    """
    widths = ref.RECTANGULAR
    cell = ref.make_cell(
        widths, ACTIVATIONS, INITIALIZERS, ("normal", {"stddev": 0.3}), batch_size=batch, gradient=source
    )
    trace = propagate(cell, (seed,))
    net = ref.rebuild(cell, seed)
    zs, hs = net.forward()
    for index in range(cell.network.depth):
        grad_q = float((difference(net, zs, index) ** 2).mean())
        assert trace.of("grad_q")[0, index + 1] == pytest.approx(grad_q, rel=1e-6)
        if index % 2 == 0 or batch < 30:
            weight_q = float((weight_difference(net, zs, hs[index], index) ** 2).mean())
            assert trace.of("weight_grad_q")[0, index + 1] == pytest.approx(weight_q, rel=1e-6)
    assert np.isnan(trace.of("grad_q")[0, 0])


def test_both_ways_to_a_weight_gradient_were_taken() -> None:
    """The batches above: 3 goes through Gram matrices in every layer, 30 in none, 12 in some."""
    pairs = list(zip(ref.RECTANGULAR[:-1], ref.RECTANGULAR[1:], strict=True))
    assert all(gram_pays(3, *pair) for pair in pairs)
    assert not any(gram_pays(30, *pair) for pair in pairs)
    assert {gram_pays(12, *pair) for pair in pairs} == {True, False}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_ways_to_a_weight_gradient_agree(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of the same products: 1e-6 in float32 for the Gram matrices, times the cancellation between inputs (at most
    the batch).
    """
    cell = ref.make_cell((300, 200, 150), "tanh", "glorot_normal", batch_size=6, dtype=dtype)
    results = []
    for way in (True, False):
        monkeypatch.setattr("initbench.engine.measure.gram_pays", lambda *_, way=way: way)
        results.append(propagate(cell, range(4)).of("weight_grad_q")[:, 1:])
    np.testing.assert_allclose(*results, rtol=6e-6 if dtype == "float32" else 1e-13)


def test_a_transposed_or_unscaled_gradient_would_be_seen() -> None:
    """The control: the same check refuses a backward pass that leaves the slopes out."""
    cell = ref.make_cell((6, 5, 4), "tanh", "glorot_normal")
    net = ref.rebuild(cell, 0)
    zs, _ = net.forward()
    wrong = float(((net.cotangent @ net.weights[1].T) ** 2).mean())
    assert wrong != pytest.approx(float((difference(net, zs, 0) ** 2).mean()), rel=1e-2)


def test_without_gradients_there_are_none() -> None:
    trace = propagate(ref.make_cell((6, 5, 4), gradient="none"), (0,))
    for name in ("grad_q", "weight_grad_q"):
        assert not trace.present[:, :, trace.metrics.index(name)].any()


def test_weight_gradients_that_cancel_are_not_negative() -> None:
    """Equal inputs whose cotangents add up to 0: so is dL/dW, and rounding must not turn it into less than nothing."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        h = np.repeat(rng.standard_normal((1, 1, 301), dtype=np.float32), 3, axis=1)
        a, b = rng.integers(-(2**20), 2**20, (2, 1, 1, 201)) / 2**20
        d = np.concatenate([a, b, -(a + b)], axis=1).astype(np.float32)
        factor = measure.gradient_factor(Signal(h), 201)
        part = measure.measure_gradients(Signal(d), factor, 301, ("weight_grad_q",))
        assert 0 <= part["weight_grad_q"][0] <= 1e-6
