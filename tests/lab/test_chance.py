"""Two samples of one law are told apart no oftener than promised; two laws are told apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import fisher_exact

from initbench.lab.baselines import chance
from initbench.lab.baselines.chance import (
    Apart,
    Sample,
    comparisons,
    fisher,
    level_of,
    moments,
    of_networks,
    of_summary,
    quantile,
)
from initbench.lab.baselines.drift import CHANCE, ERRORS

Array = np.ndarray[Any, Any]

METRICS = ("preact_mean", "act_q", "dead_fraction", "distinct_units", "cosine")
FANS = np.array([16, 16])
NOTHING = np.zeros((3, len(METRICS)))


def networks(rng: np.random.Generator, n: int, shift: float = 0.0) -> Array:
    """n networks of a law like that of deep ones, (n, 3, M): heavy tails, shares of 16 units, cosines near 1."""
    values = np.empty((n, 3, len(METRICS)))
    values[:, :, 0] = rng.standard_normal((n, 3))
    values[:, :, 1] = np.exp(2 * rng.standard_normal((n, 3)) + shift)
    values[:, :, 2] = rng.binomial(16, 0.08, (n, 3)) / 16
    values[:, :, 3] = 16 - rng.binomial(1, 0.2, (n, 3))
    values[:, :, 4] = 1 - 0.1 * np.exp(rng.standard_normal((n, 3)))
    return values


def summarised(values: Array) -> Sample:
    """The same as summary.csv would have it."""
    mean, sd, low = values.mean(0), values.std(0, ddof=1), np.quantile(values, 0.05, axis=0)
    return of_summary(len(values), np.full(mean.shape, len(values)), mean, sd, low)


def share(here: Sample, there: Sample) -> float:
    """How many times what is allowed the worst comparison is."""
    tests = list(comparisons(here, there, METRICS, FANS, NOTHING))
    level = level_of(sum(test.count for test in tests))
    return max(float(test.held("", METRICS, level).shares.max()) for test in tests)


def numbered(n: float, mean: float, sd: float) -> Sample:
    """One number of n networks, as summary.csv has it."""
    return of_summary(int(n), *(np.array([[number]]) for number in (n, mean, sd, mean)))


@pytest.mark.parametrize("sample", [of_networks, summarised])
@pytest.mark.parametrize("sizes", [(4, 4), (8, 8), (20, 20), (4, 40), (8, 40)])
def test_one_law_raises_no_more_alarms_than_promised(
    sample: Callable[[Array], Sample], sizes: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promised: 1 in 20. Of 300 checks, more than 29 alarms come by chance once in 2,000 such tests."""
    monkeypatch.setattr(chance, "FALSE_ALARM", 0.05)
    rng = np.random.default_rng(7)
    alarms = sum(share(sample(networks(rng, sizes[0])), sample(networks(rng, sizes[1]))) > 1 for _ in range(300))
    assert alarms <= 29


def test_another_law_is_found() -> None:
    """The same networks with mean squares larger by e^4: two of their standard deviations."""
    rng = np.random.default_rng(8)
    found = [share(of_networks(networks(rng, 30)), of_networks(networks(rng, 30, shift=4.0))) for _ in range(20)]
    assert min(found) > 1


def test_the_level_is_sidaks() -> None:
    assert level_of(1) == pytest.approx(1e-3)
    assert 1 - (1 - level_of(5000)) ** 5000 == pytest.approx(1e-3, rel=1e-9)


@pytest.mark.parametrize(("df", "level", "t"), [(1.0, 0.05, 12.706), (10.0, 0.001, 4.587), (38.0, 0.01, 2.712)])
def test_quantiles_are_those_of_the_tables(df: float, level: float, t: float) -> None:
    assert float(quantile(np.array(df), level)) == pytest.approx(t, abs=5e-4)


def test_no_degrees_of_freedom_allow_anything() -> None:
    assert float(quantile(np.array(0.0), 0.05)) == math.inf


def test_fishers_probabilities_are_scipys() -> None:
    """The first is the tea of Fisher 1935."""
    assert 10 ** -fisher(3, 4, 1, 4) == pytest.approx(34 / 70)
    for a, n_a, b, n_b in (
        (0, 6, 6, 6),
        (8, 10, 2, 12),
        (1, 3, 0, 40),
        (10, 20, 10, 20),
        (0, 0, 3, 5),
        (300, 500, 0, 500),
    ):
        p = fisher_exact([[a, n_a - a], [b, n_b - b]]).pvalue
        assert fisher(a, n_a, b, n_b) == pytest.approx(-math.log10(p), abs=1e-9)


def test_moments_leave_out_what_is_not_known() -> None:
    values = np.array([[[1.0, 5.0]], [[3.0, np.nan]], [[np.inf, np.nan]]])
    found = moments(values, np.isfinite(values))
    assert found.n.tolist() == [[2, 1]]
    assert found.mean.tolist() == [[2.0, 5.0]]
    assert found.squares.tolist() == [[2.0, 0.0]]


def test_networks_that_died_or_overflowed_are_counted() -> None:
    rng = np.random.default_rng(9)
    whole, broken = networks(rng, 20), networks(rng, 20)
    broken[:, 2, 1] = 0
    tests = comparisons(of_networks(whole), of_networks(broken), METRICS, FANS, NOTHING)
    (zeros,) = (test for test in tests if test.what == "networks in which {} is 0")
    assert zeros.apart[2, 1] == pytest.approx(math.log10(math.comb(40, 20)) - math.log10(2))
    broken[:, 2, 1] = np.inf
    tests = comparisons(of_networks(whole), of_networks(broken), METRICS, FANS, NOTHING)
    (none,) = (test for test in tests if test.what == "networks without a finite {}")
    assert (none.here[2, 1], none.there[2, 1]) == (0, 20)
    assert none.held("", METRICS, 1e-6).unit == CHANCE
    assert none.held("", METRICS, 1e-6).shares[2, 1] > 1


def test_the_others_are_compared_beside_those_that_died() -> None:
    rng = np.random.default_rng(11)
    whole, broken = networks(rng, 20), networks(rng, 20)
    broken[10:, 2, 1] = 0
    (logs,) = (
        test
        for test in comparisons(of_networks(whole), of_networks(broken), METRICS, FANS, NOTHING)
        if test.what == "geometric mean of {}"
    )
    assert logs.there[2, 1] == pytest.approx(float(np.exp(np.log(broken[:10, 2, 1]).mean())))
    assert np.isfinite(logs.apart[2, 1])


def test_what_has_no_spread_may_differ_by_rounding_alone() -> None:
    """Networks that are all the same: identity weights and inputs that all share, say."""
    here, there = np.full((4, 1, 1), 2.0), np.full((4, 1, 1), 2.0 + 1e-7)
    for rounding, apart in ((1e-6, 0.0), (1e-8, math.inf)):
        tests = list(comparisons(*map(of_networks, (here, there)), ("act_q",), FANS[:0], np.array([[rounding]])))
        assert np.nanmax([test.apart for test in tests if test.df is not None]) == apart


def test_units_are_a_spread_of_their_own() -> None:
    """Four networks with no dead unit, and four with one: that is no proof that all of these always have one."""
    here, there = np.zeros((4, 2, 1)), np.full((4, 2, 1), 1 / 16)
    tested = next(comparisons(*map(of_networks, (here, there)), ("dead_fraction",), FANS[:1], np.zeros((2, 1))))
    assert tested.apart[1, 0] == pytest.approx(1 / math.sqrt(2 / 4 / 12))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_too_few_networks_tell_nothing(n: int) -> None:
    rng = np.random.default_rng(10)
    for sample in (of_networks, summarised) if n > 1 else (of_networks,):
        tests = list(comparisons(sample(networks(rng, n)), sample(networks(rng, 20, 9.0)), METRICS, FANS, NOTHING))
        assert [test.count for test in tests if test.df is not None] == [0, 0]


def test_without_single_networks_the_logarithm_of_the_mean_counts() -> None:
    """ln(1.2) over sqrt(2 ln(1 + 0.1^2 / 25)): a relative spread of 0.1, 25 networks on either side."""
    tests = list(comparisons(numbered(25, 1.2, 0.12), numbered(25, 1.0, 0.1), ("act_q",), FANS[:0], np.zeros((1, 1))))
    by_means: Apart = tests[1]
    assert by_means.apart[0, 0] == pytest.approx(math.log(1.2) / math.sqrt(2 * math.log1p(0.01 / 25)))
    assert by_means.df is not None
    assert by_means.df[0, 0] == 24
    held = by_means.held("", ("act_q",), 1e-3)
    assert (held.unit, held.allowed[0, 0]) == (ERRORS, pytest.approx(3.745, abs=1e-3))


@pytest.mark.parametrize(("n", "sd"), [(4, 0.4), (100, 1.1)])
def test_without_single_networks_wide_laws_are_left_alone(n: int, sd: float) -> None:
    sample = numbered(n, 1.0, sd)
    assert [test.count for test in comparisons(sample, sample, ("act_q",), FANS[:0], np.zeros((1, 1)))] == [0, 0, 0, 0]
