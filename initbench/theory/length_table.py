"""The length and the gradient map of an activation once and for all: <phi^2> and <phi'^2> over all q.

sigma_w and sigma_b enter both maps as a factor and an addend, so one table serves every network of an activation.
Between the nodes, <phi^2> / q and <phi'^2> are polynomials of degree 5 in ln q that meet values and two derivatives.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .gaussian import moments
from .roots import ROUNDING

Array = np.ndarray[Any, Any]

# (from, to, nodes a decade) in powers of 10: dense where activations bend, sparse where they are powers of z
_DECADES = ((-24, -8, 3), (-8, 8, 16), (8, 24, 3))
_FALLING = 1e-9  # relative; a flat tail that falls by less is rounding


@frozen
class Between:
    """At some q, of its shape, inf where it overflows: ratio <phi^2> / q, slope d<phi^2>/dq, slope_square <phi'^2>,
    growth d<phi'^2>/dln q."""

    ratio: Array
    slope: Array
    slope_square: Array
    growth: Array


@frozen
class LengthTable:
    """log_q (N,), rising; square <phi^2>, d_square, slope_square <phi'^2> at its nodes, inf where they overflow.

    pieces: (2, 6, N - 1), the polynomials of <phi^2> / q and <phi'^2> on [0, 1] between neighbours.
    """

    log_q: Array
    square: Array
    d_square: Array
    slope_square: Array
    pieces: Array

    @property
    def q(self) -> Array:
        return np.asarray(np.exp(self.log_q))

    @property
    def rising(self) -> bool:
        """Whether <phi^2> never falls, so that the length map keeps the order of any two lengths."""
        return bool(np.all(~(self.d_square < -_FALLING * self.square / self.q)))

    @property
    def at_zero(self) -> tuple[float, float]:
        """(d<phi^2>/dq, <phi'^2>) as q -> 0, where phi(0) = 0; at a kink, the slope at z = 0 itself is a convention."""
        limits = np.array([self.square[0] / self.q[0], self.slope_square[0]])
        slope, slope_square = np.where(limits > ROUNDING, limits, 0).tolist()
        return slope, slope_square

    def at(self, log_q: Array) -> Between:
        """The averages at any ln q, of any shape; beyond the table, those of its ends."""
        cell = np.clip(np.searchsorted(self.log_q, log_q) - 1, 0, self.log_q.size - 2)
        width = self.log_q[cell + 1] - self.log_q[cell]
        t = np.clip((log_q - self.log_q[cell]) / width, 0, 1)
        with np.errstate(invalid="ignore"):
            ratio, rise = _polynomial(self.pieces[0][:, cell], t)
            slope_square, growth = _polynomial(self.pieces[1][:, cell], t)
            # d<phi^2>/dq = d(q r)/dq = r + dr/dln q
            averages = ratio, ratio + rise / width, slope_square, growth / width
        return Between(*(np.where(np.isfinite(a), a, np.inf) for a in averages))


@lru_cache(maxsize=32)
def length_table(activation: Activation) -> LengthTable:
    """The table of an activation."""
    ends = [np.linspace(a, b, (b - a) * nodes, endpoint=False) for a, b, nodes in _DECADES]
    log_q = np.log(10) * np.append(np.concatenate(ends), _DECADES[-1][1])
    q = np.exp(log_q)
    m = moments(activation, q)
    with np.errstate(over="ignore", invalid="ignore"):
        # with r = s / q:  dr/dln q = s' - r,  d2r/dln q2 = q s'' - s' + r
        ratio = m.square / q
        first = m.d_square - ratio
        pieces = [
            _quintic(log_q, ratio, first, q * m.d2_square - first),
            _quintic(log_q, m.slope_square, q * m.d_slope_square, q * m.d_slope_square + (q * m.d2_slope_square) * q),
        ]
    return LengthTable(log_q, m.square, m.d_square, m.slope_square, np.stack(pieces))


def _quintic(x: Array, y: Array, first: Array, second: Array) -> Array:
    """Coefficients, (6, N - 1) from the constant up, of Hermite's polynomials on [0, 1] between neighbours."""
    width = np.diff(x)
    d = np.diff(y)
    v0, v1 = first[:-1] * width, first[1:] * width
    a0, a1 = second[:-1] * width**2, second[1:] * width**2
    cubic = 10 * d - 6 * v0 - 4 * v1 - (3 * a0 - a1) / 2
    quartic = -15 * d + 8 * v0 + 7 * v1 + (3 * a0 - 2 * a1) / 2
    quintic = 6 * d - 3 * (v0 + v1) - (a0 - a1) / 2
    return np.stack([y[:-1], v0, a0 / 2, cubic, quartic, quintic])


def _polynomial(coefficients: Array, t: Array) -> tuple[Array, Array]:
    """Value and slope of the polynomials, (6, K) and (K,) -> (K,) each."""
    value, slope = coefficients[-1], np.zeros_like(t)
    for coefficient in coefficients[-2::-1]:
        slope = slope * t + value
        value = value * t + coefficient
    return value, slope
