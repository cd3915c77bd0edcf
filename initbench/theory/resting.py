"""Where the correlation of two inputs comes to rest, and how fast, while their lengths rest at q.

The map is c' = 1 - s e D(e), with e = 1 - c, s = sigma_w^2 <phi^2> / F(q) and D the chord of `spectrum`. It is convex
for c >= 0 and keeps c = 1, so two inputs of any correlation from 0 up to 1 end at one and the same place: at the one
fixed point below 1 where the slope at 1 is larger than 1, else at 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..catalogue.activations import Activation
from ..values import frozen
from .length_table import length_table
from .maps import chord, chord_growth
from .pairs import pair_moments
from .roots import bracketed
from .spectrum import spectrum

Array = np.ndarray[Any, Any]

CRITICAL = 1e-8
"""Factors within 1 +- CRITICAL count as 1: what they do needs 1e8 layers to be seen."""

_CLOSEST = 1e-12  # the smallest e that is looked at
_EDGE = 1e-13  # c = 0 up to rounding
_ALIKE = 1e-3  # relative: by what the extreme lengths of the table still differ from their limits, at most
_TINY = 1e-280  # a square below it is nothing
_FLAT = 1e-12  # slopes below it are rounding


@frozen
class Rest:
    """c: the correlation at which inputs come to rest. slope: that of the correlation map there."""

    c: float
    slope: float


def resting_correlation(activation: Activation, q: float, square: float, steep: float, share: float) -> Rest:
    """Where the correlations of inputs of length q > 0 come to rest.

    square: <phi^2> at q. share: s above. steep: the slope of the map at c = 1 without regard to jumps,
    sigma_w^2 q <phi'^2> / F(q).
    """
    jumps = bool(activation.formula.jumps)
    if (not jumps and steep <= 1 + CRITICAL) or share <= _CLOSEST:  # e D is at most 1
        return Rest(1.0, steep)
    series = spectrum(activation, np.array([q]))
    if share * series.chord(np.array([1.0]))[0, 0] >= 1 - _EDGE:
        return Rest(0.0, share * float(series.slope(np.array([1.0]))[0, 0]))
    near = max(series.nearest(), _CLOSEST)
    if share * series.chord(np.array([near]))[0, 0] >= 1:
        e = _root(lambda e: share * series.chord(e)[0] - 1, near, 1.0)
        return Rest(1 - e, share * float(series.slope(np.array([e]))[0, 0]))
    return _close_to_one(activation, q, square, steep, share, near)


def limit_of_correlation(activation: Activation, growing: bool, adding_up: bool = False) -> Rest | None:
    """Where correlations come to rest while q goes to 0, or grows beyond all bounds; None where that depends on them.

    The map is then that of <phi_a phi_b> / <phi^2> alone. Where phi is like z, every correlation is kept, unless q
    grows so slowly that the biases add up; where it is like a relu, c goes to 1, with a slope of 1.
    """
    table = length_table(activation)
    where = -1 if growing else 0
    q, square, slope_square = float(table.q[where]), float(table.square[where]), float(table.slope_square[where])
    if not (math.isfinite(square) and square > _TINY):
        return None
    steep = q * slope_square / square  # 1 for |z|, 4/3 for z^2, 9/5 for z^3
    if abs(steep - 1) > _ALIKE:
        return resting_correlation(activation, q, square, steep, 1.0)
    left, right = activation.value(np.array([-1, 1]) * math.sqrt(q))
    straight = abs(left + right) <= _ALIKE * max(abs(left), abs(right))
    return None if straight and not adding_up else Rest(1.0, 1.0)


def phase_of(chi: ArrayLike) -> Array:
    """ordered, critical or chaotic for chi below, at (to 1e-8) and above 1; any shape."""
    chi = np.asarray(chi, dtype=np.float64)
    return np.where(np.abs(chi - 1) <= CRITICAL, "critical", np.where(chi < 1, "ordered", "chaotic"))


def depth_scale(slope: ArrayLike) -> Array:
    """xi = -1 / ln |slope|, any shape: the layers in which a deviation falls by e.

    inf where the slope is 1 (to 1e-8), nan where deviations grow.
    """
    slope = np.abs(np.asarray(slope, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = -1 / np.log(np.where(slope > _FLAT, slope, 0))
    return np.where(np.abs(slope - 1) <= CRITICAL, np.inf, np.where(slope < 1, scale, np.nan))


def _close_to_one(activation: Activation, q: float, square: float, steep: float, share: float, far: float) -> Rest:
    """The same below e = far, where kinks and jumps need more terms than the series has."""
    scale = share * q / square
    if scale * float(chord(activation, q, _CLOSEST)) <= 1:
        return Rest(1.0, steep)
    e = _root(lambda e: scale * chord(activation, q, e) - 1, _CLOSEST, far)
    if activation.formula.jumps:
        return Rest(1 - e, scale * float(chord_growth(activation, q, e)))
    return Rest(1 - e, scale * float(pair_moments(activation, q, q, e).slope_product))


def _root(function: Callable[[Array], Array], low: float, high: float) -> float:
    """The e between low and high where a function of e changes its sign."""
    log_e = bracketed(lambda x: function(np.exp(x)), np.log([low]), np.log([high]))
    return math.exp(log_e[0])
