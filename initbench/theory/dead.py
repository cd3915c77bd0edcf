"""How many units are inactive on a whole batch, layer by layer."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from .chebyshev import points, polynomials, transform
from .kernel import Trajectory
from .sets import sorted_set
from .shares import dead_share, region, share

Array = np.ndarray[Any, Any]

_NODES = 32  # of the polynomial in the angle that stands for many layers of one mean square
_PARTS, _KNOTS = 3, 24  # of the polynomials that stand for all angles, where mean squares do not matter
_AT_0 = 1e-6  # ends of an inactive region under which, in standard deviations, they might as well be 0
_FAR = 1e300
_NEVER = 1e-12  # share of inactive entries under which no unit is dead
_SMALLEST = 1e-300


def dead_fraction(t: Trajectory, dtype: str) -> Array:
    """The probability that a unit is inactive on the whole batch, (L + 1,), nan at the input and where unknown.

    The inputs count as ones of equal mean squares and equal cosines, which are not negative.
    """
    values = np.full(t.depth + 1, np.nan)
    values[1 : t.known + 1] = 0.0
    batch = t.start.batch
    q, e = t.over_batch(t.q), np.zeros(t.depth + 1)
    if batch > 1:
        e = np.nan_to_num(np.clip(t.over_pairs(t.e), 0.0, 1.0))  # where nothing is known, as if all were one input
    for activation, rows in t.by_activation():
        ends = region(activation, "inactive", dtype)
        if not len(ends):
            continue
        # where all ends are 0, to all that matters, one mean square is as good as another
        largest = np.abs(ends[np.isfinite(ends)]).max(initial=0.0)
        anywhere = largest < _AT_0 * np.sqrt(q[rows])
        values[rows[anywhere]] = _anywhere(activation, e[rows[anywhere]], batch, dtype)
        if not anywhere.all():
            values[rows[~anywhere]] = _somewhere(activation, q[rows[~anywhere]], e[rows[~anywhere]], batch, dtype)
    return values


def _anywhere(activation: Activation, e: Array, batch: int, dtype: str) -> Array:
    """At a mean square beside which all ends are 0, for many 1 - c, (N,) -> (N,)."""
    alone = float(share(activation, _FAR, "inactive", dtype))
    if not len(e) or batch == 1 or alone <= _NEVER:
        return np.full(len(e), alone if alone > _NEVER else 0.0)
    logarithms = _logarithms(activation, batch, dtype)
    place = np.log1p(batch * (np.pi / 2 - 2 * np.arcsin(np.sqrt(e / 2)))) / _longest(batch)
    part = np.minimum(place.astype(int), _PARTS - 1)
    return np.asarray(np.exp(np.vecdot(polynomials(2 * (place - part) - 1, _KNOTS), logarithms[part])))


@lru_cache(maxsize=64)
def _logarithms(activation: Activation, batch: int, dtype: str) -> Array:
    """ln of the probability as polynomials in ln(1 + batch asin c), (_PARTS, _KNOTS): it turns where c is about
    1 / batch. Up to 64 inputs they follow it to a relative 1e-12, and 1,024 to 1e-12 of its largest value."""
    place = (np.arange(_PARTS)[:, None] + (points(_KNOTS) + 1) / 2) * _longest(batch)
    found = dead_share(activation, _FAR, np.sin(np.expm1(place) / batch), batch, dtype)
    return np.asarray(np.log(np.maximum(found, _SMALLEST)) @ transform(_KNOTS).T)


def _longest(batch: int) -> float:
    return math.log1p(batch * math.pi / 2) / _PARTS


def _somewhere(activation: Activation, q: Array, e: Array, batch: int, dtype: str) -> Array:
    """At many mean squares and 1 - c, (N,) each -> (N,)."""
    values = np.zeros(len(q))
    distinct, which, counts = np.unique(q, return_inverse=True, return_counts=True)
    seen = share(activation, distinct, "inactive", dtype) > _NEVER
    one_by_one = seen[which]
    for code in np.flatnonzero(seen & (counts > _NODES)):
        alike = np.flatnonzero(which == code)
        if len(sorted_set(e[alike])) > _NODES:
            values[alike] = _of_one(activation, float(distinct[code]), e[alike], batch, dtype)
            one_by_one[alike] = False
    pairs, place = np.unique(np.stack([q, e])[:, one_by_one], axis=1, return_inverse=True)
    values[one_by_one] = dead_share(activation, pairs[0], 1 - pairs[1], batch, dtype)[place.ravel()]
    return values


def _of_one(activation: Activation, q: float, e: Array, batch: int, dtype: str) -> Array:
    """At one mean square and many 1 - c, (N,) -> (N,). It is smooth in the angle acos c."""
    angle = 2 * np.arcsin(np.sqrt(e / 2))
    low, high = angle.min(), angle.max()
    nodes = low + (high - low) * (points(_NODES) + 1) / 2
    coefficients = transform(_NODES) @ dead_share(activation, q, np.cos(nodes), batch, dtype)
    return np.asarray(polynomials(2 * (angle - low) / (high - low) - 1, _NODES) @ coefficients)
