"""Weights that are never drawn: what Gaussian and Haar-orthogonal matrices do to a batch, sampled from exactly their
law.

Random numbers and arithmetic grow with B N and B^2 N where a matrix needs N^2 and B N^2, and the dependence between the
forward and the backward use of the same matrix is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..catalogue.initializers.matrices import Orthogonal
from ..streams import fill_normal, fill_normals
from .factor import directions, factors, left_factor
from .signal import Signal
from .statistics import diagonal

Array = np.ndarray[Any, Any]
Generators = Sequence[np.random.Generator]

LARGEST = 1e37
"""Beyond it, a row's length may leave float32 before the row does."""


class GaussianWeights:
    """W of one layer in S networks, entries N(0, stddev^2), (N_in, N_out), for batches B <= min(N_in, N_out).

    Forward. h = R Q with orthonormal rows Q: s G = Q W is B x N_out iid N(0, s^2), and all that z = s R G reveals.
    Backward. W = s (Q^T G + (I - Q^T Q) W') with W' an independent copy; with d = R_d Q_d, F = Q_d W'^T is iid as well,
    and d W^T = (s d G^T - s R_d F Q^T) Q + s R_d F.
    """

    def __init__(self, stddev: float, fan_in: int, fan_out: int, generators: Generators) -> None:
        self._stddev, self._fan_in, self._fan_out = stddev, fan_in, fan_out
        self._generators = generators

    def apply(self, h: Signal, out: Array) -> Array:
        """h W: (S, B, N_in) -> (S, B, N_out)."""
        r, self._q = factors(h)
        self._g = _normal(self._generators, h.rows, self._fan_out)
        return _combine(self._stddev * r, self._g, _far(h, self._stddev), out)

    def apply_transpose(self, d: Signal, out: Array) -> Array:
        """d W^T: (S, B, N_out) -> (S, B, N_in)."""
        r = left_factor(d)
        f = _normal(self._generators, d.rows, self._fan_in)
        self._answer(d.rows, self._g, (self._stddev * r).astype(f.dtype), f, self._q, out)
        for s in _far(d, max(self._stddev, 1.0)):
            row, g, own, q = (part[s].astype(np.float64) for part in (d.rows, self._g, f, self._q))
            out[s] = self._answer(row, g, self._stddev * r[s], own, q, np.empty(q.shape))
        self._d, self._r, self._f = d.rows, r, f
        return out

    def _answer(self, d: Array, g: Array, r: Array, f: Array, q: Array, out: Array) -> Array:
        """(s d G^T - s R_d F Q^T) Q + s R_d F in the parts' dtype, for stacks or for one network; r: s R_d."""
        seen = np.matmul(d, g.swapaxes(-1, -2))
        seen *= seen.dtype.type(self._stddev)
        seen -= np.matmul(r, np.matmul(f, q.swapaxes(-1, -2)))
        np.matmul(seen, q, out=out)
        out += np.matmul(r, f)
        return out

    def as_array(self) -> Array:
        """A W that agrees with every answer given, completed with fresh noise, (S, N_in, N_out)."""
        fresh = [_matrix(generator, self._fan_in, self._fan_out) for generator in self._generators]
        rest = np.stack(fresh)
        q, g = self._q.astype(np.float64), self._g.astype(np.float64)
        if hasattr(self, "_d"):
            # W' Q_d^T = F^T: what the backward pass saw of W'
            q_d = directions(self._d, self._r)
            rest += np.matmul(self._f.transpose(0, 2, 1) - np.matmul(rest, q_d.transpose(0, 2, 1)), q_d)
        return self._stddev * np.asarray(np.matmul(q.transpose(0, 2, 1), g - np.matmul(q, rest)) + rest)


class HaarWeights:
    """W of one layer in S networks: gain times a corner of a Haar-orthogonal matrix of size M = max(N_in, N_out).

    The batch must leave room: 2 B <= M.

    Forward. h = R Q, padded with zeros to M: G = Q W is a uniformly random frame of B rows, z = gain R G.
    Backward. What d has in the span of G goes back through G. The rest, d' = d - (d G^T) G = R' Q', meets the unseen
    part of W alone, an independent Haar isometry from the complement of G to that of Q: with F a uniform frame in the
    complement of Q, d W^T = gain ((d G^T) Q + R' F).
    """

    def __init__(self, gain: float, fan_in: int, fan_out: int, generators: Generators) -> None:
        self._gain, self._fan_in, self._fan_out = gain, fan_in, fan_out
        self._size = max(fan_in, fan_out)
        self._generators = generators

    def apply(self, h: Signal, out: Array) -> Array:
        """h W: (S, B, N_in) -> (S, B, N_out)."""
        r, q = factors(h)
        self._q = _padded(q, self._size)
        self._g = _frame(_normal(self._generators, h.rows, self._size))
        return _combine(self._gain * r, self._g[:, :, : self._fan_out], _far(h, self._gain), out)

    def apply_transpose(self, d: Signal, out: Array) -> Array:
        """d W^T: (S, B, N_out) -> (S, B, N_in)."""
        padded = _padded(d.rows, self._size)
        along = np.matmul(padded, self._g.transpose(0, 2, 1))
        unseen = Signal(padded - np.matmul(along, self._g))
        f = _normal(self._generators, d.rows, self._size)
        f -= np.matmul(np.matmul(f, self._q.transpose(0, 2, 1)), self._q)
        f = _frame(f, self._q)
        r = left_factor(unseen, self._g)
        along *= self._gain
        np.matmul(along, self._q[:, :, : self._fan_in], out=out)
        out += _combine(self._gain * r, f[:, :, : self._fan_in], _far(unseen, self._gain))
        self._unseen, self._r, self._f = unseen.rows, r, f
        return out

    def as_array(self) -> Array:
        """A W that agrees with every answer given, completed to a Haar matrix, (S, N_in, N_out)."""
        before, after = self._q.astype(np.float64), self._g.astype(np.float64)
        if hasattr(self, "_f"):
            seen = directions(self._unseen, self._r, after)
            before = np.concatenate([before, self._f.astype(np.float64)], axis=1)
            after = np.concatenate([after, seen], axis=1)
        whole = np.empty((len(before), self._size, self._size))
        for s, generator in enumerate(self._generators):
            # Complete both frames to bases; what is left goes through a Haar matrix of its own.
            rest_before, rest_after = _complement(before[s]), _complement(after[s])
            turn = np.empty((len(rest_before), len(rest_before)))
            if len(turn):
                Orthogonal(len(turn), len(turn), 1.0).fill(generator, turn)
            whole[s] = before[s].T @ after[s] + rest_before.T @ turn @ rest_after
        return self._gain * whole[:, : self._fan_in, : self._fan_out]


def _combine(r: Array, rows: Array, far: Array, out: Array | None = None) -> Array:
    """R rows, (S, B, N) in the dtype of the rows, also for the networks `far`, whose R that dtype may not hold."""
    out = np.matmul(r.astype(rows.dtype), rows, out=out)
    for s in far:
        out[s] = np.matmul(r[s], rows[s])
    return out


def _far(x: Signal, scale: float) -> Array:
    """The networks with a row whose length, times the scale, may leave float32 though its entries do not."""
    if x.rows.dtype != np.float32:
        return np.empty(0, np.intp)
    return np.asarray((diagonal(x.gram).max(axis=1) * scale**2 > LARGEST**2).nonzero()[0])


def _normal(generators: Generators, like: Array, units: int) -> Array:
    """iid N(0, 1) for every network from its own stream, (S, B, units) in the dtype of `like`, (S, B, N)."""
    drawn = np.empty((len(generators), like.shape[1], units), like.dtype)
    fill_normals(generators, drawn)
    return drawn


def _matrix(generator: np.random.Generator, rows: int, columns: int) -> Array:
    matrix = np.empty((rows, columns))
    fill_normal(generator, matrix)
    return matrix


def _frame(gaussian: Array, beyond: Array | None = None) -> Array:
    """Gram and Schmidt: uniformly random frames from Gaussian rows, (S, B, M), in the complement of `beyond`."""
    r, q = factors(Signal(gaussian), beyond)
    # Householder's R has signs of its own choice; the law asks for a positive diagonal.
    signs = np.where(np.diagonal(r, axis1=1, axis2=2) < 0, -1.0, 1.0)
    return np.asarray(q * signs[:, :, None].astype(q.dtype))


def _padded(x: Array, size: int) -> Array:
    """Rows with zeros behind them, (S, B, size)."""
    if x.shape[2] == size:
        return x
    padded = np.zeros((*x.shape[:2], size), x.dtype)
    padded[:, :, : x.shape[2]] = x
    return padded


def _complement(frame: Array) -> Array:
    """An orthonormal basis of what a frame leaves, (M - k, M) for (k, M)."""
    return np.linalg.qr(frame.T, mode="complete")[0][:, len(frame) :].T
