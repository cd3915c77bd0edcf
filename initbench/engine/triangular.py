"""Inverses of many small triangular matrices at once: LAPACK through NumPy would take each for a full one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .statistics import diagonal

Array = np.ndarray[Any, Any]


def inverse(r: Array) -> Array:
    """R^-1 of lower triangular matrices, (S, B, B).

    Blocks on the diagonal, from single entries on, are put together two by two:
    the inverse of [[A, 0], [C, D]] has -D^-1 C A^-1 in its lower corner. Each matrix has the numbers it has alone.
    """
    stack, size, _ = r.shape
    whole = 1 << max(0, size - 1).bit_length()
    if whole > size:
        padded = np.zeros((stack, whole, whole), r.dtype)
        padded[:, :size, :size] = r
        r = padded
    r = np.ascontiguousarray(r)
    result = np.zeros(r.shape, r.dtype)
    np.divide(1.0, diagonal(r)[:, :size], out=diagonal(result)[:, :size])
    half = 1
    while half < whole:
        below = _pairs(r, half)[..., half:, :half]
        pairs = _pairs(result, half)
        above, corner = pairs[..., :half, :half], pairs[..., half:, half:]
        product = corner * below * above if half == 1 else np.matmul(np.matmul(corner, below), above)
        np.negative(product, out=pairs[..., half:, :half])
        half *= 2
    return result[:, :size, :size]


def _pairs(matrices: Array, half: int) -> Array:
    """The square blocks of 2 half rows along the diagonals, (S, blocks, 2 half, 2 half), as a view."""
    stack, size, _ = matrices.shape
    row = size * matrices.itemsize
    shape = (stack, size // (2 * half), 2 * half, 2 * half)
    strides = (size * row, 2 * half * (row + matrices.itemsize), row, matrices.itemsize)
    return np.ndarray(shape, matrices.dtype, matrices, 0, strides)
