"""Averages over pairs as short series in c whose value at c = 1 is known, and what they lack of it to all digits.

With the Hermite coefficients of `chaos`, <f(z_a) g(z_b)> = sum_k f_k g_k c^k. Below 1 - c = 1 / ORDER, where orders
that are cut off count, what an average lacks of its value at c = 1 is made from the power of 1 - c that it begins with:
there, what is the difference of large numbers has to vanish.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..values import frozen
from .bands import ratio
from .chaos import ORDER, Powers, powers

Array = np.ndarray[Any, Any]

_LAST = ORDER // 2 + 1  # the orders from here on tell whether those that are cut off are even or odd
_EDGE = 1 / ORDER
_FELT = -0.5  # c^(2 ORDER) is 1e-15


@frozen
class Around:
    """Correlations of z around which averages are taken: e = 1 - c, and the powers of c, (M, N)."""

    e: Array
    c: Powers

    @cached_property
    def close(self) -> Array:
        """Where 1 - c < 1 / ORDER, (M, N) bool."""
        return self.e < _EDGE


def around(e: Array) -> Around:
    """At 1 - c = e, (M, N), 0 to 2."""
    return Around(e, powers(1 - e))


_AT_EDGE = around(np.full((1, 1), _EDGE))


@frozen
class PairSum:
    """sum_k terms_k c^k, for terms (N, ORDER + 1), with the value total at c = 1, (N,).

    first, power: near c = 1, first (1 - c)^power is what it lacks of total; power 0 where that is not known, nan in
    first for single rows.
    """

    terms: Array
    total: Array
    first: Array
    power: int = 0

    def lacks(self, where: Around) -> Array:
        """Of total, (M, N). What the orders lack of it is put at the order 2 ORDER, as in `chaos`."""
        found = self._series(where)
        if not self.power or not where.close.any():
            return found
        near = self.first * where.e**self.power
        # beyond the power, up to the edge: a straight line
        near *= 1 + (self._at_edge - 1) * where.e / _EDGE
        return np.where(where.close & ~np.isnan(near), near, found)

    def value(self, where: Around) -> Array:
        """(M, N)."""
        return np.asarray(self.total - self.lacks(where))

    def mean(self, where: Around) -> Array:
        """Of the values at all M correlations, (N,)."""
        return mean(self.value(where))

    def _series(self, where: Around) -> Array:
        c = where.c
        last = c.last
        if (c.c < _FELT).any():
            last = np.where(c.c < _FELT, (1 - 2 * self._odd) * c.low[..., ORDER] ** 2, last)
        sums = np.einsum("...nk,nk->...n", c.low, self.terms)
        return np.asarray(self.total - sums - self._rest * last)

    @cached_property
    def _rest(self) -> Array:
        return np.asarray(self.total - self.terms.sum(axis=1))

    @cached_property
    def _odd(self) -> Array:
        """The share of odd orders in what is cut off, (N,): that in the last ones."""
        size = np.abs(self.terms[:, _LAST:])
        return ratio(size[:, 1 - _LAST % 2 :: 2].sum(axis=1), size.sum(axis=1))

    @cached_property
    def _at_edge(self) -> Array:
        """What it lacks at the edge, as a share of its first power, (N,)."""
        return ratio(self._series(_AT_EDGE)[0], self.first * _EDGE**self.power)


def pair_sum(terms: Array, total: Array | float, cut: Array) -> PairSum:
    """With total at c = 1, (N,) or for all, but for rows that are cut, (N,) bool: these have the value of their orders
    alone."""
    total = np.where(cut, terms.sum(axis=1), total)
    return PairSum(terms, total, np.full(len(terms), np.nan))


def mean(values: Array) -> Array:
    """Over correlations, (M, N) -> (N,)."""
    return np.asarray(values.sum(axis=0) / len(values))
