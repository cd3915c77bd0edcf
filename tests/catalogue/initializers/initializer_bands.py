"""Bands that draws must stay in, with stated error rates.

ALARM is the probability that a right sampler leaves one band. With the 200,000 entries that the tests draw:

- shape: the Dvoretzky-Kiefer-Wolfowitz-Massart band, 0.0060 of probability for the distance of the
  distribution functions. A law at twice that distance is caught with probability 1 - ALARM: a standard
  deviation that is wrong by 6 %, a mean by 0.031 standard deviations, a normal law in place of a uniform or
  truncated one.
- mean: 0.011 standard deviations; twice that, 0.022, is caught with probability 1 - ALARM.
- variance: the chi-square band, with the law's kurtosis in place of 3: 1.6 % for a normal law (3.1 % is
  caught), 1.0 % for a uniform one (2.0 % is caught).

Nothing here uses the code under test: the expected laws are SciPy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

Array = np.ndarray[Any, Any]

ALARM = 1e-6
Z = float(stats.norm.isf(ALARM / 2))  # 4.89


@dataclass(frozen=True)
class Expected:
    """A continuous law as the test understands it."""

    cdf: Callable[[Array], Array]
    mean: float
    variance: float
    kurtosis: float
    bounds: tuple[float, float]


def normal(mean: float, stddev: float) -> Expected:
    return Expected(lambda x: special.ndtr((x - mean) / stddev), mean, stddev**2, 3.0, (-math.inf, math.inf))


def uniform(low: float, high: float) -> Expected:
    return Expected(
        lambda x: np.clip((x - low) / (high - low), 0, 1),
        (low + high) / 2,
        (high - low) ** 2 / 12,
        1.8,
        (low, high),
    )


def cut(location: float, scale: float, low: float, high: float) -> Expected:
    """N(location, scale^2) cut to [low, high], all in absolute numbers."""
    law = stats.truncnorm((low - location) / scale, (high - location) / scale, location, scale)
    bottom, top = special.ndtr((low - location) / scale), special.ndtr((high - location) / scale)

    def cdf(x: Array) -> Array:
        return np.asarray(np.clip((special.ndtr((x - location) / scale) - bottom) / (top - bottom), 0, 1))

    mean, variance, excess = (float(moment) for moment in law.stats("mvk"))
    return Expected(cdf, mean, variance, excess + 3, (low, high))


def dkw(n: int, alarm: float = ALARM) -> float:
    """The half-width of the band about an empirical distribution function of n draws."""
    return math.sqrt(math.log(2 / alarm) / (2 * n))


def distance(draws: Array, cdf: Callable[[Array], Array]) -> float:
    """The largest distance between the draws' distribution function and cdf."""
    ordered = np.sort(draws, axis=None).astype(np.float64)
    n = ordered.size
    expected = cdf(ordered)
    steps = np.arange(n + 1) / n
    return float(max(np.max(steps[1:] - expected), np.max(expected - steps[:-1])))


def departures(draws: Array, law: Expected) -> list[str]:
    """The bands that the draws leave, by name: none for a right sampler, but with probability 3 * ALARM."""
    x = np.sort(draws, axis=None).astype(np.float64)
    n, low, high = x.size, *law.bounds
    centred = x - law.mean
    edge = float(np.finfo(draws.dtype).eps)
    tests = {
        "shape": distance(x, law.cdf) > dkw(n),
        "mean": abs(centred.mean()) > Z * math.sqrt(law.variance / n),
        "variance": abs((centred @ centred) / n / law.variance - 1) > Z * math.sqrt((law.kurtosis - 1) / n),
        "bounds": x.min() < low - edge * abs(low) or x.max() > high + edge * abs(high),
    }
    return [name for name, left in tests.items() if left]


def gap(x: Array, y: Array) -> float:
    """The largest distance between the distribution functions of two sorted samples of n draws."""
    after = np.arange(1, x.size + 1) - np.searchsorted(y, x, "right")
    before = np.arange(x.size) - np.searchsorted(y, x, "left")  # y's function just before each step of x's
    return float(max(np.abs(after).max(), np.abs(before).max()) / x.size)


def two_sample_departures(first: Array, second: Array, variance: float, kurtosis: float) -> list[str]:
    """The same bands between two samples of n draws each of a law with this variance and kurtosis.

    The distance of two samples has the DKW band of n / 2 draws (Wei and Dudley 2012, for n >= 458): 0.0085 at
    200,000, and a law at twice that distance is caught with probability 1 - ALARM.
    """
    x, y = (np.sort(draws, axis=None).astype(np.float64) for draws in (first, second))
    n = x.size
    assert y.size == n
    tests = {
        "shape": gap(x, y) > dkw(n // 2),
        "mean": abs(x.mean() - y.mean()) > Z * math.sqrt(2 * variance / n),
        "variance": abs(x.var() - y.var()) / variance > Z * math.sqrt(2 * (kurtosis - 1) / n),
    }
    return [name for name, left in tests.items() if left]
