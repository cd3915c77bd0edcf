"""Averages over pairs by short Hermite series: powers of phi and of its slope, at every layer and correlation.

With f_k = <f(z) He_k(z / sqrt(q))> / sqrt(k!), Mehler's formula says
    <f(z_a) g(z_b)> = sum_k f_k g_k c^k
for z_a, z_b ~ N(0, q) of correlation c (`hermite`). Here the series is cut at ORDER; what is then missing at c = 1 is
known, and is put at the order 2 ORDER, where most of it would be for an activation with a kink. That is good to 1 % of
<f g>: enough for a variance over seeds, not for a map that is iterated.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from .hermite import hermites
from .quadrature import REACH, density, grid, merged, mesh, nodes

Array = np.ndarray[Any, Any]

ORDER = 24
LEVELS = 64  # values of q that are told apart, per factor e
_NODES = 10  # a panel


@dataclass(frozen=True)
class Series:
    """The Hermite coefficients of an activation at N values of q, (N, ORDER + 1) each, in units of A = <phi^2> and
    chi = <phi'^2>; where these are 0, so are the coefficients.

    value phi / sqrt(A), square phi^2 / A, cube phi^3 / A^1.5, slope phi' / sqrt(chi), slope_square phi'^2 / chi.
    fourth <phi^4> / A^2, slope_fourth <phi'^4> / chi^2, mixed <phi^2 phi'^2> / (A chi), turned <x phi phi'> /
    sqrt(A chi), (N,) each.
    """

    value: Array
    square: Array
    cube: Array
    slope: Array
    slope_square: Array
    fourth: Array
    slope_fourth: Array
    mixed: Array
    turned: Array


def series(activation: Activation, q: Array) -> Series:
    """At every q, (N,), 0 <= q < inf, with q rounded to a relative 1 / LEVELS; nan gives nan."""
    table = np.full((q.size, 5 * (ORDER + 1) + 4), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.round(np.log(q) * LEVELS)
    table[q == 0] = 0.0
    there = np.flatnonzero(np.isfinite(level))
    if there.size:
        _, first, inverse, count = np.unique(level[there], return_index=True, return_inverse=True, return_counts=True)
        # a level is evaluated at the mean of its q: a signal that has come to rest is not moved by the rounding
        middle = np.bincount(inverse, q[there] / q[there][first][inverse]) / count * q[there][first]
        with np.errstate(over="ignore", invalid="ignore"):
            table[there] = np.concatenate([_coefficients(activation, part) for part in _parts(middle)])[inverse]
    five = table[:, : 5 * (ORDER + 1)].reshape(q.size, 5, ORDER + 1)
    return Series(*five.transpose(1, 0, 2), *table[:, 5 * (ORDER + 1) :].T)


def _parts(q: Array) -> list[Array]:
    return [q[start : start + 64] for start in range(0, q.size, 64)]  # rising: neighbours share their panels


def _coefficients(activation: Activation, q: Array) -> Array:
    """The rows of Series at q, (N,) -> (N, 5 (ORDER + 1) + 4)."""
    root = np.sqrt(q)[:, None]
    own = mesh(activation)
    own = own[np.abs(own) < REACH * root.max()]
    x, w = nodes(merged(grid(), own / root), _NODES)
    w = w * density(x)
    value, slope = activation.both(x * root)
    value = value * _inverse(np.sqrt(_sum(value * value, w)))
    slope = slope * _inverse(np.sqrt(_sum(slope * slope, w)))
    square, slope_square = value * value, slope * slope
    functions = np.stack([value, square, square * value, slope, slope_square], axis=1) * w[:, None]
    pairs = [(square, square), (slope_square, slope_square), (square, slope_square), (x * value, slope)]
    totals = [_sum(f * g, w) for f, g in pairs]
    polynomials = np.stack(list(islice(hermites(x), ORDER + 1)), axis=1)
    coefficients = functions @ polynomials.swapaxes(1, 2)
    return np.concatenate([coefficients.reshape(q.size, -1), *totals], axis=1)


def _sum(f: Array, w: Array) -> Array:
    return np.asarray(np.einsum("ij,ij->i", f, w)[:, None])


def _inverse(x: Array) -> Array:
    return np.divide(1.0, x, out=np.zeros_like(x), where=x > 0)


def pair_average(f: Array, g: Array, total: Array, c: Array) -> Array:
    """<f_a g_b> at correlations c, (..., N), from coefficients (N, ORDER + 1) and total = <f g>, (N,)."""
    product = f * g
    rest = total - product.sum(axis=-1)
    with np.errstate(under="ignore"):
        powers = np.broadcast_to(c[..., None], (*c.shape, ORDER + 1)).copy()
        powers[..., 0] = 1.0
        np.multiply.accumulate(powers, axis=-1, out=powers)
        return np.asarray(np.einsum("...nk,nk->...n", powers, product) + rest * np.maximum(c, 0.0) ** (2 * ORDER))


def mean_average(f: Array, g: Array, total: Array, around: Array) -> Array:
    """<f_a g_b>, (N,), as a mean over the correlations of `around`, (M, N)."""
    return np.asarray(pair_average(f, g, total, around).mean(axis=0))


def times_x(f: Array) -> Array:
    """The coefficients of x f(x) from those of f, (N, ORDER + 1); the last one lacks what ORDER + 1 would add."""
    root = np.sqrt(np.arange(1, ORDER + 1))
    out = np.zeros_like(f)
    # x h_k = sqrt(k + 1) h_k+1 + sqrt(k) h_k-1
    out[:, 1:] += root * f[:, :-1]
    out[:, :-1] += root * f[:, 1:]
    return out
