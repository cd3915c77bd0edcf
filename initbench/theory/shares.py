"""How much of a Gaussian preactivation is inactive or saturated, and how often a unit is dead on a whole batch."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..catalogue.activations import Activation
from .quadrature import breaks, density, grid, merged, nodes
from .sets import sorted_set

Array = np.ndarray[Any, Any]
Where = Literal["inactive", "saturated"]

_FLAT = 0.01  # of the steepest slope: under it, an entry counts as saturated, as in the metric
_NEAR, _FAR, _STEPS = -40, 40, 64  # powers of 2 between which a region may end, and tries in each
_PARTS, _CUTS = 64, 12  # into so many parts an end's surroundings are cut, and at most so often
_ROUNDING = 1e-12
_AT_ONCE = 64
_NOTHING, _ALL = -38.6, 8.3  # standard deviations below which float64 has no share left, and above which it has 1
_TURNS = np.array([-8, -4, -2, -1, 0, 1, 2, 4, 8])  # around the end of a region, in standard deviations


def share(activation: Activation, q: ArrayLike, where: Where, dtype: str = "float64") -> Array:
    """The probability over z ~ N(0, q) of {phi = 0 and phi' = 0} or of {|phi'| < 0.01 steepest}.

    Any shape, q >= 0. Saturation is nan where the activation does not saturate. dtype: in which phi and phi' are
    computed, since a tail that underflows counts as inactive: gelu's does at -14 in float32, at -38 in float64.
    """
    q = np.asarray(q, dtype=np.float64)
    if where == "saturated" and not activation.formula.saturates:
        return np.full(q.shape, np.nan)
    ends = region(activation, where, dtype)
    if not ends.size and not (q == 0).any():
        return np.zeros(q.shape)
    different, place = np.unique(q, return_inverse=True) if q.size > _AT_ONCE else (q.ravel(), slice(None))
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.where(np.isinf(ends), ends, ends / np.sqrt(different)[:, None, None])
    low, high = ends[..., 0], ends[..., 1]
    # beyond 0, the difference of the two tails
    low, high = np.where(low > 0, -high, low), np.where(low > 0, -low, high)
    found = (below(high) - below(low)).sum(axis=-1)
    if (different == 0).any():
        found[different == 0] = float(holds(activation, where, np.zeros(1, dtype))[0])
    return np.asarray(found[place].reshape(q.shape))


def dead_share(activation: Activation, q: ArrayLike, c: ArrayLike, batch: int, dtype: str = "float64") -> Array:
    """The probability that a unit is inactive for all of `batch` inputs, whose pairs all have correlation c.

    q >= 0 and 0 <= c <= 1, broadcast. Given the common part t of the preactivations, the inputs are independent:
        z_a = sqrt(q) (sqrt(c) t + sqrt(1 - c) t_a)          P = < P(z_a inactive | t)^batch >
    """
    q, c = np.broadcast_arrays(np.asarray(q, dtype=np.float64), np.asarray(c, dtype=np.float64))
    out = share(activation, q.ravel(), "inactive", dtype)
    ends = region(activation, "inactive", dtype)
    if batch > 1 and ends.size:
        q, c, shape = q.ravel(), c.ravel(), q.shape
        out = np.where((c == 0) & (q > 0), out**batch, out)
        apart = np.flatnonzero((q > 0) & (c > 0) & (c < 1))
        for start in range(0, len(apart), _AT_ONCE):
            part = apart[start : start + _AT_ONCE]
            out[part] = _all_of(batch, ends / np.sqrt(q[part])[:, None, None], np.sqrt(c[part]), np.sqrt(1 - c[part]))
        return out.reshape(shape)
    return out.reshape(q.shape)


def _all_of(batch: int, ends: Array, common: Array, rest: Array) -> Array:
    """< P(common t + rest t_a between ends | t)^batch > over t, with panels where that probability turns; ends
    (N, R, 2), common and rest (N,) -> (N,)."""
    common, rest = common[:, None], rest[:, None]
    finite = ends[:, np.isfinite(ends[0])]
    turns = finite[..., None] + (rest * _TURNS)[:, None]
    t, w = nodes(merged(grid(), (turns / common[..., None]).reshape(len(ends), -1)))
    t[w == 0] = math.inf  # nothing is computed in panels of width 0
    inside = np.zeros_like(t)
    for interval in range(ends.shape[1]):
        low, high = (_below_of(ends[:, interval, side, None], common, rest, t) for side in (0, 1))
        inside += high - low
    with np.errstate(divide="ignore"):
        all_inside = np.exp(batch * np.log(np.maximum(inside, 0.0)))
    return np.asarray(np.vecdot(w * density(t), all_inside))


def _below_of(end: Array, common: Array, rest: Array, t: Array) -> Array:
    """The probability of common t + rest t_a < end, (N, 1) and t (N, X) -> (N, X); an infinite end needs no thought."""
    if np.isinf(end[0, 0]):
        return np.full_like(t, float(end[0, 0] > 0))
    return below((end - common * t) / rest)


def below(x: Array) -> Array:
    """The share of a standard normal below x, to the last digits of either tail."""
    found = np.where(x < 0, 0.0, 1.0)
    near = ~((x < _NOTHING) | (x > _ALL))
    # entry by entry, but without SciPy, which takes longer to import than this ever takes
    tails = map(math.erfc, (x[near] / -math.sqrt(2)).tolist())
    found[near] = 0.5 * np.fromiter(tails, np.float64)
    return found


def holds(activation: Activation, where: Where, z: Array) -> Array:
    """Whether z is inactive or saturated, as the metrics have it."""
    value, slope = activation.both(z)
    if where == "inactive":
        return np.asarray((value == 0) & (slope == 0))
    return np.asarray(np.abs(slope) < z.dtype.type(_FLAT * activation.formula.steepest))


@lru_cache(maxsize=256)
def region(activation: Activation, where: Where, dtype: str = "float64") -> Array:
    """The intervals of z that are inactive or saturated, (R, 2), found between points near and far."""

    def test(z: Array) -> Array:
        return holds(activation, where, z.astype(dtype))

    own, points = breaks(activation), _looks()
    points = sorted_set(points, own) if own.size else points
    middles = (points[:-1] + points[1:]) / 2
    inside = test(middles)
    changes = np.flatnonzero(inside[1:] != inside[:-1])
    low, high, first = middles[changes], middles[changes + 1], inside[changes]
    for _ in range(_CUTS):
        tried = low + np.linspace(0, 1, _PARTS + 1)[:, None] * (high - low)
        tried[-1] = high
        if ((tried == low) | (tried == high)).all():
            break
        change = (test(tried) == first).argmin(axis=0)
        low, high = (np.take_along_axis(tried, change[None] - back, axis=0)[0] for back in (1, 0))
    for end in own:  # known better than by bisection
        high[np.abs(high - end) <= _ROUNDING * max(1.0, abs(end))] = end
    ends = np.concatenate([[-np.inf] if inside[0] else [], high, [np.inf] if inside[-1] else []])
    ends.flags.writeable = False
    return ends.reshape(-1, 2)


@lru_cache
def _looks() -> Array:
    """Rising points near and far, on both sides of 0."""
    powers = 2.0 ** np.linspace(_NEAR, _FAR, (_FAR - _NEAR) * _STEPS + 1)
    return np.concatenate([-powers[::-1], [0.0], powers])
