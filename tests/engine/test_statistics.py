"""Moments and cosines where the obvious formulas lose their digits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initbench.engine import statistics as stats

BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def mean_and_variance(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, variance, _ = stats.mean_and_variance(x, stats.row_squares(x))
    return mean, variance


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    mean=st.floats(-1e4, 1e4),
    spread=st.floats(-4, 4),
    units=st.integers(1, 700),
    batch=st.integers(1, 9),
)
def test_variance_beside_a_large_mean(seed: int, mean: float, spread: float, units: int, batch: int) -> None:
    """The variance of the float32 numbers themselves:
    1e-6 of it at any ratio of mean to spread; the mean to 1e-6 of the rms.
    """
    rng = np.random.default_rng(seed)
    x = (mean + 10.0**spread * rng.standard_normal((2, batch, units))).astype(np.float32)
    wide = x.astype(np.float64)
    found_mean, found = mean_and_variance(x)
    expected = wide.var(axis=(1, 2))
    # centring is exact to half a unit in the last place of x - m: where m is rounded, its own digit is what is left
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=0)
    np.testing.assert_allclose(found_mean, wide.mean(axis=(1, 2)), atol=1e-6 * np.sqrt((wide**2).mean()), rtol=0)
    over_batch = stats.variance_over_batch(x, stats.row_squares(x))
    np.testing.assert_allclose(over_batch, wide.var(axis=1).mean(axis=1), rtol=2e-6, atol=0)


@BOTH
@pytest.mark.parametrize("scale", [1e-14, 1.0, 1e14])
def test_nearly_equal_entries_at_any_scale(dtype: type, scale: float) -> None:
    """Differences of 1e-5 at a scale of 1e-14 have squares that float32 does not hold."""
    rng = np.random.default_rng(1)
    x = (scale * (1 + 1e-5 * rng.standard_normal((3, 6, 50)))).astype(dtype)
    wide = x.astype(np.float64)
    np.testing.assert_allclose(mean_and_variance(x)[1], wide.var(axis=(1, 2)), rtol=1e-6)
    found = stats.variance_over_batch(x, stats.row_squares(x))
    np.testing.assert_allclose(found, wide.var(axis=1).mean(axis=1), rtol=1e-6)


@BOTH
def test_equal_rows_have_no_variance_over_the_batch(dtype: type) -> None:
    x = np.random.default_rng(2).standard_normal((2, 1, 301)).astype(dtype).repeat(7, axis=1)
    np.testing.assert_array_equal(stats.variance_over_batch(x, stats.row_squares(x)), [0, 0])


@BOTH
def test_nearly_equal_rows(dtype: type) -> None:
    """Rows that differ by 1e-4 of their size, and one outlier among them."""
    rng = np.random.default_rng(3)
    row = rng.standard_normal((2, 1, 90))
    x = row + 1e-4 * rng.standard_normal((2, 8, 90))
    x[1, 0] += 0.3
    x = x.astype(dtype)
    found = stats.variance_over_batch(x, stats.row_squares(x))
    np.testing.assert_allclose(found, x.astype(np.float64).var(axis=1).mean(axis=1), rtol=1e-6)


def test_one_row_has_no_variance_over_the_batch() -> None:
    x = np.random.default_rng(4).standard_normal((3, 1, 40)).astype(np.float32)
    np.testing.assert_array_equal(stats.variance_over_batch(x, stats.row_squares(x)), 0)


def test_variances_are_never_negative() -> None:
    rng = np.random.default_rng(5)
    for _ in range(100):
        value = np.float32(rng.uniform(0.1, 10))
        x = np.full((1, 3, 77), value)
        assert mean_and_variance(x)[1][0] >= 0
        assert mean_and_variance(x)[1][0] <= 1e-13 * value**2
        assert stats.variance_over_batch(x, stats.row_squares(x))[0] == 0


@pytest.mark.parametrize("units", [255, 256, 257, 4096, 65536])
def test_sums_whose_terms_all_round_the_same_way(units: int) -> None:
    """Equal terms are the worst case: a plain float32 sum of 65536 of them is wrong by 1e-5 and more."""
    for value in (0.1, 0.3, 1 / 3, 0.7, 0.9, 1.1):
        x = np.full((1, 2, units), value, np.float32)
        exact = units * float(np.float32(value)) ** 2
        np.testing.assert_allclose(stats.row_squares(x), exact, rtol=1e-6)
        np.testing.assert_allclose(stats.gram(x), exact, rtol=1e-12)
        np.testing.assert_allclose(stats.row_sums(x), units * float(np.float32(value)), rtol=1e-6)
    naive = np.float32(0)
    for _ in range(65536 if units == 65536 else 0):
        naive += np.float32(0.1) ** 2
    assert units < 65536 or abs(naive / (65536 * float(np.float32(0.1)) ** 2) - 1) > 1e-6  # the control


@pytest.mark.parametrize("units", [1, 63, 64, 65, 129, 500])
def test_gram(units: int) -> None:
    """In float64, whatever comes in."""
    x = np.random.default_rng(6).standard_normal((3, 5, units)).astype(np.float32)
    wide = x.astype(np.float64)
    expected = np.einsum("san,sbn->sab", wide, wide)
    np.testing.assert_allclose(stats.gram(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(stats.gram(wide), expected, rtol=1e-12, atol=1e-12)


def rows_at(gap: float, units: int = 200) -> np.ndarray:
    """Two float64 rows with 1 - cosine = gap."""
    x = np.zeros((1, 2, units))
    sine = np.sqrt(gap * (2 - gap))
    x[0, 0, :2] = 3.0, 0.0
    x[0, 1, :2] = 0.7 * (1 - gap), 0.7 * sine
    return x


@pytest.mark.parametrize("gap", [1e-12, 1e-9, 1e-3, 0.5, 1.0, 1.7])
def test_cosine_near_one(gap: float) -> None:
    x = rows_at(gap)
    found, exists = stats.mean_cosine(x, stats.row_squares(x))
    assert exists.all()
    assert 1 - found[0] == pytest.approx(gap, rel=1e-3)
    narrow = x.astype(np.float32)
    found, _ = stats.mean_cosine(narrow, stats.row_squares(narrow))
    assert found[0] == pytest.approx(1 - gap, abs=5e-7)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), batch=st.integers(2, 12), units=st.integers(1, 60), zeros=st.integers(0, 11))
def test_cosine_against_its_pairs(seed: int, batch: int, units: int, zeros: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((1, batch, units)) * 10.0 ** rng.uniform(-9, 9, (1, batch, 1))
    x[0, rng.permutation(batch)[:zeros]] = 0
    rows = [row / np.linalg.norm(row) for row in x[0] if row.any()]
    pairs = [a @ b for k, a in enumerate(rows) for b in rows[:k]]
    found, exists = stats.mean_cosine(x, stats.row_squares(x))
    assert exists[0] == bool(pairs)
    if pairs:
        assert found[0] == pytest.approx(np.mean(pairs), abs=1e-14 * batch)


def test_cosine_needs_two_rows_that_are_not_zero() -> None:
    x = np.zeros((3, 4, 5), np.float32)
    x[1, 2] = 1.0
    x[2, :2] = 1.0
    found, exists = stats.mean_cosine(x, stats.row_squares(x))
    assert list(exists) == [False, False, True]
    assert found[2] == pytest.approx(1, abs=2e-7)


def test_cosine_of_what_is_not_finite_is_not_finite() -> None:
    for bad in (np.nan, np.inf):
        x = np.ones((2, 3, 4))
        x[1, 1, 2] = bad
        with np.errstate(invalid="ignore"):
            found, exists = stats.mean_cosine(x, stats.row_squares(x))
        assert exists.all()
        assert found[0] == pytest.approx(1)
        assert np.isnan(found[1])


@pytest.mark.parametrize("batch", [1, 4, 255, 256, 600])
def test_true_in_columns(batch: int) -> None:
    mask = np.random.default_rng(0).random((3, batch, 5)) < 0.9
    mask[1] = True
    np.testing.assert_array_equal(stats.true_in_columns(mask), mask.sum(axis=1))
