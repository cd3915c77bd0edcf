"""How much of a Gaussian preactivation is inactive or saturated, and how often a unit is dead on a whole batch."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..catalogue.activations import Activation
from .quadrature import breaks, density, grid, merged, nodes

Array = np.ndarray[Any, Any]
Where = Literal["inactive", "saturated"]

_FLAT = 0.01  # of the steepest slope: under it, an entry counts as saturated, as in the metric
_NEAR, _FAR, _STEPS = -40, 40, 64  # powers of 2 between which a region may end, and tries in each
_HALVINGS = 80
_ROUNDING = 1e-12
_ERFC = np.frompyfunc(math.erfc, 1, 1)
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
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.where(np.isinf(ends), ends, ends / np.sqrt(q)[..., None, None])
    low, high = ends[..., 0], ends[..., 1]
    # beyond 0, the difference of the two tails
    pieces = np.where(low > 0, below(-low) - below(-high), below(high) - below(low))
    at_0 = float(holds(activation, where, np.zeros(1, dtype))[0])
    return np.where(q == 0, at_0, pieces.sum(axis=-1))


def dead_share(activation: Activation, q: ArrayLike, c: ArrayLike, batch: int, dtype: str = "float64") -> Array:
    """The probability that a unit is inactive for all of `batch` inputs, whose pairs all have correlation c.

    q >= 0 and 0 <= c <= 1, broadcast. Given the common part t of the preactivations, the inputs are independent:
        z_a = sqrt(q) (sqrt(c) t + sqrt(1 - c) t_a)          P = < P(z_a inactive | t)^batch >
    """
    q, c = np.broadcast_arrays(np.asarray(q, dtype=np.float64), np.asarray(c, dtype=np.float64))
    alone = share(activation, q, "inactive", dtype)
    ends = region(activation, "inactive", dtype)
    out = alone.ravel().copy()
    if batch > 1 and ends.size:
        for i in np.flatnonzero((q.ravel() > 0) & (c.ravel() < 1)):
            root_q, root_c, rest = np.sqrt(q.flat[i]), np.sqrt(c.flat[i]), np.sqrt(1 - c.flat[i])
            out[i] = _all_of(batch, ends / root_q, float(root_c), float(rest)) if root_c else out[i] ** batch
    return out.reshape(q.shape)


def _all_of(batch: int, ends: Array, common: float, rest: float) -> float:
    """< P(common t + rest t_a between ends | t)^batch > over t, with panels where that probability turns."""
    turns = ends[np.isfinite(ends)][:, None] + rest * _TURNS
    t, w = nodes(merged(grid(), (turns / common).ravel()))
    z = (ends[:, :, None] - common * t) / rest
    inside = (below(z[:, 1]) - below(z[:, 0])).sum(axis=0)
    return float(np.sum(w * density(t) * inside**batch))


def below(x: Array) -> Array:
    """The share of a standard normal below x, to the last digits of either tail."""
    # entry by entry, but without SciPy, which takes longer to import than this ever takes
    return 0.5 * np.asarray(_ERFC(-x / math.sqrt(2)), dtype=np.float64)


def holds(activation: Activation, where: Where, z: Array) -> Array:
    """Whether z is inactive or saturated, as the metrics have it."""
    value, slope = activation.both(z)
    if where == "inactive":
        return np.asarray((value == 0) & (slope == 0))
    return np.asarray(np.abs(slope) < z.dtype.type(_FLAT * activation.formula.steepest))


@lru_cache(maxsize=256)
def region(activation: Activation, where: Where, dtype: str = "float64") -> Array:
    """The intervals of z that are inactive or saturated, (R, 2), by bisection between points near and far."""

    def test(z: Array) -> Array:
        return holds(activation, where, z.astype(dtype))

    own = breaks(activation)
    powers = 2.0 ** np.linspace(_NEAR, _FAR, (_FAR - _NEAR) * _STEPS + 1)
    points = np.unique(np.concatenate([-powers, [0.0], powers, own]))
    middles = (points[:-1] + points[1:]) / 2
    inside = test(middles)
    changes = np.flatnonzero(inside[1:] != inside[:-1])
    low, high, first = middles[changes], middles[changes + 1], inside[changes]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        same = test(middle) == first
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    for end in own:  # known better than by bisection
        high[np.abs(high - end) <= _ROUNDING * max(1.0, abs(end))] = end
    ends = np.concatenate([[-np.inf] if inside[0] else [], high, [np.inf] if inside[-1] else []])
    ends.flags.writeable = False
    return ends.reshape(-1, 2)
