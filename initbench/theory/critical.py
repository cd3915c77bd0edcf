"""The edge of chaos: the weights for which chi = 1, for given biases and along the whole line.

With q as the parameter, sigma_w^2 = 1 / <phi'^2> and sigma_b^2 = q - <phi^2> / <phi'^2>, kept where that is not
negative: Hayou, Doucet, Rousseau 2019. The length q of a critical point need not be stable. Where it is not, the
length map leaves it, and a network with those weights is not critical in practice.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..blas import alone
from ..catalogue.activations import Activation
from ..values import frozen
from .fixed_points import fixed_points
from .gaussian import Moments, moments
from .length_table import LengthTable, length_table
from .maps import checked, found, homogeneous
from .resting import CRITICAL
from .roots import crossings
from .sets import sorted_set

Array = np.ndarray[Any, Any]

_LINE = np.log(10.0) * np.linspace(-8, 8, 641)  # ln q where the line is drawn


@frozen
class CriticalPoint:
    """Weights and biases with chi = 1 at a fixed point of the length map.

    q: the fixed point; None where every q is one (homogeneous activations). slope: F'(q). stable: whether lengths come
    back to q from both sides, or at least stay (homogeneous activations); if not, do not choose these weights.
    """

    sigma_w: float
    sigma_b: float
    q: float | None
    slope: float
    stable: bool


@frozen
class CriticalArc:
    """A piece of the critical line along which q is stable, or unstable: q, sigma_w, sigma_b, (P,) each, in rising q.

    Where every q belongs to the one critical point (homogeneous activations), the arc is that point and q is nan.
    """

    q: Array
    sigma_w: Array
    sigma_b: Array
    stable: bool


@alone()
def critical_sigma_w(activation: str | Activation, sigma_b: float) -> tuple[CriticalPoint, ...]:
    """Every sigma_w > 0 that makes some fixed point critical with this sigma_b >= 0, in rising q; () where none does.

    Raises UnknownNameError or ParameterError.
    """
    activation = found(activation)
    sigma_b = checked("sigma_b", sigma_b)
    slopes = homogeneous(activation)
    if slopes is not None:
        square = (slopes[0] ** 2 + slopes[1] ** 2) / 2
        return (CriticalPoint(1 / math.sqrt(square), 0.0, None, 1.0, True),) if sigma_b == 0 and square > 0 else ()
    table, biases = length_table(activation), sigma_b**2
    at = crossings(
        lambda x: _missing(moments(activation, np.exp(x)), biases),
        lambda x: _climb(table, biases, x),
        table.log_q,
        _missing(moments(activation, table.q), biases),
        _climb(table, biases, table.log_q),
    )
    m = moments(activation, np.exp(np.sort(np.append(at.at, at.touching))))
    rows = zip(m.q.tolist(), m.slope_square.tolist(), (_leaving(m) + 1).tolist(), strict=True)
    points = [CriticalPoint(1 / math.sqrt(s), sigma_b, q, slope, slope < 1 - CRITICAL) for q, s, slope in rows]
    return (*(_at_zero(activation, table) if sigma_b == 0 else ()), *points)


@alone()
def critical_line(activation: str | Activation) -> tuple[CriticalArc, ...]:
    """The whole critical line for q from 1e-8 to 1e8, cut where q changes its stability and where sigma_b^2 < 0.

    Arcs that meet share the point at which they do. Raises UnknownNameError or ParameterError.
    """
    activation = found(activation)
    if homogeneous(activation) is not None:
        return tuple(
            CriticalArc(np.array([math.nan]), np.array([point.sigma_w]), np.array([0.0]), point.stable)
            for point in critical_sigma_w(activation, 0.0)
        )
    at = moments(activation, np.exp(_LINE))
    cuts = [_turns(activation, test, test(at)) for test in (_missing, _leaving)]
    ends = sorted_set(_LINE[[0, -1]], *cuts)
    arcs = (_arc(activation, low, high) for low, high in itertools.pairwise(ends))
    return tuple(arc for arc in arcs if arc is not None)


def _arc(activation: Activation, low: float, high: float) -> CriticalArc | None:
    """The line between two ends, on which neither the signs of sigma_b^2 nor the stability change."""
    inner = _LINE[(low < _LINE) & (high > _LINE)]
    m = moments(activation, np.exp(np.concatenate([[low], inner, [high]])))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        weights, biases = 1 / m.slope_square, m.q - m.square / m.slope_square
    there = np.flatnonzero(np.isfinite(weights) & np.isfinite(biases))
    middle = there[there.size // 2] if there.size > 1 else 0
    if there.size < 2 or not biases[middle] > 0:
        return None
    stable = bool(_leaving(m)[middle] < -CRITICAL)
    return CriticalArc(m.q[there], np.sqrt(weights[there]), np.sqrt(np.maximum(biases[there], 0)), stable)


def _turns(activation: Activation, test: Callable[[Moments], Array], heights: Array) -> Array:
    """Where a function of the moments changes its sign along the line."""
    flat = np.zeros_like(_LINE)
    return crossings(lambda x: test(moments(activation, np.exp(x))), np.zeros_like, _LINE, heights, flat).at


def _missing(m: Moments, biases: float = 0.0) -> Array:
    """(q - <phi^2> / <phi'^2> - sigma_b^2) / q: the sigma_b^2 that is missing for chi = 1, -inf where chi is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(1 - m.square / (m.q * m.slope_square) - biases / m.q)


def _leaving(m: Moments) -> Array:
    """F'(q) - 1 where chi = 1: the length q is unstable where it is positive."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(m.d_square / m.slope_square - 1)


def _climb(table: LengthTable, biases: float, log_q: Array) -> Array:
    """The slope of `_missing` in ln q, from the table."""
    at = table.at(log_q)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        lengths = ((at.slope - at.ratio) - at.ratio * at.growth / at.slope_square) / at.slope_square
        return np.asarray(biases * np.exp(-log_q) - lengths)


def _at_zero(activation: Activation, table: LengthTable) -> tuple[CriticalPoint, ...]:
    """q = 0, which without biases is a fixed point of slope sigma_w^2 <phi'^2> where phi(0) = 0."""
    _, slope_square = table.at_zero
    if slope_square == 0 or moments(activation, 0.0).square > 0:
        return ()
    sigma_w = 1 / math.sqrt(slope_square)
    return (CriticalPoint(sigma_w, 0.0, 0.0, 1.0, fixed_points(activation, sigma_w, 0.0)[0].stable),)
