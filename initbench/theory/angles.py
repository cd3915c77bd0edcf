"""Averages over pairs along a trajectory: at mean squares that are known, for correlations that come one by one.

All kinds of pairs are made for R rows of mean squares of P pairs: the two below, and `equal_pairs` for inputs of equal
length. `gap(row, e)` is <(phi_a - phi_b)^2> / 2 of one row, (P,) -> (P,), and
`gap_of_one(row, e)` that of a single pair, without arrays; `products(rows, e)` is <phi'_a phi'_b> and
<phi_a^2 phi_b^2> of several, (N,), (N, P) -> (2, N, P).
"""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .chebyshev import clenshaw, points, polynomials, transform
from .equal_pairs import Pairs, equal_pairs
from .gaussian import FIELDS, Moments, moments
from .hermite import expansion
from .high_orders import orders, parities
from .maps import homogeneous
from .pairs import pair_moments
from .sets import sorted_set

Array = np.ndarray[Any, Any]

_NODES = 40
_LIMITS = (1e-16, 1e16)  # of the mean squares that the series is asked for; beyond, phi is a power of z
_TRIFLE = 1e-17  # of the slope's power, what an order may hold and be left out
_VALUE, _SLOPE, _SQUARE = range(3)  # the functions that there are terms of
_LOOKS = 4  # intervals per factor e, of which the ends tell which terms are negligible
_FARTHEST = -745.0  # exp(-745) is the smallest float


def pairs_at(activation: Activation, m: Moments, a: Array, b: Array) -> Pairs:
    """Pairs of the inputs a and b, (P,) each, out of those of m, whose fields are (R, S)."""
    if homogeneous(activation) is not None:
        root_a, root_b = np.sqrt(m.q[:, a]), np.sqrt(m.q[:, b])
        apart = (root_a - root_b) ** 2 / 2 * moments(activation, 1.0).square
        return HomogeneousPairs(_by_angle(activation), root_a * root_b, apart)
    q = m.q[:, a]
    if q.size and (q == q[:, :1]).all() and (q == m.q[:, b]).all():
        found = equal_pairs(activation, q[:, 0], m.slope_square[:, a[0]], lambda: _series(activation, m, a, b))
        if found is not None:
            return found
    return _series(activation, m, a, b)


def _series(activation: Activation, m: Moments, a: Array, b: Array) -> SeriesPairs:
    used, place = np.unique(np.concatenate([a, b]), return_inverse=True)
    a, b, terms = place[: len(a)], place[len(a) :], _terms(activation, m, used)
    kept = terms.kept(_VALUE)
    value, apart = terms.pairs(_VALUE, kept, a, b)
    return SeriesPairs(orders()[kept], parities()[kept], apart, value, terms, a, b)


@frozen
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

    def gap_of_one(self, row: int, e: float) -> float:
        falling, scale, apart = self._numbers
        return apart[row] + scale[row] * e * clenshaw(falling, 1 - 4 / math.pi * math.asin(math.sqrt(e / 2)))

    @cached_property
    def _numbers(self) -> tuple[list[float], list[float], list[float]]:
        return self.of_one[::-1, 0].tolist(), self.scale[:, 0].tolist(), self.apart[:, 0].tolist()

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


@frozen
class SeriesPairs:
    """Any activation, in Hermite's polynomials.

    k, parity: of the terms that are not negligible, (K,). apart: sum (a_k - b_k)^2 / 2 over the value's terms a_k, b_k
    of two inputs, (R, P). value: a_k b_k, (R, P, K). terms: where those of slope and square come from, for the inputs
    a and b.
    """

    k: Array
    parity: Array
    apart: Array
    value: Array
    terms: _Terms
    a: Array
    b: Array

    def gap(self, row: int, e: Array) -> Array:
        # sum (a_k - b_k)^2 / 2 + a_k b_k (1 - c^k), of which nothing cancels
        lost = -np.expm1(_log_cosine(e)[:, None] * self.k)
        if e.max() > 1:
            lost = np.where(e[:, None] > 1, 1 - self.parity * (1 - lost), lost)
        return np.asarray(self.apart[row] + np.vecdot(self.value[row], lost))

    def gap_of_one(self, row: int, e: float) -> float:
        if e > 1:
            power = np.exp((math.log1p(e - 2) if e < 2 else 0.0) * self.k)
            return float(self.apart[row, 0] + self.value[row, 0].dot(1 - self.parity * power))
        kept = np.expm1((_FARTHEST if e == 1 else math.log1p(-e)) * self.k)
        return float(self.apart[row, 0] - self.value[row, 0].dot(kept))

    def products(self, rows: Array, e: Array) -> Array:
        kept = sorted_set(self.terms.kept(_SLOPE), self.terms.kept(_SQUARE))
        log_cosine = _log_cosine(e)[..., None]
        power = np.exp(log_cosine * orders()[kept])
        power = np.where(e[..., None] > 1, power * parities()[kept], power)
        found = (self.terms.pairs(function, kept, self.a, self.b)[0][rows] for function in (_SLOPE, _SQUARE))
        return np.stack([np.vecdot(of_one, power) for of_one in found])


def _log_cosine(e: Array) -> Array:
    """ln |1 - e|, down to the smallest float's."""
    if e.max(initial=0.0) < 1:
        return np.asarray(np.log1p(-e))
    return np.asarray(np.maximum(np.log1p(-np.minimum(e, 2 - e)), _FARTHEST))


@frozen
class _Terms:
    """Hermite's terms at mean squares of some layers and inputs, (R, S), found when they are asked for.

    q: those within _LIMITS that differ, (N,), and place: where each stands, (R, S). beyond: which are outside, (R, S).
    scales: by how much more the three functions hold there, (R, S, 3), and mean: <phi>, (R, S), where any is outside.
    """

    activation: Activation
    q: Array
    place: Array
    beyond: Array
    scales: Array
    mean: Array

    def kept(self, function: int) -> Array:
        """The indices of the terms that are not negligible, (K,), 0 among them.

        Left out is what adds next to nothing to the function's own power, the slope's being k times the value's. It
        is a smooth function of ln q: mean squares that are near one another tell of those between them.
        """
        level = np.floor(np.log(self.q) * _LOOKS)
        ends = np.flatnonzero(level[1:] != level[:-1])
        some = sorted_set(0, ends, ends + 1, len(self.q) - 1)
        power = expansion(self.activation, function, np.log(self.q), rows=some) ** 2
        if function == _VALUE:
            power *= orders()
        kept = (power > _TRIFLE * power.sum(axis=-1, keepdims=True)).any(axis=0)
        kept[0] = True
        return np.flatnonzero(kept)

    def pairs(self, function: int, kept: Array, a: Array, b: Array) -> tuple[Array, Array]:
        """a_k b_k, (R, P, K), and sum (a_k - b_k)^2 / 2, (R, P), of the inputs a and b, (P,) each."""
        found = expansion(self.activation, function, np.log(self.q), kept)
        one = self._of(found, function, a)
        if np.array_equal(self.place[:, a], self.place[:, b]) and not self.beyond.any():
            return one * one, np.zeros(one.shape[:2])
        other = self._of(found, function, b)
        apart = one - other
        return one * other, np.vecdot(apart, apart) / 2

    def _of(self, found: Array, function: int, inputs: Array) -> Array:
        """Those of some inputs, (P,), from those of every q: (R, P, K)."""
        terms = found[self.place[:, inputs]]
        if self.beyond.any():
            terms *= np.sqrt(self.scales[:, inputs, function])[..., None]
            if function == _VALUE:
                beyond = self.beyond[:, inputs]
                terms[beyond, 0] = self.mean[:, inputs][beyond]
        return terms


def _terms(activation: Activation, m: Moments, used: Array) -> _Terms:
    """At the mean squares of the used inputs."""
    own = m.q[:, used]
    q = np.clip(np.nan_to_num(own, nan=1.0), *_LIMITS)
    distinct, place = np.unique(q, return_inverse=True)
    beyond = q != own
    scales, mean = np.ones((0, 0, 3)), own
    if beyond.any():
        far = Moments(*(getattr(m, name)[:, used] for name in FIELDS))
        scales, mean = np.ones((*q.shape, 3)), far.mean
        scales[beyond] = _scales(activation, far, beyond)
    return _Terms(activation, distinct, place.reshape(q.shape), beyond, scales, mean)


def _scales(activation: Activation, own: Moments, beyond: Array) -> Array:
    """What the powers of the three functions are multiplied by from a limit on to the mean squares beyond, (B, 3).

    The terms of the limit are those of a power of z: all of a function's grow alike, but the value's constant.
    """
    far = Moments(*(getattr(own, name)[beyond] for name in FIELDS))
    ends = moments(activation, np.array(_LIMITS))
    limit = Moments(*(getattr(ends, name)[(far.q > 1).astype(int)] for name in FIELDS))
    ratios = [far.q * far.slope_square / (limit.q * limit.slope_square)]
    ratios += [far.slope_square / limit.slope_square, far.fourth / limit.fourth]
    # far out, what saturates is a step, and its slope another
    ratios[0] = np.where(bool(activation.formula.jumps) | (far.q > 1), far.square / limit.square, ratios[0])
    return np.stack([np.nan_to_num(ratio, nan=1.0, posinf=1.0) for ratio in ratios], axis=-1)
