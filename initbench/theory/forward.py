"""The spread over seeds, and the shift of the mean, of the forward metrics of networks of finite width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..values import frozen
from .bands import Band, below, logarithmic, over_batch, pooled, ratio, relative, root, scale
from .chaos import mean_average
from .curves import unrounded
from .fluctuations import Fluctuations, common_part, fluctuations
from .kernel import Trajectory
from .pair_noise import fourth_of_square
from .validity import CANCELLED, STRANGE, angle_range, exact_range, forward_range, haar_angle_error, haar_error

Array = np.ndarray[Any, Any]

MANY_PAIRS = "the spread of the mean over several pairs is not derived"
ALL_BUT_ALIKE = "the spread of a cosine is not derived where it is more than 1 - cosine"


@frozen
class ForwardSpread:
    """bands: by metric, for preact_mean, preact_var, preact_q, act_mean, act_var, act_q and, with two inputs or more,
    cosine. kernel: what they come from. within: `forward_range`, (L + 1,) bool."""

    bands: Mapping[str, Band]
    kernel: Fluctuations
    within: Array


def forward_spread(t: Trajectory) -> ForwardSpread:
    """Of the networks of a trajectory; nan above the known layers, and at the input where a metric has no theory there.

    Source: Hanin & Rolnick 2018 for relu; derived for any activation and for batches as `fluctuations` says.
    """
    f = fluctuations(t)
    with np.errstate(invalid="ignore", over="ignore"):
        lengths = _preactivations(t, f)
        preact_q = pooled(t.start, t.q * (1 + f.shift_q), *lengths)
        squares = relative(f.square), relative(f.pair_square)
        act_q = pooled(t.start, t.moments.square * (1 + f.shift_square), *squares)
        of_mean = preact_q[0] * over_batch(t.start.batch, np.ones(t.depth + 1), _common(t)) / t.width
        act_mean = _act_mean(t, f)
        found = {
            "preact_mean": (0 * of_mean, root(of_mean)),
            "preact_var": (preact_q[0] - of_mean, _preact_var_sd(t, f, preact_q[1], of_mean)),
            "preact_q": preact_q,
            "act_mean": act_mean,
            "act_var": (_act_var(t, act_q[0], act_mean), _act_var_sd(t, f, act_mean[1])),
            "act_q": act_q,
        }
    within = forward_range(t, f)
    exact = {name: within | exact_range(t) for name in ("preact_mean", "preact_q", "act_q")}
    normal = within & (np.abs(t.normality.excess) <= STRANGE)
    ranges = {**exact, "act_mean": normal, "act_var": normal | (np.arange(t.depth + 1) == 0)}
    bands = {name: Band(mean, sd, ranges.get(name, within)) for name, (mean, sd) in found.items()}
    error = haar_error(t, f)
    carried = t.over_batch(f.share) ** 2 * below(error)
    for name, (single, pair), unknown in (("act_q", squares, error), ("preact_q", lengths, carried)):
        left = over_batch(t.start.batch, t.over_batch(single), pair)
        bands[name] = _uncancelled(bands[name], left, unknown)
    if t.start.batch > 1:
        bands["cosine"] = _cosine(t, f, within)
    return ForwardSpread(bands, f, within)


def _uncancelled(band: Band, left: Array, error: Array) -> Band:
    """A band whose variances, left, may be off by `error`: not within where that is more than they are, and without a
    spread where nothing is left."""
    lost = (error > 0) & ~(left >= error)
    why = {int(row): CANCELLED for row in np.flatnonzero(lost & band.within)}
    return Band(band.mean, np.where(lost & (left <= 0), np.nan, band.sd), band.within & ~lost, band.reason, why)


def _preactivations(t: Trajectory, f: Fluctuations) -> tuple[Array, Array]:
    """Relative variance of one input's mean z^2, (L + 1, S), and covariance of two, (L + 1,): q's, and that of n draws.

    2 / n of one input, 2 c^2 / n of two; a Haar matrix keeps the weights' part of it from varying, and weights that are
    not normal add their cumulants.
    """
    pairs, n = f.pairs, t.width * f.damping
    single = (2 - 2 * f.haar[:, None] * f.share**2 + f.excess[:, None]) / n[:, None]
    c = pairs.weighted.c
    common = c**2 - f.haar * common_part(c, t.over_batch(f.share))
    pair = (2 * common.mean(axis=0) + f.pair_excess) / n
    return relative(logarithmic(single) + f.q), relative(logarithmic(pair) + f.pair_q)


def _preact_var_sd(t: Trajectory, f: Fluctuations, of_q: Array, of_mean: Array) -> Array:
    """Sd of q - m^2, m the mean of z over units and batch: N(0, v), v = of_mean, so that m^2 varies by 2 v^2.

    It covaries with q by 2 v^2, which makes 2 / n - 2 / n^2 of independent units; where a Haar matrix keeps q, with
    nothing: then the square of the mean is all that varies.
    """
    kept, unit = f.haar * t.over_batch(f.share) ** 2, scale(of_mean)
    of_q, of_mean = of_q / unit, of_mean / unit
    return unit * root(np.maximum(of_q**2 + 2 * of_mean**2 * (2 * kept - 1), 0.0))


def _common(t: Trajectory) -> Array:
    """<z_a z_b> of two inputs over <z^2>, (L + 1,)."""
    if t.start.batch == 1:
        return np.zeros(t.depth + 1)
    q = t.q / scale(t.over_batch(t.q))[:, None]
    both = np.sqrt(q[:, t.start.a] * q[:, t.start.b])
    return ratio(t.over_pairs(both * (1 - t.e)), t.over_batch(q))


def _act_mean(t: Trajectory, f: Fluctuations) -> tuple[Array, Array]:
    """Mean and sd of the mean of h over units and batch: Var phi / n, and K d<phi>/dK times the spread of K."""
    value, size = f.pairs.series.value, np.sqrt(t.over_batch(t.moments.square))
    q, shift, x = t.over_batch(f.q), t.over_batch(f.shift_q), t.normality.excess
    # K d<phi>/dK = phi_2 / sqrt(2),   K^2 d2<phi>/dK2 = sqrt(24) phi_4 / 4
    response, curvature = value[:, 2] / np.sqrt(2), np.sqrt(24) / 4 * value[:, 4]
    mean = t.over_batch(t.moments.mean) + size * (response * shift + curvature / 2 * (q + x / 3))
    single, pair = _drawn(t, f, value, np.ones(t.depth + 1))
    variance = over_batch(t.start.batch, single + response**2 * q, pair + response**2 * f.pair_q)
    return mean, size * root(variance)


def _act_var(t: Trajectory, act_q: Array, act_mean: tuple[Array, Array]) -> Array:
    """Mean of the variance of h over units and batch: what the mean of h varies by over networks goes off.

    Exact at the input; nan where all seeds share it.
    """
    mean, spread, start = act_mean[0].copy(), act_mean[1] ** 2, t.start
    mean[0] = start.mean @ start.weight if start.drawn else np.nan
    spread[0] = start.mean_spread
    return np.asarray(act_q - mean**2 - spread)


def _act_var_sd(t: Trajectory, f: Fluctuations, of_mean: Array) -> Array:
    """Sd of the variance of h over units and batch: that of the mean of psi = phi^2 - 2 <phi> phi, in units of A.

    of_mean: the sd of the mean m of h. What goes off, (m - <phi>)^2, varies by 2 of_mean^4, which is all that there is
    for a sign, and covaries with the mean of psi by 1 / n of what the units give that.
    """
    s, square = f.pairs.series, t.over_batch(t.moments.square)
    unit = scale(square)
    square, of_mean = square / unit, of_mean / np.sqrt(unit)
    mean = s.value[:, :1]
    psi = s.square - 2 * mean * s.value
    total = s.fourth - 4 * mean[:, 0] * s.cube[:, 0] + 4 * mean[:, 0] ** 2
    variance, response = 1 - mean[:, 0] ** 2, ratio(psi[:, 2], np.sqrt(2) * (1 - mean[:, 0] ** 2))
    drawn = np.add(_drawn(t, f, psi, total), _abnormal(t, f, psi))
    single, pair = (ratio(part, variance**2) for part in drawn)
    single = relative(logarithmic(single * (1 - 2 / t.width)) + response**2 * t.over_batch(f.q))
    pair = relative(logarithmic(pair) + response**2 * f.pair_q)
    first = (square * variance) ** 2 * over_batch(t.start.batch, single, pair)
    return unit * root(np.maximum(first, 0.0) + 2 * of_mean**4)


def _abnormal(t: Trajectory, f: Fluctuations, psi: Array) -> tuple[Array, Array]:
    """What fourth cumulants x of z add to the variance and the covariance of the mean of psi, (L + 1,) each.

    To first order <(psi - <psi>)^2> moves by x K^2 / 24 times its fourth derivative, and by what the mean of phi does;
    the psi of two strangers go with (d<psi> / dK)^2, those of twins are alike.
    """
    if not (f.excess[1:].any() or f.pair_excess[1:].any()):
        return np.zeros(t.depth + 1), np.zeros(t.depth + 1)
    value, alike = f.pairs.series.value, (f.pairs.around.c**2).mean(axis=0)
    centred = psi.copy()
    centred[:, 0] = 0.0
    # <phi> moves by x sqrt(24) phi_4 / 24, and psi by -2 phi times that
    own = fourth_of_square(centred) - 4 * np.sqrt(24) * value[:, 4] * np.vecdot(centred, value)
    own = f.excess * own / 24
    pair = (1 - alike) * f.pair_excess * psi[:, 2] ** 2 / 2 + alike * own
    return own / t.width, pair / t.width


def _drawn(t: Trajectory, f: Fluctuations, g: Array, total: Array) -> tuple[Array, Array]:
    """(<g^2> - <g>^2) / n and (<g_a g_b> - <g>^2) / n, (L + 1,), from coefficients and total = <g^2>; without what a
    Haar matrix keeps from varying, the second coefficient's part."""
    n, share = t.width * f.damping, t.over_batch(f.share)
    single = total - g[:, 0] ** 2 - f.haar * share**2 * g[:, 2] ** 2
    pair = mean_average(g, g, total, f.pairs.around) - g[:, 0] ** 2
    pair = pair - f.haar * common_part(f.pairs.around.c, share).mean(axis=0) * g[:, 2] ** 2
    return single / n, pair / n


def _cosine(t: Trajectory, f: Fluctuations, within: Array) -> Band:
    """The mean cosine over pairs; its spread for the one pair of two inputs."""
    pairs = f.pairs
    mean, within = unrounded(np.clip(1 - pairs.gap + pairs.shift, -1.0, 1.0)), within & angle_range(t, f)
    if t.start.batch > 2:
        return Band(mean, np.full(t.depth + 1, np.nan), within, MANY_PAIRS)
    sd = np.where(pairs.variance <= pairs.gap**2, np.sqrt(pairs.variance), np.nan)
    return _uncancelled(Band(mean, sd, within, ALL_BUT_ALIKE), pairs.variance, haar_angle_error(t, f))
