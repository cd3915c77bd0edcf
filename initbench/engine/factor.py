"""x = R Q with Q orthonormal rows, for stacks of batches: what implicit weights need to know of a signal.

R comes from the Gram matrix by Cholesky where that is accurate, else from a Householder QR of x itself, which is
accurate whatever the cosines, the ranks and the repeated rows: nothing is cut, a rank-deficient x merely gives R
columns of zeros.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .signal import Signal
from .statistics import WIDENED, diagonal
from .triangular import inverse

Array = np.ndarray[Any, Any]

PIVOT = 1e-6
"""The smallest squared Cholesky pivot, relative to its row's squared length, that is trusted."""
SMALLEST = 1e-280
"""The smallest squared row length whose products keep float64's digits."""
TRUSTED = 1.5e3
"""The largest growth, the length of a row of R^-1 in units of x's rows, at which R^-1 x serves as Q.

Its rows are then orthonormal to about 1e-16 growth^2: below float32's rounding, and 1e-9 in float64. Pivots alone do
not tell: where every row leans on all those before it, the growths of single pivots multiply.
"""
EASY = 30.0
"""The largest growth for which float32 products serve: it leaves rows orthonormal to a rounding or two times growth."""
LENGTHS = (1e-30, 1e30)
"""Row lengths whose reciprocals float32 has."""


def left_factor(x: Signal, beyond: Array | None = None) -> Array:
    """R of x = R Q alone, (S, B, B) float64 lower triangular; see `factors`."""
    r, doubtful = _cholesky(x.gram)
    if doubtful.any():
        r[doubtful] = _householder(x.rows[doubtful], None if beyond is None else beyond[doubtful])[0]
    return r


def factors(x: Signal, beyond: Array | None = None) -> tuple[Array, Array]:
    """R, (S, B, B) float64 lower triangular, and Q, (S, B, N) in the dtype of x, for B <= N.

    beyond: frames, (S, K, N) with K + B <= N, to which x is orthogonal; then so is Q, where x leaves its directions
    open too. Networks that are not finite get nan.
    """
    r, doubtful = _cholesky(x.gram)
    r[doubtful] = np.eye(r.shape[1])
    turn = inverse(r)
    squares = diagonal(x.gram)
    growth = np.matmul(turn**2, squares[:, :, None])[:, :, 0].max(axis=1, initial=0.0)
    doubtful |= ~(growth < TRUSTED**2)
    low, high = LENGTHS
    easy = (growth < EASY**2) & ((squares > low**2) & (squares < high**2)).all(axis=1)
    q = _product(turn, x, easy)
    if beyond is not None and not easy.all():
        # what rounding left of x along `beyond` has grown with R^-1
        frames, rows = beyond[~easy], q[~easy]
        q[~easy] = rows - np.matmul(np.matmul(rows, frames.transpose(0, 2, 1)), frames)
    if doubtful.any():
        r[doubtful], q[doubtful] = _householder(x.rows[doubtful], None if beyond is None else beyond[doubtful])
    return r, q


def directions(x: Array, r: Array, beyond: Array | None = None) -> Array:
    """Q of x = R Q, (S, B, N) float64, for an R from `left_factor`; orthogonal to frames `beyond`, (S, K, N)."""
    own, q = _householder(x, beyond)
    finite = np.asarray(np.isfinite(own).all(axis=(1, 2)))
    for s in finite.nonzero()[0]:
        # own and r are factors of the same Gram matrix, so r = own U: U is the rotation nearest to it, row by row
        length = np.abs(own[s]).max(axis=1, keepdims=True)
        scale = np.where(length > 0, length, 1.0)
        left, _, right = np.linalg.svd((own[s] / scale).T @ (r[s] / scale))
        q[s] = (left @ right).T @ q[s]
    return q


def _product(turn: Array, x: Signal, easy: Array) -> Array:
    """R^-1 x, (S, B, N) in the dtype of x; in float64 for the networks where float32 would lose orthogonality."""
    if x.rows.dtype != np.float32 or easy.all():
        return np.asarray(np.matmul(turn.astype(x.rows.dtype), x.rows))
    q = np.empty_like(x.rows)
    simple, others = easy.nonzero()[0], (~easy).nonzero()[0]
    if simple.size:
        q[simple] = np.matmul(turn[simple].astype(np.float32), x.rows[simple])
    together = max(1, WIDENED // (x.rows.shape[1] * x.rows.shape[2]))
    for first in range(0, len(others), together):
        some = others[first : first + together]
        q[some] = np.matmul(turn[some], x.rows[some].astype(np.float64))
    return q


def _cholesky(gram: Array) -> tuple[Array, Array]:
    """Lower Cholesky factors of a stack, (S, B, B), and which of them are not to be trusted, (S,) bool."""
    try:
        r = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        r = np.stack([_cholesky_or_nan(matrix) for matrix in gram])
    squares, pivots = diagonal(gram), diagonal(r)
    trusted = (pivots**2 > PIVOT * squares) & (squares > SMALLEST) & (squares < np.inf)
    return r, np.asarray(~trusted.all(axis=1))


def _cholesky_or_nan(matrix: Array) -> Array:
    try:
        return np.asarray(np.linalg.cholesky(matrix))
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)


def _householder(x: Array, beyond: Array | None) -> tuple[Array, Array]:
    """R, (S, B, B), and Q, (S, B, N), of batches by QR, Q orthogonal to `beyond`, (S, K, N); nan where one is not
    finite."""
    r, q = np.full((*x.shape[:2], x.shape[1]), np.nan), np.full(x.shape, np.nan)
    finite = np.isfinite(x).all(axis=(1, 2))
    # x^T = Q~ R~, so x = R~^T Q~^T
    first = 0 if beyond is None else beyond.shape[1]
    rows = x[finite] if beyond is None else np.concatenate([beyond[finite], x[finite]], axis=1)
    columns, upper = np.linalg.qr(rows.transpose(0, 2, 1).astype(np.float64))
    r[finite] = upper.transpose(0, 2, 1)[:, first:, first:]
    q[finite] = columns.transpose(0, 2, 1)[:, first:]
    return r, q
