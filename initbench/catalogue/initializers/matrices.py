"""Laws of whole matrices, whose entries depend on one another: no bias can be drawn from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...values import frozen
from .laws import Array, Normal


@frozen
class Identity:
    """`gain` on the main diagonal of a (fan_in, fan_out) matrix, 0 elsewhere."""

    fan_in: int
    fan_out: int
    gain: float
    elementwise = False
    random = False

    @property
    def _share(self) -> float:
        """How many of the entries stand on the diagonal."""
        return 1 / max(self.fan_in, self.fan_out)

    @property
    def mean(self) -> float:
        return self.gain * self._share

    @property
    def variance(self) -> float:
        return self.gain * self.gain * self._share * (1 - self._share)

    @property
    def bounds(self) -> tuple[float, float]:
        off_diagonal = self.gain if self.fan_in == self.fan_out == 1 else 0.0
        return (min(off_diagonal, self.gain), max(off_diagonal, self.gain))

    @property
    def kurtosis(self) -> float:
        return 1 / (self._share * (1 - self._share)) - 3 if self.variance else math.nan

    def fill(self, rng: np.random.Generator, out: Array) -> None:
        """Draw nothing: `rng` stays where it is. Raises ValueError unless out is (fan_in, fan_out)."""
        _check_shape(out, self.fan_in, self.fan_out)
        out.fill(0)
        with np.errstate(over="ignore"):
            np.fill_diagonal(out, self.gain)


@frozen
class Orthogonal:
    """`gain` times a Haar-distributed semi-orthogonal (fan_in, fan_out) matrix W.

    W^T W = gain^2 I where fan_in >= fan_out, else W W^T = gain^2 I. An entry is gain times a coordinate of a
    random unit vector of n = max(fan_in, fan_out) dimensions: its square over gain^2 is Beta(1/2, (n - 1)/2).
    """

    fan_in: int
    fan_out: int
    gain: float
    elementwise = False
    mean = 0.0

    @property
    def random(self) -> bool:
        return self.gain != 0

    @property
    def variance(self) -> float:
        return self.gain * self.gain / max(self.fan_in, self.fan_out)

    @property
    def bounds(self) -> tuple[float, float]:
        return (-abs(self.gain), abs(self.gain))

    @property
    def kurtosis(self) -> float:
        longer = max(self.fan_in, self.fan_out)
        return 3 * longer / (longer + 2) if self.random else math.nan

    def fill(self, rng: np.random.Generator, out: Array) -> None:
        """Draw in the dtype of `out`. Raises ValueError unless out is (fan_in, fan_out)."""
        _check_shape(out, self.fan_in, self.fan_out)
        if not self.random:
            out.fill(0)
            return
        longer, shorter = max(out.shape), min(out.shape)
        gaussian: np.ndarray[Any, Any] = rng.standard_normal((longer, shorter), dtype=out.dtype)
        q, r = np.linalg.qr(gaussian)
        # Householder's R has signs of its own choice; Q is Haar for the R with a positive diagonal alone.
        q *= np.where(np.diagonal(r) < 0, -1, 1).astype(out.dtype)
        with np.errstate(over="ignore"):
            np.multiply(q if self.fan_in >= self.fan_out else q.T, self.gain, out=out)


@frozen
class Sparse:
    """N(0, stddev^2), with exactly `zeros` entries, drawn at random, set to 0 in each line of the matrix.

    axis 0: a line holds the fan_in connections into one output unit.
    axis 1: it holds the fan_out connections out of one input unit.
    """

    fan_in: int
    fan_out: int
    stddev: float
    zeros: int
    axis: int
    elementwise = False
    mean = 0.0

    @property
    def _kept(self) -> float:
        """How many of the entries are drawn."""
        return 1 - self.zeros / (self.fan_in, self.fan_out)[self.axis]

    @property
    def random(self) -> bool:
        return self.stddev > 0 and self._kept > 0

    @property
    def variance(self) -> float:
        return self._kept * self.stddev * self.stddev

    @property
    def bounds(self) -> tuple[float, float]:
        return (-math.inf, math.inf) if self.random else (0.0, 0.0)

    @property
    def kurtosis(self) -> float:
        return 3 / self._kept if self.random else math.nan

    def fill(self, rng: np.random.Generator, out: Array) -> None:
        """Draw in the dtype of `out`. Raises ValueError unless out is (fan_in, fan_out)."""
        _check_shape(out, self.fan_in, self.fan_out)
        if not self.random:
            out.fill(0)
            return
        Normal(0.0, self.stddev).fill(rng, out)
        lines = out.T if self.axis == 0 else out
        dropped = np.zeros(lines.shape, bool)
        dropped[:, : self.zeros] = True
        np.copyto(lines, 0, where=rng.permuted(dropped, axis=1, out=dropped))


def _check_shape(out: Array, fan_in: int, fan_out: int) -> None:
    if out.shape != (fan_in, fan_out):
        raise ValueError(f"a law of ({fan_in}, {fan_out}) matrices cannot fill an array of shape {out.shape}")
