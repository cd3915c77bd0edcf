"""sin and cos: every average is one of <cos k z> = exp(-k^2 q / 2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...values import frozen
from .form import Averages

Array = np.ndarray[Any, Any]


@frozen
class Wave:
    """sin z where odd, else cos z; each is the other's slope, up to a sign."""

    odd: bool

    def moments(self, q: Array) -> Averages:
        """With y = <cos 2z> = exp(-2 q) and r = 1 - y, from which the powers of sin come without cancellation:

        <sin^2> = r / 2    <sin^4> = (3 - 4 y + y^4) / 8    <cos^2> = (1 + y) / 2    <cos^4> = (3 + 4 y + y^4) / 8
        """
        y, r = np.exp(-2 * q), -np.expm1(-2 * q)
        mean, zero = np.exp(-q / 2), np.zeros_like(q)
        sine = r / 2, r * r * (6 - r * (4 - r)) / 8
        cosine = (1 + y) / 2, (3 + y * (4 + y**3)) / 8
        value, slope = (sine, cosine) if self.odd else (cosine, sine)
        sign = 1 if self.odd else -1
        return {
            "mean": zero if self.odd else mean,
            "square": value[0],
            "fourth": value[1],
            "slope_square": slope[0],
            "slope_fourth": slope[1],
            "mixed": -np.expm1(-8 * q) / 8,
            "d_mean": zero if self.odd else -mean / 2,
            "d_square": sign * y,
            "d2_square": -2 * sign * y,
            "d_slope_square": -sign * y,
            "d2_slope_square": 2 * sign * y,
        }

    def pairs(self, q_a: Array, q_b: Array, e: Array) -> Averages:
        """From <cos(z_a - z_b)> and <cos(z_a + z_b)>: exp of minus half the variances of difference and sum."""
        root_a, root_b = np.sqrt(q_a), np.sqrt(q_b)
        scale, offset = root_a * root_b, (root_a - root_b) ** 2 / 2
        near, far = offset + scale * e, offset + scale * (2 - e)
        difference, total = np.exp(-near), np.exp(-far)
        # sin_a sin_b = (cos(a - b) - cos(a + b)) / 2, from the larger of the two
        covariance, low = scale * (1 - e), np.minimum(near, far)
        sines = np.exp(-low) * -np.expm1(-2 * np.abs(covariance)) / 2 * np.sign(covariance)
        cosines = (difference + total) / 2
        product, slopes = (sines, cosines) if self.odd else (cosines, sines)
        # q_a = q_b: gap = (1 - exp(-near)) (1 +- exp(-far)) / 2
        same = -np.expm1(-near) * (1 + total if self.odd else -np.expm1(-far)) / 2
        # <cos 2a cos 2b> = <cos 2a><cos 2b> + 2 exp(-2 q_a - 2 q_b) sinh^2(2 covariance)
        joint = (np.exp(-2 * low) * np.expm1(-4 * np.abs(covariance))) ** 2 / 2
        squares = [-np.expm1(-2 * q) if self.odd else 1 + np.exp(-2 * q) for q in (q_a, q_b)]
        return {
            "product": product,
            "gap": np.where(q_a == q_b, same, (squares[0] + squares[1]) / 4 - product),
            "slope_product": slopes,
            "square_product": (squares[0] * squares[1] + joint) / 4,
        }
