"""Fixed bins: every entry is counted once, and where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initbench.catalogue.activations import ACTIVATIONS, activation
from initbench.catalogue.registry import Required
from initbench.engine.histogram import BINS, GRADIENT_BINS, UNBOUNDED, Bins, activation_bins, log_magnitude

TENTHS = Bins(-1.0, 1.0, 20)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(width=32), max_size=60))
def test_no_entry_is_lost(entries: list[float]) -> None:
    for dtype in (np.float32, np.float64):
        x = np.array(entries, dtype).reshape(1, -1, 1)
        counts = TENTHS.count(x)
        assert counts.shape == (22,)
        assert counts.sum() == len(entries)
        with np.errstate(invalid="ignore"):
            assert counts[0] == (x < -1).sum()
            assert counts[-1] == (~(x <= 1)).sum()  # above, or not a number


def test_places() -> None:
    def place(value: float) -> int:
        return int(TENTHS.count(np.array([[[value]]])).argmax())

    assert place(-1.0) == 1
    assert place(-0.95) == 1
    assert place(0.0) == 11
    assert place(-1e-9) == 10
    assert place(0.95) == 20
    assert place(1.0) == 20
    assert place(np.nextafter(1.0, 0)) == 20
    assert place(np.nextafter(1.0, 2)) == 21
    assert place(np.nextafter(-1.0, -2)) == 0
    assert place(np.inf) == 21
    assert place(-np.inf) == 0
    assert place(np.nan) == 21


def test_edges() -> None:
    edges = TENTHS.edges
    assert len(edges) == 23
    assert edges[0] == -np.inf
    assert edges[-1] == np.inf
    np.testing.assert_allclose(edges[1:-1], np.linspace(-1, 1, 21), atol=1e-15)
    assert edges[1] == -1.0
    assert edges[-2] == 1.0


def test_against_numpy() -> None:
    x = np.random.default_rng(0).standard_normal((3, 40, 50))
    counts = TENTHS.count(x)
    np.testing.assert_array_equal(counts[1:-1], np.histogram(x, np.array(TENTHS.edges[1:-1]))[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bounded_activations_stay_inside(dtype: type) -> None:
    """The limits themselves, in the dtype in which they are reached, belong to the first and the last bin."""
    z = np.concatenate([np.linspace(-50, 50, 2001), [-1e30, 1e30]]).astype(dtype).reshape(1, 1, -1)
    for record in ACTIVATIONS:
        if any(isinstance(parameter.default, Required) for parameter in record.parameters):
            continue
        formula = activation(record.name).formula
        bins = activation_bins(formula)
        with np.errstate(all="ignore"):
            counts = bins.count(formula.value(z))
        assert bins.number == BINS
        if np.isfinite(formula.lower):
            assert bins.low == formula.lower
            assert counts[0] == 0, record.name
        else:
            assert bins.low == -UNBOUNDED
        if np.isfinite(formula.upper):
            assert bins.high == formula.upper
            assert counts[-1] == 0, record.name
        else:
            assert bins.high == UNBOUNDED


def test_gradients_by_decades() -> None:
    with np.errstate(divide="ignore"):
        counts = GRADIENT_BINS.count(log_magnitude(np.array([[[0.0, 1.0, -1e-21, 1e11, np.nan, -np.inf, 1e-3]]])))
    assert counts[0] == 2  # 0 and 1e-21
    assert counts[-1] == 3  # 1e11, nan and inf
    assert counts[1 + 20 * 4] == 1  # 1 starts the bin [0, 0.25)
    assert counts.sum() == 7
