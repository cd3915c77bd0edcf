"""What the gradients of two different inputs have in common: covariances of their lengths, and their overlap.

Between two inputs a and b, with x = E |d_a|^2 |d_b|^2 and y = E (d_a . d_b)^2, both over the product of the means, a
layer with T = <phi'_a^2 phi'_b^2> / chi^2 and delta = <phi'_a phi'_b> / chi gives
    x' = x (1 + v_ab) + 2 T y / n,    y' = delta^2 y + (T (x + 2 y) - delta^2 y) / n,
with v_ab made as v is in `backward`. Independent cotangents start from (1, 0): d_a . d_b has the mean 0, but it is the
random overlap, growing from layer to layer, that makes the lengths alike.

Where c is small all of this is of order 1 / n^2, and so is a last term: dL/dh of a has, along h_b, a component whose
power depends on the same sum phi'_a^2 u_b^2 as |d_b|^2 does. With o_k the covariance of the two,
    o_{k-1} = share_k <x_b phi_b phi'_a>^2 / (A chi) o_k + 2 share_k alpha_k / n_k
adds 2 o_k <phi_b^2 phi'_a^2> / (A chi n_k) to v_ab. Haar matrices keep sums fixed as they do for one input. All is done
for a correlation one standard deviation below and one above its mean in every layer, since what a pair has in common it
keeps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import frozen
from .chaos import pair_average, times_x
from .fluctuations import Fluctuations, common_part
from .kernel import Trajectory
from .sensitivity import Sensitivity

Array = np.ndarray[Any, Any]


@frozen
class GradientPairs:
    """Over pairs of different inputs, (L + 1,); row 0 is nan.

    product: E |d_a|^2 |d_b|^2 over the product of the means, less 1, without what layer l's own K adds.
    overlap: E (d_a . d_b)^2 over the same.
    """

    product: Array
    overlap: Array


def gradient_pairs(t: Trajectory, f: Fluctuations, r: Sensitivity) -> GradientPairs:
    """Of a trajectory that is known to its last layer; 0 for a single input."""
    product, overlap = np.full(t.depth + 1, np.nan), np.full(t.depth + 1, np.nan)
    if t.start.batch == 1:
        product[1:] = overlap[1:] = 0.0
        return GradientPairs(product, overlap)
    sides = zip(*(rows.tolist() for rows in _terms(t, f, r)), strict=True)
    x, y = np.mean([_carried(*side) for side in sides], axis=0)[:, ::-1]
    product[1:], overlap[1:] = x - 1, y
    return GradientPairs(product, overlap)


def _carried(*terms: list[float]) -> tuple[list[float], list[float]]:
    """x and y from layer L down to 1, for the terms of one correlation, (L + 1,) each."""
    x, y, o = 1.0, 0.0, 0.0
    products, overlaps = [], []
    for fourth, delta, mixed, own, factor, source, up, n in zip(*(row[:0:-1] for row in terms), strict=True):
        x, y = (
            x * (1 + own + 2 * o * mixed) + 2 * (fourth - up) * y / n,
            delta * y + (fourth * (x + 2 * y) - delta * y - up * delta * (x + y)) / n,
        )
        o = factor * o + source
        products.append(x)
        overlaps.append(y)
    return products, overlaps


def _terms(t: Trajectory, f: Fluctuations, r: Sensitivity) -> list[Array]:
    """T, delta^2, <phi_b^2 phi'_a^2> / (A chi n), v_ab, the factor and the source of o, up, n, (2, L + 1) each."""
    pairs, n = f.pairs, t.width
    s, at, c = pairs.series, pairs.around, pairs.around.c
    fourth = pair_average(s.slope_square, s.slope_square, s.slope_fourth, at)
    mixed = pair_average(s.slope_square, s.square, s.mixed, at)
    share, response, slope = (t.over_batch(rows) for rows in (f.share, f.response, r.slope))
    alpha, beta = t.over_batch(r.alpha), t.over_batch(r.beta)
    # a Haar matrix below keeps the part along u_a u_b fixed; weights that are not normal move it
    linear = 2 * f.haar * common_part(c, share) - (1 - (c**2).mean(axis=0)) * f.pair_excess
    own = beta**2 * f.pair_noise + (fourth - 1 - linear * slope**2) / n
    own = own + 2 * beta * (mixed - 1 - linear * slope * response) / n
    terms = [
        fourth,
        pair_average(s.slope, s.slope, 1.0, at) ** 2,
        mixed / n - r.fixed,
        np.where(s.slope_fourth > 0, own, 0.0),
        share * pair_average(times_x(s.value), s.slope, s.turned, at) ** 2,
        2 * share * alpha * (1 - f.haar) / n,
        r.up,
        n * (1 + 2 * r.fixed),
    ]
    return [np.broadcast_to(rows, c.shape) for rows in terms]
