"""The correlation map at many lengths at once: chords as polynomials in the angle between two inputs.

With e = 1 - cos(t), the chord of `spectrum` is smooth in the angle t from 0 to pi / 2, with kinks too; with jumps, t
times the chord is. Its series says all down to some angle, and at t = 0 value and slope are known. That leaves relative
errors of 1e-8, and up to 1e-2 for kinks and jumps at angles below 0.2, where e < 0.02, if q is large.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .chebyshev import Cells, points, polynomials
from .gaussian import moments
from .roots import bracketed
from .spectrum import spectrum

Array = np.ndarray[Any, Any]

_TERMS = 26
_CELL, _NODES = 1.0, 12  # in ln q
_RIGHT = np.pi / 2
_FACTOR = np.expm1(1) / _RIGHT
_CLOSEST = 1e-6  # the smallest angle that is looked at
_EDGE = 1e-9  # c = 0 up to the table's error


@frozen
class Chords:
    """cells: ln q -> coefficients of t^jumping times the chord in T_0 ... T_(K - 1) of `_place(t)`, (N,) -> (N, K)."""

    cells: Cells
    jumping: bool

    def rest(self, log_q: Array, share: Array) -> tuple[Array, Array]:
        """Where the correlations of inputs of length q come to rest below 1, and the slope of their map there.

        (P,) each; share: sigma_w^2 <phi^2> / F(q). (1, nan) where they go to 1, or so close to it that it cannot be
        told.
        """
        coefficients = self.cells(log_q).T
        closest, right = np.full_like(share, _CLOSEST), np.full_like(share, _RIGHT)
        excess = [share * self._chord(coefficients, angle)[0] - 1 for angle in (closest, right)]
        angle = bracketed(lambda t: share * self._chord(coefficients, t)[0] - 1, closest, right)
        angle = np.where(excess[1] >= -_EDGE, right, angle)
        chord, change = self._chord(coefficients, angle)
        slope = share * (chord + np.tan(angle / 2) * change)  # d(e chord)/de = chord + tan(t / 2) d chord/dt
        apart = (excess[0] > 0) & np.isfinite(slope)
        return np.where(apart, np.where(angle == right, 0.0, np.cos(angle)), 1.0), np.where(apart, slope, np.nan)

    def _chord(self, coefficients: Array, angle: Array) -> tuple[Array, Array]:
        """The chord and its slope in the angle, (P,) each."""
        height, change = _chebyshev(coefficients, _place(angle))
        change = change * _stretch(angle)
        if not self.jumping:
            return height, change
        return height / angle, (change - height / angle) / angle


@lru_cache(maxsize=8)
def chords(activation: Activation) -> Chords:
    """Those of an activation; cells are computed when they are first needed."""
    jumping = bool(activation.formula.jumps)
    return Chords(Cells(lambda log_q: _coefficients(activation, np.exp(log_q)), _CELL, _NODES), jumping)


def _coefficients(activation: Activation, q: Array) -> Array:
    """The polynomials at every q, (N,) -> (N, terms)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        series = spectrum(activation, q)
        nearest = np.arccos(1 - series.nearest())
        place = (1 + _place(nearest)) / 2 + (1 - _place(nearest)) / 2 * points(_TERMS - 2)
        angle = np.expm1((place + 1) / 2) / _FACTOR
        values = series.chord(2 * np.sin(angle / 2) ** 2)
        if activation.formula.jumps:
            values = values * angle
        values = np.concatenate([_at_zero(activation, q), values], axis=1)
    values[~np.isfinite(values).all(axis=1)] = np.nan
    orders = np.arange(_TERMS)
    slopes = -((-1.0) ** orders) * orders**2 * _stretch(0)  # dT_k/dt at t = 0
    basis = np.concatenate([[(-1.0) ** orders, slopes], polynomials(place, _TERMS)])
    return np.asarray(np.linalg.solve(basis, values.T).T)


def _place(angle: Array | float) -> Array:
    """Angles on [-1, 1], stretched next to 0, where the chord of a steep phi bends."""
    return np.asarray(2 * np.log1p(_FACTOR * angle) - 1)


def _stretch(angle: Array | float) -> Array:
    """The slope of `_place`."""
    return np.asarray(2 * _FACTOR / (1 + _FACTOR * angle))


def _at_zero(activation: Activation, q: Array) -> Array:
    """What is followed by the polynomial, and its slope, at t = 0, (N,) -> (N, 2).

    Two inputs stand on both sides of z with a probability of t exp(-z^2 / 2 q) / pi. With S = <phi^2>, T = <phi'^2>:
        where phi' jumps by k:    chord = q T / S - t (sum of k^2 exp(-z^2 / 2 q)) q / (3 pi S) + ...
        where phi jumps by J:   t chord = (sum of J^2 exp(-z^2 / 2 q)) / (pi S)
                                          + t (q T + sum of 2 J phi' sqrt(q / 2 pi) exp(-z^2 / 2 q)) / S + ...
    with the phi' between those on both sides.
    """
    m = moments(activation, q)
    breaks = np.array(sorted({*activation.formula.kinks, *activation.formula.jumps}))
    near = 1e-12 * np.maximum(np.abs(breaks), 1)
    (above, steeper), (below, flatter) = activation.both(breaks + near), activation.both(breaks - near)
    often = np.exp(-(breaks**2) / (2 * q[:, None]))
    if not activation.formula.jumps:
        bend = often @ (steeper - flatter) ** 2
        return np.stack([q * m.slope_square, -q * bend / (3 * np.pi)], axis=1) / m.square[:, None]
    jump = above - below
    along = often @ (jump * (steeper + flatter)) * np.sqrt(q / (2 * np.pi))
    return np.stack([often @ jump**2 / np.pi, q * m.slope_square + along], axis=1) / m.square[:, None]


def _chebyshev(coefficients: Array, x: Array) -> tuple[Array, Array]:
    """sum_k a_k T_k(x) and its slope by Clenshaw's recurrence, (K, P) and (P,) -> (P,) each."""
    value, before = np.zeros_like(x), np.zeros_like(x)
    slope, slope_before = np.zeros_like(x), np.zeros_like(x)
    for a in coefficients[:0:-1]:
        slope, slope_before = 2 * x * slope + 2 * value - slope_before, slope
        value, before = 2 * x * value + a - before, value
    return x * value - before + coefficients[0], value + x * slope - slope_before
