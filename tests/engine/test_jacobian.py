"""Singular values of Jacobians against loops over inputs and entries, and cosines of gradients against numpy's own."""

from __future__ import annotations

import dataclasses
import tracemalloc
from typing import Any

import engine_reference as ref
import numpy as np
import pytest

from initbench.engine import chunk_size, inspect, join, nanoseconds, propagate, resolve, sizes
from initbench.engine.jacobian import EXTREMES, FROM_INPUT, JACOBIAN, over_inputs
from initbench.errors import ConfigError

Array = np.ndarray[Any, Any]

METRICS = ("preact_q", "act_q", "grad_q", "gradient_cosine", *sorted(JACOBIAN))
ACTIVATIONS = ["tanh", ("leaky_relu", {"negative_slope": 0.2}), "softplus", "elu", "relu", "silu"]
INITIALIZERS = ["glorot_normal", "he_uniform", "orthogonal", "lecun_normal", "he_normal", "glorot_uniform"]
STEP = 1e-6


def mixed(**settings: Any) -> Any:
    """Six layers that differ in everything, with biases: fans, and W and its transpose, cannot be confused."""
    chosen = {"batch_size": 3, "metrics": METRICS, "gradient": "shared"} | settings
    return ref.make_cell(ref.RECTANGULAR, ACTIVATIONS, INITIALIZERS, ("normal", {"stddev": 0.3}), **chosen)


def chain(net: ref.Net, b: int, first: int, last: int) -> Array:
    """dh_last / dh_first of one input as a table of outputs by inputs, from layer to layer and entry by entry."""
    zs, hs = net.forward()
    j = np.eye(hs[first].shape[1])
    for k in range(first, last):
        slope = net.cell.network.layers[k].activation.slope(zs[k][b])
        units = range(net.weights[k].shape[1])
        j = np.array([slope[i] * sum(net.weights[k][m, i] * j[m] for m in range(len(j))) for i in units])
    return j


def difference(net: ref.Net, b: int, last: int) -> Array:
    """The same from the input, by central differences."""
    columns = []
    for i in range(net.x.shape[1]):
        ends = []
        for step in (STEP, -STEP):
            x = net.x.copy()
            x[b, i] += step
            ends.append(dataclasses.replace(net, x=x).forward()[1][last][b])
        columns.append((ends[0] - ends[1]) / (2 * STEP))
    return np.stack(columns, axis=1)


def by_definition(jacobians: list[Array]) -> dict[str, float]:
    """Every metric of FROM_INPUT, from matrices of outputs by inputs."""
    values: dict[str, list[float]] = {name: [] for name in FROM_INPUT}
    for j in jacobians:
        eigenvalues = np.linalg.eigvalsh(j @ j.T)  # one an output
        singular = np.linalg.svd(j, compute_uv=False)
        smallest = singular.min() if singular.min() > 1e-13 * singular.max() else 0.0  # rounding is no direction
        values["jacobian_m1"].append(eigenvalues.mean())
        values["jacobian_var"].append(eigenvalues.var() / eigenvalues.mean() ** 2)
        values["jacobian_max"].append(singular.max())
        values["jacobian_min"].append(smallest)
        values["jacobian_condition"].append(singular.max() / smallest if smallest else np.inf)
    return {name: float(np.mean(each)) for name, each in values.items()}


@pytest.mark.parametrize("seed", [0, 3])
def test_they_are_those_of_the_chain_rule_entry_by_entry(seed: int) -> None:
    """Layer 2 has 8 units: from layer 3 on the smallest of 16 singular values is 0."""
    trace, net = propagate(mixed(), (seed,)), ref.rebuild(mixed(), seed)
    for row in range(1, 7):
        expected = by_definition([chain(net, b, 0, row) for b in range(3)])
        for name in FROM_INPUT:
            assert trace.of(name)[0, row] == pytest.approx(expected[name], rel=1e-9), (name, row)
        own = [np.linalg.svd(chain(net, b, row - 1, row), compute_uv=False).mean() for b in range(3)]
        assert trace.of("layer_jacobian_mean")[0, row] == pytest.approx(np.mean(own), rel=1e-7)
    assert np.isnan([trace.of(name)[0, 0] for name in JACOBIAN]).all()


def test_they_are_those_of_central_differences() -> None:
    """Which err by STEP^2 in the third derivative and by 1e-16 / STEP: some 1e-9 of the largest singular value."""
    trace, net = propagate(mixed(), (1,)), ref.rebuild(mixed(), 1)
    for row in range(1, 7):
        expected = by_definition([difference(net, b, row) for b in range(3)])
        for name in ("jacobian_m1", "jacobian_var", "jacobian_max"):
            assert trace.of(name)[0, row] == pytest.approx(expected[name], rel=1e-6), (name, row)


def test_a_jacobian_without_its_slopes_would_be_seen() -> None:
    """The control: products of the weights alone are refused by the same check."""
    trace, net = propagate(mixed(), (0,)), ref.rebuild(mixed(), 0)
    wrong = by_definition([net.weights[0].T])
    for name in FROM_INPUT:
        assert trace.of(name)[0, 1] != pytest.approx(wrong[name], rel=1e-2)


@pytest.mark.parametrize(("features", "units"), [(5, 9), (9, 5), (6, 6)])
def test_moments_count_one_eigenvalue_an_output(features: int, units: int) -> None:
    """A wide layer has units - features eigenvalues of 0, and a narrow one none of them."""
    rng = np.random.default_rng(features)
    stack = rng.standard_normal((4, features, units))
    expected = by_definition([j.T for j in stack])
    for name, value in over_inputs(stack, FROM_INPUT).items():
        assert value == pytest.approx(expected[name], rel=1e-12)
    tiny = over_inputs(stack * 2.0**-900, FROM_INPUT)
    assert tiny["jacobian_var"] == over_inputs(stack, FROM_INPUT)["jacobian_var"]
    assert tiny["jacobian_max"] == over_inputs(stack, FROM_INPUT)["jacobian_max"] * 2.0**-900
    assert over_inputs(stack * 1e200, FROM_INPUT)["jacobian_m1"] == np.inf


@pytest.mark.parametrize(("dtype", "error"), [("float32", 1e-6), ("float64", 1e-13)])
def test_a_linear_orthogonal_network_turns_and_does_nothing_else(dtype: str, error: float) -> None:
    cell = ref.make_cell((60,) * 21, "linear", "orthogonal", batch_size=2, dtype=dtype, metrics=METRICS, engine="auto")
    trace = propagate(cell, range(3))
    for name in ("jacobian_m1", "jacobian_max", "jacobian_min", "jacobian_condition", "layer_jacobian_mean"):
        np.testing.assert_allclose(trace.of(name)[:, 1:], 1, atol=error)
    assert (trace.of("jacobian_var")[:, 1:] < error**2).all()


@pytest.mark.parametrize("gradient", ["shared", "none"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_chunks_and_memory_change_nothing(dtype: str, gradient: str) -> None:
    cell, seeds = mixed(dtype=dtype, gradient=gradient), (4, 0, 9)
    alone = join([propagate(cell, (seed,)) for seed in seeds])
    assert ref.same(propagate(cell, seeds), alone)
    assert ref.same(propagate(cell, seeds, budget=0), alone)
    for name in METRICS:
        one = propagate(dataclasses.replace(cell, metrics=(name,)), seeds)
        np.testing.assert_array_equal(one.of(name), alone.of(name))


def test_nothing_passes_and_nothing_is_left() -> None:
    """J = 0 has no shape: its variance over its mean square and its condition are 0/0, which is blank."""
    trace = propagate(ref.make_cell((6, 5, 5), "tanh", "zeros", metrics=METRICS), (0,))
    for name in ("jacobian_m1", "jacobian_max", "jacobian_min", "layer_jacobian_mean"):
        np.testing.assert_array_equal(trace.of(name)[0, 1:], 0)
    for name in ("jacobian_var", "jacobian_condition"):
        assert not trace.present[:, :, trace.metrics.index(name)].any()


def test_a_dead_input_is_left_out_of_what_it_does_not_have() -> None:
    j = np.zeros((2, 4, 3))
    j[1] = np.random.default_rng(0).standard_normal((4, 3))
    both, second = over_inputs(j, FROM_INPUT), over_inputs(j[1:], FROM_INPUT)
    for name in FROM_INPUT:
        halved = name in ("jacobian_m1", "jacobian_max", "jacobian_min")
        assert both[name] == pytest.approx(second[name] / (2 if halved else 1))


def test_overflow_is_a_result() -> None:
    """float32 ends at 10^38; a Jacobian of float64 goes on, and is none of a network that has no preactivations."""
    cell = ref.make_cell((40,) * 9, "relu", ("normal", {"stddev": 1e8}), dtype="float32", metrics=METRICS)
    trace = propagate(cell, (0, 1))
    broken = ~np.isfinite(trace.of("preact_q")[:, 1:])
    assert broken[:, -1].all()
    assert not broken[:, 0].any()
    for name in JACOBIAN - {"jacobian_min", "jacobian_condition"}:
        np.testing.assert_array_equal(np.isnan(trace.of(name)[:, 1:]), broken)
        assert trace.present[:, 1:, trace.metrics.index(name)].all()
    wide = dataclasses.replace(cell, dtype="float64", network=cell.network)
    assert np.isfinite(propagate(wide, (0,)).of("jacobian_m1")[0, 1:]).all()
    assert np.isnan(over_inputs(np.full((1, 2, 2), np.inf), FROM_INPUT)["jacobian_m1"])


def test_weights_are_drawn_for_them() -> None:
    wide = ref.make_cell((2048,) * 3, "relu", "he_normal", engine="auto", batch_size=4)
    assert resolve(wide).engine == "implicit"
    for name in JACOBIAN:
        choice = resolve(dataclasses.replace(wide, metrics=(name,)))
        assert choice.engine == "dense"
        assert name in choice.reason
    [(key, message)] = inspect(dataclasses.replace(wide, metrics=("jacobian_var",), engine="implicit"))
    assert key == "engine"
    assert "jacobian_var" in message
    assert "engine: auto" in message


def test_what_does_not_fit_is_refused_with_what_to_reduce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "physical_memory", lambda: 4 << 30)
    cell = ref.make_cell((1024,) * 3, batch_size=256, dtype="float32", engine="auto")
    assert list(inspect(cell)) == []
    [(key, message)] = inspect(dataclasses.replace(cell, metrics=("jacobian_m1",)))
    assert key == "input.batch_size"
    assert "256 inputs of 1024 features take 8" in message
    assert list(inspect(dataclasses.replace(cell, metrics=("layer_jacobian_mean",)))) == []
    few = dataclasses.replace(cell, batch=dataclasses.replace(cell.batch, batch_size=4), metrics=("jacobian_m1",))
    assert list(inspect(few)) == []
    assert chunk_size(few) == 1
    assert sizes.needed_bytes(few) > 4 * 8 * 4 * 1024**2


@pytest.mark.parametrize("metric", ["jacobian_var", "jacobian_max", "layer_jacobian_mean"])
@pytest.mark.parametrize("batch", [1, 5])
def test_what_they_need_is_what_is_said(metric: str, batch: int) -> None:
    """One network's peak is within what `inspect` goes by, and that is not much more."""
    cell = ref.make_cell((200,) * 4, "tanh", batch_size=batch, dtype="float32", gradient="none", metrics=(metric,))
    tracemalloc.start()
    propagate(cell, (0,))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < sizes.needed_bytes(cell) * 1.05 < 2.5 * peak


def test_they_count_in_the_cost() -> None:
    cell = ref.make_cell((300,) * 5, batch_size=4)
    moments, extremes = (dataclasses.replace(cell, metrics=(name,)) for name in ("jacobian_m1", "jacobian_max"))
    assert nanoseconds(cell) < nanoseconds(moments) < nanoseconds(extremes)
    assert EXTREMES < FROM_INPUT


def test_a_config_may_ask_for_them() -> None:
    import initbench

    network = {"depth": 2, "width": 8, "activation": "relu", "initializer": "he_normal"}
    config = {"network": network, "seeds": 2, "metrics": ["jacobian_m1", "gradient_cosine"]}
    result = initbench.run(config)
    assert set(result.summary["metric"]) == {"jacobian_m1", "gradient_cosine"}
    assert set(result.summary["layer"]) == {1, 2}
    with pytest.raises(ConfigError, match="implicit is not possible with the metric jacobian_m1"):
        initbench.run(config | {"engine": "implicit"})


@pytest.mark.parametrize("gradient", ["gaussian", "shared", "ones"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradient_cosines_are_those_of_the_chain_rule(dtype: str, gradient: str) -> None:
    cell = mixed(dtype=dtype, gradient=gradient, batch_size=7)
    trace, net = propagate(cell, (2,)), ref.rebuild(cell, 2)
    for row, d in enumerate(net.backward(net.forward()[0]), start=1):
        lengths = np.linalg.norm(d.astype(np.float64), axis=1)
        cosines = [
            float(d[a].astype(np.float64) @ d[b] / (lengths[a] * lengths[b])) for a in range(7) for b in range(a)
        ]
        expected = np.mean(cosines)
        assert trace.of("gradient_cosine")[0, row] == pytest.approx(expected, abs=1e-5 if dtype == "float32" else 1e-13)
    assert np.isnan(trace.of("gradient_cosine")[0, 0])


def test_gradient_cosines_by_hand() -> None:
    """One layer of relu units under one cotangent: of equal slopes only the active units are left, and numpy's
    correlation of two uncentred rows is their cosine."""
    cell = ref.make_cell((30, 40), "relu", batch_size=2, gradient="shared", metrics=("gradient_cosine",))
    net = ref.rebuild(cell, 0)
    a, b = (net.forward()[0][0] > 0) * net.cotangent
    stacked = np.concatenate([[a, b], [-a, -b]], axis=1)  # of mean 0
    assert propagate(cell, (0,)).of("gradient_cosine")[0, 1] == pytest.approx(np.corrcoef(stacked)[0, 1], rel=1e-12)


def test_gradient_cosines_need_two_inputs_and_a_gradient() -> None:
    for settings in ({"batch_size": 1}, {"gradient": "none"}):
        trace = propagate(mixed(**settings), (0,))
        assert not trace.present[:, :, trace.metrics.index("gradient_cosine")].any()
    dead = ref.make_cell((6, 5), "tanh", "zeros", gradient="shared", metrics=("gradient_cosine",))
    assert propagate(dead, (0,)).of("gradient_cosine")[0, 1] == pytest.approx(1)
    silent = ref.make_cell((6, 5), "relu", "zeros", gradient="shared", metrics=("gradient_cosine",))
    assert not propagate(silent, (0,)).present[:, 1].any()
