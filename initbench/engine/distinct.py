"""How many units of a layer differ: the test of broken symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-12}
"""The relative difference under which two units count as one, by the dtype of the network."""

NEIGHBOURS = 2


def distinct_units(z: Array, tolerance: float) -> Array:
    """How many columns of z differ, (S,) float64; z is (S, B, N).

    Two columns are one if |z_i - z_j| <= tolerance max(|z_i|, |z_j|) over the batch. Columns are projected on two fixed
    directions: equal columns have near projections, so only networks with such a pair are looked at column by column.
    """
    units = z.shape[2]
    if units == 1:
        return np.ones(len(z))
    directions = _directions(z.shape[1]).astype(z.dtype)
    projected = np.matmul(directions, z).astype(np.float64)  # (S, 2, N)
    # |d . (z_i - z_j)| <= |d| tolerance |z_i|, |d| = 1, and no column is longer than sqrt(B) times the largest entry.
    entries = z.reshape(len(z), -1)
    largest = np.maximum(entries.max(axis=1), -entries.min(axis=1)).astype(np.float64)
    reach = tolerance * np.sqrt(z.shape[1]) * largest
    counts = np.full(len(z), float(units))
    for s in np.flatnonzero(_has_near_pair(projected, reach) & np.isfinite(reach)):
        counts[s] = _count(z[s], projected[s], tolerance)
    return counts


def _directions(batch: int) -> Array:
    """Two fixed unit vectors without symmetries of their own, (2, B)."""
    angles = np.outer([1.0, np.sqrt(2.0)], np.arange(1, batch + 1) ** 2)
    rows = 1.5 + np.sin(angles)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _has_near_pair(projected: Array, reach: Array) -> Array:
    """Which networks have two columns that are near in both projections, (S,) bool."""
    order = np.argsort(projected[:, 0], axis=1)
    first, second = (np.take_along_axis(projected[:, k], order, axis=1) for k in (0, 1))
    near = np.zeros(len(projected), bool)
    for shift in range(1, min(NEIGHBOURS, first.shape[1] - 1) + 1):
        pairs = np.abs(first[:, shift:] - first[:, :-shift]) <= reach[:, None]
        pairs &= np.abs(second[:, shift:] - second[:, :-shift]) <= reach[:, None]
        near |= pairs.any(axis=1)
    return near


def _count(z: Array, projected: Array, tolerance: float) -> int:
    """The number of different columns of one (B, N) layer.

    Columns stand in the order of their first projection, so equal ones are near each other. Each round drops the
    columns that equal the one `shift` places before them; a round that drops some is tried again, one that finds none
    in reach is the last: with one pair in reach, so is a pair of neighbours between them.
    """
    order = np.argsort(projected[0])
    columns = np.ascontiguousarray(z.T[order]).astype(np.float64)
    first, second = projected[0, order], projected[1, order]
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
