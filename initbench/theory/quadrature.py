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
from .sets import sorted_set

Array = np.ndarray[Any, Any]

ORDER = 20  # nodes a panel
REACH = 9.0  # in standard deviations: x^8 exp(-x^2 / 2) is 5e-11 of its largest value there, and x^4 gives 5e-15
FAR = 38.0  # where the weight is about to underflow
WIDTH = 2.25  # of the weight's own panels

_NEWTON = 4  # steps, of which each doubles the digits: from 4 to more than there are
_CHECKED = 12  # nodes with which a panel of the mesh must do, so that ORDER has some left for the weight
_RESOLVED = 1e-13  # relative error of a panel that is cut no further
_TRUSTED = 1e-9  # and of one that is still counted on
_NEAREST, _FARTHEST = -12, 34  # powers of 2 between which the mesh looks for structure
_DEEPEST = 12  # halvings of a panel between two neighbouring powers
_AT_ONCE = 64  # panels that are cut before all are looked at again
_AHEAD = 16  # panels that are joined on trial
_MOST = 500  # ends on one side, beyond which an activation that never rests (sin) is left alone
_SHIFT = 30.0  # at most, of a centre
_AVERAGES = 6  # of powers of phi and phi' that a panel is judged by


@lru_cache
def gauss(order: int) -> tuple[Array, Array]:
    """Nodes and weights of Gauss-Legendre on [0, 1], (order,) each: Newton's method from Tricomi's approximation.

    NumPy's, by eigenvalues, take three times as long, and have fewer digits.
    """
    angle = np.pi * (np.arange(order, 0, -1) - 0.25) / (order + 0.5)
    x = (1 - (order - 1) / (8 * order**3)) * np.cos(angle)
    for _ in range(_NEWTON):
        older, newer = np.ones(order), x
        for n in range(2, order + 1):  # n P_n = (2 n - 1) x P_{n-1} - (n - 1) P_{n-2}
            older, newer = newer, ((2 * n - 1) * x * newer - (n - 1) * older) / n
        slope = order * (older - x * newer) / ((1 - x) * (1 + x))
        x = x - newer / slope
    weights = 1 / ((1 - x) * (1 + x) * slope**2)
    return (2 + x - x[::-1]) / 4, (weights + weights[::-1]) / 2  # symmetric to the last digit


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


def tails(cuts: Array) -> Array:
    """Further ends beyond cuts, (..., M) -> (..., 4 M), among which the weight falls by e^-6 to e^-14 each.

    Where an average lives on what lies beyond a cut far out, it needs them.
    """
    falls = 2 * np.array([6.0, 14.0, 26.0, 40.0])
    beyond = np.copysign(np.sqrt(cuts[..., None] ** 2 + falls), cuts[..., None])
    return np.asarray(beyond.reshape(*cuts.shape[:-1], -1))


def breaks(activation: Activation) -> Array:
    """Where the value or the slope jumps, sorted."""
    return np.array(sorted({*activation.formula.kinks, *activation.formula.jumps}), dtype=np.float64)


@lru_cache(maxsize=256)
def centre(activation: Activation) -> float:
    """ln q of preactivations that are about as large as where the activation breaks or bends; 0 where it does not."""
    own = np.abs(breaks(activation))
    if not own.any():
        own = 2 * np.abs(mesh(activation))
        own = np.array([own[own > 0].min(initial=math.inf)])
    own = own[(own > 0) & (own < math.inf)]
    return float(np.clip(2 * np.log(own).mean(), -_SHIFT, _SHIFT)) if own.size else 0.0


def is_quiet(activation: Activation, root: float) -> bool:
    """Whether preactivations with a standard deviation of `root` tell only by their tails: the slope is 0 around 0."""
    return _quiet(activation) > 2 * root


@lru_cache(maxsize=256)
def _quiet(activation: Activation) -> float:
    """The distance from 0 to the nearest break, if the slope is 0 up to there on both sides; else 0."""
    own = breaks(activation)
    nearest = float(np.abs(own[own != 0]).min(initial=math.inf))
    if math.isinf(nearest):
        return 0.0
    z = nearest * np.array([1e-6, 0.01, 0.3, 0.7, 0.99])
    return 0.0 if activation.slope(np.concatenate([-z, z])).any() else nearest


def mesh(activation: Activation) -> Array:
    """The ends in z between which polynomials follow the activation and its slope, sorted.

    Both sides of 0 are cut at the breaks and at powers of 2, halved where the nodes would not do, and joined where
    they would: few ends are left, at a distance of about 1, 2, 4 ... for tanh, and only the kinks for relu.
    """
    return _mesh(activation)[0]


def trusted(activation: Activation) -> float:
    """The distance from 0 up to which the mesh follows the activation; inf for one that rests or grows at last."""
    return _mesh(activation)[1]


@lru_cache(maxsize=256)
def bends(activation: Activation) -> Array:
    """The ends of the mesh across which no polynomial follows, however near: the breaks, and jumps of a derivative."""
    ends, own = mesh(activation), set(breaks(activation).tolist())
    with np.errstate(over="ignore", invalid="ignore"):
        found = [end in own or not _smooth(activation, end) for end in ends.tolist()]
    return ends[np.array(found, dtype=bool) & (np.abs(ends) < trusted(activation))]


def _smooth(activation: Activation, end: float) -> bool:
    """Whether one panel does as well as two around an end of the mesh, in some neighbourhood."""
    ends = mesh(activation)
    room = np.abs(ends - end)
    largest = min(room[room > 0].min(initial=math.inf), max(abs(end), 1.0)) / 2
    up_to = sorted_set(0.0, end, ends[(ends * end > 0) & (np.abs(ends) < abs(end))])
    reached = _integrals(activation, 1, up_to[:-1], up_to[1:])[:, _AVERAGES:].sum(axis=0)
    for half in (largest, largest / 4, largest / 16):
        low, middle, high = end + half * np.array([[-1.0], [0.0], [1.0]])
        parts = (_integrals(activation, 1, low, middle) + _integrals(activation, 1, middle, high))[0]
        whole = _integrals(activation, 1, low, high)[0]
        if _close(whole, parts, reached + parts[_AVERAGES:]):
            return True
    return False


@lru_cache(maxsize=256)
def _mesh(activation: Activation) -> tuple[Array, float]:
    own = breaks(activation)
    with np.errstate(over="ignore", invalid="ignore"):
        middle = _middle(activation, own)
        right, far_right = _side(activation, own, middle, 1)
        left, far_left = _side(activation, own, middle, -1)
    ends = np.concatenate([-left, [-middle, middle], right]) + 0.0  # no -0
    ends = sorted_set(ends[np.abs(ends) != 2.0**_FARTHEST])  # there, one polynomial does for all
    ends.flags.writeable = False
    return ends, min(far_left, far_right)


def _middle(activation: Activation, own: Array) -> float:
    """Half the width of the widest panel around 0; 0 where the activation bends there."""
    nearest = np.abs(own).min(initial=2.0**_FARTHEST)
    powers = 2.0 ** np.arange(_NEAREST - _DEEPEST, _FARTHEST)
    sizes = np.append(powers[powers < nearest], nearest)
    zero = np.zeros_like(sizes)
    low, high = np.concatenate([-sizes, -sizes, zero]), np.concatenate([sizes, zero, sizes])
    whole, left, right = _integrals(activation, 1, low, high).reshape(3, -1, 2 * _AVERAGES)
    parts = left + right
    fits = (sizes > 0) & _close(whole, parts, parts[:, _AVERAGES:])
    return float(np.append(0.0, sizes)[np.append(fits, False).argmin()])


def _side(activation: Activation, own: Array, middle: float, sign: int) -> tuple[Array, float]:
    """The ends on one side of 0, as distances from it, and how far they are trusted."""
    own = np.abs(own[own * sign > 0])
    powers = 2.0 ** np.arange(_NEAREST, _FARTHEST + 1)
    beyond = 2 * max(powers[-1], own.max(initial=0.0))
    first = sorted_set(middle, own, beyond, powers[powers > middle])
    ends, pieces, far = _halved(activation, sign, first)
    return _joined(activation, sign, ends, pieces, own), far


def _halved(activation: Activation, sign: int, ends: Array) -> tuple[Array, Array, float]:
    """Sorted ends with new ones in the middle of panels that are not resolved, the nearest first.

    With them, the integrals between, and the distance up to which that led to an end.
    """
    low, high = ends[:-1], ends[1:]
    whole, halves = _integrals(activation, sign, low, high), _halves(activation, sign, low, high)
    while True:
        reached = np.cumsum(halves.reshape(-1, 2 * _AVERAGES)[:, _AVERAGES:], axis=0)[1::2]
        error = np.abs(whole - halves[:, 0] - halves[:, 1])[:, :_AVERAGES]
        wide = (high - low > high * 2.0**-_DEEPEST) & (high > 2.0 ** (_NEAREST - _DEEPEST))
        poor = np.flatnonzero(~_within(error, reached, _RESOLVED) & wide)[:_AT_ONCE]
        if not poor.size or low.size >= _MOST:
            break
        middles, left = (low[poor] + high[poor]) / 2, poor + np.arange(poor.size)
        low, high = np.insert(low, poor + 1, middles), np.insert(high, poor, middles)
        whole = np.insert(whole, poor, halves[poor, 0], axis=0)
        whole[left + 1] = halves[poor, 1]
        halves, new = np.insert(halves, poor, 0.0, axis=0), np.concatenate([left, left + 1])
        halves[new] = _halves(activation, sign, low[new], high[new])
    lost = np.flatnonzero(~_within(error, reached, _TRUSTED))
    return np.append(low, high[-1]), whole, float(low[lost[0]]) if lost.size else math.inf


def _halves(activation: Activation, sign: int, low: Array, high: Array) -> Array:
    """The integrals over both halves of panels, (P, 2, 12)."""
    middle = (low + high) / 2
    both = _integrals(activation, sign, np.concatenate([low, middle]), np.concatenate([middle, high]))
    return both.reshape(2, -1, 2 * _AVERAGES).swapaxes(0, 1)


def _joined(activation: Activation, sign: int, ends: Array, pieces: Array, own: Array) -> Array:
    """The ends that are left when neighbours are joined, from 0 outwards; own ends stay.

    pieces: the integrals between the ends, (P, 12).
    """
    reached = np.cumsum(pieces[:, _AVERAGES:], axis=0)
    two = _close(_integrals(activation, sign, ends[:-2], ends[2:]), pieces[:-1] + pieces[1:], reached[1:])
    stops = [*np.flatnonzero(np.isin(ends, own)).tolist(), len(pieces)]

    def joined_up_to(first: int) -> int:
        """The panel that those from `first` on are not joined with any more."""
        stop = next(end for end in stops if end > first)
        if stop == first + 1 or not two[first]:
            return first + 1
        for low in range(first + 2, stop, _AHEAD):
            last = np.arange(low, min(low + _AHEAD, stop))
            whole = _integrals(activation, sign, ends[[first]], ends[last + 1])
            parts = np.cumsum(pieces[first : last[-1] + 1], axis=0)[last - first]
            close = _close(whole, parts, reached[last])
            if not close.all():
                return int(last[close.argmin()])
        return stop

    kept, panel = [], joined_up_to(0)
    while panel < len(pieces):
        kept.append(panel)
        panel = joined_up_to(panel)
    return ends[kept]


def _integrals(activation: Activation, sign: int, low: Array, high: Array) -> Array:
    """Of phi, phi^2, phi^4, phi', phi'^2, phi'^4 and of their absolute values over panels between low and high, (P,)
    each, or (1,) where they are shared -> (P, 12)."""
    points, weights = gauss(_CHECKED)
    width = (high - low)[:, None]
    value, slope = activation.both(sign * (low[:, None] + width * points))
    powers = np.empty((len(width), 2 * _AVERAGES, _CHECKED))
    for k, one in enumerate((value, slope)):
        square = one * one
        powers[:, 3 * k], powers[:, 3 * k + 1], powers[:, 3 * k + 2] = one, square, square * square
    np.abs(powers[:, :_AVERAGES], out=powers[:, _AVERAGES:])
    return np.asarray((powers @ weights) * width)


def _close(whole: Array, parts: Array, reached: Array) -> Array:
    """Whether a panel's integrals agree with those of its parts, (..., 12)."""
    return _within(np.abs(whole - parts)[..., :_AVERAGES], reached, _RESOLVED)


def _within(error: Array, reached: Array, tolerance: float) -> Array:
    """Whether errors, (..., 6), are small beside the integrals of the absolute values from 0 up to there.

    A Gaussian weight falls from 0 outwards, so that an error counts for less than what was integrated before.
    """
    return np.asarray(np.all((error <= tolerance * reached) | ~np.isfinite(reached), axis=-1))
