"""How far preactivations are from normal, and what that does to the averages that theory takes over them.

Given the layer below, a unit's z is a sum of fan_in weights times activations, and a bias. With independent weights of
kurtosis k and a bias of kurtosis k_b, K its variance and K_u the weights' part, its excess kurtosis is
    x = (k - 3) (K_u / K)^2 sum h^4 / (sum h^2)^2 + (k_b - 3) (cb / K)^2,
(less by the sum's smallest value, 1 / fan_in, times n / (n - 1), where units differ in which weights are 0 but not in
how many). To first order in 1 / fan_in, sum h^4 / (sum h^2)^2 is <phi^4> / (fan_in <phi^2>^2); it is never over 1,
since no square is negative, and so no sum of weights is further from normal than one of them.
To first order in x (Gram-Charlier; d^2<f>/dK^2 = <f''''> / 4) an average <f> moves by x K^2 d^2<f>/dK^2 / 6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import frozen
from .gaussian import Moments
from .inputs import InputState
from .layers import LayerLaw

Array = np.ndarray[Any, Any]

LARGEST = 0.05
"""Relative error of the forward mean square up to which theory is given at all."""


@frozen
class Normality:
    """Means over the batch, (L + 1,) each, 0 at the input; nan where theory has nothing to say.

    excess: excess kurtosis of one unit's z. forward: what it has moved <phi^2> by, relatively, here and below.
    slope: what it moves <phi'^2> of this layer by, relatively.
    """

    excess: Array
    forward: Array
    slope: Array


def normality(laws: tuple[LayerLaw, ...], start: InputState, averages: Moments) -> Normality:
    """Of a network of these laws on these inputs, with the averages (L + 1, S) of its trajectory."""
    excess, forward, slope = (np.zeros(len(laws) + 1) for _ in range(3))
    if all(law.kurtosis == law.bias_kurtosis == 3 for law in laws):
        return Normality(excess, forward, slope)
    m, used = averages, start.weight > 0
    fields = (m.q, m.square, m.fourth, m.slope_square, m.d_square, m.d2_square, m.d2_slope_square)
    K, square, fourth, slopes, d_square, d2_square, d2_slopes = (field[:, used] for field in fields)
    of = {name: _column(laws, name) for name in ("fan_in", "cb", "kurtosis", "bias_kurtosis", "haar", "even")}
    with np.errstate(all="ignore"):
        # sum h^4 / (sum h^2)^2; to a Haar matrix every direction h is alike, that of one unit too
        below = np.concatenate([start.fourth[None, used], fourth[1:-1] / square[1:-1] ** 2]) / of["fan_in"]
        below[0] *= of["fan_in"][0]
        below = np.where(of["haar"], 1.0, np.minimum(below, 1.0))
        # with as many weights into every unit, equal activations would leave no excess at all
        n = np.maximum(of["fan_in"], 2)
        below = np.where(of["even"], (below - 1 / n) * n / (n - 1), below)
        share = of["cb"] / K[1:]
        x = (of["kurtosis"] - 3) * (1 - share) ** 2 * below + (of["bias_kurtosis"] - 3) * share**2
        own = _finite(x * K[1:] ** 2 * d2_square[1:] / (6 * square[1:]))
        carried = _finite(d_square[1:] * K[1:] / square[1:] * (1 - share))
        slope[1:] = _finite(x * K[1:] ** 2 * d2_slopes[1:] / (6 * slopes[1:])) @ start.weight[used]
    excess[1:] = _finite(x) @ start.weight[used]
    # d ln <phi^2> = x K^2 d2<phi^2> / (6 <phi^2>) + (d ln <phi^2> / d ln K) (K_u / K) d ln <phi^2>_below
    moved = np.zeros(used.sum())
    for k in range(len(laws)):
        moved = own[k] + carried[k] * moved
        forward[k + 1] = moved @ start.weight[used]
    return Normality(excess, forward, slope)


def _column(laws: tuple[LayerLaw, ...], name: str) -> Array:
    return np.array([getattr(law, name) for law in laws], np.float64)[:, None]


def _finite(values: Array) -> Array:
    """What does not exist (no signal at all) counts for nothing."""
    return np.where(np.isfinite(values), values, 0.0)
