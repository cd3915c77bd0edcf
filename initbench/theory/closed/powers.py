"""exp(z) and z^2: they grow so fast that quadrature would lose them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .form import Averages

Array = np.ndarray[Any, Any]


class Exponential:
    """exp z is its own slope: <exp k z> = exp(k^2 q / 2)."""

    def moments(self, q: Array) -> Averages:
        mean, square, fourth = np.exp(q / 2), np.exp(2 * q), np.exp(8 * q)
        return {
            "mean": mean,
            "square": square,
            "fourth": fourth,
            "slope_square": square,
            "slope_fourth": fourth,
            "mixed": fourth,
            "d_mean": mean / 2,
            "d_square": 2 * square,
            "d2_square": 4 * square,
            "d_slope_square": 2 * square,
            "d2_slope_square": 4 * square,
        }

    def pairs(self, q_a: Array, q_b: Array, e: Array) -> Averages:
        """<exp(z_a + z_b)> = exp((q_a + q_b) / 2 + sqrt(q_a q_b) c)."""
        covariance = np.sqrt(q_a) * np.sqrt(q_b) * (1 - e)
        product = np.exp((q_a + q_b) / 2 + covariance)
        same = np.exp(2 * q_a) * -np.expm1(-q_a * e)
        apart = (np.exp(2 * q_a) + np.exp(2 * q_b)) / 2 - product
        return {
            "product": product,
            "gap": np.where(q_a == q_b, same, apart),
            "slope_product": product,
            "square_product": np.exp(2 * (q_a + q_b) + 4 * covariance),
        }


class Square:
    """z^2, with <z^2k> = (2k - 1)!! q^k."""

    def moments(self, q: Array) -> Averages:
        one = np.ones_like(q)
        return {
            "mean": q,
            "square": 3 * q**2,
            "fourth": 105 * q**4,
            "slope_square": 4 * q,
            "slope_fourth": 48 * q**2,
            "mixed": 60 * q**3,
            "d_mean": one,
            "d_square": 6 * q,
            "d2_square": 6 * one,
            "d_slope_square": 4 * one,
            "d2_slope_square": 0 * one,
        }

    def pairs(self, q_a: Array, q_b: Array, e: Array) -> Averages:
        """By Isserlis' theorem, for q_a = q_b = 1: <z_a^2 z_b^2> = 1 + 2 c^2, <z_a^4 z_b^4> = 9 + 72 c^2 + 24 c^4."""
        c2, scale = (1 - e) ** 2, q_a * q_b
        return {
            "product": scale * (1 + 2 * c2),
            "gap": 1.5 * (q_a - q_b) ** 2 + 2 * scale * e * (2 - e),
            "slope_product": 4 * np.sqrt(q_a) * np.sqrt(q_b) * (1 - e),
            "square_product": scale**2 * (9 + c2 * (72 + 24 * c2)),
        }
