"""How far mean squares drift over a depth: for many scales of the weights at once, and for one initializer exactly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..catalogue.initializers import Initializer
from ..catalogue.inputs import inputs
from ..spec import Batch, Cell, Layer, Network, VerdictRules
from ..values import frozen
from .gaussian import moments
from .length_table import length_table
from .predict_cell import predict_cell
from .prediction import Curve

Array = np.ndarray[Any, Any]

FACTOR = VerdictRules().factor
STABLE, VANISHING, EXPLODING = "stable", "vanishing", "exploding"
STEADY = 4.0  # the stretch up to which lengths count as steady


@frozen
class Drift:
    """What becomes of a mean square in one direction, forward or backward.

    ratio: of infinitely wide networks, the end over the beginning; nan for 0 / 0.
    typical: the factor, at least 1, by which a typical network of the given width has changed at the end, either way:
    exp of the root mean square of ln. inf where nothing arrives or nothing is finite.
    within: whether `typical` is inside the range in which the theory of finite width is claimed to hold.
    """

    ratio: float
    typical: float
    within: bool

    @property
    def state(self) -> str:
        """stable, vanishing or exploding, by the same factor as a verdict; vanishing where nothing ever arrives."""
        if not self.ratio >= 1 / FACTOR:
            return VANISHING
        return STABLE if self.ratio <= FACTOR else EXPLODING


@frozen
class Drifts:
    """forward: act_q of the last layer over that of the first. backward: grad_q of the first over that of the last.

    stretch: how far a small relative deviation of the length can grow: the largest factor of a layer on the way, to
    the power of the layers.
    """

    forward: Drift
    backward: Drift
    stretch: float

    @property
    def worse(self) -> Drift:
        """The direction in which a typical network changes more."""
        return max(self.forward, self.backward, key=lambda drift: drift.typical)

    @property
    def typical(self) -> float:
        return self.worse.typical

    @property
    def trusted(self) -> bool:
        """Whether the typical drifts can be believed: inside the range of theory, or beyond it where lengths are
        steady, so that what theory leaves out does not grow much."""
        return (self.forward.within and self.backward.within) or self.stretch <= STEADY


def drifts(
    activation: Activation, initializer: Initializer, bias: Initializer | None, depth: int, width: int
) -> Drifts:
    """The drifts of networks of equal layers for one input of mean square 1."""
    layer = Layer(width, width, activation, initializer, bias)
    batch = Batch(inputs("sphere", mean_square=1.0), width, 1, True)
    network = Network((layer,) * depth)
    curves = predict_cell(Cell(network, batch, "gaussian", "float64", "auto", ("act_q", "grad_q"), 0)).curves
    weights = width * initializer.law(width, width).variance
    stretch = _stretch(activation, weights, 0.0 if bias is None else bias.law(width, width).variance, depth)
    return Drifts(_drift(curves["act_q"], 1, depth), _drift(curves["grad_q"], depth, 1), stretch)


def _drift(curve: Curve, start: int, end: int) -> Drift:
    """From the row `start` to the row `end`, as if the end were lognormal with its mean and sd."""
    ratio = _ratio(curve.infinite[end], curve.infinite[start])
    mean, variance = _ratio(curve.mean[end], curve.mean[start]), 0.0
    relative = _ratio(curve.sd[end], curve.mean[end])
    if relative == math.inf:  # so wide a spread that numbers do not hold it
        return Drift(ratio, math.inf, bool(curve.within[end]))
    if math.isfinite(relative):
        variance = math.log1p(relative * relative)
    if not 0 < mean < math.inf:
        mean = ratio
    if not 0 < mean < math.inf:
        return Drift(ratio, math.inf, True)
    # The median of a lognormal law is exp(-variance / 2) of its mean.
    typical = math.hypot(math.log(mean) - variance / 2, math.sqrt(variance))
    return Drift(ratio, math.exp(typical) if typical < 700 else math.inf, bool(curve.within[end]))


def _stretch(activation: Activation, weights: float, biases: float, depth: int) -> float:
    """max |d ln F / d ln q|^(depth - 1) over the layers after the first; inf where lengths overflow."""
    table, log_q, largest = length_table(activation), np.log(weights + biases), 0.0
    with np.errstate(all="ignore"):
        for _ in range(depth - 1):
            at = table.at(log_q)
            growth = weights * at.ratio + biases * np.exp(-log_q)  # F / q
            factor = abs(float(weights * at.slope / growth))
            largest = math.inf if math.isnan(factor) else max(largest, factor)
            log_q = log_q + np.log(growth)
        return float(np.power(largest, depth - 1))


def _ratio(end: float, start: float) -> float:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return float(np.float64(end) / np.float64(start))


def worst_drift(activation: Activation, sigma_w: Array, depth: int, width: int) -> Array:
    """ln of the drift of the worse direction for many scales of Gaussian weights without bias, (K,) -> (K,).

    Forward with the spread that the width adds and that an unstable length map lets grow, backward at infinite width:
    enough to find where the drift is smallest. inf where nothing arrives or nothing is finite.
    """
    square = np.asarray(sigma_w, dtype=np.float64) ** 2
    q, spread, backward = square, np.zeros_like(square), np.zeros_like(square)
    with np.errstate(all="ignore"):
        for layer in range(depth):
            now = moments(activation, q)
            if layer == 0:
                first = now.square
            if layer < depth - 1:
                backward += np.log(square * now.slope_square)
            # relative variances compose: 1 + r' = (1 + N / F^2) (1 + (F' q / F)^2 r)
            noise = (now.fourth / now.square**2 - 1) / width
            spread = (1 + noise) * (1 + (now.d_square * q / now.square) ** 2 * spread) - 1
            q = square * now.square
        variance = np.log1p(spread)
        forward = np.hypot(np.log(now.square / first) - variance / 2, np.sqrt(variance))
        worst = np.maximum(forward, np.abs(backward))
    return np.where(np.isnan(worst), np.inf, worst)
