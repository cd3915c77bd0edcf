"""Intervals hold what they promise: published numbers, and a coverage that a normal quantile would not have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initbench.lab.comparing.intervals import correlation, of_lots, of_mean, of_pairs, of_samples

# Student 1908: hours of sleep gained by ten patients with two drugs. The intervals are those of R's t.test.
FIRST = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SECOND = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def test_students_own_pairs() -> None:
    found = of_pairs(FIRST, SECOND)
    assert (found.n, found.df) == (10, 9)
    assert (found.mean, found.low, found.high) == pytest.approx((1.58, 0.7001142, 2.4598858), abs=1e-7)
    assert found.tells


def test_the_same_numbers_unpaired_tell_nothing() -> None:
    found = of_samples(FIRST, SECOND)
    assert (found.low, found.high, found.df) == pytest.approx((-0.2054832, 3.3654832, 17.77647), abs=1e-5)
    assert not found.tells
    errors = (FIRST.std(ddof=1) / math.sqrt(10), SECOND.std(ddof=1) / math.sqrt(10))
    assert of_lots((10, 10), (FIRST.mean(), SECOND.mean()), errors).low == pytest.approx(found.low)


def covered(trials: int, n: int, shared: float, paired: bool, shrink: float = 1.0) -> float:
    """The share of intervals that hold the true difference 1; shrink: of the intervals, to make a control."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(trials):
        common = shared * rng.standard_normal(n)
        a, b = common + rng.standard_normal(n), common + rng.standard_normal(n) + 1
        found = of_pairs(a, b) if paired else of_samples(a, b)
        hits += abs(found.mean - 1) <= found.half * shrink
    return hits / trials


TRIALS = 4000
BAND = 4.5 * math.sqrt(0.95 * 0.05 / TRIALS)
"""4.5 standard errors: a true 95 % is missed once in 150,000 times; 0.95 + BAND = 0.9655, 0.95 - BAND = 0.9345."""


@pytest.mark.parametrize("shared", [0.0, 3.0])
def test_pairs_are_covered_as_promised(shared: float) -> None:
    assert abs(covered(TRIALS, 5, shared, paired=True) - 0.95) < BAND


def test_independent_samples_are_covered_as_promised() -> None:
    assert abs(covered(TRIALS, 6, 0.0, paired=False) - 0.95) < BAND + 0.01  # Welch's is approximate: by under 1 %


def test_a_normal_quantile_would_be_found_out() -> None:
    assert covered(TRIALS, 5, 0.0, paired=True, shrink=1.96 / 2.776) < 0.95 - BAND


def test_what_pairs_share_makes_unpaired_intervals_too_wide() -> None:
    assert covered(1000, 6, 3.0, paired=False) == 1


def test_too_few_numbers_have_no_interval() -> None:
    one = of_mean(np.array([2.0]))
    assert (one.n, one.mean, one.tells) == (1, 2.0, False)
    assert math.isnan(one.low)
    assert math.isnan(of_mean(np.empty(0)).mean)
    lone = of_samples(np.array([1.0]), np.array([2.0, 3.0]))
    assert lone.mean == 1.5
    assert math.isnan(lone.low)


def test_numbers_that_agree_have_no_width() -> None:
    same = of_mean(np.full(7, 0.1))
    assert (same.mean, same.low, same.high) == (0.1, 0.1, 0.1)
    assert not of_mean(np.zeros(7)).tells
    fixed = of_samples(np.full(3, 1.0), np.full(4, 3.0))
    assert (fixed.low, fixed.high) == (2, 2)


NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20)


@given(NUMBERS)
def test_turning_round_turns_the_interval_round(numbers: list[float]) -> None:
    a = np.array(numbers)
    b = np.array(numbers)[::-1].copy()
    there, back = of_pairs(a, b), of_pairs(b, a)
    assert there.mean == pytest.approx(-back.mean, abs=1e-9)
    assert there.low == pytest.approx(-back.high, abs=1e-9)
    assert there.low <= there.mean <= there.high


def test_correlation() -> None:
    assert correlation(FIRST, SECOND) == pytest.approx(0.7951702, abs=1e-7)
    assert correlation(FIRST, -FIRST) == -1
    assert math.isnan(correlation(FIRST, np.ones(10)))
    assert math.isnan(correlation(FIRST[:2], SECOND[:2]))
