"""Averages over pairs of equal length where the activation has kinks, to all digits and at once for all angles.

Price's theorem says what <f_a f_b> changes by with the angle t between two inputs, d/dt = -sin t <f'_a f'_b>, also
where f' is a step or a peak. With x = z / sqrt(q) and f = phi / sqrt(q),
    S = <f'_a f'_b> = <f'^2> - int_0^t <f''_a f''_b> sin,      <(f_a - f_b)^2> / 2 = int_0^t S sin.
A kink J of phi is J delta in f'', and what is left of f'' is sqrt(q) phi'': <f''_a f''_b> is made of the density of two
inputs at two kinks, of <phi''_b> where the other input stands at a kink, and of <phi''_a phi''_b>, which for parabolas
follows from its own derivative, steps again. A jump of phi adds the first two kinds once more, one order lower.
Of an exponential exp(r z) below 0, with T = tan(t / 2) and a = r sqrt(q) (1 + cos t),
    <phi''_a phi''_b> / r^2 = 1/pi int_T^inf exp(-a^2 (s^2 - T^2) / 2) / (1 + s^2) ds.
All of it is smooth in ln t.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from .angle_panels import CLOSEST, NODES, PANELS, WIDTH, angles
from .chebyshev import points, polynomials, transform
from .pieces import Pieces
from .quadrature import density, gauss

Array = np.ndarray[Any, Any]

_SLOW = 12  # nodes a panel for what does not turn within one
_NEAR = 1.6  # rate sqrt(q) from which the exponential's integral is over a layer
_FAR, _FARTHER = (8.0, 12), (30.0, 4)  # from where it is a series, to 1e-13, and of how many terms
_LAYER, _FALLS, _CROWDED = 16, 30.0, 0.7  # its nodes, how far its logarithm falls, and how the nodes crowd next to T


def gaps(own: Pieces, q: Array, slope_square: Array) -> Array:
    """gap / e, (N,) -> (N, PANELS * NODES), at the `angles`."""
    t, root = angles(), np.sqrt(q)[:, None]
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

    t, steep = angles(), own.rate * root
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
        both[between] = _refined(_in_layers(steep[between], angles(_SLOW)))
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
    last = angles()[[NODES - 1, NODES - 2]]
    a, b = (values[:, [NODES - 1, NODES - 2]] / last**order).T
    rise = (b - a) / (last[1] - last[0])
    start = (a - rise * last[0]) * CLOSEST ** (order + 1) / (order + 1) + rise * CLOSEST ** (order + 2) / (order + 2)
    inside = (values * angles()).reshape(-1, PANELS, NODES) @ _integration().T
    ends = start[:, None] + np.cumsum(inside[:, :, 0], axis=1)
    inside[:, :, 1:] += np.concatenate([start[:, None], ends[:, :-1]], axis=1)[:, :, None]
    return np.asarray(inside[:, :, 1:].reshape(len(values), -1))


def _refined(values: Array) -> Array:
    """From the slow nodes to all, (N, PANELS * _SLOW) -> (N, X)."""
    onto = polynomials(points(NODES), _SLOW) @ transform(_SLOW)
    return np.asarray(values.reshape(len(values), PANELS, _SLOW) @ onto.T).reshape(len(values), -1)


@lru_cache
def _integration() -> Array:
    """Values at a panel's nodes -> the integral over ln t of all of it and up to every node, (1 + NODES, NODES)."""
    grown = chebyshev.chebint(transform(NODES), lbnd=-1)
    ends = np.append(1.0, points(NODES))
    return np.asarray(WIDTH / 2 * polynomials(ends, NODES + 1) @ grown)
