"""Averages over pairs of equal length where the activation is smooth, to all digits and for many angles at once.

What two inputs of correlation c = 1 - e have in common is s, and what each has alone is blur of size tau:
    z_a = s + tau y_a,   tau^2 = q e,   s = tau sigma,   sigma ~ N(0, c / e),   y_a ~ N(0, 1),
and <(phi_a - phi_b)^2> / 2 is the variance of phi(s + tau y) over y, averaged over sigma. For c < 0 the other input has
-s, tau^2 is q (2 - e), and half the squared difference of both means over y comes on top.

In units of tau nothing but the slopes depends on the activation: nodes and weights are made once. They crowd next to
0, so that what bends there is followed however large tau is. Far from 0 the blur is narrow beside what bends, and few
nodes tell its variance. What is found is a table of tau and the angle, from which that of q and the angle is read; to
tau = 0, where <phi'^2> is known, powers of tau lead. Short inputs have few of Hermite's orders, which say all.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.polynomial import hermite_e, legendre

from ..catalogue.activations import Activation
from .angle_panels import some_angles
from .chebyshev import Cells
from .gaussian import Moments
from .mehler import coefficients
from .quadrature import centre, density, gauss, grid, nodes

Array = np.ndarray[Any, Any]

_CELL, _IN_TAU, _CENTRE = 1.0, 14, 1.0  # in ln tau
_BLURS, _POWERS = np.array([0.0186, 0.024, 0.031, 0.039, 0.0495]), np.arange(2, 7)
# tau, and the powers of it by which gap / tau^2 goes on from there to 0; tau^3 where phi'' jumps
_ORDER, _NEAR = 12, (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0)
# nodes in a panel of sigma, and ends of panels in which all of the blur is followed
_OCTAVES = ((3, 6), (3, 3), (15, 2))  # of sigma beyond: how many, and how many nodes for the blur
_NARROW = 0.8  # standard deviation of sigma below which no panel follows its density
_FINE, _PATH = 14, (1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 21.5)  # the same of sigma + y
_INNER, _STEP = 3, 8  # octaves of it below 1 / tau, at least, and in steps
_SHORTEST, _LONGEST = 0.0036, 2.3  # mean squares from which the table is asked, and up to which orders are tried
_RUNGS, _SEEN = ((160, 176), (256, 256)), 2e-11  # orders and nodes for them, and what they may lack of <phi'^2>
_LED = 1e9  # mean square from which no angle has so narrow a blur that powers have to lead
_ERROR, _SMALL = 1e-9, 0.05  # of what is known beforehand: a variance, and what narrow blur takes from <phi'^2>


def gaps(activation: Activation, m: Moments, part: int) -> Array:
    """gap / e where the averages over one input are m, (N,) -> (N, X), at the X angles of a part, see `some_angles`;
    nan where it is not found."""
    t, unit = some_angles(part), _unit(activation) ** 2
    found = np.full((len(m.q), len(t)), np.nan)
    short = np.flatnonzero(m.q < _LONGEST * unit)
    if short.size:
        powers = _by_orders(activation, m.q[short].tobytes(), m.slope_square[short].tobytes())
        found[short] = powers @ _lost(part)[: powers.shape[1]]
    left = np.flatnonzero(np.isnan(found[:, 0]) & (m.q > _SHORTEST * unit))
    if left.size:
        variance = m.square[left] - m.mean[left] ** 2
        found[left] = _by_table(activation, m.q[left], m.slope_square[left], variance, part)
    return found


@lru_cache(maxsize=256)
def _unit(activation: Activation) -> float:
    """What z is measured in."""
    return math.exp(centre(activation) / 2)


@lru_cache(maxsize=64)
def _by_orders(activation: Activation, lengths: bytes, slope_squares: bytes) -> Array:
    """phi_k^2 for k = 1, 2, ..., (N, K), of short inputs in Hermite's polynomials; nan where that is not all."""
    q, slope_square = np.frombuffer(lengths), np.frombuffer(slope_squares)
    found, left = np.full((len(q), _RUNGS[-1][0] - 1), np.nan), np.arange(len(q))
    for count, size in _RUNGS:
        values, slopes, _ = coefficients(activation, q[left], count, size)
        enough = np.abs((slopes**2).sum(axis=1) - slope_square[left]) <= _SEEN * slope_square[left]
        found[left[enough]] = np.pad(values[enough, 1:] ** 2, [(0, 0), (0, found.shape[1] - count + 1)])
        left = left[~enough]
        if not left.size:
            return found[:, : count - 1]
    return found


@lru_cache
def _lost(part: int) -> Array:
    """(1 - c^k) / e = 1 + c + ... + c^{k - 1} for k = 1, 2, ..., (K, X)."""
    powers = np.full((_RUNGS[-1][0] - 1, len(some_angles(part))), np.cos(some_angles(part)))
    powers[0] = 1.0
    return np.asarray(np.cumsum(np.multiply.accumulate(powers, axis=0), axis=0))


def _by_table(activation: Activation, q: Array, slope_square: Array, variance: Array, part: int) -> Array:
    """Where the table reaches, (N, X); nan where it does not find <phi^2> - <phi>^2, (N,), at c = 0."""
    e, unit = 2 * np.sin(_looked_at(part) / 2) ** 2, _unit(activation)
    alone = np.minimum(e, 2 - e)
    tau = np.sqrt(q[:, None] * alone) / unit
    led = (q < _LED * unit**2)[:, None]
    narrow, found = led & (tau < _BLURS[-1]), np.empty_like(tau)
    if not narrow.all():
        found = _table(activation, part).each(np.log(np.where(led, np.maximum(tau, _BLURS[-1]), tau)))
    if narrow.any():
        sizes, total = _from_zero(activation, q.tobytes(), slope_square.tobytes()), np.zeros_like(tau)
        for size in sizes.T[::-1, :, None]:
            total += size
            total *= tau
        found[narrow] = (slope_square[:, None] + tau * total)[narrow]
    found *= q[:, None] * (alone / e)
    size = len(some_angles(part))
    if size < len(e):
        found[np.abs(found[:, -1] - variance) > _ERROR * variance] = np.nan
    return np.asarray(found[:, :size])


@lru_cache
def _looked_at(part: int) -> Array:
    """The angles of a part, and that of c = 0 where it is among them."""
    t = some_angles(part)
    return np.append(t, math.pi / 2) if t.min() < math.pi / 2 < t.max() else t


@lru_cache(maxsize=64)
def _from_zero(activation: Activation, lengths: bytes, slope_squares: bytes) -> Array:
    """What stands before the powers of tau in gap / tau^2 - <phi'^2>, (N, 5), for every q; nan where that is no small
    difference."""
    q, slope_square = np.frombuffer(lengths), np.frombuffer(slope_squares)
    sd = np.sqrt(q[:, None] / (_BLURS * _unit(activation)) ** 2 - 1)
    often = _often(sd.reshape(-1, 1)).reshape(*sd.shape, -1)
    rest = np.vecdot(often, _at_blurs(activation)) - slope_square[:, None]
    rest[np.abs(rest) > _SMALL * slope_square[:, None]] = np.nan
    return np.asarray(rest @ np.linalg.inv(_BLURS[:, None] ** _POWERS).T)


@lru_cache(maxsize=64)
def _at_blurs(activation: Activation) -> Array:
    return np.ascontiguousarray(_blurred(activation, _BLURS * _unit(activation))[0].T)


@lru_cache(maxsize=64)
def _table(activation: Activation, part: int) -> Cells:
    """ln tau -> gap / tau^2 at every angle of a part."""
    return Cells(lambda log_tau: _by_angle(activation, log_tau, part), _CELL, _IN_TAU, centre=_CENTRE)


@lru_cache(maxsize=32)
def _nodes_of(activation: Activation) -> Cells:
    """ln tau -> what `_blurred` finds, one beside the other."""

    def found(log_tau: Array) -> Array:
        return np.concatenate(_blurred(activation, np.exp(log_tau) * _unit(activation))).T

    return Cells(found, _CELL, _IN_TAU, centre=_CENTRE)


def _by_angle(activation: Activation, log_tau: Array, part: int) -> Array:
    """(N,) -> (N, X)."""
    often, opposite = _weights(part), np.cos(_looked_at(part)) < 0
    size, near = often.shape[1], _ORDER * (len(_NEAR) - 1)
    at_nodes = _nodes_of(activation)(log_tau).T
    found = often @ at_nodes[:size]
    found[opposite] += often[opposite, :near] @ at_nodes[size:]
    return np.asarray(found.T)


def _blurred(activation: Activation, tau: Array) -> tuple[Array, Array]:
    """Of phi(tau (sigma + y)) over y, beside tau^2: its variances at sigma and at -sigma added up, for all nodes of
    sigma, and the squared difference of its means there, for the near ones, (S, N) each."""
    octaves = max(0.0, math.log2(tau.max())) + _INNER
    x, widths, kernel = _path(_STEP * math.ceil(octaves / _STEP))
    climb = _climb(activation.slope(tau * x[:, None]), widths)
    squares, half = climb**2, len(x) // 2
    both = [climb, np.roll(climb, half, axis=0), squares + np.roll(squares, half, axis=0)]
    above, below, variance = np.split(kernel @ np.concatenate(both, axis=1), 3, axis=1)
    variances = [variance - above**2 - below**2]
    for (sigma, _), (_, number) in zip(_sigma()[1:], _OCTAVES, strict=True):
        y, orders = _of_slopes(number)
        away = np.multiply.outer(y[:, None] + sigma, tau)
        slopes = activation.slope(np.stack([away, -away], axis=1)).reshape(number, -1)
        variances.append(((orders @ slopes) ** 2).sum(axis=0).reshape(2, -1, len(tau)).sum(axis=0))
    return np.concatenate(variances), (above - below) ** 2


@lru_cache
def _sigma() -> list[tuple[Array, Array]]:
    """Nodes of sigma above 0 and their weights: near 0, then where the blur has fewer nodes."""
    ends, found = list(_NEAR), []
    for octaves in (0, *(number for number, _ in _OCTAVES)):
        ends += [ends[-1] * 2.0 ** (1 + k) for k in range(octaves)]
        found.append(nodes(np.array(ends), _ORDER))
        ends = ends[-1:]
    return found


@lru_cache
def _weights(part: int) -> Array:
    """How often sigma is next to every node, at every angle, (X, S)."""
    e = 2 * np.sin(_looked_at(part) / 2) ** 2
    return _often(np.sqrt(np.abs(1 - e) / np.minimum(e, 2 - e))[:, None])


def _often(sd: Array) -> Array:
    """How often sigma is next to every node, for its standard deviations, (N, 1) -> (N, S)."""
    x, w = (np.concatenate(rows) for rows in zip(*_sigma(), strict=True))
    wide = np.maximum(sd, _NARROW)
    found, narrow = w * density(x / wide) / wide, sd[:, 0] < _NARROW
    if narrow.any():
        near = _of_narrow(sd[narrow])
        found[narrow] = np.pad(near, [(0, 0), (0, found.shape[1] - near.shape[1])])
    return np.asarray(found)


def _of_narrow(sd: Array) -> Array:
    """The same in the near panels, by polynomials through the nodes of each: (N, 1) -> (N, near)."""
    ends, degree = np.array(_NEAR), _ORDER - 1
    x, w = nodes(grid()[len(grid()) // 2 :])
    panel = np.minimum(np.searchsorted(ends, sd * x, side="right"), len(ends) - 1) - 1
    place = 2 * (sd * x - ends[panel]) / np.diff(ends)[panel] - 1
    found = np.zeros((len(sd), len(ends) - 1, _ORDER))
    at = np.arange(len(sd))[:, None], panel
    np.add.at(found, at, (w * density(x))[:, None] * legendre.legvander(place, degree))
    return np.asarray((found @ _through_nodes()).reshape(len(sd), -1))


@lru_cache
def _through_nodes() -> Array:
    """Values at a panel's nodes -> Legendre's coefficients, (_ORDER, _ORDER)."""
    return np.asarray(np.linalg.inv(legendre.legvander(2 * gauss(_ORDER)[0] - 1, _ORDER - 1)))


@lru_cache
def _path(octaves: int) -> tuple[Array, Array, Array]:
    """Nodes of x = sigma + y, at first above 0 and then below, (X,), with so many octaves of panels below 1; the widths
    of those on one side, (P,); and how often x is next to every node for a near sigma, (S, X)."""
    ends = np.concatenate([[0.0], 2.0 ** -np.arange(octaves, 0, -1.0), _PATH])
    x, w = nodes(ends, _FINE)
    x, w, sigma = np.concatenate([x, -x]), np.concatenate([w, w]), _sigma()[0][0]
    return x, np.diff(ends), w * density(x - sigma[:, None])


def _climb(slope: Array, widths: Array) -> Array:
    """The integral from 0 to every node of `_path`, (X, N) -> (X, N): differences of the value would cancel."""
    parts = widths[:, None, None] * (_integration() @ slope.reshape(2, len(widths), _FINE, -1))
    start = np.cumsum(parts[:, :, -1:], axis=1) - parts[:, :, -1:]
    both = np.stack([1.0, -1.0])[:, None, None, None] * (start + parts[:, :, :-1])
    return np.asarray(both.reshape(slope.shape))


@lru_cache
def _integration() -> Array:
    """Values at a panel's nodes on (0, 1) -> the integrals from 0 to each of them and to 1, (1 + _FINE, _FINE)."""
    points = 2 * gauss(_FINE)[0] - 1
    grown = legendre.legint(np.linalg.inv(legendre.legvander(points, _FINE - 1)), lbnd=-1)
    return np.asarray(legendre.legvander(np.append(points, 1.0), _FINE) @ grown / 2)


@lru_cache
def _of_slopes(number: int) -> tuple[Array, Array]:
    """Nodes of y, (K,), and what makes the parts of a function's variance over y of its slope there, (K, K): with
    Hermite's orthonormal h_j, the variance of f is the sum of <f' h_j>^2 / (j + 1)."""
    y, w = hermite_e.hermegauss(number)
    degrees = np.arange(number)
    sizes = np.sqrt(np.array([float(math.factorial(j + 1)) for j in degrees]))
    return y, (hermite_e.hermevander(y, number - 1) / sizes * (w / w.sum())[:, None]).T
