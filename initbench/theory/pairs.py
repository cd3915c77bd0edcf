"""Gaussian averages over pairs: z_a ~ N(0, q_a) and z_b ~ N(0, q_b) with correlation 1 - e.

With independent u and v, z_a = sqrt(q_a) (alpha u + beta v) and z_b = sqrt(q_b) (alpha u - beta v), where
alpha^2 = 1 - e / 2 and beta^2 = e / 2: the difference of the two is exact however small e is. For e > 1 the same is
done with -z_b. For each v the panels in u end where either argument meets an end of the activation's mesh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..catalogue.activations import Activation
from .quadrature import density, grid, merged, mesh, nodes

Array = np.ndarray[Any, Any]

REACH = 8.5


@dataclass(frozen=True)
class PairMoments:
    """Averages over pairs, float64, of the common shape of q_a, q_b and e.

    product <phi_a phi_b>, gap <(phi_a - phi_b)^2> / 2, slope_product <phi'_a phi'_b>, square_product
    <phi_a^2 phi_b^2>. Where q_a = q_b the gap keeps its relative accuracy as e -> 0.
    The slope is the one almost everywhere: where the value jumps, the derivative of the product with respect to the
    correlation is not q slope_product.
    """

    product: Array
    gap: Array
    slope_product: Array
    square_product: Array


def pair_moments(activation: Activation, q_a: ArrayLike, q_b: ArrayLike, e: ArrayLike) -> PairMoments:
    """The averages for every (q_a, q_b, e), broadcast; q_a, q_b >= 0 and 0 <= e <= 2."""
    q_a, q_b, e = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (q_a, q_b, e)))
    points = np.stack([q_a.ravel(), q_b.ravel(), e.ravel()])
    table = np.full((4, points.shape[1]), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(points.shape[1]):
            if np.isfinite(points[:, i]).all():
                table[:, i] = _by_quadrature(activation, *points[:, i].tolist())
    return PairMoments(*(row.reshape(q_a.shape) for row in table))


def _by_quadrature(activation: Activation, q_a: float, q_b: float, e: float) -> Array:
    sign = 1.0 if e <= 1 else -1.0
    e = min(e, 2 - e)
    alpha, beta = np.sqrt(1 - e / 2), np.sqrt(e / 2)
    a, b = np.sqrt(q_a), np.sqrt(q_b)
    own = mesh(activation)
    at_a = own[np.abs(own) < 2 * REACH * a] / a if a else np.zeros(0)
    at_b = sign * own[np.abs(own) < 2 * REACH * b] / b if b else np.zeros(0)
    crossings = np.zeros(0)
    if beta:
        scales = np.concatenate([np.abs(at_a), np.abs(at_b)]) / beta
        crossings = np.concatenate([scales, -scales, (at_a[:, None] - at_b).ravel() / (2 * beta)])
        crossings = crossings[np.abs(crossings) < REACH]
    v, wv = nodes(np.unique(np.concatenate([grid(REACH), crossings])))
    wv = wv * density(v)
    inner = np.concatenate([at_a - beta * v[:, None], at_b + beta * v[:, None]], axis=1) / alpha
    u, wu = nodes(merged(grid(REACH), inner, REACH))
    w = wu * density(u) * wv[:, None]
    value_a, slope_a = activation.both(a * (alpha * u + beta * v[:, None]))
    value_b, slope_b = activation.both(sign * b * (alpha * u - beta * v[:, None]))
    product = value_a * value_b
    return np.array(
        [
            (product * w).sum(),
            ((value_a - value_b) ** 2 * w).sum() / 2,
            (slope_a * slope_b * w).sum(),
            (product * product * w).sum(),
        ]
    )
