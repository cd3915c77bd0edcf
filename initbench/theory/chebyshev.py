"""Polynomials through Chebyshev's nodes, and functions that are followed by one of them in every cell of a grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from .sets import sorted_set

Array = np.ndarray[Any, Any]

NEAR, STRETCH = (-6.0, 4.0), 1.48  # where a cell of width 1 or 2 ends; the last ones end within float64
_ALL = slice(None)
_ROUNDING = 1e-14
_UNFELT = 1e-17  # of the largest coefficient
_LONG_WAY = 8.0  # through cells of so much u: short ones are gone again and again, by other networks
_RECENT = 8  # questions that are remembered with their answers
_LONG = 500  # from so many arguments on, a recurrence is faster than cosines


@lru_cache
def points(number: int) -> Array:
    """Chebyshev's nodes of the first kind on (-1, 1), (number,)."""
    return np.asarray(np.cos(np.pi * (np.arange(number) + 0.5) / number))


@lru_cache
def transform(number: int) -> Array:
    """Values at the nodes -> coefficients of T_0, T_1, ..., (number, number)."""
    orders = np.arange(number)[:, None]
    matrix = np.cos(orders * np.arccos(points(number))) * (2 / number)
    matrix[0] /= 2
    return np.asarray(matrix)


def polynomials(x: Array, number: int) -> Array:
    """T_0 ... T_{number - 1} at x in [-1, 1], (N,) -> (N, number)."""
    x = np.minimum(np.maximum(x, -1.0), 1.0)
    if len(x) < _LONG:
        return np.asarray(np.cos(np.arange(number) * np.arccos(x)[:, None]))
    found, twice = np.empty((number, len(x))), 2 * x
    found[0], found[1] = 1.0, x
    for k in range(2, number):
        np.multiply(twice, found[k - 1], out=found[k])
        found[k] -= found[k - 2]
    return found.T


def clenshaw(falling: Sequence[float], x: float) -> float:
    """sum_k a_k T_k(x) of one x, from the last coefficient down (Clenshaw 1955)."""
    older, newer, twice = 0.0, 0.0, 2 * x
    for coefficient in falling:
        older, newer = newer, coefficient + twice * newer - older
    return newer - x * older


def _place(t: Array, change: Callable[[Array], Array] = np.arcsinh) -> Array:
    """u of t, see `Cells`; with sinh, t of u."""
    low, high = NEAR
    beyond = np.maximum(t - high, 0.0) + np.minimum(t - low, 0.0)
    return np.asarray(np.clip(t, low, high) + STRETCH * change(beyond / STRETCH))


class Cells:
    """A smooth function t -> (F,) of the real line that gets simpler far from a centre, by a polynomial in every cell.

    function: (N,) -> (N, F). It is asked for `nodes` values when a cell is first needed, and never again. Cells are of
    one width in u, which is t - centre between NEAR = (low, high); and then they grow, as t - centre = low or high +
    STRETCH sinh((u - low or high) / STRETCH).
    tolerance: a cell is not followed, nan, where an entry's last two coefficients are larger than that, beside its
    largest and 1, or where its largest is so large that what it is elsewhere is known no better.
    sparse: up to so many arguments a cell on a long way, and one on a short one, the function is asked for themselves.
    """

    def __init__(
        self,
        function: Callable[[Array], Array],
        width: float,
        nodes: int,
        tolerance: float = math.inf,
        sparse: float = 0.0,
        centre: float = 0.0,
    ) -> None:
        self.function, self.width, self.nodes = function, width, nodes
        self.tolerance, self.sparse, self.centre = tolerance, sparse, centre
        self.coefficients: dict[int, Array] = {}
        self.columns: dict[int, list[float]] = {}
        self.recent: dict[bytes, Array] = {}

    def __call__(self, t: Array, wanted: Array | slice = _ALL, rows: Array | slice = _ALL) -> Array:
        """(N,) -> (N, F), or the wanted ones of F, at some rows of t. Where the function is not finite at a node, its
        cell is not either."""
        place = _place(t - self.centre) / self.width
        index = np.floor(place)
        if self.sparse and self._few(len(t), len(sorted_set(index))):
            return np.asarray(self._asked(t)[rows][:, wanted])
        place, index = place[rows], index[rows]
        order = None if (index[1:] >= index[:-1]).all() else np.argsort(index, kind="stable")
        if order is not None:
            index, place = index[order], place[order]
        ends = [0, *(np.flatnonzero(index[1:] != index[:-1]) + 1).tolist(), len(index)]
        basis = polynomials(2 * (place - index) - 1, self.nodes)
        with np.errstate(invalid="ignore"):
            parts = [basis[low:high] @ self._cell(int(index[low]))[:, wanted] for low, high in pairwise(ends)]
        found = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return np.asarray(found if order is None else found[np.argsort(order)])

    def each(self, t: Array) -> Array:
        """The entries of F at arguments of their own, (N, F) -> (N, F)."""
        place = _place(t - self.centre) / self.width
        index = np.floor(place)
        cells, which = np.unique(index, return_inverse=True)
        coefficients = np.stack([self._cell(int(cell)).T for cell in cells])
        basis = polynomials(2 * (place - index).ravel() - 1, self.nodes).reshape(*t.shape, self.nodes)
        return np.asarray(np.vecdot(basis, coefficients[which.reshape(t.shape), np.arange(t.shape[1])]))

    def _few(self, arguments: int, cells: int) -> bool:
        return arguments <= cells or (cells * self.width >= _LONG_WAY and arguments <= self.sparse * cells)

    def _asked(self, t: Array) -> Array:
        """What the function says itself. Whether it is asked depends on t alone, not on what was found before: equal
        questions have equal answers, to the last digit."""
        key = t.tobytes()
        if key not in self.recent:
            if len(self.recent) == _RECENT:
                del self.recent[next(iter(self.recent))]
            self.recent[key] = self.function(t)
        return self.recent[key]

    def first(self, t: float) -> float:
        """The first entry at one t, without arrays: for loops that must go one by one."""
        t -= self.centre
        near = min(max(t, NEAR[0]), NEAR[1])
        place = (near + STRETCH * math.asinh((t - near) / STRETCH)) / self.width
        index = math.floor(place)
        if index not in self.columns:
            column = self._cell(index)[::-1, 0]
            felt = np.abs(column) > _UNFELT * np.abs(column).max()  # far out, few of them; all where nothing is known
            self.columns[index] = column[felt.argmax() :].tolist()
        return clenshaw(self.columns[index], 2 * (place - index) - 1)

    def _cell(self, index: int) -> Array:
        if index not in self.coefficients:
            u = self.width * (index + (points(self.nodes) + 1) / 2)
            with np.errstate(invalid="ignore"):
                found = transform(self.nodes) @ self.function(_place(u, np.sinh) + self.centre)
            if self.tolerance < math.inf:
                size = np.abs(found)
                largest = np.maximum(size.max(axis=0), 1.0)
                if (np.maximum(size[-2:].max(axis=0) / largest, largest * _ROUNDING) > self.tolerance).any():
                    found = np.full_like(found, np.nan)
            self.coefficients[index] = found
        return self.coefficients[index]
