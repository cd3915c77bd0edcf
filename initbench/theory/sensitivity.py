"""What |dL/dz_l|^2 of one input feels of every layer from l up: the terms of `backward`, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import frozen
from .bands import above, downwards, elasticity, ratio, tailedness
from .fluctuations import Fluctuations
from .kernel import Trajectory

Array = np.ndarray[Any, Any]


@frozen
class Sensitivity:
    """The letters of `backward`, (L + 1, S) unless said; row 0 is not used.

    slope: s. alpha, beta: sensitivities of ln |d_l|^2 to ln K_l and of ln |d_{l+1}|^2 to ln A_l.
    common: covariance of a layer's noises in |d|^2 and in A. noise: v, all that a layer contributes.
    along: a, excess power of dL/dh along h.
    up: share of |W d|^2 that a Haar matrix above keeps fixed, 0 without one; fixed: 1 / n_max of it, (L + 1,).
    """

    slope: Array
    alpha: Array
    beta: Array
    common: Array
    noise: Array
    along: Array
    up: Array
    fixed: Array


def sensitivity(t: Trajectory, f: Fluctuations) -> Sensitivity:
    """Of a trajectory that is known to its last layer."""
    m, n, haar = t.moments, t.width[:, None], f.haar[:, None]
    slope = elasticity(m.d_slope_square, m.q, m.slope_square)
    share_above = above(f.share)
    alpha = downwards(f.response * share_above, slope)
    beta = share_above * above(alpha)
    up, fixed = _haar_above(t)
    fourth = tailedness(m.slope_fourth, m.slope_square, f.pairs.series.slope_fourth)
    # 2 haar, 2 up: what is linear in the squares of what a Haar matrix turns; the rest as in `fluctuations`
    sampled = _fourth_moment(t, fourth) * fourth - 1 - 2 * up[:, None] - 2 * haar * (f.share * slope) ** 2
    sampled = np.where(m.slope_square > 0, sampled / n / (1 + 2 * fixed)[:, None], 0.0)
    common = ratio(m.mixed, m.square * m.slope_square) - 1 - 2 * haar * f.share**2 * slope * f.response
    common = np.where(m.slope_square * m.square > 0, common / n, 0.0)
    turned = f.pairs.series.turned[:, None] ** 2
    return Sensitivity(
        slope=slope,
        alpha=alpha,
        beta=beta,
        common=common,
        noise=beta**2 * f.noise + sampled + 2 * beta * common,
        along=downwards(share_above * above(turned), 2 * share_above * above(slope)),
        up=up,
        fixed=fixed,
    )


def _fourth_moment(t: Trajectory, fourth: Array) -> Array:
    """E g^4 / (E g^2)^2 of an entry g of dL/dh, (L + 1, S): 3, and (k - 3) sum d^4 / (sum d^2)^2 for weights of
    kurtosis k above; entries of the cotangent itself are normal or 1."""
    above_it = np.append(t.of_laws(lambda law: 0.0 if law.haar else law.kurtosis - 3), 0.0)[:, None]
    out = 3 + above_it * above(3 * fourth / t.width[:, None])
    if t.gradient == "ones":
        out[-1] = 1.0
    return out


def _haar_above(t: Trajectory) -> tuple[Array, Array]:
    """min(1, n_l / n_{l+1}) and 1 / max(n_l, n_{l+1}) where the matrix above layer l is a Haar one, else 0; (L + 1,)
    each."""
    up = t.of_laws(lambda law: min(1.0, law.fan_in / law.fan_out) if law.haar else 0.0)
    fixed = t.of_laws(lambda law: 1 / max(law.fan_in, law.fan_out) if law.haar else 0.0)
    return np.append(up, 0.0), np.append(fixed, 0.0)
