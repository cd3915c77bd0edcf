"""The gap of pairs of equal length as polynomials in the logarithms of their length and of their angle.

Beside what it goes to as the angle t -> 0, the gap is a slow function of both. It is found at once for all angles:
where the activation is made of pieces (`kinks`), where it has a closed form, and where it is smooth (`blurred`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from . import blurred, kinks
from .angle_panels import NODES, PANELS, TOGETHER, angles, some_angles
from .chebyshev import NEAR, Cells, transform
from .closed import closed_form
from .closed.form import ClosedForm
from .gaussian import Moments, moments
from .lengths import averages
from .pieces import Pieces, pieces
from .quadrature import breaks, centre

Array = np.ndarray[Any, Any]

_LIMITS = (1e-26, 1e26)  # of mean squares: beyond, an activation that grows is a power of z
_SHARE = 3.0  # of ln q in what cells call t
_CELLS, _IN_Q = (1.0, 0.5), (20, 24)  # the narrower with a closed form, more nodes where ends meet
_MEETING, _ROUNDED, _SMOOTH = 7.0, -6.0, 15.8
# ln q by which cells of one width go on: where two ends meet, with an exponential, and where all is smooth; there, a
# pair bends at an angle of 1 / sqrt(q)
_FAR, _FLAT = 1e12, 1e-6  # z, and how little the slope changes there where phi is a power of z


def has_ratios(activation: Activation) -> bool:
    """Whether there is a way to find them."""
    return _way(activation) is not None


def closest(activation: Activation, q: Array, slope_square: Array) -> tuple[Array, Array]:
    """What gap / e goes to as t -> 0, up to a bounded term where phi jumps: q <phi'^2>, and over t, the sum of all
    jumps' squares times exp(-z^2 / 2 q) / pi, (N,) each."""
    own = pieces(activation)
    steep = np.exp(-(own.ends**2) / (2 * q[:, None])) @ own.jumps**2 / math.pi if own else np.zeros_like(q)
    return q * slope_square, steep


def ratios(activation: Activation, q: Array, panel: int) -> Array:
    """gap / e at angles t, beside what `closest` says of it: the coefficients of a polynomial in ln t on a panel,
    (N,) -> (N, NODES); nan where they are not found."""
    found = np.full((len(q), NODES), np.nan)
    log_q = np.log(np.clip(q, *_LIMITS))
    inside = (q > 0) & (q < np.inf) & (log_q < _largest(activation))
    if inside.any():
        part, place = divmod(panel, PANELS if pieces(activation) else TOGETHER)
        found[inside] = _cells(activation, part)(log_q[inside] / _SHARE, slice(place * NODES, (place + 1) * NODES))
    return found


def in_closed_form(activation: Activation, q: float, e: Array) -> Array | None:
    """The gap at 1 - c = e, (N,) -> (N,), where there is a formula; for few, as it takes its time."""
    if (form := closed_form(activation)) is None:
        return None
    with np.errstate(all="ignore"):
        return form.pairs(np.full(len(e), q), np.full(len(e), q), e)["gap"]


@lru_cache(maxsize=256)
def _way(activation: Activation) -> Callable[[Moments, int], Array] | None:
    """The averages at q, (N,), and a part of the panels -> gap / e, (N, X)."""
    if (own := pieces(activation)) is not None:
        return lambda m, _: kinks.gaps(own, m.q, m.slope_square)
    if (form := closed_form(activation)) is not None:
        return lambda m, part: _closed(form, m.q, part)
    if len(breaks(activation)) or math.isinf(activation.formula.steepest):
        return None
    return lambda m, part: blurred.gaps(activation, m, part)


def _closed(form: ClosedForm, q: Array, part: int) -> Array:
    e = 2 * np.sin(some_angles(part) / 2) ** 2
    lengths = np.repeat(q, len(e))
    return np.asarray(form.pairs(lengths, lengths, np.tile(e, len(q)))["gap"].reshape(len(q), -1) / e)


@lru_cache(maxsize=128)
def _cells(activation: Activation, part: int) -> Cells:
    way, own = _way(activation), pieces(activation)
    assert way is not None
    t = angles() if own else some_angles(part)

    def coefficients(place: Array) -> Array:
        with np.errstate(all="ignore"):
            m = Moments(*averages(activation, np.exp(place * _SHARE))) if own else _moments(activation, place.tobytes())
            flat, steep = closest(activation, m.q, m.slope_square)
            found = way(m, part) / (flat[:, None] + steep[:, None] / t)
            return np.asarray(found.reshape(len(place), -1, NODES) @ transform(NODES).T).reshape(len(place), -1)

    width = _CELLS[own is None and closed_form(activation) is not None]
    nodes = _IN_Q[own is not None and len(own.ends) > 1]
    return Cells(coefficients, width, nodes, centre=_middle(activation, own))


@lru_cache(maxsize=64)
def _moments(activation: Activation, place: bytes) -> Moments:
    """Those of a cell, which all parts share."""
    return moments(activation, np.exp(np.frombuffer(place) * _SHARE))


@lru_cache(maxsize=256)
def _largest(activation: Activation) -> float:
    """ln q from which averages are not found: where two ends meet, all digits of what they bound are lost, and what
    does not grow is no power of z."""
    own = pieces(activation)
    if own is None:
        last, before = (activation.slope(np.array([-z, z])) for z in (_FAR, _FAR / 10))
        grows = last.any() and (np.abs(last - before) <= _FLAT * np.abs(last)).all()
        return math.inf if grows else math.log(_LIMITS[1])
    return (_middle(activation, own) + NEAR[1]) * _SHARE if _meets(own) else math.inf


def _meets(own: Pieces) -> bool:
    """Whether little is left of phi, or of phi'', where two ends are all but one."""
    return len(own.ends) > 1 and bool(own.bends.any() or not own.slopes[[0, -1]].any())


def _middle(activation: Activation, own: Pieces | None) -> float:
    shift = _SMOOTH if own is None else _ROUNDED if own.rate else _MEETING if _meets(own) else 0.0
    return (centre(activation) + shift) / _SHARE
