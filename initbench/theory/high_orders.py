"""What Hermite's terms hold beyond the last order that is computed: carried on in orders that need not be integers.

Smooth activations leave nothing. A kink leaves a tail that falls as a power of k, and sum_k f_k^2 = <f^2> says how much
of it there is. Of the value two sums are known, sum_k phi_k^2 = <phi^2> and sum_k k phi_k^2 = q <phi'^2>: with both,
averages over pairs are exact for 1 - c > 0.1, where no order beyond the last is left in c^k, and as c -> 1. A value
that jumps has the first alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from .quadrature import nodes

Array = np.ndarray[Any, Any]

ORDERS = 256
_ENDS = (0.0, 1.0, 3.0, 7.0, 15.0, 27.0)  # of the tail's panels, in ln k above the last order
_TAIL = 8  # nodes a panel
_NEAR = (0.15, 0.3)
_OFF = 1e-3  # of <phi^2> - <phi>^2, by which all terms together may miss it
_HALVINGS = 24  # of ln k, to 2e-6: what is missing then is made up for by 1 / k, of which so much is allowed for
_LITTLE = 0.1
_COMPLETE = 1e-12  # relative; what is left beyond the orders is rounding


@lru_cache
def orders() -> Array:
    """k of every term, (K,): the integers below ORDERS, then the tail's even ones and its odd ones."""
    return np.concatenate([np.arange(ORDERS), *[(ORDERS - 0.5) * np.exp(_tail()[0])] * 2])


@lru_cache
def parities() -> Array:
    """The sign of c^k for c < 0, (K,): -1 for odd orders."""
    size = len(_tail()[0])
    return np.concatenate([1.0 - 2.0 * (np.arange(ORDERS) % 2), np.ones(size), -np.ones(size)])


@lru_cache
def _tail() -> tuple[Array, Array]:
    """Nodes and weights in ln(k / ORDERS)."""
    return nodes(np.array(_ENDS), _TAIL)


def tail(powers: Array, total: Array) -> Array:
    """What every order of the tail holds of <f^2>, (N,), beside f_k^2 below ORDERS, (N, ORDERS) -> (N, tail)."""
    left = _left(powers, total)
    return _parted(_falling(powers, left), powers)


def tail_of_value(powers: Array, square: Array, climb: Array) -> Array:
    """The same of phi, whose value does not jump: square <phi^2>, climb q <phi'^2>, (N,) each."""
    k = orders()
    climbs = powers * k[:ORDERS]
    left, rest = _left(climbs, climb), square - powers.sum(axis=1)
    if not left.any():
        return np.zeros((len(left), 2 * len(_tail()[0])))
    masses = _falling(climbs, left) / k[ORDERS : ORDERS + len(_tail()[0])]
    both, fit = _of_both_sums(masses, rest, left)
    # where a power is far off, it is a jump's that ends at some order
    fit &= np.abs(masses.sum(axis=1) - rest) <= _OFF * (square - powers[:, 0])
    seen = (rest > _COMPLETE * square) & (left > 0)
    masses = np.where((seen & fit)[:, None], both, masses)
    ends = seen & ~fit
    if ends.any():
        masses[ends] = _cut_off(rest[ends], left[ends], powers[ends])
    return _parted(masses, powers)


def _left(powers: Array, total: Array) -> Array:
    left = total - powers.sum(axis=1)
    return np.where(left <= _COMPLETE * total, 0.0, left)


def _last_octave(powers: Array) -> tuple[Array, Array]:
    """What the even and the odd ones of its orders hold, (N,) each."""
    return powers[:, ORDERS // 2 :: 2].sum(axis=1), powers[:, ORDERS // 2 + 1 :: 2].sum(axis=1)


def _falling(powers: Array, left: Array) -> Array:
    """What is left, (N,), over the orders, (N, M): sum_{k > K} f_k^2 falls as K^-m.

    m is that of the last octave. Kinks of any derivative leave an odd multiple of 1/2, which an octave shows roughly.
    """
    steepness = np.log2(1 + sum(_last_octave(powers)) / np.where(left > 0, left, np.inf))
    apart = steepness - np.round(steepness - 0.5) - 0.5
    # near one of the multiples, it is that; the change is gradual, for polynomials in ln q to follow
    near = np.clip((np.abs(apart) - _NEAR[0]) / (_NEAR[1] - _NEAR[0]), 0.0, 1.0)
    steepness -= np.where(steepness < 3, apart * (1 - near), 0.0)
    log_k, weights = _tail()
    masses = weights * np.exp(-np.clip(steepness, 0.25, 40)[:, None] * log_k)
    return np.asarray(masses * (left / masses.sum(axis=1))[:, None])


def _of_both_sums(masses: Array, rest: Array, left: Array, most: float = np.inf) -> tuple[Array, Array]:
    """Masses times (a + b / k) that add up to `rest`, and k times them to `left`; whether they stay above 0, and b is
    at most so large beside a, (N,)."""
    k = np.exp(_tail()[0])
    zeroth, first, below = masses.sum(axis=1), masses @ k, masses @ (1 / k)
    # a first + b zeroth = left / ORDERS,  a zeroth + b below = rest
    level = left / (ORDERS - 0.5)
    scale = first * below - zeroth**2
    a, b = (level * below - rest * zeroth) / scale, (first * rest - zeroth * level) / scale
    return masses * (a[:, None] + b[:, None] / k), (a >= 0) & (a + b >= 0) & (np.abs(b) <= most * a)


def _cut_off(rest: Array, climb: Array, powers: Array) -> Array:
    """The tail of a value that all but jumps, beside sqrt(q), (N,) and (N, ORDERS) -> (N, M).

    Its terms fall as a jump's do, which the last octaves show, up to an order that grows with q. Where that is, is told
    by what is left beyond ORDERS of sum_k phi_k^2, `rest`, and of sum_k k phi_k^2, `climb`.
    """
    last = sum(_last_octave(powers))
    steepness = np.clip(np.log2(powers[:, ORDERS // 4 : ORDERS // 2].sum(axis=1) / last), 0, 3)[:, None]
    log_k, weights = _tail()
    middle_order = climb / rest / ORDERS
    low, high = np.full_like(steepness, _ENDS[0] - 6), np.full_like(steepness, _ENDS[-1] + 6)
    masses = np.empty((len(rest), len(log_k)))
    for _ in range(_HALVINGS):
        end = (low + high) / 2
        masses = weights * np.exp(-steepness * log_k - np.exp((log_k - end) / 2))
        short = masses @ np.exp(log_k) < middle_order * masses.sum(axis=1)
        low, high = np.where(short[:, None], end, low), np.where(short[:, None], high, end)
    both, fit = _of_both_sums(masses, rest, climb, _LITTLE)
    return np.where(fit[:, None], both, masses * (rest / masses.sum(axis=1))[:, None])


def _parted(masses: Array, powers: Array) -> Array:
    """The tail's masses, (N, M), as those of its even orders and of its odd ones, (N, 2 M), as in the last octave."""
    even, odd = _last_octave(powers)
    share = np.divide(even, even + odd, out=np.full_like(even, 0.5), where=even + odd > 0)[:, None]
    return np.concatenate([masses * share, masses * (1 - share)], axis=1)
