"""Mean squares followed through the layers, and the averages at every one of them.

<phi^2> and its like are followed by polynomials in ln q, which are found once for every activation; those of q are a
fixed point of the length map when nothing changes any more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from .chebyshev import Cells
from .closed import closed_form
from .gaussian import FIELDS, Moments, moments
from .layers import LayerLaw
from .maps import homogeneous
from .quadrature import centre

Array = np.ndarray[Any, Any]

SETTLED = 1e-14
"""Relative change from layer to layer under which alike layers are taken to repeat themselves."""
_CELL, _NODES = 2.0, 24  # in ln q
_WITHIN = (1e-250, 1e250)  # mean squares that are followed by polynomials
_POSITIVE = ("square", "slope_square", "fourth", "slope_fourth", "mixed")
_DIGITS = 640.0  # of a logarithm: beyond, its exponential may have lost some
_POWERS = (1e-40, 1e40)  # mean squares beyond which phi is a power of z
_HUGE = 1e300
_MANY = 4  # mean squares whose averages are taken from polynomials, too


class SquareMap:
    """q -> <phi^2> of an activation."""

    def __init__(self, activation: Activation) -> None:
        self.activation = activation
        ray = homogeneous(activation) is not None
        self.factor = float(moments(activation, 1.0).square) if ray else None
        self.cells = _cells(activation)

    def __call__(self, q: Array) -> Array:
        """(S,) -> (S,)."""
        if self.factor is not None:
            return self.factor * q
        inside = np.clip(q, *_WITHIN)
        followed = np.exp(self.cells(np.log(inside), _SQUARE)[:, 0])
        for end in _WITHIN:
            if (beyond := (inside == end) & (q > 0) & (q < np.inf)).any():
                followed[beyond] *= (q[beyond] / end) ** _power(self.activation, end)
        return followed if np.isfinite(followed).all() and q.min() > 0 else moments(self.activation, q).square

    def one(self, q: float) -> float:
        """The same of a single mean square, without arrays."""
        if self.factor is not None:
            return self.factor * q
        if 0 < q < math.inf:
            end = min(max(q, _WITHIN[0]), _WITHIN[1])
            logarithm = self.cells.first(math.log(end))
            if q != end:
                logarithm += _power(self.activation, end) * (math.log(q) - math.log(end))
            if -math.inf < logarithm < _LARGEST:
                return math.exp(logarithm)
        return _alone(self.activation, q)


_LARGEST = math.log(np.finfo(np.float64).max)
_SQUARE = slice(1)


@lru_cache(maxsize=64)
def square_map(activation: Activation) -> SquareMap:
    """That of an activation, with what it has found so far."""
    return SquareMap(activation)


@lru_cache(maxsize=1024)
def _alone(activation: Activation, q: float) -> float:
    """<phi^2> of a single mean square that is not followed, 0 and inf among them."""
    return float(moments(activation, q).square)


@lru_cache(maxsize=64)
def _power(activation: Activation, q: float) -> float:
    """d ln <phi^2> / d ln q: beyond any ends that matter, <phi^2> is a power of q."""
    m = moments(activation, q)
    return float(m.d_square * q / m.square)


@lru_cache(maxsize=64)
def _cells(activation: Activation) -> Cells:
    """ln q -> ln <phi^2> and, from the second on, what the averages are made of: `_table`."""
    return Cells(lambda log_q: _table(activation, np.exp(log_q)), _CELL, _NODES, centre=centre(activation))


def _table(activation: Activation, q: Array) -> Array:
    """What is smooth in ln q, to all digits however far out: the logarithms of averages that are positive, and those
    that need not be in units of <phi^2>, <phi'^2> and q, (N,) -> (N, 11)."""
    with np.errstate(all="ignore"):
        m = moments(activation, q)
        logarithms, ratios = _logarithms(m), _ratios(m)
        beyond = (q < _POWERS[0]) | (q > _POWERS[1])
        if beyond.any():  # there, quadrature in units of z has little left of the derivatives
            ratios[:, beyond] = _far_out(activation, q[beyond])[:, 5:].T
        found = np.concatenate([logarithms, ratios]).T
        sure = (np.abs(logarithms) < _DIGITS).all(axis=0) & np.isfinite(ratios).all(axis=0)
        # what is next to under- or overflowing
        lost = ~sure & np.isfinite(logarithms[0]) & beyond
        found[lost] = _far_out(activation, q[lost])
        return found


def _far_out(activation: Activation, q: Array) -> Array:
    """The same beyond _POWERS, where phi is a power of z, and so are its averages of q, (N,) -> (N, 11)."""
    found = np.empty((len(q), 11))
    for end in _POWERS:
        beyond = (q < 1) == (end < 1)
        if beyond.any():
            last, steepness, ratios = _at_end(activation, end)
            found[beyond, :5] = last + steepness * (np.log(q[beyond, None]) - math.log(end))
            found[beyond, 5:] = ratios
    return found


@lru_cache(maxsize=64)
def _at_end(activation: Activation, end: float) -> tuple[Array, Array, Array]:
    """There, the logarithms, (5,), what they rise by per ln q, (5,), and the ratios, (6,)."""
    at_end = moments(activation, np.array([end, end ** (1 - 1 / 64)]))
    last, before = _logarithms(at_end).T
    return last, (last - before) / (math.log(end) / 64), _ratios(at_end)[:, 0]


def _logarithms(m: Moments) -> Array:
    return np.asarray(np.log(np.stack([getattr(m, name) for name in _POSITIVE])))


def _ratios(m: Moments) -> Array:
    q, root, s, slope = m.q, np.sqrt(m.square), m.square, m.slope_square
    averages_ = [m.mean / root, m.d_mean * q / root, m.d_square * q / s, m.d2_square * q * q / s]
    return np.stack([*averages_, m.d_slope_square * q / slope, m.d2_slope_square * q * q / slope])


def _made(q: Array, table: Array) -> Array:
    """The fields of Moments, (N,) and (N, 11) -> (12, N); a derivative stays finite where its average is."""
    positive, ratios = np.exp(table[:, :5].T), table[:, 5:].T
    found = {"q": q, **dict(zip(_POSITIVE, positive, strict=True))}
    s, slope = found["square"], found["slope_square"]
    root = np.sqrt(s)
    units = [root, root / q, s / q, s / q / q, slope / q, slope / q / q]
    names = ("mean", "d_mean", "d_square", "d2_square", "d_slope_square", "d2_slope_square")
    found |= {name: ratio * np.minimum(unit, _HUGE) for name, ratio, unit in zip(names, ratios, units, strict=True)}
    return np.stack([found[name] for name in FIELDS])


def lengths(
    laws: tuple[LayerLaw, ...], q0: Array, found: Sequence[Activation], codes: Array, alike: Sequence[bool]
) -> tuple[Array, Array]:
    """q, (L + 1, S), and the layer that every layer repeats, (L + 1,): itself, or one below.

    found, codes: the activations, and the number of each layer's among them, (L,). alike[k]: whether layer k + 1
    repeats layer k once that repeats layer k - 1.
    """
    kinds, single = [square_map(activation) for activation in found], len(q0) == 1
    maps = [kinds[code] for code in codes]
    now = float(q0[0]) if single else q0
    square: Any = now
    none = 0.0 if single else np.zeros(len(q0))
    settled, rows, origin = False, [now], [0]
    for k, law in enumerate(laws, start=1):
        if not (settled and alike[k - 1]):
            before, own = now, maps[k - 1]
            now = law.cw * (square if law.cw else none) + law.cb  # not even what overflows comes through weights 0
            if single:
                settled, square = abs(now - before) <= SETTLED * now, own.one(now)
            else:
                settled, square = bool((np.abs(now - before) <= SETTLED * now).all()), own(now)
            origin.append(k)
        else:
            origin.append(origin[-1])
        rows.append(now)
    return np.array(rows).reshape(len(laws) + 1, -1), np.array(origin)


@lru_cache(maxsize=64)
def _quick(activation: Activation) -> bool:
    """Whether all averages have a closed form."""
    form = closed_form(activation)
    return form is not None and len(form.moments(np.ones(1))) == len(FIELDS) - 1


def averages(activation: Activation, q: Array) -> Array:
    """The fields of Moments, (N,) -> (12, N): of many mean squares by polynomials, where they follow."""
    table = np.empty((len(FIELDS), len(q)))
    many = (q > 0) & (q < np.inf) if len(q) > _MANY and not _quick(activation) else q < 0
    if many.any():
        followed = _followed(activation, q[many])
        table[:, many] = _made(q[many], followed)
        many[many] = np.isfinite(followed).all(axis=1)
    if not many.all():
        m = moments(activation, q[~many])
        table[:, ~many] = np.stack([getattr(m, name) for name in FIELDS])
    table[0] = q
    return table


def _followed(activation: Activation, q: Array) -> Array:
    """What `_table` has, (N,) -> (N, 11)."""
    inside = (_WITHIN[0] < q) & (q < _WITHIN[1])
    if inside.all():
        return _cells(activation)(np.log(q))
    found = np.empty((len(q), 11))
    found[~inside] = _far_out(activation, q[~inside])
    if inside.any():
        found[inside] = _cells(activation)(np.log(q[inside]))
    return found
