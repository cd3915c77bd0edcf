"""Which part of the plane of sigma_w and sigma_b to look at, if nobody says."""

from __future__ import annotations

import math

import numpy as np

from ..catalogue.activations import Activation
from .plane import phase_diagram

_SCAN = np.geomspace(0.05, 100.0, 80)
_BEYOND = {"critical": 2.2, "chaotic": 2.2, "diverges": 1.4}
"""The window's right end, in units of the sigma_w at which order ends, by what comes after it."""
_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_NO_END = 4.0  # the window's right end where everything is ordered


def window(activation: Activation, q0: float = 1.0) -> tuple[float, float]:
    """The largest sigma_w and the largest sigma_b to draw: order ends, without biases, somewhere around the middle."""
    phases = phase_diagram(activation, _SCAN, [0.0], q0).phase[0]
    other = np.flatnonzero(phases != "ordered")
    if not other.size:
        return _NO_END, _NO_END / 2
    right = _round(_BEYOND[str(phases[other[0]])] * float(_SCAN[other[0]]))
    return right, right / 2


def _round(value: float) -> float:
    """The next round number above."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step for step in _ROUND if step * power >= value) * power
