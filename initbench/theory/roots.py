"""Roots of functions of one variable: of many at once, each in its bracket, and all of one function on a grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..values import frozen

Array = np.ndarray[Any, Any]

ROUNDING = 1e-12
"""Values below it are rounding: functions here are differences of numbers near 1."""

_CLEAR = 1e-6  # how far a function is from 0 next to a place where it touches 0, and does not just run along
_STEPS = 100  # bisection alone would need 50 for every digit of a float64


@frozen
class Crossings:
    """Where a function is 0: at (K,), rising; downwards (K,): whether it goes from + to - there; touching (T,): where
    it is 0 without changing its sign. first: its sign before all of them, 0 where it is nowhere clear."""

    at: Array
    downwards: Array
    touching: Array
    first: int


def crossings(
    function: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    nodes: Array,
    heights: Array,
    slopes: Array,
) -> Crossings:
    """All places where a function is 0. heights, slopes: values and slopes at the rising nodes; nan says nothing.

    Between two roots that lie between neighbouring nodes there is an extremum, which is found where the slope is 0.
    """
    nodes, heights = _with_extrema(function, slope, nodes, heights, slopes)
    with np.errstate(invalid="ignore"):
        sign = np.where(np.abs(heights) > ROUNDING, np.sign(heights), 0)
        flat = np.flatnonzero(np.abs(heights) <= ROUNDING)
    told = np.flatnonzero(sign)
    turns = np.flatnonzero(sign[told[:-1]] != sign[told[1:]])
    low, high = told[turns], told[turns + 1]
    inner = flat[(flat > 0) & (flat < nodes.size - 1)]
    touching = inner[(sign[inner - 1] == sign[inner + 1]) & (sign[inner - 1] != 0)]
    clear = np.maximum(np.abs(heights[touching - 1]), np.abs(heights[touching + 1])) > _CLEAR
    first = int(sign[told[0]]) if told.size else 0
    return Crossings(bracketed(function, nodes[low], nodes[high]), sign[low] > 0, nodes[touching[clear]], first)


def _with_extrema(
    function: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    nodes: Array,
    heights: Array,
    slopes: Array,
) -> tuple[Array, Array]:
    """The nodes and heights, and between them the extrema that lie on the other side of 0 or at it."""
    with np.errstate(invalid="ignore"):
        side = np.where(np.abs(slopes) > ROUNDING, np.sign(slopes), 0)
    low = np.flatnonzero(side[:-1] * side[1:] < 0)
    extrema = bracketed(slope, nodes[low], nodes[low + 1])
    height = function(extrema)
    with np.errstate(invalid="ignore"):
        side = np.sign(height)
        across = (side == -np.sign(heights[low])) & (side == -np.sign(heights[low + 1]))
        across |= (np.abs(height) <= ROUNDING) & (np.sign(heights[low]) == np.sign(heights[low + 1]))
    nodes, heights = np.append(nodes, extrema[across]), np.append(heights, height[across])
    order = np.argsort(nodes, kind="stable")
    return nodes[order], heights[order]


def bracketed(function: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """x between low and high where each function changes its sign, (K,) -> (K,), to the last digits of |x| or of the
    bracket's width, whichever is larger.

    function: (K,) -> (K,), the k-th entry a function of the k-th x alone. Where both ends have the same sign, the end
    with the smaller |f| is given back. Inverse quadratic interpolation, and bisection where it cannot be trusted:
    Chandrupatla 1997, Advances in Engineering Software 28.
    """
    older, newer = np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)
    f_older, f_newer = function(older), function(newer)
    best = np.where(np.abs(f_older) < np.abs(f_newer), older, newer)
    open_ = np.sign(f_older) * np.sign(f_newer) < 0
    share = np.full_like(newer, 0.5)
    span = np.abs(older - newer)
    for _ in range(_STEPS):
        if not open_.any():
            break
        x = newer + share * (older - newer)
        f = function(x)
        same = np.sign(f) == np.sign(f_newer)
        third, f_third = np.where(same, newer, older), np.where(same, f_newer, f_older)
        older, f_older = np.where(same, older, newer), np.where(same, f_older, f_newer)
        newer, f_newer = x, f
        best = np.where(open_, np.where(np.abs(f_older) < np.abs(f), older, x), best)
        gap = np.abs(older - newer)
        resolution = 4 * np.finfo(np.float64).eps * np.maximum(np.abs(best), span)
        open_ &= (gap > resolution) & (f != 0)
        share = _share(newer, older, third, f_newer, f_older, f_third)
        with np.errstate(divide="ignore", invalid="ignore"):
            least = np.where(open_, 0.5 * resolution / gap, 0.0)
        share = np.clip(share, least, 1 - least)
    return best


def _share(newer: Array, older: Array, third: Array, f_newer: Array, f_older: Array, f_third: Array) -> Array:
    """How far from the newer towards the older end the next point lies, 0 to 1."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        place = (newer - older) / (third - older)
        level = (f_newer - f_older) / (f_third - f_older)
        trusted = (level**2 < place) & ((1 - level) ** 2 < 1 - place)
        inverse = f_newer / (f_older - f_newer) * f_third / (f_older - f_third) + (third - newer) / (
            older - newer
        ) * f_newer / (f_third - f_newer) * f_older / (f_third - f_older)
        return np.where(trusted & np.isfinite(inverse), inverse, 0.5)
