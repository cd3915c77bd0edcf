"""Gaussian averages of an activation: over z ~ N(0, q), as functions of q, with their derivatives.

Derivatives with respect to q are averages too (Stein's identity, twice, with x = z / sqrt(q)):
    d<f>/dq = <f (x^2 - 1)> / (2 q)          d2<f>/dq2 = <f (x^4 - 6 x^2 + 3)> / (4 q^2)
They hold across kinks and jumps. Their error is a rounding error of <|f|> / q and <|f|> / q^2: what matters where
they are multiplied by a fluctuation of q, which is a fraction of q.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..catalogue.activations import Activation
from .quadrature import REACH, density, grid, merged, mesh, nodes

Array = np.ndarray[Any, Any]

_BLOCK = 1 << 17  # nodes at a time


@dataclass(frozen=True)
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
    """The averages at every q >= 0, of any shape.

    At q = 0 all of z is at 0, and at q = inf it is at -inf and inf, half each: there the averages are those of the
    activation's own limits, and the derivatives are nan.
    """
    q = np.asarray(q, dtype=np.float64)
    flat = q.ravel()
    table = np.full((len(FIELDS), flat.size), np.nan)
    table[0] = flat
    inside = np.flatnonzero((flat > 0) & (flat < np.inf))
    inside = inside[np.argsort(flat[inside], kind="stable")]
    with np.errstate(over="ignore", invalid="ignore"):
        for block in _blocks(activation, flat, inside):
            table[:, block] = by_quadrature(activation, flat[block])
        for limit in (0.0, np.inf):
            table[1:7, flat == limit] = _limit(activation, limit)[:, None]
    return Moments(*(row.reshape(q.shape) for row in table))


def _blocks(activation: Activation, q: Array, order: Array) -> list[Array]:
    """Indices in rising q, cut where a block would get too large; neighbours share their panels."""
    most = 20 * (grid().size + mesh(activation).size)
    size = max(1, min(64, _BLOCK // most))
    return [order[start : start + size] for start in range(0, order.size, size)]


def _limit(activation: Activation, end: float) -> Array:
    value, slope = activation.both(np.array([-end, end]))
    v, s = value**2, slope**2
    return np.asarray(np.stack([value, v, v * v, s, s * s, v * s]).mean(axis=1))


def by_quadrature(activation: Activation, q: Array) -> Array:
    """The rows of Moments by quadrature, (N,) -> (12, N), for 0 < q < inf."""
    root = np.sqrt(q)[:, None]
    own = mesh(activation)
    own = own[np.abs(own) < REACH * root.max()]
    x, w = nodes(merged(grid(), own / root))
    value, slope = activation.both(x * root)
    w = w * density(x)
    x2 = x * x
    first = (x2 - 1) * w
    second = (x2 * (x2 - 6) + 3) * w
    v, s = value * value, slope * slope
    vw, sw = v * w, s * w
    rows = [
        q,
        _sum(value, w),
        vw.sum(axis=1),
        _sum(v, vw),
        sw.sum(axis=1),
        _sum(s, sw),
        _sum(v, sw),
        _sum(value, first) / (2 * q),
        _sum(v, first) / (2 * q),
        _sum(v, second) / (4 * q * q),
        _sum(s, first) / (2 * q),
        _sum(s, second) / (4 * q * q),
    ]
    return np.stack(rows)


def _sum(a: Array, b: Array) -> Array:
    total: Array = np.einsum("ij,ij->i", a, b)
    return total
