"""Where the length of a signal comes to rest: every fixed point of the length map, and the one that is reached.

F(q) = sigma_w^2 <phi^2> + sigma_b^2. sqrt(q) <phi^2>, the integral of phi(z)^2 exp(-z^2 / 2 q), rises with q whatever
phi is, so that d ln F / d ln q >= -1/2: no orbit can cycle, and a fixed point is stable exactly where F - q changes
from + to -.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..values import frozen
from .gaussian import moments
from .length_table import LengthTable, length_table
from .maps import homogeneous, times
from .resting import CRITICAL
from .resting_lengths import settled
from .roots import ROUNDING, crossings

Array = np.ndarray[Any, Any]


@frozen
class FixedPoint:
    """A length that the map keeps: F(q) = q.

    slope: F'(q), inf where phi jumps at 0 and q = 0. stable: whether what starts nearby comes back, on both sides.
    chi: the gradients' factor there.
    """

    q: float
    slope: float
    stable: bool
    chi: float


def fixed_points(activation: Activation, sigma_w: float, sigma_b: float) -> tuple[FixedPoint, ...]:
    """All fixed points from 0 to 1e24, in rising q; q = 0 is one where F(0) = 0.

    Those of a homogeneous activation at its critical sigma_w are not isolated: with sigma_b = 0 every q is one, and
    none is listed.
    """
    slopes = homogeneous(activation)
    if slopes is not None:
        return _of_a_line(sigma_w**2 * (slopes[0] ** 2 + slopes[1] ** 2) / 2, sigma_b**2)
    table, weights, biases = length_table(activation), sigma_w**2, sigma_b**2
    nodes = table.log_q
    growth = (times(weights, table.square) + biases) / table.q
    with np.errstate(invalid="ignore"):  # where both are infinite
        excess, climb = growth - 1, times(weights, table.d_square) - growth
    least = biases + float(times(weights, moments(activation, 0.0).square))
    if 0 < least < table.q[0]:  # no root lies below F(0)
        nodes = np.append(math.log(least) - 1, nodes)
        excess, climb = np.append(math.e - 1, excess), np.append(-math.e, climb)
    found = crossings(
        lambda x: excess_length(activation, weights, biases, x),
        lambda x: _climb(activation, weights, biases, x),
        nodes,
        excess,
        climb,
    )
    stable = np.append(found.downwards, np.zeros(found.touching.size, dtype=bool))
    points = _points(activation, weights, np.append(found.at, found.touching), stable)
    if biases == 0 and (weights == 0 or moments(activation, 0.0).square == 0):
        points.append(_at_zero(activation, table, weights, found.first < 0))
    return tuple(sorted(points, key=lambda point: point.q))


def reached(
    activation: Activation, points: tuple[FixedPoint, ...], sigma_w: float, sigma_b: float, q0: float
) -> FixedPoint | None:
    """The fixed point that q0 > 0 goes to, of `fixed_points`; None where q grows for ever, or never moves.

    A length map that rises keeps the order of lengths, so that no orbit can pass a fixed point; one that falls
    somewhere may, at its first steps, which are taken.
    """
    given = (np.array([x]) for x in (sigma_w**2, sigma_b**2, math.log(q0)))
    start = settled(length_table(activation), *given)
    q = math.exp(start[0])
    pull = float(excess_length(activation, sigma_w**2, sigma_b**2, start)[0]) if q > 0 else -1.0
    if abs(pull) <= ROUNDING:
        return min(points, key=lambda point: abs(point.q - q), default=None)
    if pull > 0:
        return next((point for point in points if point.q > q), None)
    return next((point for point in reversed(points) if point.q <= q), None)


def excess_length(activation: Activation, weights: float, biases: float, log_q: Array) -> Array:
    """F(q) / q - 1 at ln q, (K,) -> (K,). weights, biases: sigma_w^2 and sigma_b^2."""
    q = np.exp(log_q)
    with np.errstate(over="ignore"):
        return np.asarray((times(weights, moments(activation, q).square) + biases) / q - 1)


def _of_a_line(factor: float, biases: float) -> tuple[FixedPoint, ...]:
    """F(q) = factor q + sigma_b^2, and chi is the factor."""
    if abs(factor - 1) <= CRITICAL:
        return ()
    if biases == 0:
        return (FixedPoint(0.0, factor, factor < 1, factor),)
    return (FixedPoint(biases / (1 - factor), factor, True, factor),) if factor < 1 else ()


def _climb(activation: Activation, weights: float, biases: float, log_q: Array) -> Array:
    """d(F / q)/dln q = F' - F / q, (K,) -> (K,)."""
    q = np.exp(log_q)
    m = moments(activation, q)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(times(weights, m.d_square) - (times(weights, m.square) + biases) / q)


def _points(activation: Activation, weights: float, log_q: Array, stable: Array) -> list[FixedPoint]:
    m = moments(activation, np.exp(log_q))
    rows = zip(m.q, times(weights, m.d_square), stable, times(weights, m.slope_square), strict=True)
    return [FixedPoint(float(q), float(slope), bool(stays), float(chi)) for q, slope, stays, chi in rows]


def _at_zero(activation: Activation, table: LengthTable, weights: float, stable: bool) -> FixedPoint:
    slope, slope_square = table.at_zero
    steep = math.inf if weights > 0 and 0.0 in activation.formula.jumps else weights * slope
    return FixedPoint(0.0, steep, stable, weights * slope_square)
