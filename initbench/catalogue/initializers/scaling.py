"""Variance scaling: the one law behind LeCun's, Glorot's and He's initializers, in every library."""

from __future__ import annotations

import math

from .laws import Law, Normal, Uniform
from .truncated import corrected

MODES = ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")
DISTRIBUTIONS = ("normal", "uniform", "truncated_normal")


def fan(mode: str, fan_in: int, fan_out: int) -> float:
    """The count of inputs, of outputs, or the arithmetic or geometric mean of the two; at least 1."""
    if mode == "fan_in":
        count = float(fan_in)
    elif mode == "fan_out":
        count = float(fan_out)
    elif mode == "fan_avg":
        count = (fan_in + fan_out) / 2
    else:
        count = math.sqrt(fan_in * fan_out)
    return max(1.0, count)


def variance_scaling(fan_in: int, fan_out: int, scale: float, mode: str, distribution: str) -> Law:
    """The law of mean 0 and variance scale / fan, in one of DISTRIBUTIONS.

    truncated_normal is cut at two standard deviations of the law before the cut, which is widened so that the
    variance is right after it.
    """
    variance = scale / fan(mode, fan_in, fan_out)
    if distribution == "uniform":
        limit = math.sqrt(3 * variance)
        return Uniform(-limit, limit)
    if distribution == "truncated_normal":
        return corrected(0.0, math.sqrt(variance))
    return Normal(0.0, math.sqrt(variance))
