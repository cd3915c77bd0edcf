"""Averages over pairs of equal length where the activation has kinks, to all digits and at once for all angles.

Price's theorem says what <f_a f_b> changes by with the angle t between two inputs, d/dt = -sin t <f'_a f'_b>, also
where f' is a step or a peak. With x = z / sqrt(q) and f = phi / sqrt(q),
    S = <f'_a f'_b> = <f'^2> - int_0^t <f''_a f''_b> sin,      <(f_a - f_b)^2> / 2 = int_0^t S sin.
A kink J of phi is J delta in f'', and what is left of f'' is sqrt(q) phi'': <f''_a f''_b> is made of the density of two
inputs at two kinks, of <phi''_b> where the other input stands at a kink, and of <phi''_a phi''_b>, which for parabolas
follows from its own derivative, steps again. A jump of phi adds the first two kinds once more, one order lower.
Of an exponential exp(r z) below 0, with T = tan(t / 2) and a = r sqrt(q) (1 + cos t),
    <phi''_a phi''_b> / r^2 = 1/pi int_T^inf exp(-a^2 (s^2 - T^2) / 2) / (1 + s^2) ds.
All of it is smooth in ln t. Beside what it goes to as t -> 0, the gap is a slow function of ln q as well.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from ..catalogue.activations import Activation
from .chebyshev import NEAR, Cells, points, polynomials, transform
from .gaussian import FIELDS
from .lengths import averages
from .pieces import Pieces, pieces
from .quadrature import centre, density, gauss

Array = np.ndarray[Any, Any]

CLOSEST, WIDEST = 1e-6, 1.8
"""The angles between which it is found."""
PANELS, NODES = 18, 16
"""Of polynomials in ln t, and their coefficients."""
WIDTH = math.log(WIDEST / CLOSEST) / PANELS
"""Of a panel, in ln t."""
_LIMITS = (1e-26, 1e26)  # of mean squares: beyond, an activation that grows is a power of z
_MEETING, _ROUNDED = 7.0, -6.0  # ln q by which cells of one width go on where two ends meet, and with an exponential
_SHARE = 3.0  # of ln q in what cells call t
_CELL, _IN_Q = 1.0, (20, 24)  # with one end and with several
_SLOW = 12  # nodes a panel for what does not turn within one
_NEAR = 1.6  # rate sqrt(q) from which the exponential's integral is over a layer
_FAR, _FARTHER = (8.0, 12), (30.0, 4)  # from where it is a series, to 1e-13, and of how many terms
_LAYER, _FALLS, _CROWDED = 16, 30.0, 0.7  # its nodes, how far its logarithm falls, and how the nodes crowd next to T


def closest(own: Pieces, q: Array, slope_square: Array) -> tuple[Array, Array]:
    """What gap / e goes to as t -> 0, up to a bounded term where phi jumps: q <phi'^2>, and over t, the sum of all
    jumps' squares times exp(-z^2 / 2 q) / pi, (N,) each."""
    return q * slope_square, np.exp(-(own.ends**2) / (2 * q[:, None])) @ own.jumps**2 / math.pi


def ratios(activation: Activation, q: Array, panel: int) -> Array:
    """gap / e of an activation with pieces at angles t, beside what `closest` says of it: the coefficients of a
    polynomial in ln t on a panel, (N,) -> (N, NODES); nan where they are not found."""
    found = np.full((len(q), NODES), np.nan)
    log_q = np.log(np.clip(q, *_LIMITS))
    inside = (q > 0) & (q < np.inf) & (log_q < _largest(activation))
    if inside.any():
        found[inside] = _cells(activation)(log_q[inside] / _SHARE, slice(panel * NODES, (panel + 1) * NODES))
    return found


def _largest(activation: Activation) -> float:
    """ln q from which averages are not found: where two ends meet, all digits of what they bound are lost."""
    return (_middle(activation) + NEAR[1]) * _SHARE if _meets(activation) else math.inf


def _meets(activation: Activation) -> bool:
    """Whether little is left of phi, or of phi'', where two ends are all but one."""
    own = pieces(activation)
    return own is not None and len(own.ends) > 1 and bool(own.bends.any() or not own.slopes[[0, -1]].any())


def _middle(activation: Activation) -> float:
    own = pieces(activation)
    shift = _ROUNDED if own is not None and own.rate else _MEETING if _meets(activation) else 0.0
    return (centre(activation) + shift) / _SHARE


@lru_cache(maxsize=32)
def _cells(activation: Activation) -> Cells:
    own = pieces(activation)
    assert own is not None

    def coefficients(place: Array) -> Array:
        with np.errstate(all="ignore"):
            q = np.exp(place * _SHARE)
            slope_square = averages(activation, q)[FIELDS.index("slope_square")]
            flat, steep = closest(own, q, slope_square)
            found = _gaps(own, q, slope_square) / (flat[:, None] + steep[:, None] / _angles(NODES))
            return np.asarray(found.reshape(len(q), PANELS, NODES) @ transform(NODES).T).reshape(len(q), -1)

    return Cells(coefficients, _CELL, _IN_Q[len(own.ends) > 1], centre=_middle(activation))


def _gaps(own: Pieces, q: Array, slope_square: Array) -> Array:
    """gap / e, (N,) -> (N, PANELS * NODES)."""
    t, root = _angles(NODES), np.sqrt(q)[:, None]
    ends, sine = own.ends / root, np.sin(t)
    kinks, jumps, bends = _at_two_ends(ends, t, own.kinks, own.jumps, np.diff(own.bends))
    lost = _cumulative(kinks, 0)
    if own.rate:
        lost += _cumulative(_by_exponential(own, root) * sine, 1)
    elif own.bends.any():
        bent = root**2 * (_mean_square_bend(own, ends) - _cumulative(bends, 0))
        lost += _cumulative((bent + root * _at_one_end(own.kinks, own.bends, ends, t)) * sine, 1)
    gap = root**2 * _cumulative((slope_square[:, None] - lost) * sine, 1)
    if own.jumps.any():
        gap += _cumulative(jumps, 0)
        gap += root * _cumulative(_at_one_end(own.jumps, own.slopes, ends, t) * sine, 1)
    return np.asarray(gap / (2 * np.sin(t / 2) ** 2))


def _at_two_ends(ends: Array, t: Array, *jumps: Array) -> list[Array]:
    """sin t times the density of two inputs at two ends, by what jumps there, summed over all two ends, (N, X); for
    every row of jumps, (K,)."""
    found = [np.zeros((len(ends), len(t))) for _ in jumps]
    twice, above = 2 * np.sin(t) ** 2, 1 + np.cos(t)
    for i in range(ends.shape[1]):
        for k in range(i + 1):
            weights = [float(row[i] * row[k]) * (2 if k < i else 1) / (2 * math.pi) for row in jumps]
            if any(weights):
                # (x^2 + y^2 - 2 x y cos t) / (2 sin^2 t)
                exponent = ends[:, [i]] * ends[:, [k]] / above
                if k < i:
                    exponent += (ends[:, [i]] - ends[:, [k]]) ** 2 / twice
                often = np.exp(-exponent)
                for total, weight in zip(found, weights, strict=True):
                    total += weight * often
    return found


def _at_one_end(jumps: Array, levels: Array, ends: Array, t: Array) -> Array:
    """Twice the density of one input at an end, by what jumps there, by a staircase of the other one, (N, X)."""
    from scipy.special import ndtr

    total, cotangent, half = np.zeros((len(ends), len(t))), 1 / np.sin(t), np.tan(t / 2)
    for i, jump in enumerate(jumps.tolist()):
        if jump:
            x, found = ends[:, [i]], np.full(total.shape, levels[0])
            for k, step in enumerate(np.diff(levels).tolist()):
                if step:  # cos t = 1 - sin t tan(t / 2)
                    found += step * ndtr((x - ends[:, [k]]) * cotangent - half * x)
            total += 2 * jump * density(x) * found
    return total


def _mean_square_bend(own: Pieces, ends: Array) -> Array:
    """<phi''^2> of parabolas, (N, 1)."""
    from scipy.special import erf, ndtr

    below, above, scaled = ndtr(ends), ndtr(-ends), erf(ends / math.sqrt(2)) / 2
    low, high = ends[:, :-1], ends[:, 1:]
    inner = np.where(high < 0, np.diff(below), np.where(low > 0, -np.diff(above), np.diff(scaled)))
    return np.asarray(np.concatenate([below[:, :1], inner, above[:, -1:]], axis=1) @ own.bends[:, None] ** 2)


def _by_exponential(own: Pieces, root: Array) -> Array:
    """What phi'' = rate slopes[0] exp(rate z) below 0 adds to <f''_a f''_b>, (N, X)."""
    from scipy.special import erfcx

    t, steep = _angles(NODES), own.rate * root
    alone = erfcx(steep * np.sin(t) / math.sqrt(2)) / math.sqrt(2 * math.pi)
    both = np.empty_like(alone)
    near, far = steep[:, 0] < _NEAR, steep[:, 0] > _FAR[0]
    between = ~near & ~far
    if near.any():
        # y' = -steep^2 sin t y - source
        decay = np.exp(2 * (steep[near] * np.sin(t / 2)) ** 2)
        source = 1 / (2 * math.pi) - steep[near] * np.sin(t) * alone[near]
        start = erfcx(math.sqrt(2) * steep[near]) / 2
        both[near] = (start - _cumulative(decay * source, 0)) / decay
    if between.any():
        both[between] = _refined(_in_layers(steep[between], _angles(_SLOW)))
    if far.any():
        both[far] = _far_layers(steep[far], t, alone[far])
    size = root * own.rate * own.slopes[0]
    return np.asarray(size * float(own.kinks[0]) * alone + size**2 * both)


def _far_layers(steep: Array, t: Array, alone: Array) -> Array:
    """The integral over s from T on, over pi, (N, X), where the exponential leaves s little room: a series in
    (s^2 - T^2) / (1 + T^2), of which <.^n> follow from one another, with D = steep^2 (1 + cos t) and x = steep sin t /
    sqrt(2) from int_0^inf exp(-w) w^n / (2 sqrt(w + x^2)) dw / D^n."""
    scale, half = 1 / (steep**2 * (1 + np.cos(t))), np.sin(t / 2) ** 2  # x^2 / D
    older = alone * (math.pi / math.sqrt(2))
    newer = scale * (steep * np.sin(t) / math.sqrt(8) + older / 2) - half * older
    total = older - newer
    for n in range((_FARTHER if steep.min() > _FARTHER[0] else _FAR)[1]):
        older, newer = newer, ((n + 1.5) * scale - half) * newer + (n + 1) * half * scale * older
        total += newer if n % 2 == 0 else -newer
    return np.asarray(total / (math.sqrt(2) * math.pi * steep))


def _in_layers(steep: Array, t: Array) -> Array:
    """The integral over s from T on, over pi, (N, X): as far as the integrand is above rounding."""
    tangent, half = np.tan(t / 2), (steep * (1 + np.cos(t))) ** 2 / 2
    farthest = _FALLS / half / (tangent + np.sqrt(tangent**2 + _FALLS / half))
    bend, total = _CROWDED * farthest / np.sqrt(1 + tangent**2), np.zeros(half.shape)
    twice = 2 * tangent
    for x, w in zip(*(rows.tolist() for rows in gauss(_LAYER)), strict=True):
        share = 1 + bend * (1 - x)
        further = farthest * x
        further /= share
        beside = further + twice
        beside *= further  # s^2 - T^2
        share *= share
        share *= beside + (1 + tangent**2)
        beside *= half
        np.negative(beside, out=beside)
        np.exp(beside, out=beside)
        beside *= w
        beside /= share
        total += beside
    return np.asarray(farthest * (1 + bend) / math.pi * total)


def _cumulative(values: Array, order: int) -> Array:
    """int_0^t of what is of that order in t where t is small, (N, X) -> (N, X)."""
    last = _angles(NODES)[[NODES - 1, NODES - 2]]
    a, b = (values[:, [NODES - 1, NODES - 2]] / last**order).T
    rise = (b - a) / (last[1] - last[0])
    start = (a - rise * last[0]) * CLOSEST ** (order + 1) / (order + 1) + rise * CLOSEST ** (order + 2) / (order + 2)
    inside = (values * _angles(NODES)).reshape(-1, PANELS, NODES) @ _integration().T
    ends = start[:, None] + np.cumsum(inside[:, :, 0], axis=1)
    inside[:, :, 1:] += np.concatenate([start[:, None], ends[:, :-1]], axis=1)[:, :, None]
    return np.asarray(inside[:, :, 1:].reshape(len(values), -1))


def _refined(values: Array) -> Array:
    """From the slow nodes to all, (N, PANELS * _SLOW) -> (N, X)."""
    onto = polynomials(points(NODES), _SLOW) @ transform(_SLOW)
    return np.asarray(values.reshape(len(values), PANELS, _SLOW) @ onto.T).reshape(len(values), -1)


@lru_cache
def _angles(nodes: int) -> Array:
    """So many in every panel, in the order of `points`, (PANELS * nodes,)."""
    return np.asarray(CLOSEST * np.exp(WIDTH * (np.arange(PANELS)[:, None] + (1 + points(nodes)) / 2))).ravel()


@lru_cache
def _integration() -> Array:
    """Values at a panel's nodes -> the integral over ln t of all of it and up to every node, (1 + NODES, NODES)."""
    grown = chebyshev.chebint(transform(NODES), lbnd=-1)
    ends = np.append(1.0, points(NODES))
    return np.asarray(WIDTH / 2 * polynomials(ends, NODES + 1) @ grown)
