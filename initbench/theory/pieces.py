"""Activations that are made of straight pieces, of parabolas or of one exponential: told by the values of the slope."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .quadrature import breaks, mesh
from .sets import sorted_set

Array = np.ndarray[Any, Any]

_WITHIN = np.array([0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95])  # of a piece, where it is looked at
_ROUNDING = 1e-13
_SAME = 1e-12  # of two numbers, each found with rounding errors


@frozen
class Pieces:
    """phi' = slopes + bends z in turn, from -inf to inf, with its kinks and jumps at K ends.

    ends (K,), rising. slopes, bends: (K + 1,). kinks, jumps: what phi' and phi jump by at the ends, (K,).
    rate: > 0 where the first piece is an exponential, slopes[0] exp(rate z), with its only end at 0; else 0.
    """

    ends: Array
    slopes: Array
    bends: Array
    kinks: Array
    jumps: Array
    rate: float


@lru_cache(maxsize=256)
def pieces(activation: Activation) -> Pieces | None:
    """The pieces of an activation, None where it is not made of such, or of one alone.

    Parabolas or an exponential beside jumps of the value are none.
    """
    ends = sorted_set(mesh(activation), breaks(activation))
    if not ends.size:
        return None
    z = _looked_at(ends)
    with np.errstate(all="ignore"):
        value, slope = activation.both(z)
        straight = _straight(z, slope)
        found = straight if straight is not None else _with_exponential(ends, z, slope)
        if found is None:
            return None
        slopes, bends, rate = found
        if rate:
            slopes, bends, ends = slopes[-2:], bends[-2:], np.zeros(1)
            return Pieces(ends, slopes, bends, slopes[1:] - slopes[:1], np.zeros(1), rate)
        differs = ~(_alike(slopes[1:], slopes[:-1]) & _alike(bends[1:], bends[:-1]))
        own = differs | np.isin(ends, activation.formula.jumps)
        first = np.append(True, own)
        ends, slopes, bends, z, value = ends[own], slopes[first], bends[first], z[first, 3], value[first, 3]
        jumps = _jumps(ends, slopes, bends, z, value) if activation.formula.jumps else np.zeros(len(ends))
    if not ends.size or (jumps.any() and bends.any()):
        return None
    return Pieces(ends, slopes, bends, np.diff(slopes) + np.diff(bends) * ends, jumps, 0.0)


def _looked_at(ends: Array) -> Array:
    """Points within every piece, (K + 1, X); of the first and the last, near their end."""
    room = np.maximum(np.abs(ends[[0, -1]]), 1.0)
    low, high = np.append(ends[0] - room[0], ends), np.append(ends, ends[-1] + room[1])
    return np.asarray(low[:, None] + (high - low)[:, None] * _WITHIN)


def _alike(a: Array, b: Array) -> Array:
    return np.asarray(np.abs(a - b) <= _SAME * np.maximum(np.abs(a), np.abs(b)))


def _straight(z: Array, slope: Array) -> tuple[Array, Array, float] | None:
    """The lines that the slope is made of, None where it is not: slopes and bends, (K + 1,) each."""
    bends = (slope[:, -1] - slope[:, 0]) / (z[:, -1] - z[:, 0])
    bends[_alike(slope[:, -1], slope[:, 0])] = 0.0
    slopes = slope[:, 3] - bends * z[:, 3]
    fits = np.abs(slope - slopes[:, None] - bends[:, None] * z) <= _ROUNDING * np.abs(slope).max()
    return (slopes, bends, 0.0) if fits.all() else None


def _with_exponential(ends: Array, z: Array, slope: Array) -> tuple[Array, Array, float] | None:
    """slopes[0] exp(rate z) below 0 and one straight line above, None where the slope is anything else."""
    below = z[:, 0] < 0
    if ends[-1] != 0 or not (slope[~below] == slope[-1, 0]).all():
        return None
    last = slope[below][-1]
    rate = float(np.log(last[-1] / last[0]) / (z[below][-1, -1] - z[below][-1, 0]))
    if not 0 < rate < np.inf:
        return None
    size = last[-1] * np.exp(-rate * z[below][-1, -1])
    if not (np.abs(slope[below] - size * np.exp(rate * z[below])) <= _ROUNDING * np.abs(size)).all():
        return None
    return np.array([size, slope[-1, 0]]), np.zeros(2), rate


def _jumps(ends: Array, slopes: Array, bends: Array, z: Array, value: Array) -> Array:
    """What the value jumps by at the ends, (K,), from what it is within the pieces, at z (K + 1,)."""
    above = value[1:] - slopes[1:] * (z[1:] - ends) - bends[1:] * (z[1:] ** 2 - ends**2) / 2
    below = value[:-1] - slopes[:-1] * (z[:-1] - ends) - bends[:-1] * (z[:-1] ** 2 - ends**2) / 2
    return np.where(_alike(above, below), 0.0, above - below)
