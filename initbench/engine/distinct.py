"""How many units of a layer differ: the test of broken symmetry."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-12}
"""The relative difference under which two units count as one, by the dtype of the network."""

NEIGHBOURS = 2
MANY = 512
"""Columns from which on a closer bound on their lengths saves more than it costs."""


def distinct_units(z: Array, squares: Array, tolerance: float) -> Array:
    """How many columns of z differ, (S,) float64; z is (S, B, N), squares its rows' squared lengths, (S, B).

    Two columns are one if |z_i - z_j| <= tolerance max(|z_i|, |z_j|) over the batch. Columns are projected on a few
    fixed directions: equal columns have near projections, so only networks with such a pair are looked at column by
    column.
    """
    units = z.shape[2]
    if units == 1:
        return np.ones(len(z))
    projected = np.matmul(_directions(z.shape[1], z.dtype), z)  # (S, DIRECTIONS, N)
    counts = np.full(len(z), float(units))
    reach = 1.05 * tolerance * _longest(z, squares)  # the twentieth part more is for the rounding of the projections
    for s in _with_near_pairs(projected, reach, tolerance):
        if np.isfinite(reach[s]):
            counts[s] = _count(z[s], tolerance)
    return counts


def _longest(z: Array, squares: Array) -> Array:
    """A bound on the length of every network's longest column, (S,): |d . (z_i - z_j)| <= tolerance |z_i| for |d| = 1.

    No column is longer than the whole array, nor, which is worth a look where there are many, than one that has the
    largest entry everywhere.
    """
    whole = np.sqrt(squares.sum(axis=1))
    if z.shape[2] < MANY:
        return np.asarray(whole)
    flat = z.reshape(len(z), -1)
    largest = np.maximum(flat.max(axis=1), -flat.min(axis=1)).astype(np.float64)
    return np.asarray(np.minimum(whole, np.sqrt(z.shape[1]) * largest))


@lru_cache(maxsize=64)
def _directions(batch: int, dtype: Any) -> Array:
    """Fixed unit vectors without symmetries of their own, (DIRECTIONS, B)."""
    angles = np.outer(np.sqrt([1.0, 2.0, 3.0, 5.0]), np.arange(1, batch + 1) ** 2)
    rows = 1.5 + np.sin(angles)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype)


def _with_near_pairs(projected: Array, reach: Array, tolerance: float) -> Array:
    """Which networks have two columns that are near in every projection: their numbers; projected is (S, D, N).

    Neighbours by the first projection are found by sorting numbers whose last bits say which column they are of: that
    is many times faster than argsort. They are then looked at in one projection after another.
    """
    stack, directions, units = projected.shape
    last = (1 << (stack * units - 1).bit_length()) - 1
    keys = projected[:, 0].astype(np.float64)
    columns = keys.view(np.int64)
    columns &= ~last
    columns |= np.arange(stack * units).reshape(stack, units)
    keys.sort(axis=1)
    # the bits have moved a key by less than this part of the longest column, reach / tolerance; or a key of 0 from 0
    within = reach * (1 + 2.0**-50 * (last + 1) / tolerance) + 1e-300
    close = np.zeros((stack, units), bool)
    np.less_equal(keys[:, 1:] - keys[:, :-1], within[:, None], out=close[:, :-1])
    (place,) = close.ravel().nonzero()
    if not len(place):
        return place
    others = np.ascontiguousarray(projected[:, 1:].transpose(1, 0, 2)).reshape(directions - 1, -1)
    columns, reaches = columns.ravel() & last, np.repeat(reach, units)
    found = []
    for shift in range(1, min(NEIGHBOURS, units - 1) + 1):
        if shift > 1:  # the next but one is near only where the next is
            place = place[(place % units < units - shift) & close.ravel()[place + (shift - 1)]]
        one, other = columns[place], columns[place + shift]
        for values in others:
            if not len(one):
                break
            keep = np.abs(values[one] - values[other]) <= reaches[one]
            one, other = one[keep], other[keep]
        found.append(one // units)
    near = np.zeros(stack, bool)  # np.unique would import numpy.ma and cost more than all the rest
    near[np.concatenate(found)] = True
    return np.asarray(near.nonzero()[0])


def _count(z: Array, tolerance: float) -> int:
    """The number of different columns of one (B, N) layer.

    Columns stand in the order of their first projection, so equal ones are near each other. Each round drops the
    columns that equal the one `shift` places before them; a round that drops some is tried again, one that finds none
    in reach is the last: with one pair in reach, so is a pair of neighbours between them.
    """
    columns = z.T.astype(np.float64)
    first, second = _directions(len(z), np.dtype(np.float64))[:2] @ columns.T
    order = np.argsort(first)
    columns, first, second = columns[order], first[order], second[order]
    reaches = tolerance * np.linalg.norm(columns, axis=1)
    shift = 1
    while shift < len(columns):
        reach = np.maximum(reaches[shift:], reaches[:-shift])
        in_reach = np.abs(first[shift:] - first[:-shift]) <= reach
        if not in_reach.any():
            break
        candidates = np.flatnonzero(in_reach & (np.abs(second[shift:] - second[:-shift]) <= reach))
        equal = candidates[_equal(columns[candidates], columns[candidates + shift], tolerance)] + shift
        if len(equal) == 0:
            shift += 1
            continue
        keep = np.ones(len(columns), bool)
        keep[equal] = False
        columns, first, second, reaches = columns[keep], first[keep], second[keep], reaches[keep]
    return len(columns)


def _equal(a: Array, b: Array, tolerance: float) -> Array:
    """Which pairs of columns agree within the tolerance, (pairs,) bool; a and b are (pairs, B)."""
    size = np.maximum(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    return np.asarray(np.linalg.norm(a - b, axis=1) <= tolerance * size)
