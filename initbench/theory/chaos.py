"""Averages over pairs by short Hermite series: powers of phi and of its slope, at every layer and correlation.

With f_k = <f(z) He_k(z / sqrt(q))> / sqrt(k!), Mehler's formula says
    <f(z_a) g(z_b)> = sum_k f_k g_k c^k
for z_a, z_b ~ N(0, q) of correlation c (`hermite`). Here the series is cut at ORDER; what is then missing at c = 1 is
known, and is put at the order 2 ORDER, where most of it would be for an activation with a kink. That is good to 1 % of
<f g>: enough for a variance over seeds, not for a map that is iterated.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .chebyshev import Cells
from .maps import homogeneous
from .quadrature import REACH, breaks, centre, density, grid, merged, mesh, nodes

Array = np.ndarray[Any, Any]

ORDER = 24
_COLUMNS = 5 * (ORDER + 1) + 4
_NODES = 10  # a panel
_CELL, _KNOTS = 2.0, (28, 20)  # of the polynomials in ln q, with kinks off 0 and without
_LIMITS = (1e-16, 1e16)  # of the mean squares that they follow: beyond, phi is a power of z
_FOLLOWED = 1e-6  # their last coefficients, beside the nodes' own error of 1e-8
_SPARSE = 9  # mean squares a cell: up to so many, polynomials would cost more than they save
_AT_ONCE = 64
_ROUNDING = 1e-13  # beside the 1 that <phi^4> / A^2 is where phi has but one size: there, nothing spreads


@frozen
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
    """At every q, (N,), 0 <= q < inf; nan gives nan."""
    table = np.full((q.size, _COLUMNS), np.nan)
    table[q == 0] = 0.0
    there = np.flatnonzero((q > 0) & (q < np.inf))
    if there.size:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = _rows(activation, q[there])
        found[np.abs(found - 1) <= _ROUNDING] = 1.0
        table[there] = found
    five = table[:, : 5 * (ORDER + 1)].reshape(q.size, 5, ORDER + 1)
    return Series(*five.transpose(1, 0, 2), *table[:, 5 * (ORDER + 1) :].T)


def _rows(activation: Activation, q: Array) -> Array:
    """By polynomials in ln q, and one by one where they do not follow."""
    if homogeneous(activation) is not None:  # in these units, every q is alike
        return _cells(activation)(np.zeros(1))
    different, place = np.unique(np.clip(q, *_LIMITS), return_inverse=True)
    found = _cells(activation)(np.log(different))
    lost = np.flatnonzero(~np.isfinite(found).all(axis=1))
    for start in range(0, lost.size, _AT_ONCE):  # rising: neighbours share their panels
        part = lost[start : start + _AT_ONCE]
        found[part] = _coefficients(activation, different[part])
    return np.asarray(found[place])


@lru_cache(maxsize=32)
def _cells(activation: Activation) -> Cells:
    """ln q -> the rows of Series."""
    knots = _KNOTS[not breaks(activation).any()]
    return Cells(
        lambda log_q: _coefficients(activation, np.exp(log_q)), _CELL, knots, _FOLLOWED, _SPARSE, centre(activation)
    )


def _coefficients(activation: Activation, q: Array) -> Array:
    """The rows of Series at q, (N,) -> (N, _COLUMNS)."""
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
    coefficients = functions @ _polynomials(x).swapaxes(1, 2)
    return np.concatenate([coefficients.reshape(q.size, -1), *totals], axis=1)


def _polynomials(x: Array) -> Array:
    """He_k(x) / sqrt(k!) for k = 0 ... ORDER, (N, X) -> (N, ORDER + 1, X)."""
    found, older = np.empty((len(x), ORDER + 1, x.shape[1])), np.empty_like(x)
    found[:, 0], found[:, 1] = 1.0, x
    for k in range(1, ORDER):  # He_{k+1} = x He_k - k He_{k-1}
        newer = found[:, k + 1]
        np.multiply(x, found[:, k], out=newer)
        np.multiply(found[:, k - 1], math.sqrt(k), out=older)
        newer -= older
        newer *= 1 / math.sqrt(k + 1)
    return found


def _sum(f: Array, w: Array) -> Array:
    return np.asarray(np.einsum("ij,ij->i", f, w)[:, None])


def _inverse(x: Array) -> Array:
    return np.divide(1.0, x, out=np.zeros_like(x), where=x > 0)


@frozen
class Powers:
    """Correlations c, (..., N), and their powers: of 0 to ORDER, (..., N, ORDER + 1), and of 2 ORDER where c > 0."""

    c: Array
    low: Array
    last: Array


def powers(c: Array) -> Powers:
    """Of correlations, (..., N)."""
    with np.errstate(under="ignore"):
        low = np.empty((*c.shape, ORDER + 1))
        low[..., 0] = 1.0
        low[..., 1:] = c[..., None]
        np.multiply.accumulate(low, axis=-1, out=low)
        return Powers(c, low, np.where(c > 0, low[..., ORDER], 0.0 * c) ** 2)


def pair_average(f: Array, g: Array, total: Array | float, at: Powers) -> Array:
    """<f_a g_b>, (..., N), from coefficients (N, ORDER + 1) and total = <f g>, (N,)."""
    product = f * g
    rest = total - product.sum(axis=-1)
    return np.asarray(np.einsum("...nk,nk->...n", at.low, product) + rest * at.last)


def mean_average(f: Array, g: Array, total: Array | float, around: Powers) -> Array:
    """<f_a g_b>, (N,), as a mean over some correlations, (M, N)."""
    return np.asarray(pair_average(f, g, total, around).sum(axis=0) / len(around.c))


def times_x(f: Array) -> Array:
    """The coefficients of x f(x) from those of f, (N, ORDER + 1); the last one lacks what ORDER + 1 would add."""
    root = np.sqrt(np.arange(1, ORDER + 1))
    out = np.zeros_like(f)
    # x h_k = sqrt(k + 1) h_k+1 + sqrt(k) h_k-1
    out[:, 1:] += root * f[:, :-1]
    out[:, :-1] += root * f[:, 1:]
    return out
