"""Counts in bins that are fixed before anything is measured, so that layers, seeds and cells can be added and
compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..catalogue.activations import Formula
from ..values import frozen

Array = np.ndarray[Any, Any]

BINS = 100
UNBOUNDED = 5.0  # activations without a limit are counted within +-5: five standard deviations of a preserved signal
DECADES = (-20, 10)  # log10 |dL/dz|
BINS_PER_DECADE = 4


@frozen
class Bins:
    """Equal bins from low to high; the first count is what lies below them, the last what lies above (or is not a
    number).
    """

    low: float
    high: float
    number: int

    @property
    def edges(self) -> list[float]:
        """number + 3 edges, from -inf to inf: one bin more at each end."""
        step = (self.high - self.low) / self.number
        inner = [self.low + step * k for k in range(self.number)]
        return [-np.inf, *inner, self.high, np.inf]

    def count(self, x: Array) -> Array:
        """Counts of all entries of x, (number + 2,) int64."""
        x = x.ravel()
        # The outer edges, in x's own precision, are inside: tanh and sigmoid reach their limits exactly, or come near
        # enough to land beyond the last bin by rounding.
        scaled = (x.astype(np.float64) - self.low) * (self.number / (self.high - self.low))
        place = np.clip(np.nan_to_num(np.floor(scaled)), 0, self.number - 1).astype(np.int64) + 1
        place[x < self.low] = 0
        place[~(x <= self.high)] = self.number + 1
        return np.bincount(place, minlength=self.number + 2)


def activation_bins(formula: Formula) -> Bins:
    """Bins over an activation's own range where it has one, with +-5 for an open end."""
    low = formula.lower if np.isfinite(formula.lower) else -UNBOUNDED
    high = formula.upper if np.isfinite(formula.upper) else UNBOUNDED
    return Bins(float(low), float(high), BINS)


GRADIENT_BINS = Bins(float(DECADES[0]), float(DECADES[1]), (DECADES[1] - DECADES[0]) * BINS_PER_DECADE)


def log_magnitude(d: Array) -> Array:
    """log10 |d|, -inf for zeros."""
    return np.asarray(np.log10(np.abs(d.astype(np.float64))))
