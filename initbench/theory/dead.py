"""How many units are inactive on a whole batch, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from .chebyshev import points, polynomials, transform
from .kernel import Trajectory
from .shares import dead_share, region, share

Array = np.ndarray[Any, Any]

_NODES = 32  # of the polynomial in the angle that stands for many layers of one mean square
_AT_0 = 1e-6  # ends of an inactive region under which, in standard deviations, they might as well be 0
_FAR = 1e300
_NEVER = 1e-12  # share of inactive entries under which no unit is dead


def dead_fraction(t: Trajectory, dtype: str) -> Array:
    """The probability that a unit is inactive on the whole batch, (L + 1,), nan at the input and where unknown.

    The inputs count as ones of equal mean squares and equal cosines, which are not negative.
    """
    values = np.full(t.depth + 1, np.nan)
    values[1 : t.known + 1] = 0.0
    several = t.start.batch > 1
    q, e = t.over_batch(t.q), np.clip(t.over_pairs(t.e), 0.0, 1.0) if several else np.zeros(t.depth + 1)
    for activation, rows in t.by_activation():
        ends = region(activation, "inactive", dtype)
        if not len(ends):
            continue
        # where all ends are 0, to all that matters, one mean square is as good as another
        largest = np.abs(ends[np.isfinite(ends)]).max(initial=0.0)
        squares = np.where(largest < _AT_0 * np.sqrt(q[rows]), _FAR, q[rows])
        distinct = np.unique(squares)
        for one in distinct[share(activation, distinct, "inactive", dtype) > _NEVER]:
            alike = rows[squares == one]
            values[alike] = _of_one(activation, float(one), e[alike], t.start.batch, dtype)
    return values


def _of_one(activation: Activation, q: float, e: Array, batch: int, dtype: str) -> Array:
    """At one mean square and many 1 - c, (N,) -> (N,). It is smooth in the angle acos c."""
    angle = 2 * np.arcsin(np.sqrt(e / 2))
    low, high = angle.min(), angle.max()
    if len(np.unique(angle)) <= _NODES:
        distinct, place = np.unique(e, return_inverse=True)
        return np.asarray(dead_share(activation, q, 1 - distinct, batch, dtype)[place])
    nodes = low + (high - low) * (points(_NODES) + 1) / 2
    coefficients = transform(_NODES) @ dead_share(activation, q, np.cos(nodes), batch, dtype)
    return np.asarray(polynomials(2 * (angle - low) / (high - low) - 1, _NODES) @ coefficients)
