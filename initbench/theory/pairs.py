"""Gaussian averages over pairs of preactivations, which the correlation map is made of.

Three ways to the same numbers: closed forms where there are some; Hermite coefficients for smooth activations at
moderate q, which are fast for many pairs at the same q; and quadrature in the plane for all the rest.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..catalogue.activations import Activation
from ..values import frozen
from .closed import closed_form
from .mehler import by_mehler
from .rotated import by_quadrature

Array = np.ndarray[Any, Any]

_BLOCK = 512  # points at a time


@frozen
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


FIELDS = tuple(field.name for field in fields(PairMoments))


def pair_moments(activation: Activation, q_a: ArrayLike, q_b: ArrayLike, e: ArrayLike) -> PairMoments:
    """The averages for every (q_a, q_b, e), broadcast; finite q_a, q_b >= 0 and 0 <= e <= 2.

    Elsewhere nan.
    """
    q_a, q_b, e = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (q_a, q_b, e)))
    points = np.stack([q_a.ravel(), q_b.ravel(), e.ravel()])
    table = np.full((len(FIELDS), points.shape[1]), np.nan)
    fine = np.flatnonzero(np.isfinite(points).all(axis=0) & (points >= 0).all(axis=0) & (points[2] <= 2))
    fine = fine[np.lexsort(points[::-1, fine])]  # pairs of the same q share their coefficients
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for start in range(0, fine.size, _BLOCK):
            block = fine[start : start + _BLOCK]
            table[:, block] = _averages(activation, *points[:, block])
    return PairMoments(*(row.reshape(q_a.shape) for row in table))


def _averages(activation: Activation, q_a: Array, q_b: Array, e: Array) -> Array:
    """The fields of PairMoments for finite q_a, q_b and e, (N,) each -> (4, N)."""
    table = np.full((len(FIELDS), e.size), np.nan)
    random = (q_a > 0) & (q_b > 0)
    form = closed_form(activation)
    known = form.pairs(q_a[random], q_b[random], e[random]) if form else {}
    todo = ~random
    if len(known) < len(FIELDS):
        table[:, random] = by_mehler(activation, q_a[random], q_b[random], e[random])
        todo |= np.isnan(table).any(axis=0)
    for i in np.flatnonzero(todo):
        table[:, i] = by_quadrature(activation, float(q_a[i]), float(q_b[i]), float(e[i]))
    for name, row in known.items():
        table[FIELDS.index(name), random] = row
    return table
