"""How many units of a layer differ: the test of broken symmetry."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-12}
"""The relative difference under which two units count as one, by the dtype of the network."""

NEIGHBOURS = 2


def distinct_units(z: Array, squares: Array, tolerance: float) -> Array:
    """How many columns of z differ, (S,) float64; z is (S, B, N), squares its rows' squared lengths, (S, B).

    Two columns are one if |z_i - z_j| <= tolerance max(|z_i|, |z_j|) over the batch. Columns are projected on a few
    fixed directions: equal columns have near projections, so only networks with such a pair are looked at column by
    column.
    """
    units = z.shape[2]
    if units == 1:
        return np.ones(len(z))
    directions = _directions(z.shape[1]).astype(z.dtype)
    projected = np.matmul(directions, z)  # (S, DIRECTIONS, N)
    # |d . (z_i - z_j)| <= |d| tolerance |z_i|, |d| = 1, and no column is longer than the whole array.
    # The twentieth part more is for the rounding of the projections.
    reach = 1.05 * tolerance * np.sqrt(squares.sum(axis=1))
    counts = np.full(len(z), float(units))
    for s in np.flatnonzero(_has_near_pair(projected, reach) & np.isfinite(reach)):
        counts[s] = _count(z[s], tolerance)
    return counts


@lru_cache(maxsize=64)
def _directions(batch: int) -> Array:
    """Fixed unit vectors without symmetries of their own, (DIRECTIONS, B)."""
    angles = np.outer(np.sqrt([1.0, 2.0, 3.0, 5.0]), np.arange(1, batch + 1) ** 2)
    rows = 1.5 + np.sin(angles)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _has_near_pair(projected: Array, reach: Array) -> Array:
    """Which networks have two columns that are near in every projection, (S,) bool."""
    order = np.argsort(projected[:, 0], axis=1)[:, None, :]
    ordered = np.take_along_axis(projected, order, axis=2)
    near = np.zeros(len(projected), bool)
    for shift in range(1, min(NEIGHBOURS, ordered.shape[2] - 1) + 1):
        gaps = np.abs(ordered[:, :, shift:] - ordered[:, :, :-shift]).max(axis=1)
        near |= (gaps <= reach[:, None]).any(axis=1)
    return near


def _count(z: Array, tolerance: float) -> int:
    """The number of different columns of one (B, N) layer.

    Columns stand in the order of their first projection, so equal ones are near each other. Each round drops the
    columns that equal the one `shift` places before them; a round that drops some is tried again, one that finds none
    in reach is the last: with one pair in reach, so is a pair of neighbours between them.
    """
    columns = z.T.astype(np.float64)
    first, second = _directions(len(z))[:2] @ columns.T
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
