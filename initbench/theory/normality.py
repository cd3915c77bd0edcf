"""How far preactivations are from normal, and what that does to the averages that theory takes over them.

Given the layer below, a unit's z is a sum of fan_in weights times activations, and a bias. With independent weights of
kurtosis k and a bias of kurtosis k_b, K its variance and K_u the weights' part, its excess kurtosis is
    x = (k - 3) (K_u / K)^2 sum h^4 / (sum h^2)^2 + (k_b - 3) (cb / K)^2,
and to first order in x (Gram-Charlier; d^2<f>/dK^2 = <f''''> / 4) an average <f> moves by x K^2 d^2<f>/dK^2 / 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .gaussian import Moments
from .inputs import InputState
from .layers import LayerLaw

Array = np.ndarray[Any, Any]

LARGEST = 0.05
"""Relative error of the forward mean square up to which theory is given at all."""


@dataclass(frozen=True)
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
    square, K = averages.square, averages.q
    excess, forward, slope = (np.zeros(len(laws) + 1) for _ in range(3))
    for k, law in enumerate(laws, start=1):
        with np.errstate(all="ignore"):
            # sum h^4 / (sum h^2)^2; to a Haar matrix every direction h is alike, that of one unit too
            below = averages.fourth[k - 1] / (law.fan_in * square[k - 1] ** 2) if k > 1 else start.fourth
            below = np.ones_like(below) if law.haar else below
            share = law.cb / K[k]
            x = (law.kurtosis - 3) * (1 - share) ** 2 * below + (law.bias_kurtosis - 3) * share**2
            # d ln <phi^2> = x K^2 d2<phi^2> / (6 <phi^2>) + (d ln <phi^2> / d ln K) (K_u / K) d ln <phi^2>_below
            own = x * K[k] ** 2 * averages.d2_square[k] / (6 * square[k])
            carried = averages.d_square[k] * K[k] / square[k] * (1 - share) * forward[k - 1]
            on_slope = x * K[k] ** 2 * averages.d2_slope_square[k] / (6 * averages.slope_square[k])
        excess[k], forward[k], slope[k] = (_mean(values, start.weight) for values in (x, own + carried, on_slope))
    return Normality(excess, forward, slope)


def _mean(values: Array, weight: Array) -> float:
    """Over the groups; what does not exist (no signal at all) counts for nothing."""
    return float(np.where(np.isfinite(values), values, 0.0) @ weight)
