"""Confidence intervals for the difference of two means: of pairs, and of two lots that have nothing in common."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...values import frozen

Array = np.ndarray[Any, Any]

LEVEL = 0.95
"""Of every interval: the share of such intervals that hold the true difference."""


@frozen
class Interval:
    """A mean with its confidence interval; low and high are nan where one number cannot tell.

    df: degrees of freedom of Student's t.
    """

    n: int
    mean: float
    low: float
    high: float
    df: float

    @property
    def tells(self) -> bool:
        """Whether 0 lies outside. False where there is no interval."""
        return self.low > 0 or self.high < 0

    @property
    def half(self) -> float:
        """Half the width."""
        return (self.high - self.low) / 2


def of_mean(values: Array) -> Interval:
    """The mean of one sample, (n,), and Student's interval for it."""
    if not len(values):
        return Interval(0, math.nan, math.nan, math.nan, math.nan)
    # As differences to one of the values: numbers that agree have exactly that mean, and no spread.
    away = values - values[0]
    mean = float(values[0] + away.mean())
    stderr = float(np.std(away, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return _student(len(values), mean, stderr, len(values) - 1)


def in_common(seeds_a: Array, a: Array, seeds_b: Array, b: Array) -> tuple[Array, Array]:
    """The values of the seeds that both have, in the same order, where both are numbers; each seed stands once."""
    if not np.array_equal(seeds_a, seeds_b):
        _, here, there = np.intersect1d(seeds_a, seeds_b, assume_unique=True, return_indices=True)
        a, b = a[here], b[there]
    both = np.isfinite(a) & np.isfinite(b)
    return a[both], b[both]


def of_pairs(a: Array, b: Array) -> Interval:
    """The mean of b - a over pairs, (n,) each.

    Student 1908: exact for normal differences, whatever the two have in common.
    """
    return of_mean(b - a)


def of_lots(n: tuple[int, int], mean: tuple[float, float], stderr: tuple[float, float]) -> Interval:
    """mean b - mean a of two independent samples, of `n` each, with the standard errors of their means (Welch 1947)."""
    squares = [error**2 for error in stderr]
    whole = sum(squares)
    parts = sum(square**2 / (count - 1) for square, count in zip(squares, n, strict=True) if count > 1)
    df = whole**2 / parts if parts > 0 else math.inf
    enough = min(n) > 1
    return _student(min(n), mean[1] - mean[0], math.sqrt(whole) if enough else math.nan, df if enough else math.nan)


def of_samples(a: Array, b: Array) -> Interval:
    """mean b - mean a of two independent samples."""
    one, other = of_mean(a), of_mean(b)
    errors = tuple(float(np.std(x - x[0], ddof=1)) / math.sqrt(len(x)) if len(x) > 1 else math.nan for x in (a, b))
    return of_lots((one.n, other.n), (one.mean, other.mean), (errors[0], errors[1]))


def correlation(a: Array, b: Array) -> float:
    """Pearson's r of two samples, (n,) each; nan where one of them does not vary or there are fewer than three."""
    if len(a) < 3:
        return math.nan
    x, y = a - a.mean(), b - b.mean()
    size = math.sqrt(float(x @ x)) * math.sqrt(float(y @ y))
    return min(1.0, max(-1.0, float(x @ y) / size)) if size > 0 else math.nan


def _student(n: int, mean: float, stderr: float, df: float) -> Interval:
    half = _quantile(df) * stderr if stderr > 0 else stderr
    return Interval(n, mean, mean - half, mean + half, df)


def _quantile(df: float) -> float:
    from scipy.special import stdtrit  # slow to import, and needed by no run

    return float(stdtrit(df, (1 + LEVEL) / 2))
