"""erf (Williams 1997); the averages of its fourth powers have no closed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .form import Averages

Array = np.ndarray[Any, Any]


class Erf:
    """erf(z) = 2 Phi(sqrt 2 z) - 1, with slope 2 / sqrt(pi) exp(-z^2)."""

    def moments(self, q: Array) -> Averages:
        """<erf^2> = (2 / pi) arcsin(2 q / (1 + 2 q)), <erf'^2> = (4 / pi) (1 + 4 q)^(-1/2)."""
        wide = 1 + 4 * q
        square = 4 / math.pi * np.arctan2(2 * q, 1 + np.sqrt(wide) + 2 * q)
        slope_square = 4 / math.pi / np.sqrt(wide)
        d_square = slope_square / (1 + 2 * q)
        return {
            "mean": np.zeros_like(q),
            "square": square,
            "slope_square": slope_square,
            "slope_fourth": 16 / math.pi**2 / np.sqrt(1 + 8 * q),
            "d_mean": np.zeros_like(q),
            "d_square": d_square,
            "d2_square": -d_square * (2 / wide + 2 / (1 + 2 * q)),
            "d_slope_square": -2 * slope_square / wide,
            "d2_slope_square": 12 * slope_square / wide**2,
        }

    def pairs(self, q_a: Array, q_b: Array, e: Array) -> Averages:
        """<erf_a erf_b> = (2 / pi) arcsin(2 sqrt(q_a q_b) c / sqrt((1 + 2 q_a) (1 + 2 q_b)))."""
        c, sine2 = 1 - e, e * (2 - e)
        covariance = np.sqrt(q_a) * np.sqrt(q_b)
        rest = np.sqrt(1 + 2 * (q_a + q_b) + 4 * covariance**2 * sine2)
        product = 2 / math.pi * np.arctan2(2 * covariance * c, rest)
        square_a, square_b = self.moments(q_a)["square"], self.moments(q_b)["square"]
        # for q_a = q_b, the difference of the two angles, whose sine is 2 q (rest - c root) / (1 + 2 q)^2
        root = np.sqrt(1 + 4 * q_a)
        sine = np.where(c > 0, sine2 * (1 + 2 * q_a) ** 2 / (rest + np.abs(c) * root), rest - c * root)
        same = 2 / math.pi * np.arctan2(2 * q_a * sine, root * rest + 4 * q_a**2 * c)
        return {
            "product": product,
            "gap": np.where(q_a == q_b, same, (square_a + square_b) / 2 - product),
            "slope_product": 4 / math.pi / rest,
        }
