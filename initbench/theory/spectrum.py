"""The correlation map of an activation as a power series: c^k times the power of phi in Hermite's k-th polynomial.

With x = z / sqrt(q) and He_k orthogonal under N(0, 1), Mehler's formula gives
    <phi_a phi_b> = sum_k a_k^2 c^k,   a_k = <phi(sqrt(q) x) He_k(x)> / sqrt(k!),   sum_k a_k^2 = <phi^2>.
No term is negative: the series is a convex function of c >= 0, so the correlation map has at most one fixed point
below c = 1, and it holds for kinks and jumps too. Where the series is cut off matters only as c -> 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .gaussian import moments
from .hermite import hermites
from .quadrature import density, grid, merged, mesh, nodes

Array = np.ndarray[Any, Any]

TERMS = 1024
_REACH = 13.0  # He_k(x) / sqrt(k!) stays below exp(x^2 / 4), so that density takes it to 2e-19 there
_WIDTH = 0.6  # of a panel: He_k turns by sqrt(k) radians a unit, so 20 nodes have 19 radians to follow
_EVERY = 32  # terms between two looks at what is left
_NOTHING = 2e-14  # power that is rounding
_ERROR = 1e-12


@frozen
class Spectrum:
    """q (Q,); power (Q, K): a_k^2 / <phi^2> for k = 0, 1, ...; rest (Q,): the power beyond, 0 if it is rounding."""

    q: Array
    power: Array
    rest: Array

    def chord(self, e: Array) -> Array:
        """<(phi_a - phi_b)^2> / (2 e <phi^2>) = sum_k power (1 - c^k) / e at c = 1 - e, 0 < e <= 1: (E,) -> (Q, E).

        Too small by at most rest c^K / e.
        """
        orders = np.arange(self.power.shape[1])[:, None]
        lost = np.zeros((orders.size, e.size))
        with np.errstate(divide="ignore"):
            lost[1:] = -np.expm1(orders[1:] * np.log1p(-e))  # 1 - c^k
        return np.asarray((self.power @ lost + self.rest[:, None]) / e)

    def slope(self, e: Array) -> Array:
        """The slope of <phi_a phi_b> / <phi^2> in c: sum_k power k c^(k - 1), (E,) -> (Q, E)."""
        orders = np.arange(1, self.power.shape[1])[:, None]
        return np.asarray((self.power[:, 1:] * orders[:, 0]) @ (1 - e) ** (orders - 1))

    def nearest(self) -> float:
        """The smallest e at which the terms say all to 1e-12, for every q: 0 where the series is complete."""
        e = np.append(10 ** np.linspace(-4, 0, 81), 1.0)
        left = self.rest.max() * self.power.shape[1] * (1 - e) ** self.power.shape[1] / e
        return 0.0 if self.rest.max() == 0 else float(e[np.argmax(left <= _ERROR)])


def spectrum(activation: Activation, q: Array) -> Spectrum:
    """The series at every q, (Q,), 0 < q < inf, where <phi^2> is finite and not 0."""
    square = moments(activation, q).square
    order = np.argsort(q)
    own = mesh(activation)
    blocks = np.array_split(order, max(1, q.size // 16))
    power = np.zeros((q.size, TERMS))
    most = 1
    for block in blocks:
        part = _powers(activation, q[block], square[block], own)
        power[block, : part.shape[1]] = part
        most = max(most, part.shape[1])
    power = power[:, :most]
    rest = 1 - power.sum(axis=1)
    return Spectrum(q, power, np.where(rest > _NOTHING, rest, 0))


def _powers(activation: Activation, q: Array, square: Array, own: Array) -> Array:
    """a_k^2 / <phi^2> up to where nothing is left, (Q, K)."""
    root = np.sqrt(q)[:, None]
    own = own[np.abs(own) < _REACH * root.max()]
    x, weight = nodes(merged(grid(_REACH, _WIDTH), own / root, _REACH))
    weighted = activation.value(x * root) * weight * density(x) / np.sqrt(square)[:, None]
    power = np.empty((q.size, TERMS))
    for k, hermite in enumerate(hermites(x, TERMS)):
        power[:, k] = np.einsum("ij,ij->i", weighted, hermite) ** 2
        if k % _EVERY == 0 and np.all(power[:, : k + 1].sum(axis=1) > 1 - _NOTHING):
            return power[:, : k + 1]
    return power
