"""The length and the correlation maps, iterated over the layers: fast, for networks of a thousand of them.

Mean squares come first. Their map is followed by polynomials in ln q, which are found once for every activation.
Correlations come second, at mean squares that are known: one step is a sum over the terms of a power series.
Whatever has converged is not computed again while the layers stay alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from .angles import Pairs, pairs_at
from .chebyshev import Cells
from .gaussian import FIELDS, Moments, moments
from .inputs import InputState
from .layers import LayerLaw, activations
from .maps import homogeneous

Array = np.ndarray[Any, Any]

SETTLED = 1e-14
"""Relative change from layer to layer under which alike layers are taken to repeat themselves."""
_CELL, _NODES = 2.0, 24  # in ln q
_WITHIN = (1e-250, 1e250)  # mean squares that are followed by polynomials
_MANY = 100  # mean squares whose averages are taken from polynomials, too
_BLOCK = 1 << 22  # numbers at a time
_TERMS = 1000  # about so many for one input


@dataclass(frozen=True)
class Path:
    """q (L + 1, S), e (L + 1, P), the fields of Moments (12, L + 1, S) and of PairMoments (4, L + 1, P)."""

    q: Array
    e: Array
    moments: Array
    pairs: Array


def follow(laws: tuple[LayerLaw, ...], start: InputState) -> Path:
    """The network's path from its inputs through L layers. Row 0 has the inputs' own q, e, <x^2>, products and gaps."""
    with np.errstate(all="ignore"):
        alike = _alike(laws)
        q, origin = _lengths(laws, start.q, alike)
        m = _moments(laws, q, origin)
        m[FIELDS.index("square"), 0] = start.q
        e, pairs = _angles(laws, start, m, origin, alike)
    return Path(q, e, m, pairs)


def _alike(laws: tuple[LayerLaw, ...]) -> list[bool]:
    """alike[k]: whether layer k + 1 repeats layer k once that repeats layer k - 1: all three have one activation, and
    the first two one variance of weights and of biases."""
    _, codes = activations(laws)
    keys = [(one.cw, one.cb, codes[k]) for k, one in enumerate(laws)]
    return [k > 1 and keys[k] == keys[k - 1] and codes[k] == codes[k - 2] for k in range(len(laws))]


def _lengths(laws: tuple[LayerLaw, ...], q0: Array, alike: list[bool]) -> tuple[Array, Array]:
    """q, (L + 1, S), and the layer that every layer repeats, (L + 1,): itself, or one below."""
    q = np.empty((len(laws) + 1, len(q0)))
    origin = np.arange(len(laws) + 1)
    q[0], square, settled = q0, q0, False
    found, codes = activations(laws)
    maps = [square_map(activation) for activation in found]
    for k, law in enumerate(laws, start=1):
        if settled and alike[k - 1]:
            q[k], origin[k] = q[k - 1], origin[k - 1]
            continue
        q[k] = law.cw * square + law.cb if law.cw else law.cb
        settled = bool((np.abs(q[k] - q[k - 1]) <= SETTLED * q[k]).all())
        square = maps[codes[k - 1]](q[k])
    return q, origin


@lru_cache(maxsize=64)
def square_map(activation: Activation) -> Callable[[Array], Array]:
    """q -> <phi^2>, (S,) -> (S,)."""
    if homogeneous(activation) is not None:
        at_1 = float(moments(activation, 1.0).square)
        return lambda q: at_1 * q
    cells = Cells(lambda log_q: np.log(moments(activation, np.exp(log_q)).square)[:, None], _CELL, _NODES)

    def square(q: Array) -> Array:
        if len(q) == 1 and _WITHIN[0] < q[0] < _WITHIN[1]:
            followed = np.array([math.exp(cells.first(math.log(q[0])))])
        else:
            inside = np.clip(q, *_WITHIN)
            followed = np.exp(cells(np.log(inside))[:, 0])
            for end in _WITHIN:
                if (beyond := (inside == end) & (q > 0) & (q < np.inf)).any():
                    followed[beyond] *= (q[beyond] / end) ** _power(activation, end)
        return followed if np.isfinite(followed).all() and q.min() > 0 else moments(activation, q).square

    return square


@lru_cache(maxsize=64)
def _power(activation: Activation, q: float) -> float:
    """d ln <phi^2> / d ln q: beyond any ends that matter, <phi^2> is a power of q."""
    m = moments(activation, q)
    return float(m.d_square * q / m.square)


def _moments(laws: tuple[LayerLaw, ...], q: Array, origin: Array) -> Array:
    """All averages, (12, L + 1, S); row 0 is nan."""
    found = np.full((len(FIELDS), *q.shape), np.nan)
    different, codes = activations(laws)
    for code, activation in enumerate(different):
        rows = 1 + np.flatnonzero((codes == code) & (origin[1:] == np.arange(1, len(laws) + 1)))
        distinct, place = np.unique(q[rows], return_inverse=True)
        found[:, rows] = _averages(activation, distinct)[:, place.reshape(len(rows), -1)]
    return found[:, origin]


def _averages(activation: Activation, q: Array) -> Array:
    """The fields of Moments, (N,) -> (12, N): of many mean squares by polynomials, as long as all is finite."""
    table = np.empty((len(FIELDS), len(q)))
    many = (_WITHIN[0] < q) & (q < _WITHIN[1]) if len(q) > _MANY and homogeneous(activation) is None else q < 0
    if many.any():
        table[:, many] = _moment_cells(activation)(np.log(q[many])).T
        many[many] = np.isfinite(table[:, many]).all(axis=0)
    table[:, ~many] = _fields(moments(activation, q[~many]))
    table[0] = q
    return table


@lru_cache(maxsize=32)
def _moment_cells(activation: Activation) -> Cells:
    return Cells(lambda log_q: _fields(moments(activation, np.exp(log_q))).T, _CELL, _NODES)


def _fields(m: Moments) -> Array:
    return np.stack([getattr(m, name) for name in FIELDS])


def _angles(
    laws: tuple[LayerLaw, ...], start: InputState, m: Array, origin: Array, alike: list[bool]
) -> tuple[Array, Array]:
    """e, (L + 1, P), and product, gap, slope product and square product, (4, L + 1, P)."""
    a, b = start.a, start.b
    e, pairs = np.empty((len(laws) + 1, len(a))), np.full((4, len(laws) + 1, len(a)), np.nan)
    q = m[FIELDS.index("q")].copy()
    q[0] = start.q
    root = np.sqrt(q)
    both, apart = root[:, a] * root[:, b], (root[:, a] - root[:, b]) ** 2 / 2
    e[0] = start.e
    gap = pairs[1]
    gap[0] = apart[0] + e[0] * both[0]
    both[both == 0] = np.inf  # no signal has no angle: e = 0
    if not len(a):
        return e, pairs
    repeats, opposite = np.arange(len(laws) + 1), bool((e[0] == 2).any())
    mirrored = _mirrored(laws)
    different, codes = activations(laws)
    size = max(1, _BLOCK // (_TERMS * len(start.q)))
    for rows in _blocks(origin, size):
        known = [_known_pairs(one, start, m, origin[rows][codes[rows - 1] == n]) for n, one in enumerate(different)]
        settled = False
        for k in rows:
            if settled and alike[k - 1] and origin[k] == origin[k - 1]:
                e[k], gap[k], repeats[k] = e[k - 1], gap[k - 1], repeats[k - 1]
                continue
            # cw <phi_a phi_b> + cb = (q_a + q_b) / 2 - cw gap = (1 - e) sqrt(q_a q_b)
            e[k] = np.minimum(np.maximum((laws[k - 1].cw * gap[k - 1] - apart[k]) / both[k], 0.0), 2.0)
            if opposite and mirrored[k - 1]:  # rounding would grow where the map is unstable
                e[k] = np.where(e[k - 1] == 2, 2.0, e[k])
            if origin[k] < k:
                settled = bool((np.abs(e[k] - e[k - 1]) <= SETTLED * e[k]).all())
            one, place = known[codes[k - 1]]
            gap[k] = one.gap(place[origin[k]], e[k])
        for code, (one, place) in enumerate(known):
            own = rows[(codes[rows - 1] == code) & (repeats[rows] == rows)]
            pairs[2:, own] = one.products(place[origin[own]], e[own])
    square = m[FIELDS.index("square")]
    pairs[0] = (square[:, a] + square[:, b]) / 2 - gap
    return e, pairs[:, repeats]


def _mirrored(laws: tuple[LayerLaw, ...]) -> list[bool]:
    """mirrored[k]: whether opposite inputs give opposite preactivations in layer k + 1 if they do so in layer k."""
    odd = {activation: _odd(activation) for activation in activations(laws)[0]}
    return [law.cb == 0 and (k == 0 or odd[laws[k - 1].activation]) for k, law in enumerate(laws)]


def _odd(activation: Activation) -> bool:
    z = np.linspace(0, 10, 101)
    return np.array_equal(activation.value(-z), -activation.value(z))


def _blocks(origin: Array, size: int) -> list[Array]:
    """Layers from 1 up, in order, with at most `size` different ones together."""
    different = np.cumsum(origin[1:] == np.arange(1, len(origin)))
    cuts = np.flatnonzero(np.diff((different - 1) // size)) + 1
    return np.split(np.arange(1, len(origin)), cuts)


def _known_pairs(activation: Activation, start: InputState, m: Array, origins: Array) -> tuple[Pairs, Array]:
    """The pairs of an activation at the layers that some layers repeat, and the row of such a layer in them."""
    own = np.unique(origins)
    place = np.zeros(m.shape[1], np.intp)
    place[own] = np.arange(len(own))
    return pairs_at(activation, Moments(*m[:, own]), start.a, start.b), place
