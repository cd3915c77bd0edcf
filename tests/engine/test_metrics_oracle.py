"""Every default metric, forward and backward, against plain loops over its definition."""

from __future__ import annotations

from typing import Any

import engine_reference as ref
import numpy as np
import pytest

from initbench.catalogue.inputs import inputs
from initbench.catalogue.metrics import DEFAULT_METRICS
from initbench.engine import measure, propagate
from initbench.engine.signal import Signal
from initbench.spec import Cell

SEEDS = (3, 0, 11)
MIXED_ACTIVATIONS = ["relu", "tanh", "sigmoid", ("leaky_relu", {"negative_slope": 0.1}), "gelu", "hard_tanh"]
MIXED_INITIALIZERS = [
    "he_normal",
    "glorot_uniform",
    ("orthogonal", {"gain": 1.3}),
    "lecun_truncated_normal",
    ("normal", {"mean": 0.1, "stddev": 0.5}),
    ("sparse", {"sparsity": 0.5, "stddev": 1.0}),
]
BIAS = ("normal", {"stddev": 0.3})

CASES: dict[str, dict[str, Any]] = {
    "mixed": {
        "widths": ref.RECTANGULAR,
        "activations": MIXED_ACTIVATIONS,
        "initializers": MIXED_INITIALIZERS,
        "bias": BIAS,
    },
    "mixed, large batch": {
        "widths": ref.RECTANGULAR,
        "activations": MIXED_ACTIVATIONS,
        "initializers": MIXED_INITIALIZERS,
        "bias": BIAS,
        "batch_size": 40,
    },
    "he relu": {"widths": ref.RECTANGULAR},
    "one input": {"widths": ref.RECTANGULAR, "batch_size": 1},
    "width 1": {"widths": (1, 1, 1, 1), "activations": "tanh", "initializers": "lecun_normal", "bias": BIAS},
    "depth 1": {"widths": (7, 11), "activations": "elu", "bias": BIAS},
    "repeated inputs": {
        "widths": (9, 7, 5),
        "activations": "tanh",
        "initializers": "lecun_normal",
        "source": inputs("ones"),
    },
    "zero inputs": {"widths": (9, 7, 5), "source": inputs("constant", value=0)},
    "zero inputs with biases": {"widths": (9, 7, 5), "bias": BIAS, "source": inputs("constant", value=0)},
    "equal units": {"widths": (9, 7, 5), "activations": "tanh", "initializers": ("constant", {"value": 0.3})},
    "zero weights": {"widths": (9, 7, 5), "activations": "sigmoid", "initializers": "zeros"},
    "dead units": {"widths": (9, 7, 5), "bias": ("constant", {"value": -100.0})},
    "some dead units": {"widths": (9, 20, 15), "bias": ("uniform", {"low": -6.0, "high": 2.0})},
    "saturated": {"widths": (9, 20, 15), "activations": "tanh", "initializers": ("normal", {"stddev": 3.0})},
    "shared cotangent": {"widths": (9, 7, 5), "gradient": "shared"},
    "cotangent of ones": {"widths": (9, 7, 5), "gradient": "ones"},
    "forward only": {"widths": (9, 7, 5), "gradient": "none"},
    "shared inputs": {"widths": (9, 7, 5), "resample": False},
    "pair": {"widths": (9, 7, 5), "batch_size": 2, "source": inputs("pair", cosine=0.5, mean_square=4.0)},
}


def scale(metric: str, row: dict[str, float | None]) -> float:
    """What an error of a metric is measured by: a mean by the root mean square beside it, a cosine by 1, others by
    themselves.
    """
    if metric == "cosine":
        return 1.0
    if metric.endswith("_mean"):
        return float(np.sqrt(row[metric.replace("mean", "q")]))
    return abs(row[metric] or 0.0)


def assert_agree(found: float, expected: float | None, present: bool, allowed: float, what: str) -> None:
    assert present == (expected is not None), what
    if expected is not None:
        assert abs(found - expected) <= allowed, f"{what}: {found!r}, not {expected!r}"


@pytest.mark.parametrize("name", CASES)
def test_float64_networks_rebuilt_from_the_streams(name: str) -> None:
    """Arrays and statistics are both independent here:
    1e-10 leaves room for a thousand float64 roundings in each of the layers.
    """
    cell = ref.make_cell(**CASES[name])
    trace = propagate(cell, SEEDS)
    assert trace.metrics == DEFAULT_METRICS
    for s, seed in enumerate(SEEDS):
        rows: dict[int, dict[str, float | None]] = {}
        for layer, metric, value in ref.reference(cell, seed):
            rows.setdefault(layer, {})[metric] = value
        for layer, row in rows.items():
            for column, metric in enumerate(trace.metrics):
                expected = row.get(metric)
                allowed = 1e-10 * scale(metric, row) if expected is not None else 0.0
                if metric == "act_var_batch" or metric.endswith("_var"):
                    # differences of equal numbers: what counts is the rounding of the numbers
                    allowed = max(allowed, 1e-25 * (row["act_q"] or 0.0))
                assert_agree(
                    trace.values[s, layer, column],
                    expected,
                    bool(trace.present[s, layer, column]),
                    allowed,
                    f"{name}, seed {seed}, layer {layer}, {metric}",
                )


class Recorder:
    """Wraps the functions that measure, and keeps the arrays that they saw and the numbers that they gave."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], Any]] = []
        names = ("preactivations", "activations", "activity", "gradients")
        for name in (*(f"measure_{name}" for name in names), "gradient_factor"):
            patch.setattr(measure, name, self._wrap(name, getattr(measure, name)))

    def _wrap(self, name: str, function: Any) -> Any:
        def wrapped(*arguments: Any) -> Any:
            kept = tuple(_copied(argument) for argument in arguments)
            result = function(*arguments)
            if isinstance(result, dict):
                self.calls.append((name, kept, {key: np.array(value, copy=True) for key, value in result.items()}))
            else:
                self.calls.append((name, kept, result))
            return result

        return wrapped


def _copied(argument: Any) -> Any:
    """An array, or the rows of a signal, as they are now."""
    rows = argument.rows if isinstance(argument, Signal) else argument
    return rows.copy() if isinstance(rows, np.ndarray) else rows


def wide_reference(name: str, arguments: tuple[Any, ...], s: int, below: Any) -> dict[str, float | None]:
    x = arguments[0][s].astype(np.float64)
    if name == "measure_preactivations":
        return ref.of_preactivations(x, ref.TOLERANCE["float32"])
    if name == "measure_activations":
        return ref.of_activations(x)
    if name == "measure_activity":
        return ref.of_activity(x, arguments[1][s].astype(np.float64), arguments[2])
    return ref.of_gradients(below[s], x)


def check_recorded(cell: Cell, seeds: tuple[int, ...], patch: pytest.MonkeyPatch, rtol: float) -> int:
    """Compare every measurement of a run with the loops on the very arrays it was taken of; how many were compared."""
    recorder = Recorder(patch)
    propagate(cell, seeds)
    inputs_of = [arguments[0] for name, arguments, _ in recorder.calls if name == "gradient_factor"]
    compared = 0
    for name, arguments, part in recorder.calls:
        if name == "gradient_factor":
            continue
        below = inputs_of.pop() if name == "measure_gradients" else None
        for s in range(len(seeds)):
            expected = wide_reference(name, arguments, s, below)
            for metric, value in expected.items():
                there = metric in part and bool(part.get(f"{metric}?", np.ones(len(seeds)))[s])
                allowed = rtol * scale(metric, expected) if value is not None else 0.0
                found = float(part[metric][s]) if there else np.nan
                assert_agree(found, value, there, allowed, f"{name}, {metric}, call {compared}")
                compared += 1
    return compared


@pytest.mark.parametrize("name", [name for name in CASES if name != "forward only"])
def test_float32_statistics_of_the_engines_own_arrays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The promise for float32 is a relative 1e-6 for what is summed;
    a variance is summed after centring, so it is kept too.
    """
    cell = ref.make_cell(**(CASES[name] | {"dtype": "float32"}))
    assert check_recorded(cell, SEEDS, monkeypatch, 1e-6) > 20 * cell.network.depth


@pytest.mark.parametrize("stddev", [1e-30, 1e-22, 1e-12, 1e12, 1e22, 1e30])
def test_float32_at_the_ends_of_the_range(stddev: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Squares of 1e-30 and 1e30 leave float32; the statistics must not."""
    source = inputs("gaussian", stddev=stddev)
    cell = ref.make_cell((30, 40, 20), "linear", "lecun_normal", source=source, dtype="float32", batch_size=4)
    check_recorded(cell, (0, 1), monkeypatch, 1e-6)
    q = propagate(cell, (0,)).of("act_q")[0]
    assert (np.abs(np.log10(q / stddev**2)) < 1).all()


@pytest.mark.parametrize(("batch", "width"), [(3, 700), (40, 300)])
def test_float32_statistics_of_wide_layers(batch: int, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows longer than the blocks that are summed at once, with a rest."""
    recorder = Recorder(monkeypatch)
    cell = ref.make_cell((width, width + 1), "sigmoid", "lecun_normal", dtype="float32", batch_size=batch)
    propagate(cell, (0, 1))
    for name, arguments, part in recorder.calls:
        if name in ("gradient_factor", "measure_activity"):
            continue
        x = arguments[0].astype(np.float64)
        for metric, expected in (
            ("preact_q", (x**2).mean(axis=(1, 2))),
            ("act_q", (x**2).mean(axis=(1, 2))),
            ("grad_q", (x**2).mean(axis=(1, 2))),
            ("act_var", x.var(axis=(1, 2))),
            ("act_var_batch", x.var(axis=1).mean(axis=1)),
        ):
            if metric in part:
                np.testing.assert_allclose(part[metric], expected, rtol=1e-6)


def test_metrics_that_were_not_asked_for_are_not_there() -> None:
    cell = ref.make_cell((6, 5, 4), metrics=("act_q", "grad_q"))
    trace = propagate(cell, (0, 1))
    whole = propagate(ref.make_cell((6, 5, 4)), (0, 1))
    assert trace.metrics == ("act_q", "grad_q")
    assert trace.values.shape == (2, 3, 2)
    for name in trace.metrics:
        np.testing.assert_array_equal(trace.of(name), whole.of(name))
    with pytest.raises(ValueError, match="not in tuple"):
        trace.of("cosine")


@pytest.mark.parametrize("metric", [*list(DEFAULT_METRICS), "grad_distinct_units"])
def test_a_metric_alone_is_the_metric_among_all(metric: str) -> None:
    settings: dict[str, Any] = {
        "widths": (6, 30, 40),
        "activations": "tanh",
        "bias": BIAS,
        "dtype": "float32",
        "batch_size": 4,
    }
    alone = propagate(ref.make_cell(**settings, metrics=(metric,)), (0, 5))
    whole = propagate(ref.make_cell(**settings, metrics=(*DEFAULT_METRICS, "grad_distinct_units")), (0, 5))
    np.testing.assert_array_equal(alone.of(metric), whole.of(metric))
    np.testing.assert_array_equal(alone.present[:, :, 0], whole.present[:, :, whole.metrics.index(metric)])


def test_gradient_units_are_one_where_symmetry_holds() -> None:
    """Zero weights under the same cotangent for every unit: one gradient for all units; random weights: all differ."""
    metrics = ("act_q", "grad_distinct_units")
    alike = ref.make_cell((6, 8, 8), "tanh", "zeros", gradient="ones", metrics=metrics)
    np.testing.assert_array_equal(propagate(alike, (0,)).of("grad_distinct_units"), [[np.nan, 1, 1]])
    other = ref.make_cell((6, 8, 8), "tanh", "glorot_normal", gradient="ones", metrics=metrics)
    np.testing.assert_array_equal(propagate(other, (0,)).of("grad_distinct_units"), [[np.nan, 8, 8]])
