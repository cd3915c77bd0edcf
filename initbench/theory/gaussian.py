"""Gaussian averages of an activation: over z ~ N(0, q), as functions of q, with their derivatives.

Derivatives with respect to q are averages too (Stein's identity, twice, with x = z / sqrt(q)):
    d<f>/dq = <f (x^2 - 1)> / (2 q)          d2<f>/dq2 = <f (x^4 - 6 x^2 + 3)> / (4 q^2)
They hold across kinks and jumps. Their error is a rounding error of <|f|> / q and <|f|> / q^2: what matters where
they are multiplied by a fluctuation of q, which is a fraction of q.
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..catalogue.activations import Activation
from ..values import frozen
from .closed import closed_form
from .quadrature import FAR, ORDER, REACH, breaks, density, grid, is_quiet, merged, mesh, nodes, tails, trusted

Array = np.ndarray[Any, Any]

_BLOCK = 1 << 17  # nodes at a time
_JUDGE = [2, 2, 3, 4, 5, 6, 2, 2, 2, 4, 4]  # the even power by which a row is judged to exist


@frozen
class Moments:
    """Averages over z ~ N(0, q), float64, of the shape of q; inf where an average overflows or does not exist.

    mean <phi>, square <phi^2>, fourth <phi^4>, slope_square <phi'^2>, slope_fourth <phi'^4>, mixed <phi^2 phi'^2>.
    d_, d2_: first and second derivative with respect to q.
    The slope is the one almost everywhere: a jump of the value adds nothing to it.
    """

    q: Array
    mean: Array
    square: Array
    fourth: Array
    slope_square: Array
    slope_fourth: Array
    mixed: Array
    d_mean: Array
    d_square: Array
    d2_square: Array
    d_slope_square: Array
    d2_slope_square: Array


FIELDS = tuple(field.name for field in fields(Moments))


def moments(activation: Activation, q: ArrayLike) -> Moments:
    """The averages at every q >= 0, of any shape; in closed form where there is one, else by quadrature.

    At q = 0 all of z is at 0, and at q = inf it is at -inf and inf, half each: there the averages are those of the
    activation's own limits, and the derivatives are nan.
    """
    q = np.asarray(q, dtype=np.float64)
    flat = q.ravel()
    table = np.full((len(FIELDS), flat.size), np.nan)
    table[0] = flat
    inside = np.flatnonzero((flat > 0) & (flat < np.inf))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        form = closed_form(activation)
        known = form.moments(flat[inside]) if form else {}
        if len(known) < len(FIELDS) - 1:
            rising = inside[np.argsort(flat[inside], kind="stable")]
            for block in _blocks(activation, rising):
                table[:, block] = by_quadrature(activation, flat[block])
        for name, row in known.items():
            table[FIELDS.index(name), inside] = row
        if len(inside) < len(flat):
            for limit in (0.0, np.inf):
                table[1:7, flat == limit] = _limit(activation, limit)[:, None]
    return Moments(*(row.reshape(q.shape) for row in table))


def _blocks(activation: Activation, rising: Array) -> list[Array]:
    """Indices in rising q, cut where a block would get too large; neighbours share their panels."""
    most = ORDER * (grid().size + mesh(activation).size)
    size = max(1, min(64, _BLOCK // most))
    return [rising[start : start + size] for start in range(0, rising.size, size)]


def _limit(activation: Activation, end: float) -> Array:
    value, slope = activation.both(np.array([-end, end]))
    v, s = value**2, slope**2
    return np.asarray(np.stack([value, v, v * v, s, s * s, v * s]).mean(axis=1))


def by_quadrature(activation: Activation, q: Array) -> Array:
    """The rows of Moments by quadrature, (N,) -> (12, N), for 0 < q < inf.

    Where a steep activation's average comes from the end of the range, there is none, or it cannot be reached: inf.
    nan beyond where an activation that never rests was followed.
    """
    root = np.sqrt(q)[:, None]
    steep = math.isinf(activation.formula.steepest)
    reach = FAR if steep else REACH
    own = mesh(activation)
    own = own[np.abs(own) < reach * root.max()] / root
    if is_quiet(activation, float(root.min())):
        cuts = np.clip(breaks(activation) / root, -FAR, FAR)
        own, reach = np.concatenate([own, cuts, tails(cuts)], axis=1), FAR
    x, w = nodes(merged(grid(FAR if steep else REACH), own, reach))
    w *= density(x)
    value, slope = activation.both(x * root)
    rows = _averages(q, x, w, value, slope)
    if steep:
        edge = _averages(q, x, w * (np.abs(x) > FAR - 1), value, slope)
        rows[1:][edge[_JUDGE] > 1e-9 * rows[_JUDGE]] = np.inf
    rows[1:, q > (trusted(activation) / REACH) ** 2] = np.nan
    return rows


def _averages(q: Array, x: Array, w: Array, value: Array, slope: Array) -> Array:
    """Weights go in as fourth roots, so that phi^4 overflows only where phi^4 w does."""
    half = np.sqrt(w)
    quarter = np.sqrt(half)
    v, s = (value * quarter) ** 2, (slope * quarter) ** 2
    second = x * x - 1
    fourth = second * (second - 4) - 2
    second, fourth, twice = second * half, fourth * half, 2 * q
    return np.stack(
        [
            q,
            np.vecdot(value, w),
            np.vecdot(v, half),
            np.vecdot(v, v),
            np.vecdot(s, half),
            np.vecdot(s, s),
            np.vecdot(v, s),
            np.vecdot(value * half, second) / twice,
            np.vecdot(v, second) / twice,
            np.vecdot(v, fourth) / twice / twice,
            np.vecdot(s, second) / twice,
            np.vecdot(s, fourth) / twice / twice,
        ]
    )
