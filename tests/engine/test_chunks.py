"""A seed's numbers depend on the cell and on that seed alone, to the last bit."""

from __future__ import annotations

from typing import Any

import engine_reference as ref
import numpy as np
import pytest

from initbench.catalogue.activations import ACTIVATIONS
from initbench.catalogue.inputs import inputs
from initbench.catalogue.metrics import DEFAULT_METRICS
from initbench.catalogue.registry import Required
from initbench.engine import Trace, Workspace, factor, join, propagate, resolve
from initbench.spec import Cell

ALL_METRICS = (*DEFAULT_METRICS, "grad_distinct_units", "histograms")
READY = [
    record.name
    for record in ACTIVATIONS
    if not any(isinstance(parameter.default, Required) for parameter in record.parameters)
]


def one_by_one(cell: Cell, seeds: tuple[int, ...], **settings: Any) -> Trace:
    return join([propagate(cell, (seed,), **settings) for seed in seeds])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("widths", "batch"),
    [((33, 65, 17, 64), 5), ((64, 33, 128, 65), 33), ((3, 1, 7), 1), ((130, 513, 130), 2), ((8, 300, 9), 64)],
)
def test_chunk_order_budget_and_memory_change_nothing(widths: tuple[int, ...], batch: int, dtype: str) -> None:
    cell = ref.make_cell(
        widths,
        ["relu", "sigmoid", "gelu"][: len(widths) - 1],
        ["he_normal", "glorot_uniform", "orthogonal"][: len(widths) - 1],
        ("normal", {"stddev": 0.2}),
        batch_size=batch,
        dtype=dtype,
        metrics=ALL_METRICS,
    )
    seeds = (4, 0, 9, 2, 7)
    alone = one_by_one(cell, seeds)
    assert ref.same(propagate(cell, seeds), alone)
    assert ref.same(join([propagate(cell, seeds[:2]), propagate(cell, seeds[2:])]), alone)
    assert ref.same(propagate(cell, seeds, budget=0), alone)
    one_matrix = len(seeds) * widths[-1] * widths[-2] * np.dtype(dtype).itemsize
    assert ref.same(propagate(cell, seeds, budget=one_matrix), alone)
    backwards = propagate(cell, seeds[::-1])
    assert np.array_equal(backwards.values[::-1], alone.values, equal_nan=True)
    used = Workspace()
    propagate(ref.make_cell((40, 50, 60, 70), batch_size=9, metrics=ALL_METRICS), (1, 2, 3), used)
    assert ref.same(propagate(cell, seeds, used), alone)
    assert ref.same(propagate(cell, seeds, used, budget=0), alone)
    assert ref.same(one_by_one(cell, seeds, workspace=used), alone)


@pytest.mark.parametrize("name", READY)
def test_every_activation_in_chunks(name: str) -> None:
    """A formula that looks at its whole argument, or changes it, would show here."""
    for dtype in ("float32", "float64"):
        cell = ref.make_cell((9, 33, 17, 12), name, "glorot_normal", dtype=dtype, metrics=ALL_METRICS)
        seeds = (0, 1, 2)
        together = propagate(cell, seeds)
        assert ref.same(together, one_by_one(cell, seeds))
        assert ref.same(together, propagate(cell, seeds, budget=0))
        for layer, metric, value in ref.reference(cell, 2):
            if metric in ("preact_q", "act_q", "act_mean", "grad_q") and value is not None:
                found = together.values[2, layer, together.metrics.index(metric)]
                # ten roundings in each of three layers, magnified by slopes of at most e^4 (exponential, square)
                assert found == pytest.approx(value, rel=1e-4 if dtype == "float32" else 1e-12, abs=1e-9), (
                    layer,
                    metric,
                )


def test_the_first_layers_of_a_deep_network_are_those_of_a_shallow_one() -> None:
    deep = propagate(ref.make_cell((20,) * 51, bias=("normal", {"stddev": 0.1}), dtype="float32"), (0, 3))
    shallow = propagate(ref.make_cell((20,) * 11, bias=("normal", {"stddev": 0.1}), dtype="float32"), (0, 3))
    forward = [k for k, name in enumerate(shallow.metrics) if not name.endswith("grad_q")]
    assert np.array_equal(deep.values[:, :11, forward], shallow.values[:, :, forward], equal_nan=True)


def test_an_overflowing_network_leaves_its_neighbours_alone() -> None:
    """After 51 layers of gain sqrt(64 / 2) a float32 network stands at 10^38.4: some overflow and some do not."""
    cell = ref.make_cell(
        (64,) * 53, "relu", ("normal", {"stddev": 1.0}), dtype="float32", batch_size=2, metrics=ALL_METRICS
    )
    for depth in (50, 51, 52):
        part = ref.make_cell((64,) * (depth + 1), "relu", ("normal", {"stddev": 1.0}), dtype="float32", batch_size=2)
        broken = ~np.isfinite(propagate(part, range(12)).of("act_q")[:, -1])
        if broken.any() and not broken.all():
            break
    else:
        pytest.fail("no depth at which only some networks overflow")
    assert ref.same(propagate(part, range(12)), one_by_one(part, tuple(range(12))))
    assert ref.same(propagate(cell, range(4)), one_by_one(cell, tuple(range(4))))


def test_a_small_and_a_large_network_share_a_chunk() -> None:
    """Statistics that float32 cannot hold are taken in float64, for the network that needs it and no other."""
    law = ("normal", {"stddev": 2.2e7})  # mean squares of 4 (2.2e7)^4 = 1e30 in the middle
    cell = ref.make_cell((2, 2, 2, 2), "linear", law, dtype="float32", batch_size=2, metrics=ALL_METRICS)
    seeds = tuple(range(20))
    trace = propagate(cell, seeds)
    q = trace.of("act_q")[:, 2]
    assert (q > 1e30).any()
    assert (q < 1e29).any()
    assert ref.same(trace, one_by_one(cell, seeds))


def test_seeds_and_roots_matter() -> None:
    cell = ref.make_cell((12, 13, 14))
    a, b = propagate(cell, (0,)), propagate(cell, (1,))
    other_root = propagate(ref.make_cell((12, 13, 14), root_seed=1), (0,))
    for metric in ("act_q", "preact_mean", "grad_q", "weight_grad_q"):
        here = a.of(metric)[np.isfinite(a.of(metric))]
        for other in (b, other_root):
            there = other.of(metric)[np.isfinite(other.of(metric))]
            assert not np.isin(here, there).any()


def test_cells_that_share_a_seed_share_its_inputs() -> None:
    first = propagate(ref.make_cell((12, 13)), (5,))
    second = propagate(ref.make_cell((12, 40, 7), "tanh", "orthogonal", ("normal", {"stddev": 1.0})), (5,))
    assert np.array_equal(first.values[:, 0], second.values[:, 0], equal_nan=True)


def test_biases_do_not_disturb_the_weights() -> None:
    """Zero biases, no biases and random ones of size 0 are one network: weights have a stream of their own."""
    without = propagate(ref.make_cell((12, 13, 14)), (0, 1))
    for bias in ("zeros", ("normal", {"stddev": 0.0}), ("normal", {"stddev": 1e-300})):
        assert np.array_equal(
            propagate(ref.make_cell((12, 13, 14), bias=bias), (0, 1)).values, without.values, equal_nan=True
        )


@pytest.mark.parametrize("resample", [True, False])
def test_resample(resample: bool) -> None:
    trace = propagate(ref.make_cell((12, 13), resample=resample), (0, 1, 2))
    q = trace.of("act_q")
    assert len(set(q[:, 0])) == (3 if resample else 1)
    assert len(set(q[:, 1])) == 3


def test_random_rows_of_data_are_shared_or_drawn_anew(tmp_path: Any) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.random.default_rng(0).standard_normal((50, 6)))
    for pick, resample, different in (("random", True, 3), ("random", False, 1), ("first", True, 1)):
        source = inputs("npy", path=str(path), pick=pick)
        q = propagate(ref.make_cell((6, 5), source=source, resample=resample), (0, 1, 2)).of("act_q")
        assert len(set(q[:, 0])) == different


def test_joined_traces_add_their_histograms() -> None:
    cell = ref.make_cell((12, 13, 14), metrics=ALL_METRICS, batch_size=4)
    trace = propagate(cell, range(5))
    assert set(trace.histograms) == {"act", "grad"}
    np.testing.assert_array_equal(trace.histograms["act"].sum(axis=1), [0, 5 * 4 * 13, 5 * 4 * 14])
    np.testing.assert_array_equal(trace.histograms["grad"].sum(axis=1), [0, 5 * 4 * 13, 5 * 4 * 14])
    assert ref.same(join([propagate(cell, (0, 1)), propagate(cell, (2, 3, 4))]), trace)


# --- weights that are not drawn ---------------------------------------------------------------------------------------

ORTHOGONAL = ("orthogonal", {"gain": 1.2})
UNDRAWN: dict[str, dict[str, Any]] = {
    "one input": {"widths": (33, 65, 17, 64), "batch_size": 1},
    "narrow": {"widths": (12, 20, 10, 14), "initializers": ["he_normal", ORTHOGONAL, "lecun_normal"]},
    "wide": {"widths": (257, 130, 300, 64), "initializers": ["he_normal", ORTHOGONAL, "he_normal"], "batch_size": 31},
    "too narrow in the middle": {"widths": (65, 64, 9, 130, 33), "batch_size": 12},
    "equal inputs": {"widths": (33, 20, 40, 33), "initializers": ORTHOGONAL, "source": inputs("ones"), "bias": None},
    "zero inputs": {"widths": (33, 20, 40, 33), "source": inputs("constant", value=0), "gradient": "ones"},
    "nearly equal inputs": {"widths": (33, 20, 40), "source": inputs("pair", cosine=1 - 1e-9), "batch_size": 2},
    "dying": {"widths": (16,) * 13, "bias": ("normal", {"mean": -1.0, "stddev": 0.5}), "batch_size": 4},
    "by layer": {
        "widths": (256, 256, 256, 128, 256),
        "initializers": ["he_normal", "he_uniform", ORTHOGONAL, ("normal", {"mean": 0.01, "stddev": 0.1})],
        "batch_size": 4,
        "engine": "auto",
    },
}  # fmt: skip
ENGINES = {"too narrow in the middle": "mixed", "by layer": "mixed"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", UNDRAWN)
def test_undrawn_weights_in_chunks(name: str, dtype: str) -> None:
    """Any chunk, order, budget and memory give the same bits."""
    cell = undrawn(name, dtype)
    assert resolve(cell).engine == ENGINES.get(name, "implicit")
    seeds = (4, 0, 9, 2, 7, 31)
    alone = one_by_one(cell, seeds)
    assert ref.same(propagate(cell, seeds), alone)
    assert ref.same(join([propagate(cell, seeds[:1]), propagate(cell, seeds[1:4]), propagate(cell, seeds[4:])]), alone)
    assert ref.same(propagate(cell, seeds, budget=0), alone)
    backwards = propagate(cell, seeds[::-1])
    assert np.array_equal(backwards.values[::-1], alone.values, equal_nan=True)
    used = Workspace()
    propagate(ref.make_cell((40, 50, 60, 70), batch_size=9, engine="implicit", metrics=ALL_METRICS), (1, 2, 3), used)
    assert ref.same(propagate(cell, seeds, used), alone)
    assert ref.same(one_by_one(cell, seeds, workspace=used), alone)


def undrawn(name: str, dtype: str) -> Cell:
    usual: dict[str, Any] = {"bias": ("normal", {"stddev": 0.2}), "engine": "implicit"}
    return ref.make_cell(**(usual | UNDRAWN[name]), dtype=dtype, metrics=ALL_METRICS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("law", ["he_normal", ORTHOGONAL])
def test_easy_and_degenerate_networks_share_a_chunk(
    law: Any, dtype: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of data that repeat, nearly repeat, are zero or are not finite: some networks draw such a batch, some do
    not.
    """
    rows = np.random.default_rng(0).standard_normal((40, 24))
    rows[1], rows[2], rows[3] = rows[0], rows[0] * (1 + 1e-9), 0.0
    rows[5], rows[7] = rows[4] + 1e-7 * rows[6], 0.0
    rows[9] = 3e38
    path = tmp_path / "rows.npy"
    np.save(path, rows)
    source = inputs("npy", path=str(path), pick="random")
    cell = ref.make_cell(
        (24, 30, 24, 30), ["relu", "tanh", "linear"], law, source=source, dtype=dtype, engine="implicit",
        batch_size=5, metrics=ALL_METRICS,
    )  # fmt: skip
    hard: list[int] = []
    whole = factor._householder
    monkeypatch.setattr(factor, "_householder", lambda *both: hard.append(1) or whole(*both))
    seeds = tuple(range(40))
    needed = []
    for seed in seeds:
        before = len(hard)
        propagate(cell, (seed,))
        needed.append(len(hard) > before)
    assert 5 < sum(needed) < 35
    alone = one_by_one(cell, seeds)
    assert ref.same(propagate(cell, seeds), alone)
    assert ref.same(
        propagate(cell, [s for s in seeds if needed[s]]), one_by_one(cell, tuple(s for s in seeds if needed[s]))
    )
    assert np.array_equal(propagate(cell, seeds[::-1]).values[::-1], alone.values, equal_nan=True)


@pytest.mark.parametrize("name", ["narrow", "too narrow in the middle"])
@np.errstate(all="ignore")
def test_an_overflowing_undrawn_network_leaves_its_neighbours_alone(name: str) -> None:
    """Some 20 layers of gain 60 to 100: around float32's end, some networks pass it and some do not."""
    widths = UNDRAWN[name]["widths"]
    law = ("normal", {"stddev": 30.0})
    for depth in range(16, 30):
        repeated = (widths[0], *(widths[1:] * 10)[:depth])
        cell = ref.make_cell(
            repeated, "relu", law, dtype="float32", batch_size=10, engine="implicit", metrics=ALL_METRICS
        )
        trace = propagate(cell, range(24))
        broken = ~np.isfinite(trace.of("act_q")[:, -1])
        if broken.any() and not broken.all():
            break
    else:
        pytest.fail("no depth at which only some networks overflow")
    assert ref.same(trace, one_by_one(cell, tuple(range(24))))
    assert np.isfinite(trace.of("grad_q")[~broken, depth]).all()


def test_the_first_layers_of_a_deep_undrawn_network_are_those_of_a_shallow_one() -> None:
    for dtype in ("float32", "float64"):
        settings: dict[str, Any] = {"bias": ("normal", {"stddev": 0.1}), "dtype": dtype, "engine": "implicit"}
        deep = propagate(ref.make_cell((20,) * 51, **settings), (0, 3))
        shallow = propagate(ref.make_cell((20,) * 11, **settings), (0, 3))
        forward = [k for k, name in enumerate(shallow.metrics) if not name.endswith("grad_q")]
        assert np.array_equal(deep.values[:, :11, forward], shallow.values[:, :, forward], equal_nan=True)


def test_undrawn_seeds_and_roots_matter() -> None:
    settings: dict[str, Any] = {"engine": "implicit", "initializers": ["he_normal", ORTHOGONAL]}
    a, b = (propagate(ref.make_cell((12, 13, 14), **settings), (seed,)) for seed in (0, 1))
    other_root = propagate(ref.make_cell((12, 13, 14), **settings, root_seed=1), (0,))
    drawn = propagate(ref.make_cell((12, 13, 14), **(settings | {"engine": "dense"})), (0,))
    for metric in ("act_q", "preact_mean", "grad_q", "weight_grad_q"):
        for other in (b, other_root, drawn):
            assert not np.isin(a.of(metric)[:, 1:], other.of(metric)[:, 1:]).any()
    assert np.array_equal(a.values[:, 0], drawn.values[:, 0], equal_nan=True)  # the same inputs


def test_undrawn_networks_are_the_same_without_a_backward_pass() -> None:
    settings: dict[str, Any] = {"engine": "implicit", "batch_size": 4}
    whole = propagate(ref.make_cell((12, 13, 14), **settings), (0, 1))
    half = propagate(ref.make_cell((12, 13, 14), **settings, gradient="none"), (0, 1))
    for metric in half.metrics:
        if not metric.endswith("grad_q"):
            assert np.array_equal(half.of(metric), whole.of(metric), equal_nan=True)
