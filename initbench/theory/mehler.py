"""Averages over pairs by Mehler's formula, for activations so smooth that few Hermite coefficients are left.

With h_n = He_n / sqrt(n!), orthonormal under the normal law, and f_n(q) = < f(sqrt(q) x) h_n(x) >,
    <f(z_a) f(z_b)> = sum_n f_n(q_a) f_n(q_b) c^n
The coefficients of phi come from those of its slope, phi_n = sqrt(q / n) phi'_(n-1), so that a constant in phi does
not drown them, and with 1 - c^n taken from e = 1 - c no difference is left that cancels:
    gap = sum_n (phi_n(q_a) - phi_n(q_b))^2 / 2 + phi_n(q_a) phi_n(q_b) (1 - c^n)
One set of coefficients serves every e. Whether they suffice is told by Parseval's identity: their squares must add up
to the averages of one preactivation, on nodes that are denser than the activation's own panels.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from .gaussian import moments
from .quadrature import bends, density, mesh
from .sets import sorted_set

Array = np.ndarray[Any, Any]

_RUNGS = ((64, 128), (256, 256), (1024, 512))  # how many coefficients, from how many nodes
_REACH = 12.2  # where exp(-x^2 / 4), the size of h_n(x) exp(-x^2 / 2), is 1e-16
_MISSING = 1e-11  # what may be missing from the sum of all squares
_BLOCK = 1 << 16


def by_mehler(activation: Activation, q_a: Array, q_b: Array, e: Array) -> Array:
    """product, gap, slope_product and square_product, (N,) each -> (4, N); nan where the coefficients do not suffice.

    0 < q < inf.
    """
    table = np.full((4, e.size), np.nan)
    if bends(activation).size:
        return table
    q, place = np.unique(np.concatenate([q_a, q_b]), return_inverse=True)
    single, narrowest = moments(activation, q), np.diff(mesh(activation)).min(initial=np.inf)
    a, b = place[: e.size], place[e.size :]
    left = np.arange(e.size)
    for count, size in _RUNGS:
        which = sorted_set(a[left], b[left])
        dense = 2 * _REACH / (size - 1) * np.sqrt(q[which]) <= narrowest / 2
        values, slopes, squares = coefficients(activation, q[which], count, size)
        enough = dense & _adds_up(slopes, single.slope_square[which]) & _adds_up(squares, single.fourth[which])
        i, j = np.searchsorted(which, a[left]), np.searchsorted(which, b[left])
        done = enough[i] & enough[j]
        for block in np.array_split(np.flatnonzero(done), 1 + done.sum() * count // _BLOCK):
            k, m, at = i[block], j[block], left[block]
            table[:, at] = _summed(values[k], values[m], slopes[k] * slopes[m], squares[k] * squares[m], e[at])
        left = left[~done]
        if not left.size:
            break
    return table


def _adds_up(coefficients: Array, total: Array) -> Array:
    missing = np.abs((coefficients**2).sum(axis=1) - total)
    return np.asarray((missing <= _MISSING * total) & np.isfinite(total))


def _summed(value_a: Array, value_b: Array, slopes: Array, squares: Array, e: Array) -> Array:
    """The four averages of some points from their coefficients, (N, n) each."""
    values, missing = value_a * value_b, _lost(e, slopes.shape[1])
    return np.stack(
        [
            (values - values * missing).sum(axis=1),
            ((value_a - value_b) ** 2 / 2 + values * missing).sum(axis=1),
            (slopes - slopes * missing).sum(axis=1),
            (squares - squares * missing).sum(axis=1),
        ]
    )


def _lost(e: Array, count: int) -> Array:
    """1 - c^n for n = 0, 1, ..., (N, count)."""
    negative = e > 1
    with np.errstate(divide="ignore"):
        size = np.log1p(-np.where(negative, 2 - e, e))
    lost = np.zeros((e.size, count))
    lost[:, 1:] = -np.expm1(np.arange(1, count) * size[:, None])
    lost[negative, 1::2] = 2 - lost[negative, 1::2]
    return lost


def coefficients(activation: Activation, q: Array, count: int, size: int) -> tuple[Array, Array, Array]:
    """Those of phi, phi' and phi^2, (N,) -> (N, count) each."""
    x, basis = _basis(count, size)
    root = np.sqrt(q)[:, None]
    value, slope = activation.both(root * x)
    slopes, squares = slope @ basis, value**2 @ basis
    values = np.empty_like(slopes)
    values[:, 0] = value @ basis[:, 0]
    values[:, 1:] = root / np.sqrt(np.arange(1, count)) * slopes[:, :-1]
    return values, slopes, squares


@lru_cache
def _basis(count: int, size: int) -> tuple[Array, Array]:
    """Nodes of the trapezoidal rule, (size,), and h_n at them times their weights, (size, count).

    The rule is exact to rounding for what oscillates no faster than its nodes can tell.
    """
    x = np.linspace(-_REACH, _REACH, size)
    basis = np.empty((count, size))
    basis[0] = density(x) * (x[1] - x[0])
    basis[1] = x * basis[0]
    for n in range(1, count - 1):  # sqrt(n + 1) h_(n+1) = x h_n - sqrt(n) h_(n-1)
        basis[n + 1] = (x * basis[n] - np.sqrt(n) * basis[n - 1]) / np.sqrt(n + 1)
    return x, np.ascontiguousarray(basis.T)
