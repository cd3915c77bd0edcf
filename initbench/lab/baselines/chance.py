"""Results held against a baseline as two samples of one law: for results of other numerics.

Seeds in common have the same streams, but the same numbers only under the same numerics: another NumPy may draw
otherwise, another BLAS rounds otherwise, and where networks are chaotic, rounding is all it takes to make of a seed
another network. The law of the networks stays, so their means over seeds agree but for chance. Two samples that have
streams in common are nearer to one another than chance would bring them, which only makes a false alarm rarer.

Asked is whether both are samples of one law, so the test is Student's t with the variance of both together, which is
exact if that law is normal and conservative if it is symmetric with longer tails (Student 1908). The difference of two
samples of equal size is symmetric whatever the law. So that unequal sizes keep the promise too, the degrees of freedom
are those of two samples of the smaller size, 2 (n - 1). And for what makes laws normal:

- What is nowhere negative is compared by its logarithm: over networks, mean squares are nearly lognormal. Without
  layers.csv on both sides, the logarithms of the means are compared instead, with the variance ln(1 + r^2), r the
  standard error over the mean (Fenton 1960), with n - 1 degrees of freedom, as this is but nearly so, and only where
  one network's spread is no larger a share of the mean than departure.py allows.
- Networks that are exactly 0, and those without a number (blank, or not finite), have no logarithm: they are counted,
  and the counts compared by Fisher's exact test (1935).
- Shares and counts of units take few values, and a few networks may all have the same one: their variance is taken as
  1/12 of a unit squared larger, as if they had been rounded to units.
- What rounding may do (tolerances.py) is not counted as a difference.

For `count` comparisons, each is held to the level 1 - (1 - FALSE_ALARM)^(1 / count) (Sidak 1967: never too little,
however layers and metrics depend on one another).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ...values import frozen
from ..departure import FEWEST, WIDEST
from .drift import CHANCE, ERRORS, Held
from .tolerances import COUNTS, FRACTIONS

Array = np.ndarray[Any, Any]

FALSE_ALARM = 1e-3
"""The share of checks that may find a drift where there is none."""
LEAST = 4
"""Networks on either side: how far fewer are apart tells too little, unless their law is normal to the last digit."""


@frozen
class Moments:
    """Of some networks, every array (L + 1, M): how many, their mean, and the sum of squared deviations from it."""

    n: Array
    mean: Array
    squares: Array


@frozen
class Sample:
    """What the networks of one cell gave, every array (L + 1, M).

    numbers: of those that are finite. logs: of the logarithms of those that are positive; None where layers.csv is
    missing. low: the smallest number, inf if there is none. zeros: networks that are exactly 0; none: networks without
    a finite number; both whole numbers as floats.
    """

    numbers: Moments
    logs: Moments | None
    low: Array
    zeros: Array
    none: Array


@frozen
class Apart:
    """Comparisons of one kind in one cell, every array (L + 1, M), or (1, M) for columns of cells.csv.

    apart: in standard errors where the test is Student's t, -log10 of the probability where it is Fisher's; nan where
    nothing is compared. df: the degrees of freedom of t; None for Fisher's test.
    """

    what: str
    here: Array
    there: Array
    apart: Array
    df: Array | None
    first: int = 0

    @property
    def count(self) -> int:
        return int((~np.isnan(self.apart)).sum())

    def held(self, label: str, names: tuple[str, ...], level: float) -> Held:
        """Held to a level: the probability under which a comparison counts as drift."""
        if self.df is None:
            allowed, unit = np.full(self.apart.shape, -math.log10(level)), CHANCE
        else:
            allowed, unit = quantile(self.df, level), ERRORS
        return Held(label, self.what, names, self.here, self.there, self.apart, allowed, unit, self.first)


def level_of(count: int) -> float:
    """The level of each of `count` comparisons, so that all together raise a false alarm at FALSE_ALARM."""
    return -math.expm1(math.log1p(-FALSE_ALARM) / max(count, 1))


def quantile(df: Array, level: float) -> Array:
    """|t| that is exceeded with the probability `level`; inf for no degrees of freedom."""
    from scipy.special import stdtrit  # slow to import, and needed by no run

    known = df > 0
    return np.where(known, -stdtrit(np.where(known, df, 1.0), level / 2), np.inf)


def moments(values: Array, known: Array) -> Moments:
    """Of the values that are known; both (S, L + 1, M)."""
    n = known.sum(axis=0)
    with np.errstate(all="ignore"):
        first = np.take_along_axis(values, known.argmax(axis=0)[None], axis=0)[0]  # equals have no spread at all
        mean = first + np.where(known, values - first, 0.0).sum(axis=0) / n
        squares = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0)
    return Moments(n, np.where(n > 0, mean, np.nan), squares)


def of_networks(values: Array) -> Sample:
    """The sample of every network's own numbers, (S, L + 1, M)."""
    finite = np.isfinite(values)
    positive = finite & (values > 0)
    with np.errstate(all="ignore"):
        logs = moments(np.log(np.where(positive, values, 1.0)), positive)
    low = np.where(finite, values, np.inf).min(axis=0)
    zeros = (values == 0).sum(axis=0).astype(float)
    return Sample(moments(values, finite), logs, low, zeros, (~finite).sum(axis=0).astype(float))


def of_summary(seeds: int, n: Array, mean: Array, sd: Array, low: Array) -> Sample:
    """The sample of what summary.csv has, (L + 1, M) each, nan where blank. low: the 5 % quantile."""
    n = np.nan_to_num(n)
    squares = np.where(n > 1, (n - 1) * np.nan_to_num(sd) ** 2, 0.0)
    zeros = np.where((mean == 0) & (low == 0) & (squares == 0), n, 0.0)
    return Sample(Moments(n, mean, squares), None, np.where(n > 0, low, np.inf), zeros, seeds - n)


def comparisons(here: Sample, there: Sample, metrics: tuple[str, ...], fans: Array, rounding: Array) -> Iterator[Apart]:
    """Every comparison of two cells. fans: units of every layer, (L,); rounding: what it may change, (L + 1, M)."""
    discrete = np.array([metric in FRACTIONS + COUNTS for metric in metrics])
    yield from of_samples(here, there, discrete, _grain(metrics, fans), rounding)


def of_samples(here: Sample, there: Sample, discrete: Array, grain: Array, rounding: Array) -> Iterator[Apart]:
    """Every comparison of two samples. discrete: what takes few values, (M,); grain: the distance of neighbouring ones,
    0 for what may have any; rounding: what it may change; both as the numbers of the samples."""
    logarithmic = (here.low >= 0) & (there.low >= 0) & ~discrete
    yield _by_numbers(here.numbers, there.numbers, ~logarithmic, grain, rounding)
    size = np.fmax(np.abs(here.numbers.mean), np.abs(there.numbers.mean))
    with np.errstate(all="ignore"):
        relative = np.where(size > 0, rounding / size, 0.0)
    if here.logs is not None and there.logs is not None:
        yield _by_logs(here.logs, there.logs, logarithmic, relative)
    else:
        yield _by_means(here.numbers, there.numbers, logarithmic, relative)
    yield _counted("networks in which {} is 0", here.zeros, there.zeros, here.numbers.n, there.numbers.n, logarithmic)
    n, n_there = (sample.numbers.n + sample.none for sample in (here, there))
    measured = (here.numbers.n > 0) | (there.numbers.n > 0)
    yield _counted("networks without a finite {}", here.none, there.none, n, n_there, measured)


def untold(here: Sample, there: Sample, tests: Sequence[Apart]) -> int:
    """Of how many numbers that both have nothing is compared."""
    compared = np.any([~np.isnan(one.apart) for one in tests], axis=0)
    return int(((here.numbers.n > 0) & (there.numbers.n > 0) & ~compared).sum())


def _grain(metrics: tuple[str, ...], fans: Array) -> Array:
    """The distance of neighbouring values, (L + 1, M): 0 for what may have any."""
    grain = np.zeros((len(fans) + 1, len(metrics)))
    for place, metric in enumerate(metrics):
        if metric in FRACTIONS:
            grain[1:, place] = 1 / fans
        elif metric in COUNTS:
            grain[:, place] = 1.0
    return grain


def _by_numbers(a: Moments, b: Moments, wanted: Array, grain: Array, rounding: Array) -> Apart:
    return _student("mean of {}", a, b, a.mean, b.mean, wanted, grain**2 / 12, rounding)


def _by_logs(a: Moments, b: Moments, wanted: Array, rounding: Array) -> Apart:
    with np.errstate(over="ignore"):
        here, there = np.exp(a.mean), np.exp(b.mean)
    return _student("geometric mean of {}", a, b, here, there, wanted, np.zeros_like(rounding), rounding)


def _student(
    what: str, a: Moments, b: Moments, here: Array, there: Array, wanted: Array, more: Array, rounding: Array
) -> Apart:
    """more: variance besides that of the numbers."""
    df = 2 * _smaller(a, b)
    with np.errstate(all="ignore"):
        variance = (a.squares + b.squares) / (a.n + b.n - 2) + more
        stderr = np.sqrt(variance * (1 / a.n + 1 / b.n))
        apart = beyond(a.mean - b.mean, rounding, stderr)
    known = wanted & (df >= 2 * (LEAST - 1))
    return Apart(what, here, there, np.where(known, apart, np.nan), df)


def _by_means(a: Moments, b: Moments, wanted: Array, rounding: Array) -> Apart:
    """Logarithms of means, where only means and standard deviations are known."""
    df = _smaller(a, b)
    with np.errstate(all="ignore"):
        square = (a.squares / a.mean**2 + b.squares / b.mean**2) / (a.n + b.n - 2)  # of one network's relative spread
        spreads = [np.log1p(square / sample.n) for sample in (a, b)]
        away = np.log(a.mean / b.mean) + (spreads[0] - spreads[1]) / 2
        apart = beyond(away, rounding, np.sqrt(spreads[0] + spreads[1]))
    told = enough(np.sqrt(square), np.minimum(a.n, b.n))
    known = wanted & (a.mean > 0) & (b.mean > 0) & (df >= LEAST - 1) & told
    return Apart("mean of {}", a.mean, b.mean, np.where(known, apart, np.nan), df)


def _smaller(a: Moments, b: Moments) -> Array:
    """Degrees of freedom of the smaller sample."""
    return np.asarray(np.maximum(np.minimum(a.n, b.n) - 1, 0))


def enough(spread: Array, n: Array) -> Array:
    """Whether means of n networks tell anything, where one network spreads by this share of the mean."""
    return np.asarray((spread <= WIDEST) & (spread <= FEWEST * np.sqrt(n)))


def beyond(away: Array, rounding: Array, stderr: Array) -> Array:
    """What is away by more than rounding, in standard errors; inf where there is no spread to explain it."""
    more = np.abs(away) - rounding
    with np.errstate(all="ignore"):
        return np.where(more > 0, more / stderr, 0.0)


def _counted(what: str, a: Array, b: Array, n_a: Array, n_b: Array, wanted: Array) -> Apart:
    """Counts of networks, of n each; compared where there are any."""
    apart = np.full(a.shape, np.nan)
    for place in zip(*np.nonzero(wanted & ((a > 0) | (b > 0)) & (n_a > 0) & (n_b > 0)), strict=True):
        apart[place] = fisher(int(a[place]), int(n_a[place]), int(b[place]), int(n_b[place]))
    return Apart(what, a, b, apart, None)


@lru_cache(maxsize=10_000)
def fisher(a: int, n_a: int, b: int, n_b: int) -> float:
    """-log10 of the probability that a of n_a and b of n_b are as different as this or more (Fisher 1935, two-sided:
    of all tables with these sums, those that are no likelier)."""
    both = a + b
    ways = [math.comb(n_a, k) * math.comb(n_b, both - k) for k in range(max(0, both - n_b), min(n_a, both) + 1)]
    this = math.comb(n_a, a) * math.comb(n_b, b)
    tail, whole = sum(way for way in ways if way <= this), math.comb(n_a + n_b, both)
    return max(0.0, math.log10(whole) - math.log10(tail))
