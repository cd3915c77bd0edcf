"""Averages over a pair of preactivations by quadrature in the plane.

With independent normal u and v, and e = 1 - c,
    z_a = sqrt(q_a) (alpha u + beta v)      z_b = sqrt(q_b) (alpha u - beta v)      alpha^2 = 1 - e/2, beta^2 = e/2
so that a small difference of the two stays exact. For e > 1 the same is done with -z_b. For each v the panels in u
end where either argument meets an end of the activation's mesh; those in v end where such ends meet each other, and
at the scales on which the two arguments part.

For q_a = q_b the difference phi_a - phi_b cancels as e -> 0. It is taken as an integral of the slope from z_b to z_a
then, but for the panels in which an end of the mesh lies between the two: they are so narrow that the rounding of a
plain difference does not count.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .gaussian import moments
from .quadrature import FAR, REACH, bends, density, gauss, grid, is_quiet, merged, mesh, nodes, tails, trusted
from .sets import sorted_set

Array = np.ndarray[Any, Any]

_WIDTH = 3.0  # of the weight's own panels: 6 in all
_ORDER = 12
_PATH = 6  # nodes between z_b and z_a
_CLOSE = 2e-3  # beta below which a plain difference loses too much
_SHORT = 0.5  # of the narrowest panel of the mesh: path lengths that are always short
_AGREE = 1e-10  # relative agreement that tells that the reach is long enough
_ROUNDING = 1e-13  # of an end
_BLOCK = 1 << 16  # nodes at a time


@frozen
class _Pair:
    """The geometry of a pair.

    a, b: square roots of q_a and q_b. sign: of z_b. at_a, at_b: ends of the mesh in standard deviations.
    quiet: all averages are those of tails. alike: q_a = q_b and c >= 0. short: the difference of phi_a and phi_b is
    taken along the slope.
    """

    a: float
    b: float
    sign: float
    alpha: float
    beta: float
    at_a: Array
    at_b: Array
    quiet: bool
    alike: bool
    short: bool


def by_quadrature(activation: Activation, q_a: float, q_b: float, e: float) -> Array:
    """product, gap, slope_product and square_product, (4,), for finite q_a, q_b >= 0 and 0 <= e <= 2.

    nan beyond where an activation that never rests was followed, or where one grows too fast for what is reached.
    """
    if math.isinf(activation.formula.steepest) and e > 0 and not _enough(activation, max(q_a, q_b)):
        return np.full(4, np.nan)
    pair = _pair(activation, math.sqrt(q_a), math.sqrt(q_b), e)
    if REACH * max(pair.a, pair.b) > trusted(activation):
        return np.full(4, np.nan)
    v, w = nodes(_outer(pair, activation), _ORDER)
    w = w * density(v) * (2 if pair.alike else 1)
    rows = max(1, _BLOCK // (_ORDER * (7 + (5 if pair.quiet else 1) * (pair.at_a.size + pair.at_b.size))))
    parts = [_inner(activation, pair, v[i : i + rows, None], w[i : i + rows, None]) for i in range(0, v.size, rows)]
    return np.asarray(np.sum(parts, axis=0))


def _enough(activation: Activation, q: float) -> bool:
    """Whether <phi^2> and <phi^4> are what they are in one dimension, where the reach is longer."""
    ours, single = by_quadrature(activation, q, q, 0.0), moments(activation, q)
    return bool(np.allclose(ours[[0, 3]], [single.square, single.fourth], rtol=_AGREE, atol=0))


def _pair(activation: Activation, a: float, b: float, e: float) -> _Pair:
    sign, rest = (1.0, e) if e <= 1 else (-1.0, 2 - e)
    alpha, beta = math.sqrt(1 - rest / 2), math.sqrt(rest / 2)
    own, quiet = mesh(activation), is_quiet(activation, max(a, b))
    reach = FAR if quiet else REACH
    at_a, at_b = (own[np.abs(own) < reach * root] / (root or 1) for root in (a, b))
    narrowest = float(np.diff(own).min(initial=math.inf))
    alike = a == b and sign > 0
    short = alike and (beta <= _CLOSE or 2 * beta * a * REACH <= _SHORT * narrowest)
    return _Pair(a, b, sign, alpha, beta, at_a, sign * at_b, quiet, alike, short)


def _outer(pair: _Pair, activation: Activation) -> Array:
    """Ends in v; only v > 0 where a and b are alike, as nothing changes then when they change places."""
    own, reach = [grid(REACH, _WIDTH)], REACH
    if pair.beta:
        own += [np.abs(pair.at_a) / pair.beta, -np.abs(pair.at_b) / pair.beta]
        cuts_a, cuts_b = (bends(activation) / root if root else np.zeros(0) for root in (pair.a, pair.sign * pair.b))
        meet = (cuts_a[:, None] - cuts_b).ravel() / (2 * pair.beta)
        own.append(meet)
        if pair.quiet:
            own += _of_tails(pair, np.concatenate([cuts_a, cuts_b]), meet)
            reach = FAR
    ends = sorted_set(*own)
    return ends[(ends >= (0.0 if pair.alike else -reach)) & (ends <= reach)]


def _of_tails(pair: _Pair, cuts: Array, meet: Array) -> list[Array]:
    """Further ends in v for what lies beyond cuts far out.

    Beyond one cut t, most lies near v = beta t; beyond two, near where they meet, and it falls from there within
    alpha^2 / (beta t), or as the weight itself does.
    """
    cuts = cuts[np.abs(cuts) < FAR]
    near = pair.beta * np.abs(cuts)[:, None] + grid(REACH, _WIDTH)
    falls = np.array([6, 14, 26, 40]) * pair.alpha**2 / pair.beta / np.abs(cuts).min(initial=FAR)
    around = meet[:, None] + np.concatenate([-falls, falls])
    return [near.ravel(), -near.ravel(), around.ravel(), tails(meet)]


def _inner(activation: Activation, pair: _Pair, v: Array, weight: Array) -> Array:
    """What some rows of constant v, (R, 1), contribute to the averages."""
    shift = pair.beta * v
    cuts_a, cuts_b = (pair.at_a - shift) / pair.alpha, (pair.at_b + shift) / pair.alpha
    own = np.concatenate([cuts_a, cuts_b], axis=1)
    if pair.quiet:
        own = np.concatenate([own, tails(own)], axis=1)
    ends = merged(grid(REACH, _WIDTH), own, FAR if pair.quiet else REACH)
    u, w = nodes(ends, _ORDER)
    w = w * density(u) * weight
    if pair.alike:  # the distance between the places where z_a and z_b pass the same end is known better than they are
        width, apart = np.diff(ends, axis=1), 2 * shift / pair.alpha
        exact = np.where(np.abs(width - apart) < _ROUNDING, apart / np.maximum(width, _ROUNDING), 1)
        w *= np.repeat(exact, _ORDER, axis=1)
    middle = pair.alpha * u
    value_a, slope_a = activation.both(pair.a * (middle + shift))
    value_b, slope_b = activation.both(pair.sign * pair.b * (middle - shift))
    apart = value_a - value_b
    if pair.short:
        path = _along(activation, pair.a * middle, pair.a * shift)
        apart = np.where(_straddled(ends, cuts_a, cuts_b), apart, path)
    product = value_a * value_b
    return np.array([_total(f, w) for f in (product, 0.5 * apart**2, slope_a * slope_b, product**2)])


def _total(f: Array, w: Array) -> float:
    return float(np.einsum("ij,ij->", f, w))


def _along(activation: Activation, middle: Array, half: Array) -> Array:
    """phi(middle + half) - phi(middle - half) as an integral of the slope."""
    points, weights = gauss(_PATH)
    total = sum(w * activation.slope(middle + (2 * x - 1) * half) for x, w in zip(points, weights, strict=True))
    return np.asarray(2 * half * total)


def _straddled(ends: Array, cuts_a: Array, cuts_b: Array) -> Array:
    """Whether an end of the mesh lies between z_b and z_a, (rows, nodes): only one of them has passed it."""
    centre = ((ends[:, 1:] + ends[:, :-1]) / 2)[:, :, None]
    passed = (cuts_a[:, None, :] < centre) != (cuts_b[:, None, :] < centre)
    return np.repeat(passed.any(axis=2), _ORDER, axis=1)
