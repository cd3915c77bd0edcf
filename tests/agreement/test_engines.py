"""Networks with and without their matrices, engine against engine: one law.

Metrics of all layers are replaced by normal scores of their ranks among both engines' networks, which tames heavy tails
and keeps every difference of laws. Averages are then compared: of the scores (location), their squares (spread) and, of
any two, the products and the squared differences (correlation: between layers, between forward and backward, between
inputs; differences tell a correlation of 0.99 from one of 1). ALARM is the probability that equal laws fail one
comparison of two engines, shared out among all its averages (Bonferroni); with S networks each and some 3000 averages,
a difference of 6.5 sqrt(2 / S) standard deviations is at the limit, and twice that is always seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import engine_reference as ref
import numpy as np
import pytest
from scipy import special, stats

from initbench.catalogue.inputs import inputs
from initbench.engine import Trace, Workspace, factor, implicit, join, propagate, resolve
from initbench.engine.implicit import GaussianWeights, HaarWeights
from initbench.engine.signal import Signal
from initbench.spec import Cell

Array = np.ndarray[Any, Any]

ALARM = 1e-6
BIAS = ("normal", {"stddev": 0.4})


def measure(cell: Cell, seeds: int) -> Trace:
    workspace = Workspace()
    return join([propagate(cell, range(start, min(start + 64, seeds)), workspace) for start in range(0, seeds, 64)])


def features(trace: Trace, names: Sequence[str] = (), layers: Sequence[int] = ()) -> dict[str, Array]:
    """Metric and layer -> one number a network; what is absent is below everything.

    Cosines count by their distance from 1. What equal inputs leave of differences is rounding, and counts as nothing.
    """
    found = {}
    for metric in names or trace.metrics:
        values = trace.of(metric)
        if metric == "cosine":
            values = np.where(gaps(trace) < 1e-14, 0.0, gaps(trace))
        if metric == "act_var_batch":
            values = np.where(values < 1e-26 * trace.of("act_q"), 0.0, values)
        values = np.where(np.isnan(values), -np.inf, values)
        for layer in layers or range(1, values.shape[1]):
            found[f"{metric} {layer}"] = values[:, layer]
    return found


def departures(first: dict[str, Array], second: dict[str, Array]) -> list[str]:
    """Averages in which two samples differ by more than chance."""
    seeds = len(next(iter(first.values())))
    scores, names = [], []
    for name, values in first.items():
        both = np.concatenate([values, second[name]])
        inside = both[np.isfinite(both)]
        if len(inside) and np.ptp(inside) <= 1e-4 * np.abs(inside).max() and len(inside) == len(both):
            continue  # one number for all networks, up to rounding
        if not len(inside):
            continue
        ranks = stats.rankdata(both)
        score = special.ndtri(ranks / (len(both) + 1))
        if np.ptp(score) > 0:
            names.append(name)
            scores.append((score - score.mean()) / score.std())
    x = np.array(scores)
    pairs = np.triu_indices(len(x))
    products = x[pairs[0]] * x[pairs[1]]
    apart = x[pairs[0]] - x[pairs[1]]
    apart[np.abs(apart) < 0.01] = 0.0  # ranks that rounding exchanged
    averages = np.concatenate([x, products, apart**2])
    both_names = [f"{names[a]} x {names[b]}" for a, b in zip(*pairs, strict=True)]
    labels = [*names, *both_names, *(name.replace(" x ", " - ") for name in both_names)]
    difference = averages[:, :seeds].mean(axis=1) - averages[:, seeds:].mean(axis=1)
    z = difference / np.maximum(averages.std(axis=1) * np.sqrt(2 / seeds), 1e-300)
    limit = stats.norm.isf(ALARM / len(averages) / 2)
    return [f"{label}: {value:.1f}" for label, value in zip(labels, z, strict=True) if abs(value) > limit]


def gaps(trace: Trace) -> Array:
    """1 - cosine, (S, L + 1)."""
    return 1 - trace.of("cosine")


def compare(cell: Cell, seeds: int) -> list[str]:
    """Networks of different roots: dense, and as the cell says."""
    drawn = dataclasses.replace(cell, engine="dense", root_seed=1)
    return departures(features(measure(drawn, seeds)), features(measure(cell, seeds)))


def cell(widths: tuple[int, ...], *arguments: Any, **settings: Any) -> Cell:
    return ref.make_cell(widths, *arguments, **({"engine": "implicit", "batch_size": 3} | settings))


ORTHOGONAL = ("orthogonal", {"gain": 1.4})
SIGN = ("tanh", ("normal", {"stddev": 8.0}))
CASES: dict[str, Cell] = {
    "relu": cell((8, 8, 8, 8), "relu", "he_normal", dtype="float32"),
    "relu, one input": cell((10, 16, 8, 24, 12), "relu", "he_normal", BIAS, batch_size=1),
    "tanh, rectangular, biases": cell((10, 16, 8, 24), "tanh", "glorot_normal", BIAS, dtype="float32"),
    "linear, ones backward": cell((8, 12, 8, 8), "linear", "lecun_normal", gradient="ones"),
    "gelu, rectangular, biases": cell((12, 8, 24, 10), "gelu", ("he_normal", {"mode": "fan_out"}), BIAS),
    "nearly signs": cell((8, 8, 16, 8), *SIGN, dtype="float32"),
    "as many inputs as units": cell((8, 8, 8, 8), "tanh", "lecun_normal", batch_size=8),
    "equal inputs, shared cotangent": cell((8, 8, 8), "gelu", "he_normal", source=inputs("ones"), gradient="shared"),
    "orthogonal relu": cell((8, 8, 8, 8), "relu", ORTHOGONAL, dtype="float32"),
    "orthogonal relu, ones backward": cell((8, 8, 8), "relu", ORTHOGONAL, batch_size=4, gradient="ones"),
    "orthogonal tanh, rectangular, biases": cell((12, 24, 8, 16), "tanh", ORTHOGONAL, BIAS),
    "orthogonal linear, one input": cell((8, 16, 8, 8), "linear", ORTHOGONAL, batch_size=1, dtype="float32"),
    "orthogonal gelu, half as many inputs": cell((8, 8, 8, 8), "gelu", ORTHOGONAL, batch_size=4),
    "orthogonal signs, ones backward": cell((9, 18, 9), SIGN[0], ("orthogonal", {"gain": 9.0}), gradient="ones"),
    "both laws, both dtypes": cell((8, 12, 8, 10), ["relu", "tanh", "sigmoid"], ["he_normal", ORTHOGONAL, "he_normal"]),
}


@pytest.mark.parametrize("name", CASES)
def test_one_law(name: str) -> None:
    assert resolve(CASES[name]).engine == "implicit"
    assert compare(CASES[name], 4000) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_one_law_to_a_quarter_of_the_difference(name: str) -> None:
    assert compare(CASES[name], 64_000) == []


def test_one_law_where_only_some_layers_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A uniform layer between two normal ones, at a size where `auto` would draw them all."""
    laws = ["he_normal", "he_uniform", ORTHOGONAL]
    mixed = cell((8, 12, 8, 8), ["relu", "tanh", "gelu"], laws, BIAS, engine="auto")
    monkeypatch.setattr("initbench.engine.costs.implicit", lambda *_: 0.0)
    assert resolve(mixed).implicit == (True, False, True)
    assert compare(mixed, 4000) == []


def independent(self: Any, d: Signal, out: Array) -> Array:
    """d W'^T with a W' that has nothing to do with W: what mean-field theory takes for granted."""
    scale = self._stddev if isinstance(self, GaussianWeights) else self._gain
    fresh = type(self)(scale, self._fan_out, self._fan_in, self._generators)
    return np.asarray(fresh.apply(d, out))


@pytest.mark.parametrize("name", ["relu", "as many inputs as units", "orthogonal relu, ones backward"])
def test_independent_backward_weights_are_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: right in each direction alone, wrong in what binds the two passes."""
    monkeypatch.setattr(GaussianWeights, "apply_transpose", independent)
    monkeypatch.setattr(HaarWeights, "apply_transpose", independent)
    found = compare(CASES[name], 4000)
    assert any("grad_q" in one and "act_" in one and " x " in one for one in found), found


def test_a_frame_that_forgets_what_was_seen_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control for orthogonal weights: what the backward pass meets beyond G must stay out of Q's span."""
    frame = implicit._frame
    rng = np.random.default_rng(0)
    monkeypatch.setattr(implicit, "_frame", lambda rows, beyond=None: frame(rng.standard_normal(rows.shape)))
    assert compare(CASES["orthogonal linear, one input"], 1000) != []


@pytest.mark.parametrize("name", ["relu", "orthogonal tanh, rectangular, biases"])
def test_small_differences_are_seen(name: str) -> None:
    """The control: five per cent more standard deviation."""
    wide = {"relu": ("he_normal", {"gain": 1.05})}.get(name, ("orthogonal", {"gain": 1.47}))
    layers = CASES[name].network.layers
    law = ref.chosen(ref.initializer, wide)
    network = dataclasses.replace(
        CASES[name].network, layers=tuple(dataclasses.replace(layer, initializer=law) for layer in layers)
    )
    first = measure(CASES[name], 4000)
    second = measure(dataclasses.replace(CASES[name], network=network, root_seed=1), 4000)
    assert departures(features(first), features(second)) != []


# --- nearly equal inputs, deep networks -------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma_w", [0.5, 0.7, 0.9])
def test_cosines_in_the_ordered_phase(sigma_w: float) -> None:
    """1 - c falls by the same factor in every layer, down to 1e-12 and below, in both engines: float64, 300 networks,
    and the mean logarithm of 1 - c agrees within 6.5 standard errors in every layer on the way.
    """
    width, depth = 32, {0.5: 22, 0.7: 40, 0.9: 90}[sigma_w]
    bias = ("normal", {"stddev": 0.4})
    names = ("cosine", "act_var_batch", "act_q", "grad_q", "weight_grad_q")
    law = ("normal", {"stddev": sigma_w / width**0.5})
    deep = cell((width,) * (depth + 1), "tanh", law, bias, batch_size=4, metrics=names)
    drawn = dataclasses.replace(deep, engine="dense", root_seed=1)
    dense, lazy = measure(drawn, 300), measure(deep, 300)
    assert np.median(gaps(dense)[:, -1]) < 1e-12
    for trace in (dense, lazy):  # down to 1e-12 the metric itself has three digits
        assert (gaps(trace)[:, 1:][np.median(gaps(dense)[:, 1:], axis=0)[None].repeat(300, 0) > 1e-11] > 0).all()
    layers = np.flatnonzero(np.median(gaps(dense), axis=0) > 1e-12)[1:]
    assert np.median(gaps(dense)[:, layers[-1]]) < 1e-11
    logs = [np.log(np.maximum(gaps(trace)[:, layers], 1e-14)) for trace in (dense, lazy)]
    difference = logs[0].mean(axis=0) - logs[1].mean(axis=0)
    error = np.sqrt((logs[0].var(axis=0) + logs[1].var(axis=0)) / 300)
    assert (np.abs(difference) < 6.5 * error).all()
    shown = [layers[len(layers) // 4], layers[len(layers) // 2], layers[-1]]
    assert departures(features(dense, names, shown), features(lazy, names, shown)) == []


def test_lost_digits_would_be_seen_in_the_ordered_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: rows that differ by less than 1e-4 are taken for one."""
    whole = factor.factors

    def cut(x: Signal, beyond: Array | None = None) -> tuple[Array, Array]:
        r, q = whole(x, beyond)
        return np.where(np.abs(r) < 1e-4 * np.abs(r).max(axis=(1, 2), keepdims=True), 0.0, r), q

    monkeypatch.setattr(implicit, "factors", cut)
    with pytest.raises(AssertionError):
        test_cosines_in_the_ordered_phase(0.5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cosines_in_the_chaotic_phase(dtype: str) -> None:
    deep = cell((32,) * 21, "tanh", ("normal", {"stddev": 3 / 32**0.5}), ("normal", {"stddev": 0.3}), dtype=dtype)
    drawn = dataclasses.replace(deep, engine="dense", root_seed=1)
    first, second = measure(drawn, 500), measure(deep, 500)
    assert abs(first.of("cosine")[:, -1].mean()) < 0.2
    assert departures(features(first, layers=[1, 4, 20]), features(second, layers=[1, 4, 20])) == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_deep_relu_networks_whose_gram_matrices_degenerate(dtype: str) -> None:
    """50 layers of width 64 with 48 inputs, which end up nearly parallel: finite, and the same law."""
    deep = cell((64,) * 51, "relu", "he_normal", batch_size=48, dtype=dtype)
    drawn = dataclasses.replace(deep, engine="dense", root_seed=1)
    first, second = measure(drawn, 100), measure(deep, 100)
    assert np.isfinite(second.values[second.present]).all()
    assert np.median(gaps(second)[:, -1]) < 0.05
    assert departures(features(first, layers=[1, 10, 50]), features(second, layers=[1, 10, 50])) == []
