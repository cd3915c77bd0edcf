"""Statistics over seeds: what is finite is summarised, what is not is counted, what is absent is neither."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab_predictions import curve, prediction
from lab_traces import make_cell, make_trace

from initbench.engine import propagate
from initbench.lab import summary as summary_
from initbench.lab.summary import layer_rows, summarise, summary_rows, value

ENTRY = st.one_of(st.floats(-1e6, 1e6), st.floats(-1e200, 1e200), st.sampled_from([math.inf, -math.inf, math.nan, 0.0]))


@settings(max_examples=200, deadline=None)
@given(st.lists(ENTRY, min_size=1, max_size=25))
def test_against_numpy_on_what_is_finite(entries: list[float]) -> None:
    summary = summarise(make_trace({"act_q": [entries]}, len(entries)))
    clean = np.array([entry for entry in entries if math.isfinite(entry)])
    assert summary.of("n", "act_q")[0] == len(clean)
    assert summary.of("nonfinite", "act_q")[0] == len(entries) - len(clean)
    names = ("mean", "sd", "stderr", "median", "q05", "q95")
    found = {name: summary.of(name, "act_q")[0] for name in names}
    if len(clean) == 0:
        assert all(math.isnan(number) for number in found.values())
        return
    size = max(float(np.abs(clean).max()), 1e-290)  # below it, sums have no digits left to compare
    assert found["mean"] == pytest.approx(clean.mean(), abs=1e-14 * size)
    assert [found["q05"], found["median"], found["q95"]] == np.quantile(clean, [0.05, 0.5, 0.95]).tolist()
    if len(clean) == 1:
        assert math.isnan(found["sd"])
        assert math.isnan(found["stderr"])
        return
    sd = float(np.std(clean / size, ddof=1)) * size  # scaled: numpy squares 1e200
    assert found["sd"] == pytest.approx(sd, rel=1e-9, abs=1e-13 * size)
    assert found["stderr"] == pytest.approx(sd / math.sqrt(len(clean)), rel=1e-9, abs=1e-13 * size)


def test_it_makes_no_difference_how_many_rows_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers, metrics and seeds of different numbers, one of them not finite: each statistic stays in its place."""
    trace = propagate(make_cell(depth=4), range(7))
    trace.values[3, 1, 0] = math.inf
    whole = summarise(trace)
    monkeypatch.setattr(summary_, "TOGETHER", 15)  # two rows of seven
    parts = summarise(trace)
    for name in ("n", "nonfinite", "mean", "sd", "median", "q05", "q95"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    assert whole.nonfinite[1, 0] == 1
    assert whole.mean.shape == trace.values.shape[1:]


def test_the_divisor_is_n_minus_one() -> None:
    summary = summarise(make_trace({"act_q": [[1.0, 3.0]]}, 2))
    assert summary.of("sd", "act_q")[0] == pytest.approx(math.sqrt(2))
    assert summary.of("stderr", "act_q")[0] == pytest.approx(1.0)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200, 1e300])
def test_spread_at_any_scale(scale: float) -> None:
    summary = summarise(make_trace({"act_q": [[scale, 2 * scale, 6 * scale]]}, 3))
    assert summary.of("mean", "act_q")[0] == pytest.approx(3 * scale)
    assert summary.of("sd", "act_q")[0] == pytest.approx(math.sqrt(7) * scale)
    assert summary.of("median", "act_q")[0] == 2 * scale
    assert summary.of("q95", "act_q")[0] == pytest.approx(5.6 * scale)


def test_equal_seeds_have_no_spread() -> None:
    summary = summarise(make_trace({"act_q": [0.1]}, 7))
    assert summary.of("sd", "act_q")[0] == pytest.approx(0, abs=1e-16)
    assert summary.of("mean", "act_q")[0] == pytest.approx(0.1, rel=1e-15)


def test_absent_is_neither_zero_nor_lost() -> None:
    summary = summarise(make_trace({"act_q": [1.0, math.nan, 0.0], "cosine": [None, None, 0.5]}, 3))
    assert list(summary.of("n", "act_q")) == [3, 0, 3]
    assert list(summary.of("nonfinite", "act_q")) == [0, 3, 0]
    assert list(summary.of("n", "cosine")) == [0, 0, 3]
    assert list(summary.of("nonfinite", "cosine")) == [0, 0, 0]
    assert list(summary.of("mean", "act_q")[[0, 2]]) == [1, 0]
    assert math.isnan(summary.of("mean", "cosine")[0])


def test_places_do_not_mix() -> None:
    """Seeds that fail at one layer or metric are still counted at the others."""
    rng = np.random.default_rng(0)
    act, cosine = rng.standard_normal((2, 4, 9))
    act[2, 3] = math.nan
    act[3, :8] = math.inf
    summary = summarise(make_trace({"act_q": list(act), "cosine": list(cosine)}, 9))
    assert list(summary.of("n", "act_q")) == [9, 9, 8, 1]
    assert list(summary.of("n", "cosine")) == [9, 9, 9, 9]
    np.testing.assert_allclose(summary.of("median", "cosine"), np.median(cosine, axis=1))
    np.testing.assert_allclose(summary.of("median", "act_q")[:3], np.nanmedian(act[:3], axis=1))
    assert summary.of("mean", "act_q")[3] == act[3, 8]
    assert math.isnan(summary.of("sd", "act_q")[3])


def test_what_was_not_measured_is_nan() -> None:
    summary = summarise(make_trace({"act_q": [1.0, 2.0]}, 2))
    assert np.isnan(summary.of("mean", "grad_q")).all()


def test_rows() -> None:
    cell = make_cell(2, width=3, metrics=("preact_q", "act_q", "cosine", "grad_q"))
    trace = propagate(cell, (7, 4))
    rows = list(layer_rows(trace, cell, ("id", "axis")))
    assert [row[:6] for row in rows] == [
        ("id", "axis", seed, layer, *((None, None) if layer == 0 else (3, 3))) for seed in (7, 4) for layer in range(3)
    ]
    assert rows[0][6] is None  # the input has no preactivation
    assert rows[0][7] == trace.of("act_q")[0, 0]
    assert rows[0][9] is None  # nor a gradient
    assert rows[5][9] == trace.of("grad_q")[1, 2]
    assert all(type(cell) in (float, type(None)) for row in rows for cell in row[6:])
    summary = summarise(trace)
    theory = prediction(cell, act_q=curve([1.0, 2.0, np.inf], [0.0, 0.5, np.nan]))
    said = list(summary_rows(summary, theory, cell, ("id",)))
    assert [(row[1], row[2]) for row in said] == [
        (layer, metric) for layer in range(3) for metric in cell.metrics if layer or metric in ("act_q", "cosine")
    ]
    assert {len(row) for row in said} == {13}
    first = said[0]
    assert first[3] == 2
    assert first[4] == pytest.approx(trace.of("act_q")[:, 0].mean())
    assert first[10] == 0
    assert all(not isinstance(cell, float) or math.isfinite(cell) for row in said for cell in row[:-2])
    beside = {row[1]: row[-2:] for row in said if row[2] == "act_q"}
    assert beside == {0: (1.0, 0.0), 1: (2.0, 0.5), 2: (math.inf, None)}
    assert {row[-2:] for row in said if row[2] != "act_q"} == {(None, None)}  # absent is never zero


def test_values_for_tables() -> None:
    assert value(np.float64(0.0)) == 0.0
    assert value(np.nan) is None
    assert type(value(np.float64(1.5))) is float
