"""Panels and Gauss-Legendre nodes for Gaussian averages, and where an activation needs panels of its own.

An average over z ~ N(0, q) is an integral over x = z / sqrt(q). The weight exp(-x^2 / 2) wants panels of a width of
about 2 in x; the activation wants them in z, at its kinks and jumps and wherever a polynomial would not follow it.
Once per activation its own panels are found (`mesh`); for every q both sets of ends are merged. Ends that coincide
or fall out of reach make panels of width 0, which weigh nothing.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation

Array = np.ndarray[Any, Any]

ORDER = 20  # nodes a panel
REACH = 9.0  # in standard deviations: x^8 exp(-x^2 / 2) is 5e-11 of its largest value there, and x^4 gives 5e-15
WIDTH = 2.25  # of the weight's own panels

_CHECKED = 12  # nodes with which a panel of the mesh must do, so that ORDER has some left for the weight
_RESOLVED = 1e-13
_NEAREST, _FARTHEST = -12, 34  # powers of 2 between which the mesh looks for structure
_DEEPEST = 12  # halvings of a panel between two neighbouring powers
_MOST = 600  # ends on one side, beyond which an activation that never rests (sin) is left alone
_AVERAGES = 6


@lru_cache
def gauss(order: int) -> tuple[Array, Array]:
    """Nodes and weights of Gauss-Legendre on [0, 1], (order,) each."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return (nodes + 1) / 2, weights / 2


def nodes(ends: Array, order: int = ORDER) -> tuple[Array, Array]:
    """Nodes and weights on the panels between sorted ends, (..., P + 1) -> (..., P * order) each."""
    points, weights = gauss(order)
    width = np.diff(ends)[..., None]
    x = ends[..., :-1, None] + width * points
    w = width * weights
    shape = (*ends.shape[:-1], -1)
    return x.reshape(shape), w.reshape(shape)


def density(x: Array) -> Array:
    """exp(-x^2 / 2) / sqrt(2 pi)."""
    weight: Array = np.exp(-0.5 * x * x)
    weight *= 1 / math.sqrt(2 * math.pi)
    return weight


def grid(reach: float = REACH, width: float = WIDTH) -> Array:
    """The weight's own ends on [-reach, reach]."""
    return np.linspace(-reach, reach, 2 * math.ceil(reach / width) + 1)


def merged(base: Array, own: Array, reach: float = REACH) -> Array:
    """Sorted ends within reach, from ends that all share, (P,), and ends of each, (..., M) -> (..., P + M)."""
    clipped = np.clip(own, -reach, reach)
    shared = np.broadcast_to(base, (*own.shape[:-1], base.size))
    ends: Array = np.sort(np.concatenate([shared, clipped], axis=-1), axis=-1)
    return ends


def breaks(activation: Activation) -> Array:
    """Where the value or the slope jumps, sorted."""
    return np.array(sorted({*activation.formula.kinks, *activation.formula.jumps}), dtype=np.float64)


@lru_cache(maxsize=256)
def mesh(activation: Activation) -> Array:
    """The ends in z between which polynomials follow the activation and its slope, sorted; 0 is always one.

    Both sides of 0 are cut at the breaks and at powers of 2, halved where ORDER nodes would not do, and joined where
    they would: few ends are left, at a distance of about 1, 3, 8 ... for tanh, and only the kinks for relu.
    """
    right = _side(activation, breaks(activation), 1)
    left = _side(activation, breaks(activation), -1)
    return np.array(sorted({0.0, *right, *(-end for end in left)}))


def _side(activation: Activation, breaks: Array, sign: int) -> list[float]:
    """The ends on one side of 0, as distances from it."""
    own = np.abs(breaks[breaks * sign > 0])
    ends = np.union1d(np.append(own, 0.0), 2.0 ** np.arange(_NEAREST, _FARTHEST + 1))
    with np.errstate(over="ignore", invalid="ignore"):
        return _joined(activation, sign, _halved(activation, sign, ends), set(own.tolist()))


def _halved(activation: Activation, sign: int, ends: Array) -> Array:
    """Sorted ends with new ones in the middle of every panel that is not resolved, again and again."""
    for _ in range(_DEEPEST):
        middles = (ends[:-1] + ends[1:]) / 2
        cut = np.sort(np.concatenate([ends, middles]))
        whole, parts = _integrals(activation, sign, ends), _integrals(activation, sign, cut)
        reached = np.cumsum(parts[:, _AVERAGES:], axis=0)[1::2]
        poor = ~_close(whole, parts[::2] + parts[1::2], reached)
        if not poor.any() or poor.sum() + ends.size > _MOST:
            break
        ends = np.sort(np.concatenate([ends, middles[poor]]))
    return ends


def _joined(activation: Activation, sign: int, ends: Array, own: set[float]) -> list[float]:
    """The ends that are left when neighbours are joined, from 0 outwards; own ends stay."""
    pieces = _integrals(activation, sign, ends)
    reached = np.cumsum(pieces[:, _AVERAGES:], axis=0)
    kept: list[float] = []
    left, first = 0.0, 0
    for last in range(1, len(pieces)):
        middle, right = float(ends[last]), float(ends[last + 1])
        whole = _integrals(activation, sign, np.array([left, right]))
        if middle in own or not _close(whole, pieces[first : last + 1].sum(axis=0), reached[last])[0]:
            kept.append(middle)
            left, first = middle, last
    return kept


def _integrals(activation: Activation, sign: int, ends: Array) -> Array:
    """Of phi, phi^2, phi^4, phi', phi'^2, phi'^4 and of their absolute values over panels, (P + 1,) -> (P, 12)."""
    points, weights = gauss(_CHECKED)
    width = np.diff(ends)[:, None]
    value, slope = activation.both(sign * (ends[:-1, None] + width * points))
    powers = np.stack([value, value**2, value**4, slope, slope**2, slope**4], axis=1)
    powers = np.concatenate([powers, np.abs(powers)], axis=1)
    return np.asarray((powers @ weights) * width)


def _close(whole: Array, parts: Array, reached: Array) -> Array:
    """Whether a panel's integrals agree with those of its parts, (..., 12), as measured by all from 0 to there.

    A Gaussian weight falls from 0 outwards, so that an error counts for less than what was integrated before.
    """
    agree = np.abs(whole - parts)[..., :_AVERAGES] <= _RESOLVED * reached
    return np.asarray(np.all(agree | ~np.isfinite(reached), axis=-1))
