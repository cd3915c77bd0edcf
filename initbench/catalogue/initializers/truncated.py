"""The normal law cut to an interval: moments without cancellation, and exact draws for any interval."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ...streams import fill_normal
from ...values import frozen
from .laws import Array, Constant, inward

BLOCK = 1 << 15
"""Entries drawn at a time: they stay in cache between the passes. Another size is another stream."""


@frozen
class Moments:
    """Of N(0, 1) cut to an interval: its probability, and the mean, variance and kurtosis of what is left."""

    probability: float
    mean: float
    variance: float
    kurtosis: float


@frozen
class TruncatedNormal:
    """N(location, scale^2) cut to location + scale * [low, high]: entries outside are drawn again.

    location and scale are those of the law before the cut; mean and variance are what is left after it.
    scale >= 0; low <= high, in units of scale. With scale = 0 or low = high, every entry is the same.
    """

    location: float
    scale: float
    low: float
    high: float
    elementwise = True

    @property
    def random(self) -> bool:
        return self.scale > 0 and self.low < self.high

    @property
    def mean(self) -> float:
        return self.location + self.scale * moments(self.low, self.high).mean

    @property
    def variance(self) -> float:
        return self.scale * self.scale * moments(self.low, self.high).variance

    @property
    def bounds(self) -> tuple[float, float]:
        return (self.location + self.scale * self.low, self.location + self.scale * self.high)

    @property
    def kurtosis(self) -> float:
        return moments(self.low, self.high).kurtosis if self.random else math.nan

    def fill(self, rng: np.random.Generator, out: Array) -> None:
        """Draw in the dtype of `out`: by redrawing where half of the draws stand, else by the inverse."""
        lowest, highest = inward(*self.bounds, out.dtype)
        if not (self.random and lowest < highest):
            Constant(self.mean).fill(rng, out)
            return
        draw = _redraw if moments(self.low, self.high).probability >= 0.5 else _invert
        flat = out.reshape(-1)
        for start in range(0, flat.size, BLOCK):
            block = flat[start : start + BLOCK]
            draw(rng, block, self.low, self.high)
            with np.errstate(over="ignore"):
                block *= self.scale
                if self.location:
                    block += self.location
            np.clip(block, lowest, highest, out=block)  # rounding of the two steps above, by an ulp


def corrected(mean: float, stddev: float, low: float = -2.0, high: float = 2.0) -> TruncatedNormal:
    """The cut law whose standard deviation, after the cut, is `stddev`. low < high, in units of its scale."""
    return TruncatedNormal(mean, stddev / math.sqrt(moments(low, high).variance), low, high)


@lru_cache(maxsize=256)
def moments(low: float, high: float) -> Moments:
    """Of N(0, 1) cut to [low, high], to about 14 digits, in the far tails and for narrow intervals too.

    The textbook formulas in phi and Phi cancel there; a quadrature of the density relative to its peak, over
    the part of the interval where it is above e^-60 of that peak, does not.
    """
    peak = min(max(0.0, low), high)
    reach = math.sqrt(peak * peak + 120)
    start, stop = max(low, -reach) - peak, min(high, reach) - peak
    if not start < stop:
        return Moments(0.0, peak, 0.0, math.nan)
    nodes, weights = _gauss_legendre()
    half = (stop - start) / 2
    t = start + half * (1 + nodes)
    mass = weights * np.exp(-t * (2 * peak + t) / 2)
    total = float(mass.sum())
    mass /= total
    mean = 0.0 if low == -high else float(mass @ t)
    centred = t - mean
    variance = float(mass @ centred**2)
    fourth = float(mass @ (centred / math.sqrt(variance)) ** 4)
    probability = half * total * math.exp(-peak * peak / 2) / math.sqrt(2 * math.pi)
    return Moments(probability, peak + mean, variance, fourth)


@lru_cache(maxsize=1)
def _gauss_legendre() -> tuple[Array, Array]:
    from numpy.polynomial.legendre import leggauss  # imported late: numpy loads it on demand

    return leggauss(96)


def _redraw(rng: np.random.Generator, block: Array, low: float, high: float) -> None:
    fill_normal(rng, block)
    outside = np.flatnonzero((block < low) | (block > high))
    while outside.size:
        fresh = np.empty(outside.size, block.dtype)
        fill_normal(rng, fresh)
        block[outside] = fresh
        outside = outside[(fresh < low) | (fresh > high)]


def _invert(rng: np.random.Generator, block: Array, low: float, high: float) -> None:
    from scipy.special import log_ndtr, ndtri_exp  # imported late: only these rare intervals need SciPy

    # Logarithms of probabilities, on the lower tail's side: neither underflow nor 1 - p costs digits.
    mirrored = low + high > 0
    if mirrored:
        low, high = -high, -low
    log_top = log_ndtr(high)
    share = -np.expm1(log_ndtr(low) - log_top)
    drawn = ndtri_exp(log_top + np.log1p(-share * rng.random(block.size)))
    block[...] = -drawn if mirrored else drawn
