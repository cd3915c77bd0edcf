"""Activations with phi(k z) = k^p phi(z) for every k > 0: z times one factor on each side of 0, or a step at 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...values import frozen
from .form import Averages

Array = np.ndarray[Any, Any]


@frozen
class Ray:
    """right z for z > 0, left z for z < 0: linear, relu, leaky relu, abs."""

    left: float
    right: float

    def moments(self, q: Array) -> Averages:
        """With m_k = (left^k + right^k) / 2: <phi^2> = m_2 q, <phi^4> = 3 m_4 q^2, <phi'^k> = m_k."""
        two, four = ((self.left**k + self.right**k) / 2 for k in (2, 4))
        flat, zero = np.ones_like(q), np.zeros_like(q)
        mean = (self.right - self.left) / math.sqrt(2 * math.pi) * np.sqrt(q)
        return {
            "mean": mean,
            "square": two * q,
            "fourth": 3 * four * q * q,
            "slope_square": two * flat,
            "slope_fourth": four * flat,
            "mixed": four * q,
            "d_mean": mean / q / 2,
            "d_square": two * flat,
            "d2_square": zero,
            "d_slope_square": zero,
            "d2_slope_square": zero,
        }

    def pairs(self, q_a: Array, q_b: Array, e: Array) -> Averages:
        """Cho and Saul 2009, with theta = arccos c and lack = (sin theta - theta cos theta) / (2 pi):

        <(z_a)+ (z_b)+> = sqrt(q_a q_b) (c / 2 + lack)
        """
        theta, c = angle(e), 1 - e
        lack = sine_less_cosine(theta) / (2 * math.pi)
        left, right, bend = self.left**2, self.right**2, (self.right - self.left) ** 2
        same = (left + right) / 2
        root_a, root_b = np.sqrt(q_a), np.sqrt(q_b)
        scale = root_a * root_b
        # <(z_a)+^2 (z_b)+^2> = q_a q_b (3 sin theta cos theta + (pi - theta) (1 + 2 cos^2 theta)) / (2 pi)
        squares = (3 * np.sin(theta) * c + (math.pi - theta) * (1 + 2 * c * c)) / (2 * math.pi)
        return {
            "product": scale * (same * c + bend * lack),
            "gap": same / 2 * (root_a - root_b) ** 2 + scale * (same * e - bend * lack),
            "slope_product": same - bend * theta / (2 * math.pi),
            "square_product": scale**2 * (left * right * (1 + 2 * c * c) + (right - left) ** 2 * squares),
        }


@frozen
class Step:
    """right for z > 0, left for z < 0: sign. Two signs differ with probability theta / pi."""

    left: float
    right: float

    def moments(self, q: Array) -> Averages:
        zero, flat = np.zeros_like(q), np.ones_like(q)
        one, two, four = ((self.left**k + self.right**k) / 2 for k in (1, 2, 4))
        known = {"mean": one * flat, "square": two * flat, "fourth": four * flat}
        return known | dict.fromkeys(
            (
                "slope_square",
                "slope_fourth",
                "mixed",
                "d_mean",
                "d_square",
                "d2_square",
                "d_slope_square",
                "d2_slope_square",
            ),
            zero,
        )

    def pairs(self, q_a: Array, q_b: Array, e: Array) -> Averages:
        differ = angle(e) / math.pi
        left, right = self.left, self.right
        return {
            "product": (left**2 + right**2) / 2 * (1 - differ) + left * right * differ,
            "gap": (left - right) ** 2 / 2 * differ,
            "slope_product": np.zeros_like(e),
            "square_product": (left**4 + right**4) / 2 * (1 - differ) + (left * right) ** 2 * differ,
        }


def angle(e: Array) -> Array:
    """arccos(1 - e), without cancellation."""
    return np.asarray(2 * np.arcsin(np.sqrt(np.clip(e, 0, 2) / 2)))


def sine_less_cosine(theta: Array) -> Array:
    """sin theta - theta cos theta; by its series where that cancels."""
    square, term = theta * theta, theta**3 / 6
    near = np.zeros_like(theta)
    for k in range(1, 12):  # the terms (-1)^(k+1) 2 k theta^(2k+1) / (2k+1)!
        near += 2 * k * term
        term *= -square / ((2 * k + 2) * (2 * k + 3))
    return np.where(theta < 1, near, np.sin(theta) - theta * np.cos(theta))
