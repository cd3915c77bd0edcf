"""How much of a Gaussian preactivation is inactive or saturated, and how often a unit is dead on a whole batch."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..catalogue.activations import Activation
from .quadrature import breaks, density, grid, merged, nodes

Array = np.ndarray[Any, Any]
Where = Literal["inactive", "saturated"]

_FLAT = 0.01  # of the steepest slope: under it, a unit counts as saturated, as in the metric
_NEAR, _FAR, _STEPS = -40, 40, 64  # powers of 2 between which a region may end; tries in each


def share(activation: Activation, q: ArrayLike, where: Where) -> Array:
    """The probability over z ~ N(0, q) of {phi = 0 and phi' = 0} or of {|phi'| < 0.01 steepest}.

    Any shape, q >= 0. Saturation is nan where the activation does not saturate.
    """
    from scipy.special import ndtr

    q = np.asarray(q, dtype=np.float64)
    if where == "saturated" and not activation.formula.saturates:
        return np.full(q.shape, np.nan)
    root = np.sqrt(q)[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = region(activation, where) / root[..., None]
    # the two ends of a piece by their tails, whichever side of 0 it is on
    low, high = ends[..., 0], ends[..., 1]
    probability = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low)).sum(axis=-1)
    at_0 = float(holds(activation, where, np.zeros(1))[0])
    return np.where(q == 0, at_0, probability)


def dead_share(activation: Activation, q: ArrayLike, c: ArrayLike, batch: int) -> Array:
    """The probability that a unit is inactive for all of `batch` inputs, whose pairs all have correlation c.

    q >= 0 and 0 <= c <= 1, broadcast. Given the common part t of the preactivations, inputs are independent:
        z_a = sqrt(q) (sqrt(c) t + sqrt(1 - c) t_a)          P = < P(z_a inactive | t)^batch >
    """
    from scipy.special import ndtr

    q, c = np.broadcast_arrays(np.asarray(q, dtype=np.float64), np.asarray(c, dtype=np.float64))
    pieces = region(activation, "inactive")
    out = np.empty(q.size)
    for i, (one_q, one_c) in enumerate(zip(q.ravel().tolist(), c.ravel().tolist(), strict=True)):
        alone = share(activation, one_q, "inactive")
        if one_q == 0 or one_c >= 1 or batch == 1 or not pieces.size:
            out[i] = alone
            continue
        x, common, rest = pieces / np.sqrt(one_q), np.sqrt(one_c), np.sqrt(1 - one_c)
        centre = x[np.isfinite(x)]
        near = np.array([-8, -4, -2, -1, 0, 1, 2, 4, 8])
        own = ((centre[:, None] + rest * near) / common).ravel() if common else np.zeros(0)
        t, w = nodes(merged(grid(), own))
        z = (x[:, :, None] - common * t) / rest
        inside = (ndtr(z[:, 1]) - ndtr(z[:, 0])).sum(axis=0)
        out[i] = (w * density(t) * inside**batch).sum()
    return out.reshape(q.shape)


def holds(activation: Activation, where: Where, z: Array) -> Array:
    """Whether z is inactive or saturated, as the metrics have it."""
    value, slope = activation.both(z)
    if where == "inactive":
        return np.asarray((value == 0) & (slope == 0))
    return np.asarray(np.abs(slope) < _FLAT * activation.formula.steepest)


@lru_cache(maxsize=256)
def region(activation: Activation, where: Where) -> Array:
    """The intervals of z that are inactive or saturated, (R, 2), by bisection between points far and near."""
    powers = 2.0 ** np.linspace(_NEAR, _FAR, (_FAR - _NEAR) * _STEPS + 1)
    points = np.unique(np.concatenate([-powers, [0.0], powers, breaks(activation)]))
    middles = (points[:-1] + points[1:]) / 2
    inside = holds(activation, where, middles)
    changes = np.flatnonzero(inside[1:] != inside[:-1])
    low, high, first = middles[changes], middles[changes + 1], inside[changes]
    for _ in range(80):
        middle = (low + high) / 2
        same = holds(activation, where, middle) == first
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    ends = np.concatenate([[-np.inf] if inside[0] else [], high, [np.inf] if inside[-1] else []])
    return ends.reshape(-1, 2)
