"""Statistics of stacks of layers: x is (S, B, N), one (B, N) layer in each of S networks; every result is (S,) float64.

Sums run over blocks of one row in the array's own dtype (BLAS dots, pairwise sums) and from there on in float64: a
relative error under 1e-6 in float32, even where every term rounds the same way. Each network's numbers depend on its
own slice alone, whatever else is in the stack.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SAFE = {np.dtype(np.float32): (1e-30, 1e30), np.dtype(np.float64): (0.0, np.inf)}
"""Mean squares between which squares, their sums over a layer and their reciprocals keep full precision."""
CANCELLED = 1e-8
"""Variance over mean square under which a difference of float64 sums would lose the promised digits."""
UNIT_SCALE = (1e-280, 1e280)
"""Squared lengths between which float64 has the reciprocal root of a row at full precision."""
DOT_BLOCK = 256
"""Entries of a row that float32 adds up, or their squares."""
WIDENED = 1 << 15
"""Entries that are turned into float64 at a time, to be multiplied while they are in cache."""


def row_squares(x: Array) -> Array:
    """Squared length of every row, (S, B) float64."""
    return _blockwise(x, None)


def row_sums(x: Array) -> Array:
    """Sum of every row, (S, B) float64."""
    return _blockwise(x, _ones(min(x.shape[-1], DOT_BLOCK), x.dtype))


@lru_cache(maxsize=64)
def _ones(size: int, dtype: Any) -> Array:
    return np.ones(size, dtype)


def _blockwise(x: Array, y: Array | None) -> Array:
    """Dot products of every row's blocks with themselves, or with y, added up in float64."""
    units = x.shape[-1]
    if units <= DOT_BLOCK:
        return np.asarray(np.vecdot(x, x if y is None else y), np.float64)
    whole = units // DOT_BLOCK * DOT_BLOCK
    blocks = x[..., :whole].reshape(*x.shape[:-1], -1, DOT_BLOCK)
    total = np.vecdot(blocks, blocks if y is None else y).sum(axis=-1, dtype=np.float64)
    if whole < units:
        rest = x[..., whole:]
        total += np.vecdot(rest, rest if y is None else y[: units - whole])
    return np.asarray(total)


def in_scale(squares: Array, units: int, dtype: Any) -> bool:
    """Whether every row of every network has a mean square that float32 holds with full precision."""
    low, high = SAFE[np.dtype(dtype)]
    return low == 0.0 or bool(squares.min() >= low * units and squares.max() <= high * units)  # nan is neither


def out_of_scale(squares: Array, units: int, dtype: Any) -> Array:
    """Which networks have a row whose mean square float32 cannot hold with full precision, (S,) bool.

    They are to be measured in float64.
    """
    if in_scale(squares, units, dtype):
        return np.zeros(len(squares), bool)
    low, high = SAFE[np.dtype(dtype)]
    return np.asarray(~((squares >= low * units) & (squares <= high * units)).all(axis=1))


def mean_and_variance(x: Array, squares: Array) -> tuple[Array, Array, Array]:
    """Mean, variance (ddof 0) and mean square over units and batch; squares: of its rows' lengths, (S, B).

    Where the variance is small beside the mean square, E x^2 - (E x)^2 would cancel: those networks are centred first.
    """
    count = x.shape[1] * x.shape[2]
    mean = row_sums(x).sum(axis=1) / count
    q = squares.sum(axis=1) / count
    variance = q - mean**2
    for s in _places(variance < 0.25 * q):
        near = x.dtype.type(mean[s])
        centred = x[s : s + 1] - near
        # Var x = E (x - m)^2 - (E x - m)^2 for any m near the mean
        shift = row_sums(centred).sum() / count
        square = _mean_square(centred)[0]
        variance[s] = max(square - shift**2, 0.0)
        mean[s] = float(near) + shift
    return mean, variance, q


def variance_over_batch(x: Array, squares: Array) -> Array:
    """Variance over the batch (ddof 0), averaged over units."""
    batch, units = x.shape[1:]
    # mean over the batch, as a product: a gemv is one pass
    centre = np.matmul(np.full((1, batch), 1 / batch, x.dtype), x)
    q = squares.sum(axis=1) / (batch * units)
    variance = q - row_squares(centre)[:, 0] / units
    near = _places(variance < 0.25 * q)
    if len(near):
        # From one row to the others first, which is exact where rows are nearly equal; then from their mean.
        centred = x[near] - x[near, :1]
        centred -= np.matmul(np.full((1, batch), 1 / batch, x.dtype), centred)
        variance[near] = _mean_square(centred)
    return np.asarray(variance)


def _mean_square(x: Array) -> Array:
    """Mean square over units and batch, in float64 for the networks whose squares x's own dtype cannot hold. (S,)"""
    squares = row_squares(x)
    for s in _places(out_of_scale(squares, x.shape[2], x.dtype)):
        squares[s] = row_squares(x[s].astype(np.float64))
    return np.asarray(squares.sum(axis=1) / (x.shape[1] * x.shape[2]))


def mean_cosine(x: Array, squares: Array) -> tuple[Array, Array]:
    """Mean cosine over pairs of different rows, rows of zeros left out, and whether there is a pair: (S,), (S,) bool.

    sum_{a != b} u_a . u_b = |sum_a u_a|^2 - B for unit vectors u_a: one product in place of B^2 of them.
    """
    if x.dtype == np.float64 and (odd := _off_unit_scale(squares)).any():
        x, squares = x.copy(), squares.copy()
        largest = np.abs(x[odd]).max(axis=2, keepdims=True)
        with np.errstate(invalid="ignore"):
            x[odd] /= np.where(largest > 0, largest, 1.0)
        squares[odd] = row_squares(x[odd])
    used = squares != 0
    count = used.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.where(used, 1 / np.sqrt(squares), 0.0).astype(x.dtype)
        total = row_squares(np.matmul(weights[:, None, :], x))[:, 0]
        cosine = (total - count) / (count * (count - 1.0))
    return np.clip(cosine, -1.0, 1.0), count >= 2


def cosine_of_gram(gram: Array) -> tuple[Array, Array]:
    """mean_cosine from x x^T, (S, B, B) float64."""
    squares = diagonal(gram)
    used = squares != 0
    count = used.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.where(used, 1 / np.sqrt(squares), 0.0)
        total = np.vecdot(np.matmul(weights[:, None, :], gram)[:, 0], weights)
        cosine = (total - count) / (count * (count - 1.0))
    return cosine.clip(-1.0, 1.0), count >= 2


def batch_variance_of_gram(x: Array, gram: Array) -> Array:
    """variance_over_batch of x from x x^T, (S, B, B) float64; from x itself where the difference would cancel."""
    batch, units = x.shape[1:]
    squares = diagonal(gram)
    q = squares.sum(axis=1) / (batch * units)
    # (1/N) (sum_a |x_a|^2 / B - |sum_a x_a|^2 / B^2)
    variance = q - gram.reshape(len(gram), -1).sum(axis=1) / (batch * batch * units)
    near = variance < CANCELLED * q
    if near.any():
        variance[near] = variance_over_batch(x[near].astype(np.float64), squares[near])
    return np.asarray(variance)


def diagonal(matrices: Array) -> Array:
    """The diagonals of contiguous square matrices, (S, B), as a view; of a Gram matrix, its rows' squared lengths."""
    return matrices.reshape(len(matrices), -1)[:, :: matrices.shape[1] + 1]


def _places(mask: Array) -> Array:
    return mask.nonzero()[0]


def _off_unit_scale(squares: Array) -> Array:
    """Which networks have a row whose squared length, or its root's reciprocal, loses digits in float64, (S,) bool."""
    low, high = UNIT_SCALE
    return np.asarray(~((squares >= low) & (squares <= high)).all(axis=1))


def gram(x: Array) -> Array:
    """x x^T of every network, (S, B, B) float64: a product in float32 would add a row's squares up one by one."""
    if x.dtype == np.float64:
        return np.asarray(np.matmul(x, x.transpose(0, 2, 1)))
    stack, batch, units = x.shape
    together = max(1, min(stack, WIDENED // (batch * units)))
    result, wide = np.empty((stack, batch, batch)), np.empty((together, batch, units))
    for first in range(0, stack, together):
        some = x[first : first + together]
        part = wide[: len(some)]
        np.copyto(part, some)
        np.matmul(part, part.transpose(0, 2, 1), out=result[first : first + together])
    return result


def true_in_columns(mask: Array) -> Array:
    """How many entries of every unit's column are true, (S, N): for (S, B, N) of booleans."""
    if mask.shape[1] > 255:
        return np.asarray(mask.sum(axis=1, dtype=np.int32))
    return np.asarray(np.add.reduce(mask.view(np.uint8), axis=1, dtype=np.uint8))  # bytes are added with SIMD
