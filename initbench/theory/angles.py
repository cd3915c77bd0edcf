"""Averages over pairs along a trajectory: at mean squares that are known, for correlations that come one by one.

Both kinds of pairs below are made for R rows of mean squares of P pairs. `gap(row, e)` is <(phi_a - phi_b)^2> / 2 of
one row, (P,) -> (P,); `products(rows, e)` is <phi'_a phi'_b> and <phi_a^2 phi_b^2> of several, (N,), (N, P) ->
(2, N, P).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from ..catalogue.activations import Activation
from .chebyshev import points, polynomials, transform
from .gaussian import FIELDS, Moments, moments
from .hermite import expansion, orders, parities
from .maps import homogeneous
from .pairs import pair_moments

Array = np.ndarray[Any, Any]

_NODES = 40
_LIMITS = (1e-16, 1e16)  # of the mean squares that the series is asked for; beyond, phi is a power of z
_TRIFLE = 1e-17  # of the slope's power, what an order may hold and be left out
_FARTHEST = -745.0  # exp(-745) is the smallest float


class Pairs(Protocol):
    def gap(self, row: int, e: Array) -> Array: ...
    def products(self, rows: Array, e: Array) -> Array: ...


def pairs_at(activation: Activation, m: Moments, a: Array, b: Array) -> Pairs:
    """Pairs of the inputs a and b, (P,) each, out of those of m, whose fields are (R, S)."""
    if homogeneous(activation) is not None:
        root_a, root_b = np.sqrt(m.q[:, a]), np.sqrt(m.q[:, b])
        apart = (root_a - root_b) ** 2 / 2 * moments(activation, 1.0).square
        return HomogeneousPairs(_by_angle(activation), root_a * root_b, apart)
    used, place = np.unique(np.concatenate([a, b]), return_inverse=True)
    k, parity, terms = _terms(activation, m, used)
    one, other = terms[:, place[: len(a)]], terms[:, place[len(a) :]]
    apart = ((one[:, :, 0] - other[:, :, 0]) ** 2).sum(axis=-1) / 2
    products = np.moveaxis(one * other, 2, 0)
    return SeriesPairs(k, parity, apart, products[0], products[1:])


@dataclass(frozen=True)
class HomogeneousPairs:
    """phi(s z) = s phi(z): everything follows from q = 1, by polynomials in the angle acos c.

    of_one: their coefficients for gap / e and the two products, (_NODES, 3). scale: sqrt(q_a q_b), (R, P).
    apart: the gap at e = 0, (R, P).
    """

    of_one: Array
    scale: Array
    apart: Array

    def gap(self, row: int, e: Array) -> Array:
        return np.asarray(self.apart[row] + self.scale[row] * e * (_basis(e) @ self.of_one[:, 0]))

    def products(self, rows: Array, e: Array) -> Array:
        found = (_basis(e.ravel()) @ self.of_one[:, 1:]).T.reshape(2, *e.shape)
        return np.asarray(found * np.stack([np.ones_like(e), self.scale[rows] ** 2]))


def _basis(e: Array) -> Array:
    # x = 1 - 2 acos(c) / pi, with acos(1 - e) = 2 asin(sqrt(e / 2))
    return polynomials(1 - 4 / np.pi * np.arcsin(np.sqrt(e / 2)), _NODES)


@lru_cache(maxsize=32)
def _by_angle(activation: Activation) -> Array:
    """Such maps are made of the angle, its sine and its cosine: polynomials in the angle follow them to all digits."""
    e = 2 * np.sin(np.pi / 4 * (1 - points(_NODES))) ** 2
    m = pair_moments(activation, 1.0, 1.0, e)
    return np.asarray(transform(_NODES) @ np.stack([m.gap / e, m.slope_product, m.square_product], axis=1))


@dataclass(frozen=True)
class SeriesPairs:
    """Any activation, in Hermite's polynomials.

    k, parity: of the terms that are not negligible, (K,). apart: sum (a_k - b_k)^2 / 2 over the value's terms a_k, b_k
    of two inputs, (R, P). value: a_k b_k, (R, P, K). others: the same of the slope and of the square, (2, R, P, K).
    """

    k: Array
    parity: Array
    apart: Array
    value: Array
    others: Array

    def gap(self, row: int, e: Array) -> Array:
        # sum (a_k - b_k)^2 / 2 + a_k b_k (1 - c^k), of which nothing cancels
        lost = -np.expm1(_log_cosine(e)[:, None] * self.k)
        if e.max() > 1:
            lost = np.where(e[:, None] > 1, 1 - self.parity * (1 - lost), lost)
        return np.asarray(self.apart[row] + np.vecdot(self.value[row], lost))

    def products(self, rows: Array, e: Array) -> Array:
        return np.asarray(np.vecdot(self.others[:, rows], self._power(e)))

    def _power(self, e: Array) -> Array:
        """c^k, (..., K)."""
        power = np.exp(_log_cosine(e)[..., None] * self.k)
        return np.asarray(np.where(e[..., None] > 1, power * self.parity, power))


def _log_cosine(e: Array) -> Array:
    """ln |1 - e|, down to the smallest float's."""
    if e.max(initial=0.0) < 1:
        return np.asarray(np.log1p(-e))
    return np.asarray(np.maximum(np.log1p(-np.minimum(e, 2 - e)), _FARTHEST))


def _terms(activation: Activation, m: Moments, used: Array) -> tuple[Array, Array, Array]:
    """Orders and parities, (K,), and the terms at the mean squares of the used inputs, (R, U, 3, K)."""
    own = Moments(*(getattr(m, name)[:, used] for name in FIELDS))
    q = np.clip(np.nan_to_num(own.q, nan=1.0), *_LIMITS)
    distinct, place = np.unique(q, return_inverse=True)
    terms = expansion(activation)(np.log(distinct)).reshape(len(distinct), 3, -1)
    # Left out is what adds next to nothing to any function's own powers, the slope's being k times the value's.
    power = terms**2
    power[:, 0] *= np.maximum(orders(), 1.0)
    kept = (power > _TRIFLE * power.sum(axis=-1, keepdims=True)).any(axis=(0, 1))
    kept[0] = True
    terms = terms[..., kept][place.reshape(q.shape)]
    beyond = q != own.q
    if beyond.any():
        terms[beyond] *= np.sqrt(_scales(activation, own, beyond))[..., None]
        terms[beyond, 0, 0] = own.mean[beyond]
    return orders()[kept], parities()[kept], terms


def _scales(activation: Activation, own: Moments, beyond: Array) -> Array:
    """What the powers of the three functions are multiplied by from a limit on to the mean squares beyond, (B, 3).

    The terms of the limit are those of a power of z: all of a function's grow alike, but the value's constant.
    """
    far = Moments(*(getattr(own, name)[beyond] for name in FIELDS))
    ends = moments(activation, np.array(_LIMITS))
    limit = Moments(*(getattr(ends, name)[(far.q > 1).astype(int)] for name in FIELDS))
    ratios = [far.q * far.slope_square / (limit.q * limit.slope_square)]
    ratios += [far.slope_square / limit.slope_square, far.fourth / limit.fourth]
    if activation.formula.jumps:
        ratios[0] = far.square / limit.square
    return np.stack([np.nan_to_num(ratio, nan=1.0, posinf=1.0) for ratio in ratios], axis=-1)
