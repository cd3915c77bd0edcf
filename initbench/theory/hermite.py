"""An activation in Hermite's polynomials: all averages over pairs of correlation c as one power series in c.

With x = z / sqrt(q) and He_k orthogonal under N(0, 1), Mehler's formula gives for any function f of z
    <f(z_a) f(z_b)> = sum_k f_k(q_a) f_k(q_b) c^k,     f_k(q) = <f(sqrt(q) x) He_k(x)> / sqrt(k!),
and <f^2> = sum_k f_k^2 says what is left beyond the last order. Smooth activations leave nothing. A kink leaves a tail
that falls as a power of k: it is carried on as such, in orders that need not be integers, with all that is left.
What is left of the value is taken from sum_k k phi_k^2 = q <phi'^2>, which makes the gap <(phi_a - phi_b)^2> / 2 exact
as c -> 1. Its relative error is worst near 1 - c = 1 / ORDERS: 1e-4 with kinks (1e-3 where all of them are within a
third of sqrt(q)), rounding for smooth activations at moderate q. A value that jumps has no such hold: the gap is
trusted for 1 - c > 1e-2 alone. What saturates is all but a jump at large q, with terms that go on to orders of about q:
both sums are then met, and the gap is good to 5e-3 for 1 - c > 0.1, to 0.2 below, and exact as c -> 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from .chebyshev import Cells
from .gaussian import moments
from .quadrature import ORDER, REACH, centre, density, gauss, grid, merged, mesh, nodes

Array = np.ndarray[Any, Any]

ORDERS = 256
_ENDS = (0.0, 1.0, 3.0, 7.0, 15.0, 27.0)  # of the tail's panels, in ln k above the last order
_TAIL = 8  # nodes a panel
_PANEL = 1.5  # He_k turns by sqrt(k) radians a unit: 24 a panel, for 20 nodes
_DEGREES = 40  # of the polynomials that follow He_k in a panel to all digits
_CELL, _NODES = 1.0, 24  # in ln q: He_k(z / sqrt(q)) at a kink turns with q, too
_SPARSE = 6  # mean squares a cell: up to so many, polynomials would cost more than they save
_ALL = slice(None)
_NEAR = (0.15, 0.3)
_OFF = 1e-3  # of <phi^2> - <phi>^2, by which all terms together may miss it
_HALVINGS = 50
_COMPLETE = 1e-12  # relative; what is left beyond the orders is rounding
_EXACT = 1e-13  # relative agreement of <f^2> on shared nodes with its value
_SEEN = 1e-6  # the same on nodes of their own


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


def expansion(
    activation: Activation, function: int, log_q: Array, wanted: Array | slice = _ALL, rows: Array | slice = _ALL
) -> Array:
    """The terms of phi (0), of phi' (1) or of phi^2 (2), as in `terms`, (N,) -> (N, K), or the wanted ones at some
    rows: of many mean squares by polynomials in ln q, where they follow."""
    columns = np.arange(len(orders()))[wanted]
    found = _cells(activation, function)(log_q, np.append(columns, -1), rows)
    with np.errstate(over="ignore", invalid="ignore"):
        own = found[:, :-1] * np.exp(found[:, -1:] / 2)
    lost = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if lost.size:
        own[lost] = terms(activation, function, np.exp(log_q[rows][lost]))[:, columns]
    return np.asarray(own)


@lru_cache(maxsize=48)  # up to 2 MB each
def _cells(activation: Activation, function: int) -> Cells:
    """ln q -> the terms beside sqrt(<f^2>), and ln <f^2>: they are alike at all q where phi is a power of z."""

    def relative(log_q: Array) -> Array:
        found = terms(activation, function, np.exp(log_q))
        with np.errstate(divide="ignore", invalid="ignore"):
            total = np.vecdot(found, found)[:, None]
            if not total.any():
                return np.zeros((len(found), found.shape[1] + 1))
            return np.concatenate([found / np.sqrt(total), np.log(total)], axis=1)

    return Cells(relative, _CELL, _NODES, sparse=_SPARSE, centre=centre(activation))


def terms(activation: Activation, function: int, q: Array) -> Array:
    """f_k(q) for f = phi (0), phi' (1) or phi^2 (2), (N,) -> (N, K), with the square roots of what the tail's orders
    hold.

    nan where f grows so fast that its average is out of reach of the quadrature.
    """
    m = moments(activation, q)
    totals = (m.square, m.slope_square, m.fourth)
    total = totals[function]
    by_slope = function == 0 and not activation.formula.jumps
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = _coefficients(activation, function, q, totals)
        powers = found**2
        if by_slope:
            # sum_k k phi_k^2 = q <phi'^2>: the tail of the value by what it adds to the slope
            powers *= orders()[:ORDERS]
            total = q * m.slope_square
        left = total - powers.sum(axis=1)
        left[left <= _COMPLETE * total] = 0.0
        masses = _masses(left, powers)
        if by_slope:
            masses /= orders()[ORDERS:]
            rest = m.square - (found**2).sum(axis=1)
            off = np.abs(masses.sum(axis=1) - rest) > _OFF * (m.square - found[:, 0] ** 2)
            off &= rest > 0
            if off.any():
                masses[off] = _cut_off(rest[off], left[off], found[off] ** 2)
    return np.concatenate([found, np.sqrt(masses)], axis=1)


def _masses(left: Array, powers: Array) -> Array:
    """What every order of the tail holds, (N,) and (N, ORDERS) -> (N, tail): sum_{k > K} f_k^2 falls as K^-m.

    m, and what even and odd orders have of it, is that of the last octave. Kinks of any derivative leave an odd
    multiple of 1/2, which an octave shows roughly.
    """
    even, odd = powers[:, ORDERS // 2 :: 2].sum(axis=1), powers[:, ORDERS // 2 + 1 :: 2].sum(axis=1)
    steepness = np.log2(1 + (even + odd) / np.where(left > 0, left, np.inf))
    apart = steepness - np.round(steepness - 0.5) - 0.5
    # near one of the multiples, it is that; the change is gradual, for polynomials in ln q to follow
    near = np.clip((np.abs(apart) - _NEAR[0]) / (_NEAR[1] - _NEAR[0]), 0.0, 1.0)
    steepness -= np.where(steepness < 3, apart * (1 - near), 0.0)
    log_k, weights = _tail()
    masses = weights * np.exp(-np.clip(steepness, 0.25, 40)[:, None] * log_k)
    masses *= (left / masses.sum(axis=1))[:, None]
    return _parted(masses, even, odd)


def _cut_off(rest: Array, slopes: Array, powers: Array) -> Array:
    """The tail of a value that all but jumps, beside sqrt(q), (N,) and (N, ORDERS) -> (N, tail).

    Its terms fall as a jump's do, which the last octaves show, up to an order that grows with q. Where that is, is told
    by what is left beyond ORDERS of sum_k phi_k^2, `rest`, and of sum_k k phi_k^2, `slopes`.
    """
    even, odd = powers[:, ORDERS // 2 :: 2].sum(axis=1), powers[:, ORDERS // 2 + 1 :: 2].sum(axis=1)
    steepness = np.clip(np.log2(powers[:, ORDERS // 4 : ORDERS // 2].sum(axis=1) / (even + odd)), 0, 3)[:, None]
    log_k, weights = _tail()
    middle_order = (slopes / rest / ORDERS)[:, None]
    low, high = np.full_like(steepness, _ENDS[0] - 6), np.full_like(steepness, _ENDS[-1] + 6)
    masses = np.empty((len(rest), len(log_k)))
    for _ in range(_HALVINGS):
        end = (low + high) / 2
        masses = weights * np.exp(-steepness * log_k - np.exp((log_k - end) / 2))
        short = masses @ np.exp(log_k) < middle_order[:, 0] * masses.sum(axis=1)
        low, high = np.where(short[:, None], end, low), np.where(short[:, None], high, end)
    return _parted(masses * (rest / masses.sum(axis=1))[:, None], even, odd)


def _parted(masses: Array, even: Array, odd: Array) -> Array:
    """The tail's masses, (N, M), as those of its even orders and of its odd ones, (N, 2 M)."""
    share = np.divide(even, even + odd, out=np.full_like(even, 0.5), where=even + odd > 0)[:, None]
    return np.concatenate([masses * share, masses * (1 - share)], axis=1)


def _coefficients(activation: Activation, function: int, q: Array, totals: Sequence[Array]) -> Array:
    """f_k below ORDERS, (N, ORDERS): on nodes that all q share and, where they do not suffice, anew in those of their
    panels that are cut by the activation's own."""
    root = np.sqrt(q)[:, None]
    x, weights, basis = _shared(ORDER)
    value, slope = activation.both(x * root)
    functions = [value, slope, value * value]
    chosen = functions[function]
    # bends that the nodes miss are seen in the slope rather than in the value
    if all(
        (np.abs((f * f) @ weights - whole) <= _EXACT * whole).all() for f, whole in zip(functions, totals, strict=True)
    ):
        return np.asarray(chosen @ basis)
    pieces, total = _pieces(activation, root), totals[function]
    panels = chosen.reshape(len(q), -1, ORDER).copy()
    panels[pieces.row, pieces.panel] = 0.0
    chosen = panels.reshape(len(q), -1)
    f = _values(activation, function, pieces.x * root[pieces.row])
    squares = (chosen * chosen) @ weights + np.bincount(pieces.row, np.vecdot(f * f, pieces.w), len(q))
    found = chosen @ basis + _projected(pieces, f, len(q))
    # What grows so fast that most of <f^2> is beyond the nodes has no coefficients here.
    found[~((np.abs(squares - total) <= _SEEN * total) & (total < np.inf))] = np.nan
    return found


@dataclass(frozen=True)
class _Pieces:
    """What own ends make of the shared panels that they cut, rising, K of them: row and panel they belong to, (K,);
    place: of their nodes in the panel, on (-1, 1), share: of the panel in their weights, x: the nodes themselves, w:
    their Gaussian weights, (K, ORDER) each."""

    row: Array
    panel: Array
    place: Array
    share: Array
    x: Array
    w: Array


def _pieces(activation: Activation, root: Array) -> _Pieces:
    """For every sqrt(q), (N, 1)."""
    own, base = mesh(activation), grid(REACH, _PANEL)
    own = own[np.abs(own) < REACH * root.max()]
    ends = merged(base, own / root)
    panel = np.minimum(np.searchsorted(base, ends[:, :-1], side="right"), base.size - 1) - 1
    uncut = (base[panel] == ends[:, :-1]) & (base[panel + 1] == ends[:, 1:])
    row, piece = np.nonzero((np.diff(ends) > 0) & ~uncut)
    panel = panel[row, piece]
    points, weights = gauss(ORDER)
    low, width, whole = ends[row, piece, None], np.diff(ends)[row, piece, None], np.diff(base)[panel, None]
    x = low + width * points
    return _Pieces(
        row=row,
        panel=panel,
        place=2 * (low - base[panel, None]) / whole + 2 * width / whole * points - 1,
        share=width / whole * weights,
        x=x,
        w=width * weights * density(x),
    )


def _projected(pieces: _Pieces, f: Array, rows: int) -> Array:
    """What f on the pieces, (K, ORDER), adds to the coefficients, (rows, ORDERS).

    He_k is a polynomial of low degree in each panel, so that f may be replaced by its projection on Legendre's.
    """
    added = np.zeros((rows, ORDERS))
    if not f.size:
        return added
    group = np.concatenate([[True], (np.diff(pieces.row) != 0) | (np.diff(pieces.panel) != 0)])
    starts, weighted = np.flatnonzero(group), f * pieces.share
    parts = np.stack([np.vecdot(weighted, degree) for degree in _legendre(pieces.place)])
    values = np.add.reduceat(parts, starts, axis=1).T @ _from_degrees()
    basis = _shared(_DEGREES)[2].T.reshape(ORDERS, -1, _DEGREES)
    row, panel = pieces.row[starts], pieces.panel[starts]
    for one in np.unique(panel).tolist():
        added[row[panel == one]] += values[panel == one] @ basis[:, one].T
    return added


@lru_cache
def _from_degrees() -> Array:
    """<f P_m> over a panel -> the values of f's projection at the panel's nodes, (_DEGREES, _DEGREES)."""
    points, _ = gauss(_DEGREES)
    return np.stack(list(_legendre(2 * points - 1))) * (2 * np.arange(_DEGREES)[:, None] + 1)


def _legendre(x: Array) -> Iterator[Array]:
    """P_0(x), P_1(x), ... below _DEGREES, each of the shape of x."""
    older, newer = np.zeros_like(x), np.ones_like(x)
    for k in range(_DEGREES):
        yield newer
        # (k + 1) P_{k+1} = (2 k + 1) x P_k - k P_{k-1}
        step = x * newer
        step *= (2 * k + 1) / (k + 1)
        step -= k / (k + 1) * older
        older, newer = newer, step


def _values(activation: Activation, function: int, z: Array) -> Array:
    if function == 1:
        return activation.slope(z)
    value = activation.value(z)
    return value if function == 0 else value * value


@lru_cache
def _shared(order: int) -> tuple[Array, Array, Array]:
    """Nodes (X,), so many a panel, their Gaussian weights (X,), and He_k / sqrt(k!) times the weights, (X, ORDERS)."""
    x, w = nodes(grid(REACH, _PANEL), order)
    w = w * density(x)
    basis, older = np.empty((ORDERS, x.size)), np.empty(x.size)
    basis[0], basis[1] = w, x * w
    for k in range(1, ORDERS - 1):  # He_{k+1} = x He_k - k He_{k-1}, of which none overflows
        np.multiply(x, basis[k], out=basis[k + 1])
        np.multiply(basis[k - 1], float(k), out=older)
        np.subtract(basis[k + 1], older, out=basis[k + 1])
    basis *= np.cumprod(1 / np.sqrt(np.maximum(np.arange(ORDERS), 1)))[:, None]
    return x, w, basis.T


def hermites(x: Array, number: int = ORDERS) -> Iterator[Array]:
    """He_k(x) / sqrt(k!) for k = 0 ... number - 1, each of the shape of x."""
    older, newer = np.zeros_like(x), np.ones_like(x)
    for k in range(number):
        yield newer
        # He_{k+1} = x He_k - k He_{k-1}
        step = x * newer
        step *= 1 / math.sqrt(k + 1)
        step -= math.sqrt(k / (k + 1)) * older
        older, newer = newer, step
