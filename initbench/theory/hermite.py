"""An activation in Hermite's polynomials: all averages over pairs of correlation c as one power series in c.

With x = z / sqrt(q) and He_k orthogonal under N(0, 1), Mehler's formula gives for any function f of z
    <f(z_a) f(z_b)> = sum_k f_k(q_a) f_k(q_b) c^k,     f_k(q) = <f(sqrt(q) x) He_k(x)> / sqrt(k!).
What is beyond the last order is in `high_orders`. Gaps <(phi_a - phi_b)^2> / 2 of equal lengths are then good to
rounding for smooth activations at moderate q. Elsewhere they are exact for 1 - c > 0.1 and as c -> 1, and worst near
1 - c = 1 / ORDERS: 1e-4 with kinks, more where q is large (most activations have better ones, `angle_ratios`). Where
the value jumps, or saturates at large q, they are good to 0.2 there. Lengths that differ by much have kinks apart, and
no tail in common, of which this knows nothing: it is 1e-4 of their product.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .chebyshev import Cells
from .gaussian import moments
from .high_orders import ORDERS, orders, tail, tail_of_value
from .quadrature import ORDER, REACH, breaks, centre, density, gauss, grid, merged, mesh, nodes
from .sets import sorted_set

Array = np.ndarray[Any, Any]

_PANEL = 1.5  # He_k turns by sqrt(k) radians a unit: 24 a panel, for 20 nodes
_DEGREES = 40  # of the polynomials that follow He_k in a panel to all digits
_CELLS, _NODES = (1.0, 2.0), 24  # in ln q, with kinks off 0 and without: He_k(z / sqrt(q)) turns with q there
_SPARSE = 6  # mean squares for so much ln q: up to so many, polynomials would cost more than they save
_ALL = slice(None)
_EXACT, _NEARLY = 1e-13, 1e-5  # relative agreement of <f^2> on shared nodes with its value, and on half of them
_SEEN = 1e-6  # the same on nodes of their own


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

    width = _CELLS[not breaks(activation).any()]
    return Cells(relative, width, _NODES, sparse=_SPARSE * width, centre=centre(activation))


def terms(activation: Activation, function: int, q: Array) -> Array:
    """f_k(q) for f = phi (0), phi' (1) or phi^2 (2), (N,) -> (N, K), with the square roots of what the tail's orders
    hold.

    nan where f grows so fast that its average is out of reach of the quadrature.
    """
    m = moments(activation, q)
    totals = (m.square, m.slope_square, m.fourth)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = _coefficients(activation, function, q, totals)
        if function == 0 and not activation.formula.jumps:
            masses = tail_of_value(found**2, m.square, q * m.slope_square)
        else:
            masses = tail(found**2, totals[function])
    return np.concatenate([found, np.sqrt(masses)], axis=1)


def _coefficients(activation: Activation, function: int, q: Array, totals: Sequence[Array]) -> Array:
    """f_k below ORDERS, (N, ORDERS): on nodes that all q share, on twice as many and, where they do not suffice, anew
    in those of their panels that are cut by the activation's own."""
    root = np.sqrt(q)[:, None]
    _, weights, basis = _shared(ORDER)
    chosen, missed = _on_nodes(activation, function, root, totals, ORDER)
    constant = float(activation.value(np.zeros(1))[0]) if function == 0 else 0.0
    if missed <= _EXACT:
        return _above(constant, chosen, basis)
    if missed <= _NEARLY:
        denser, missed = _on_nodes(activation, function, root, totals, _DEGREES)
        if missed <= _EXACT:
            return _above(constant, denser, _shared(_DEGREES)[2])
    pieces, total = _pieces(activation, root), totals[function]
    panels = chosen.reshape(len(q), -1, ORDER).copy()
    panels[pieces.row, pieces.panel] = 0.0
    f = _values(activation, function, pieces.x * root[pieces.row])
    squares = panels.reshape(len(q), -1) ** 2 @ weights + np.bincount(pieces.row, np.vecdot(f * f, pieces.w), len(q))
    panels[pieces.row, pieces.panel] = constant
    found = _above(constant, panels.reshape(len(q), -1), basis) + _projected(pieces, f - constant, len(q))
    # What grows so fast that most of <f^2> is beyond the nodes has no coefficients here.
    found[~((np.abs(squares - total) <= _SEEN * total) & (total < np.inf))] = np.nan
    return found


def _on_nodes(
    activation: Activation, function: int, root: Array, totals: Sequence[Array], order: int
) -> tuple[Array, float]:
    """f on shared nodes, (N, X), and how far <phi^2>, <phi'^2> and <phi^4> are from what they are: bends that the nodes
    miss are seen in the slope rather than in the value."""
    x, weights, _ = _shared(order)
    value, slope = activation.both(x * root)
    functions = [value, slope, value * value]
    found, exact = np.stack([(f * f) @ weights for f in functions]), np.stack(totals)
    missed = np.abs(found - exact) / np.where(exact > 0, exact, 1.0)
    return functions[function], float(np.max(missed, where=exact < np.inf, initial=0.0))


def _above(constant: float, values: Array, basis: Array) -> Array:
    """The coefficients of values, (N, X) -> (N, ORDERS), of which a constant is the first: its rounding would drown
    the others where phi is all but constant."""
    found = np.asarray((values - constant) @ basis)
    found[:, 0] += constant
    return found


@frozen
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
    for one in sorted_set(panel).tolist():
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
