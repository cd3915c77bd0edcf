"""The few laws that every initializer's name comes down to; truncated and matrices hold the longer ones.

A Law is made for one (fan_in, fan_out) matrix W, whose preactivation is z = h W + b. It fills an array in
place, so that an engine can draw into memory that it already has, and it knows its own moments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from ...streams import fill_normals, fill_uniforms
from ...values import frozen

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
        """Draw into `out`: float32 or float64, C-contiguous.

        Its shape is (fan_in, fan_out), or anything for an elementwise law.
        """
        ...


def fill_stack(law: Law, rngs: Sequence[np.random.Generator], out: Array) -> None:
    """Draw several matrices, (S, fan_in, fan_out), each from its own generator: the same numbers as one by one."""
    if isinstance(law, Normal | Uniform):
        law.fill_stack(rngs, out)
        return
    for rng, matrix in zip(rngs, out, strict=True):
        law.fill(rng, matrix)


@frozen
class Constant:
    """Every entry is `value`."""

    value: float
    elementwise = True
    random = False
    variance = 0.0
    kurtosis = math.nan

    @property
    def mean(self) -> float:
        return self.value

    @property
    def bounds(self) -> tuple[float, float]:
        return (self.value, self.value)

    def fill(self, rng: np.random.Generator, out: Array) -> None:
        """Draw nothing: `rng` stays where it is."""
        with np.errstate(over="ignore"):  # beyond float32, the entries are inf
            out.fill(self.value)


@frozen
class Normal:
    """N(mean, stddev^2), untruncated. stddev >= 0; with 0, every entry is the mean."""

    mean: float
    stddev: float
    elementwise = True

    @property
    def random(self) -> bool:
        return self.stddev > 0

    @property
    def variance(self) -> float:
        return self.stddev * self.stddev

    @property
    def bounds(self) -> tuple[float, float]:
        return (-math.inf, math.inf) if self.random else (self.mean, self.mean)

    @property
    def kurtosis(self) -> float:
        return 3.0 if self.random else math.nan

    def fill(self, rng: np.random.Generator, out: Array) -> None:
        """Draw in the dtype of `out`."""
        self.fill_stack((rng,), out[None])

    def fill_stack(self, rngs: Sequence[np.random.Generator], out: Array) -> None:
        """Draw out[s] from rngs[s]."""
        if not self.random:
            Constant(self.mean).fill(rngs[0], out)
            return
        with np.errstate(over="ignore", under="ignore"):
            fill_normals(rngs, out, self.stddev)
            if self.mean:
                out += self.mean


@frozen
class Uniform:
    """U[low, high), low <= high; with low = high, every entry is that number."""

    low: float
    high: float
    elementwise = True

    @property
    def random(self) -> bool:
        return self.low < self.high

    @property
    def mean(self) -> float:
        return self.low / 2 + self.high / 2

    @property
    def variance(self) -> float:
        width = self.high - self.low
        return width * width / 12

    @property
    def bounds(self) -> tuple[float, float]:
        return (self.low, self.high)

    @property
    def kurtosis(self) -> float:
        return 9 / 5 if self.random else math.nan

    def fill(self, rng: np.random.Generator, out: Array) -> None:
        """Draw in the dtype of `out`; no entry leaves [low, high], whatever the rounding."""
        self.fill_stack((rng,), out[None])

    def fill_stack(self, rngs: Sequence[np.random.Generator], out: Array) -> None:
        """Draw out[s] from rngs[s]."""
        low, high = inward(self.low, self.high, out.dtype)
        if not low < high:  # one number, or none at all between the bounds in this precision
            Constant(self.mean).fill(rngs[0], out)
            return
        with np.errstate(over="ignore", invalid="ignore"):
            fill_uniforms(rngs, out, float(low), float(high))


@lru_cache(maxsize=256)
def inward(low: float, high: float, dtype: np.dtype[Any]) -> tuple[np.floating[Any], np.floating[Any]]:
    """The smallest and the largest number of `dtype` in [low, high]; in the wrong order if there is none."""
    number, infinity = dtype.type, dtype.type(math.inf)
    with np.errstate(over="ignore"):
        lowest, highest = number(low), number(high)
    if float(lowest) < low and math.isfinite(lowest):
        lowest = np.nextafter(lowest, infinity)
    if float(highest) > high and math.isfinite(highest):
        highest = np.nextafter(highest, -infinity)
    return lowest, highest
