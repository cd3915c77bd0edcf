"""The few laws that every initializer's name comes down to.

A Law is made for one (fan_in, fan_out) matrix W, whose preactivation is z = h W + b. It fills an array in place, so that an engine
can draw into memory that it already has, and it knows its own moments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, Any]


class Law(Protocol):
    """The law of a weight matrix.

    elementwise: entries are independent and identical, so that a bias vector can be drawn from the same law.
    random: whether two draws differ.
    mean, variance: of the entries (for laws of whole matrices: of an entry drawn at random from the matrix).
    bounds: the smallest and the largest value that an entry can take.
    kurtosis: E (w - mean)^4 / variance^2 of the entries (3 for a normal law), nan where the variance is 0.
    """

    @property
    def elementwise(self) -> bool: ...
    @property
    def random(self) -> bool: ...
    @property
    def mean(self) -> float: ...
    @property
    def variance(self) -> float: ...
    @property
    def bounds(self) -> tuple[float, float]: ...
    @property
    def kurtosis(self) -> float: ...
    def fill(self, rng: np.random.Generator, out: Array) -> None:
        """Draw into `out`: (fan_in, fan_out), or any shape for an elementwise law; float32 or float64, C-contiguous."""
        ...


@dataclass(frozen=True)
class Normal:
    """N(mean, stddev^2), untruncated."""

    mean: float
    stddev: float
    elementwise = True
    kurtosis = 3.0

    @property
    def random(self) -> bool:
        return self.stddev > 0

    @property
    def variance(self) -> float:
        return self.stddev**2

    @property
    def bounds(self) -> tuple[float, float]:
        return (-math.inf, math.inf)

    def fill(self, rng: np.random.Generator, out: Array) -> None:
        rng.standard_normal(dtype=out.dtype, out=out)
        out *= self.stddev
        if self.mean:
            out += self.mean
