"""The spread over seeds, and the shift of the mean, of gradients in networks of finite width.

On the way back, |dL/dz_l|^2 = |d_l|^2 is multiplied at every layer k by chi(Khat_k), Khat being one network's kernel,
and by a sampling noise of order 1 / n. With s = d ln chi / d ln K, and r, N, J and share as in `fluctuations`,
    alpha_k = s_k + J_k beta_k,   beta_k = share_{k+1} alpha_{k+1},   beta_L = 0
are the sensitivities of ln |d_l|^2 to ln Khat_k and to ln A_k, k >= l. A layer's own contribution is
    v_k = beta^2 N_k + (3 <phi'^4> / chi^2 - 1) / n + 2 beta (<phi^2 phi'^2> / (A chi) - 1) / n,      chi = <phi'^2>,
and the variance of ln |d_l|^2 is alpha_l^2 v_K + sum_{k >= l} ln(1 + v_k), of which 1 + r_l is the exponential. For
relu that is prod (1 + 5 / n_k), which is exact.
Where the matrix above is Haar-orthogonal, it keeps |W d| fixed to the share up = min(1, n_l / n_{l+1}), and 2 up is
missing; where the one below is, what is linear in u_a u_b is missing from phi and phi' alike.

The mean. ln |d_l|^2 has a mean and a variance, and E exp = exp(mean + variance / 2). To that comes that one W is used
forward and backward: dL/dh_k has, along h_k, a component of another power than the rest, by a factor 1 + a_k with
    a_{k-1} = share_k (2 s_k + <x phi phi'>^2 / (A chi) a_k),   a_L = 0   (x = z / sqrt(K)),
which changes |d_k|^2 by a_k (<phi^2 phi'^2> / (A chi)) / n, less a_k / n_max where a Haar matrix keeps the sum fixed.

Weight gradients of one input are |h_{l-1}|^2 |d_l|^2, sensitive to A_{l-1} by 1 + share_l alpha_l. Those of several
have the terms (h_a . h_b) (d_a . d_b) as well: of mean 0 for independent cotangents, but not of variance 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..values import frozen
from .bands import Band, below, elasticity, logarithmic, pooled, ratio, relative, stretched
from .fluctuations import Fluctuations
from .forward import ForwardSpread
from .gradient_pairs import gradient_pairs
from .kernel import Trajectory
from .sensitivity import Sensitivity, sensitivity
from .validity import SKEWED, STILL, backward_range, short_range

Array = np.ndarray[Any, Any]

COHERENT = "with gradient: ones, the spread is not derived where the signal itself is sent back"
TOGETHER = "for several inputs that share one cotangent the spread is not derived"

_NO_SHIFT = 50.0  # ln of a factor that is no correction


@frozen
class BackwardSpread:
    """bands: by metric, grad_q and weight_grad_q; empty where no gradient is sent back, or where a layer is unknown."""

    bands: Mapping[str, Band]


def backward_spread(t: Trajectory, forward: ForwardSpread) -> BackwardSpread:
    """Of the networks of a trajectory. A mean that is nan is not derived: that of infinite width stands for it.

    Source: Hanin & Rolnick 2018 for relu; for any activation and for batches derived as said above.
    """
    if t.gradient == "none" or t.known < t.depth:
        return BackwardSpread({})
    with np.errstate(invalid="ignore", over="ignore"):
        bands, moved = _bands(t, forward)
    blank, short = np.full(t.depth + 1, np.nan), short_range(t, backward=True)
    within = {name: band.within & short & (np.abs(moved[name]) <= STILL) for name, band in bands.items()}
    if t.gradient == "ones" and _coherent(t):
        return BackwardSpread({name: Band(blank, blank, within[name], COHERENT) for name in bands})
    if t.gradient != "gaussian" and t.start.batch > 1:
        grad = bands["grad_q"]
        return BackwardSpread(
            {
                "grad_q": Band(grad.mean, blank, grad.within, TOGETHER),
                "weight_grad_q": Band(blank, blank, within["weight_grad_q"], TOGETHER),
            }
        )
    return BackwardSpread(bands)


def _coherent(t: Trajectory) -> bool:
    """Whether dL/dh_L = 1 comes back with a part along h of order 1: <phi' z> = 2 K d<phi>/dK is not 0 in layer L."""
    m = t.moments
    return bool((np.abs(m.d_mean[-1] * m.q[-1]) > 1e-9 * np.sqrt(m.square[-1])).any())


def _bands(t: Trajectory, forward: ForwardSpread) -> tuple[dict[str, Band], dict[str, Array]]:
    """For normal cotangents, one for every input; and ln of what moves the means, (L + 1,) each, 0 where nothing is."""
    f = forward.kernel
    r = sensitivity(t, f)
    pairs = gradient_pairs(t, f, r)
    shift = _shift(t, f, r)
    drawn = np.cumsum(logarithmic(r.noise)[::-1], axis=0)[::-1]
    own = stretched(r.alpha**2, f.q)
    of_pair = stretched(t.over_batch(r.alpha) ** 2, f.pair_q)
    grad = pooled(
        t.start,
        t.grad * np.exp(shift + own / 2),
        relative(own + drawn),
        relative(of_pair + logarithmic(pairs.product)),
    )
    power = 1 + f.share * r.alpha
    own = stretched(power**2, below(f.square))
    of_pair = stretched(t.over_batch(power) ** 2, below(f.pair_square))
    # ln A_{l-1} has the mean m - v / 2
    exponent = shift + below(f.shift_square - f.square / 2) + own / 2
    weights = t.start.batch * below(t.moments.square) * t.grad
    weight_grad = pooled(
        t.start,
        weights * np.exp(exponent),
        relative(own + drawn),
        relative(of_pair + logarithmic(pairs.product)) + 2 * below(f.pairs.square) * pairs.overlap,
    )
    moved = {"grad_q": _moved(t, grad[0], t.grad), "weight_grad_q": _moved(t, weight_grad[0], weights)}
    within = backward_range(t, forward.within, moved["grad_q"])
    grad_within = within & (_skewed(t, f, r) <= SKEWED)
    return {"grad_q": Band(*grad, grad_within), "weight_grad_q": Band(*weight_grad, within)}, moved


def _moved(t: Trajectory, mean: Array, infinite: Array) -> Array:
    """ln of a mean, (L + 1,), over infinite width's, (L + 1, S)."""
    infinite = t.over_batch(infinite)
    with np.errstate(divide="ignore"):
        return np.where(infinite > 0, np.log(mean / infinite), 0.0)


def _curvature(t: Trajectory) -> Array:
    """K^2 chi'' / chi, (L + 1, S)."""
    m = t.moments
    return elasticity(m.d2_slope_square, m.q, m.slope_square, 2)


def _skewed(t: Trajectory, f: Fluctuations, r: Sensitivity) -> Array:
    """About what the mean misses where ln K is skewed, (L + 1,): a third cumulant k moves ln chi by k (s / 3 -
    (ln chi)'' / 2), and what follows is smaller by k / v."""
    bend = _curvature(t) + r.slope - r.slope**2
    each = ratio(t.over_batch(np.abs(r.slope) / 3 + np.abs(bend) / 2) * f.skew**2, t.over_batch(f.q))
    each[0] = 0.0
    return np.cumsum(each[::-1])[::-1]


def _shift(t: Trajectory, f: Fluctuations, r: Sensitivity) -> Array:
    """ln of the mean of |d_l|^2 over its value at infinite width, but for half of alpha_l^2 r_K, (L + 1, S)."""
    m = t.moments
    curvature = _curvature(t)
    # ln chi at a fluctuating K, then half of the variance of the sum
    kernel = r.slope * f.shift_q + (curvature - r.slope**2) * f.q / 2 + t.normality.excess[:, None] * curvature / 6
    spread = (r.beta**2 * f.noise + 2 * r.beta * r.common) / 2
    mixed = ratio(m.mixed, m.square * m.slope_square)
    direction = r.along * (mixed / t.width[:, None] - r.fixed[:, None])
    shift = np.cumsum((kernel + spread + direction)[::-1], axis=0)[::-1]
    return np.where(np.abs(shift) < _NO_SHIFT, shift, np.nan)
