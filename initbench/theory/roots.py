"""Roots of many functions of one variable at once, each kept in its bracket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_STEPS = 100  # bisection alone would need 50 for every digit of a float64


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
