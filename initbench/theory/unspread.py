"""Means at finite width of the metrics whose spread over seeds is not derived.

Of inactive and saturated entries it is the infinitely wide network's share P(K), averaged over the spread of K: at one
standard deviation below and above the mean of ln K. Of act_var_batch = (1 - 1 / B) (E A_a - E X_ab), X = mean
phi_a phi_b = kappa sqrt(A_a A_b), it is to first order
    E A = A (1 + m),   E X = A (1 + m - v_- / 8) kappa + A d,
m as in `fluctuations`, v_- the variance of ln A_a - ln A_b, d the shift of kappa over networks weighted with
sqrt(A_a A_b): half of the way from the plain shift to that weighted with A_a A_b. Against 2,000 networks each of 400
settings at random (see `validity`) means were at most 4 % beyond 4 standard errors inside the range, and in 99 of 100
layers not 1 %; what infinite width says of act_var_batch for relu is off by 25 % there.

Of the others the mean is not derived: what infinite width says is within those 3 % where the sum of 1 / n is small, and
what is 0 stays 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..catalogue.metrics import METRICS
from .bands import Band, ratio
from .curves import Line
from .fluctuations import Fluctuations
from .forward import ForwardSpread
from .kernel import Trajectory
from .shares import Where, share
from .validity import FEATURES, SHIFT, backward_range, nearly_normal, short_range

Array = np.ndarray[Any, Any]

NO_SPREAD = "the spread over seeds is not derived"
NOT_NORMAL = "preactivations are not normal: excess kurtosis {:.2g}"
ABNORMAL = 0.3
"""Excess kurtosis above which what is no mean square, and so not corrected for it, is out of range."""
LARGEST = 0.25
"""The sum of what moves act_var_batch either way."""
DIGITS = 100
"""Times the square of the dtype's rounding, and the mean square: what act_var_batch has to be not to be its noise."""
UNSEEN = 1e-6
"""A share of entries that is hardly ever seen."""

_SHARES: Mapping[str, Where] = {"inactive_fraction": "inactive", "saturated_fraction": "saturated"}


def unspread_bands(t: Trajectory, spread: ForwardSpread, lines: Mapping[str, Line], dtype: str) -> dict[str, Band]:
    """Of metrics at infinite width; sd is nan, and mean where infinite width's value stands for it."""
    forward, backward = spread.within, backward_range(t, spread.within, np.zeros(t.depth + 1))
    normal = ~(np.abs(t.normality.excess) > ABNORMAL)
    why = {int(k): NOT_NORMAL.format(t.normality.excess[k]) for k in np.flatnonzero(~normal)}
    found = {}
    for name, line in lines.items():
        gradient = METRICS.find(name).needs == "gradient"
        mean, within = _mean(t, spread.kernel, name, line.values, dtype, forward)
        if mean is None:
            within = backward if gradient else forward
            mean = np.where(_certain(t, name, line.values), line.values, np.nan)
            within = within & (short_range(t, gradient) | ~np.isnan(mean))
        found[name] = Band(mean, np.full(t.depth + 1, np.nan), within & normal, NO_SPREAD, why)
    return found


def _mean(
    t: Trajectory, f: Fluctuations, name: str, infinite: Array, dtype: str, forward: Array
) -> tuple[Array | None, Array]:
    """A metric's derived mean and where it holds, (L + 1,) each; (None, ...) where none is derived."""
    if name == "act_var_batch" and t.start.batch > 1:
        seen = infinite > DIGITS * np.finfo(dtype).eps ** 2 * t.over_batch(t.moments.square)
        return _act_var_batch(t, f, infinite, forward & seen)
    where = _SHARES.get("inactive_fraction" if name == "dead_fraction" and t.start.batch == 1 else name)
    return (None, forward) if where is None else _share(t, f, where, infinite, dtype, forward)


def _act_var_batch(t: Trajectory, f: Fluctuations, infinite: Array, forward: Array) -> tuple[Array, Array]:
    A, gap = t.over_batch(t.moments.square), t.over_pairs(t.pairs.gap)
    kappa = ratio(t.over_pairs(t.pairs.product), A)
    lengths = ratio(A * f.pairs.across / 8 * kappa, gap)
    cosine = -ratio(A * (f.pairs.shift + f.pairs.pulled) / 2, gap)
    parts = np.stack([t.over_batch(f.shift_square), lengths, cosine])
    parts[:, 0] = 0.0
    moved = parts.sum(axis=0)
    # what cancels in the sum need not do so in what is left out
    within = forward & (np.abs(moved) <= SHIFT) & (np.abs(parts).sum(axis=0) <= LARGEST) & nearly_normal(t)
    return np.where(within, infinite * (1 + moved), np.nan), within


def _share(
    t: Trajectory, f: Fluctuations, where: Where, infinite: Array, dtype: str, forward: Array
) -> tuple[Array, Array]:
    """By the mean over the batch of K; a share that no K changes holds at any depth, if hardly any layer dies.

    To first order the excess kurtosis x of z counts as K's spread does: <f> moves by K^2 d2<f> / dK^2 x / 6.
    """
    q, v = t.over_batch(t.q), t.over_batch(f.q) + t.normality.excess / 3
    sign, v = np.where(v < 0, -1.0, 1.0), np.abs(v)  # a negative one moves everything the other way
    middle = np.log(q) + sign * np.log1p(t.over_batch(f.shift_q)) - v / 2
    sides = np.exp(middle + np.array([[-1.0], [0.0], [1.0]]) * np.sqrt(v))
    sides[1] = q
    moved, same = np.zeros(t.depth + 1), np.zeros(t.depth + 1, bool)
    for activation, rows in t.by_activation():
        low, own, high = share(activation, sides[:, rows], where, dtype)
        moved[rows], same[rows] = sign[rows] * ((low + high) / 2 - own), (low == own) & (own == high)
    steady = same & (np.minimum.accumulate(t.width) >= FEATURES)
    fine = forward & (np.abs(moved) <= SHIFT * infinite + UNSEEN)
    return np.clip(infinite + moved, 0.0, 1.0), fine | steady


def _certain(t: Trajectory, name: str, infinite: Array) -> Array:
    """Where infinite width's value is that of any width, (L + 1,): what is 0, and units of which none falls together
    with another."""
    counted = name.endswith("distinct_units") & (infinite >= t.width * (1 - 1e-6))
    return np.asarray((infinite == 0) | counted)
