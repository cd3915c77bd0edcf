"""What is known exactly, at any width and depth: one input, phi(s z) = s phi(z) for s > 0, normal weights, no bias.

With phi(z) = a_- z below 0 and a_+ z above, a layer multiplies the mean square by an independent factor,
    act_q_l / act_q_{l-1} = cw_l / n sum_i a_i^2 g_i^2,     a_i = a_- or a_+ with probability 1/2, g_i ~ N(0, 1),
whatever came before (Hanin & Rolnick 2018). Its relative variance is (3 s4 / s2^2 - 1) / n, s2 = (a_-^2 + a_+^2) / 2
and s4 = (a_-^4 + a_+^4) / 2: the composition of `fluctuations` is exact here. So is that of `backward`.
The mean of act_q says little of a deep network, whose logarithm is a sum: a typical one has exp of the mean logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .kernel import Trajectory
from .layers import LayerLaw
from .maps import homogeneous

Array = np.ndarray[Any, Any]

_STEP = (
    1 / 16
)  # in ln t: the integrand is analytic up to pi / 2 off the axis, and the trapezoidal rule is exact to 1e-16
_LOWEST, _HIGHEST = -45.0, 80.0
_MANY = 60  # units, all of which are never dead: 2^-60


@dataclass(frozen=True)
class Growth:
    """ln(act_q_l / act_q_0) over networks, (L + 1,) each.

    mean, variance: over networks whose layer l is not dead. dead: the probability that it is, all its units and so
    everything above being 0.
    """

    mean: Array
    variance: Array
    dead: Array

    @property
    def typical(self) -> Array:
        """exp of the mean: about the median of act_q_l / act_q_0."""
        return np.asarray(np.exp(self.mean))


def exact_layers(t: Trajectory) -> int:
    """The last layer up to which the spread of one input's mean squares is exact, 0 if it is so nowhere."""
    if t.start.batch > 1:
        return 0
    return next((k for k, law in enumerate(t.laws) if not _exact(law)), t.depth)


def _exact(law: LayerLaw) -> bool:
    return not law.unsupported and not law.haar and law.kurtosis == 3 and law.cb == 0 and slopes(law) is not None


def slopes(law: LayerLaw) -> tuple[float, float] | None:
    """(a_-, a_+) of a layer's activation, None where there are none."""
    return homogeneous(law.activation)


def growth(t: Trajectory) -> Growth | None:
    """Of one input; None where a layer is not exact."""
    if exact_layers(t) < t.depth:
        return None
    steps = [_step(law) for law in t.laws]
    mean, variance, alive = (
        np.array([first, *column]) for first, column in zip((0, 0, 1), zip(*steps, strict=True), strict=True)
    )
    return Growth(np.cumsum(mean), np.cumsum(variance), 1 - np.cumprod(alive))


def _step(law: LayerLaw) -> tuple[float, float, float]:
    """Mean and variance of the logarithm of a layer's factor where it is not 0, and the probability of that."""
    found = slopes(law)
    assert found is not None
    mean, variance, dead = log_moments(*found, law.fan_out)
    with np.errstate(divide="ignore"):
        return mean + float(np.log(law.cw)), variance, 1 - dead


def log_moments(left: float, right: float, n: int) -> tuple[float, float, float]:
    """Mean and variance of ln S for S = (1 / n) sum_i a_i^2 g_i^2 > 0, a_i = left or right with probability 1/2 each,
    and the probability of S = 0.

    From its Laplace transform F(t) = E exp(-t S), with g Euler's constant (both integrals over d ln t):
        E ln S = int (e^-t - F) d ln t,     E (ln S)^2 = 2 int (F - e^-t) ln t d ln t - 2 g E ln S.
    left = right = 0 gives (nan, nan, 1).
    """
    zeros = (left == 0) + (right == 0)
    dead = {0: 0.0, 1: 0.5**n, 2: 1.0}[zeros]
    if dead == 1:
        return np.nan, np.nan, 1.0
    u = np.arange(_LOWEST, _HIGHEST, _STEP)
    with np.errstate(under="ignore"):
        t = np.exp(u)
        # F = (1/2 (1 + 2 left^2 t / n)^-1/2 + 1/2 (1 + 2 right^2 t / n)^-1/2)^n
        one, other = (1 / np.sqrt(1 + 2 * a * a * t / n) for a in (left, right))
        if zeros and n < _MANY:  # without what stays as t -> inf, 2^-n
            alive = np.minimum(one, other)
            transform = dead * np.expm1(n * np.log1p(alive)) / (1 - dead)
        else:
            transform = ((one + other) / 2) ** n
        difference = (transform - np.exp(-t)) * _STEP
    mean = -float(difference.sum())
    return mean, float(2 * (difference @ u) - 2 * np.euler_gamma * mean - mean**2), dead
