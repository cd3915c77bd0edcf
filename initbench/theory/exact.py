"""What is known exactly, at any width and depth: one input, phi(s z) = s phi(z) for s > 0, normal weights, no bias.

With phi(z) = a_- z below 0 and a_+ z above, a layer multiplies the mean square by an independent factor,
    act_q_l / act_q_{l-1} = cw_l / n sum_i a_i^2 g_i^2,     a_i = a_- or a_+ with probability 1/2, g_i ~ N(0, 1),
whatever came before (Hanin & Rolnick 2018). Its relative variance is (3 s4 / s2^2 - 1) / n, s2 = (a_-^2 + a_+^2) / 2
and s4 = (a_-^4 + a_+^4) / 2: the composition of `fluctuations` is exact here. So is that of `backward`.
The mean of act_q says little of a deep network, whose logarithm is a sum: a typical one has exp of the mean logarithm.

Backward, normal cotangents meet factors of the same law, of layers l to L. By the signs of w and g, what unit i sends
down, W_i a_i g_i, is normal and independent of all below, given its length |a_i g_i|:
    grad_q_l = prod_{k >= l} (1 / n_k) sum_i a_i^2 g_i^2   times the backward gains n_k Var W_k of the layers k > l.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..values import frozen
from .kernel import Trajectory
from .layers import LayerLaw
from .maps import homogeneous

Array = np.ndarray[Any, Any]

_STEP = (
    1 / 16
)  # in ln t: the integrand is analytic up to pi / 2 off the axis, and the trapezoidal rule is exact to 1e-16
_LOWEST, _HIGHEST = -45.0, 80.0
_MANY = 60  # units, all of which are never dead: 2^-60


@frozen
class Growth:
    """The logarithm of a mean square over networks, (L + 1,) each: ln(act_q_l / act_q_0), or ln grad_q_l.

    mean, variance: over networks in which it is not 0. dead: the probability that it is, all units of a layer on its
    way being 0.
    """

    mean: Array
    variance: Array
    dead: Array

    @property
    def typical(self) -> Array:
        """exp of the mean: about the median of what is not 0."""
        return np.asarray(np.exp(self.mean))

    def after(self, mean: float, variance: float) -> Growth:
        """With an independent factor more, whose logarithm has this mean and variance."""
        return Growth(self.mean + mean, self.variance + variance, self.dead)


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
    """ln(act_q_l / act_q_0) of one input; None where a layer is not exact."""
    if exact_layers(t) < t.depth:
        return None
    mean, variance, dead = _factors(t)
    with np.errstate(divide="ignore"):
        mean = mean + np.log(t.cw[1:])
    return Growth(
        np.append(0, np.cumsum(mean)), np.append(0, np.cumsum(variance)), 1 - np.cumprod(np.append(1, 1 - dead))
    )


def gradient_growth(t: Trajectory) -> Growth | None:
    """ln grad_q_l of one input, row 0 nan; None where a layer is not exact, or the cotangent is not normal. A dead
    layer, wherever it is, lets no gradient pass."""
    if exact_layers(t) < t.depth or t.gradient not in ("gaussian", "shared"):
        return None
    mean, variance, dead = _factors(t)
    with np.errstate(divide="ignore"):
        mean[:-1] += np.log([law.backward_gain for law in t.laws[1:]])
    above, spread = (np.append(np.nan, np.cumsum(column[::-1])[::-1]) for column in (mean, variance))
    return Growth(above, spread, np.full(t.depth + 1, 1 - np.prod(1 - dead)))


def _factors(t: Trajectory) -> tuple[Array, Array, Array]:
    """log_moments of every layer's (1 / n) sum a_i^2 g_i^2, (L,) each."""
    found = [log_moments(*pair, law.fan_out) for law in t.laws if (pair := slopes(law)) is not None]
    mean, variance, dead = np.array(found).T
    return mean, variance, dead


@lru_cache(maxsize=256)  # layers are mostly alike
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
