"""Activations that are z times a gate: silu, gelu, gelu_tanh, mish.

Where the gate G has G(z) + G(-z) = 1, everything follows from its tail at a = |z|: h = G(-a) and d = G'(a).
    value = max(0, z) - a h          slope = h - a d for z < 0, one minus that for z > 0
Nothing cancels, so the left tail keeps its digits until it underflows to 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .parts import formula, mirrored
from .record import Array, Formula

Tail = tuple[Array, Array, Array]  # a, h, d

_MILLS_TOP = (
    0.0041162982579278145,
    0.04063315302576002,
    0.1832349196527726,
    0.4382946562424543,
    0.5000000029543387,
)
_MILLS_BOTTOM = (
    0.010317909854161372,
    0.10185865742088375,
    0.46947005444025613,
    1.202502235622952,
    1.6744742937366126,
    1.0,
)


def _gated(tail: Callable[[Array], tuple[Array, Array]], far: float, lower: float, steepest: float) -> Formula:
    """far: where h and a d have long underflowed; cutting a there keeps infinity out of the products."""

    def common(z: Array) -> Tail:
        a = np.minimum(np.abs(z), far)
        return a, *tail(a)

    return formula(
        common,
        lambda z, parts: np.maximum(z, 0) - parts[0] * parts[1],
        lambda z, parts: mirrored(z, parts[1] - parts[0] * parts[2]),
        lower=lower,
        steepest=steepest,
    )


def silu() -> Formula:
    """z sigmoid(z)."""

    def tail(a: Array) -> tuple[Array, Array]:
        decay = np.exp(-a)
        upper = 1 / (1 + decay)
        h = decay * upper
        return h, h * upper

    return _gated(tail, 1000, lower=-0.27846454276107380, steepest=1.0998393201288669)


def gelu() -> Formula:
    """z Phi(z)."""

    def tail(a: Array) -> tuple[Array, Array]:
        bell = np.exp(-0.5 * a * a)
        h = bell * _mills32(a) if a.dtype == np.float32 else _normal_tail(a)
        return h, bell * (1 / math.sqrt(2 * math.pi))

    return _gated(tail, 100, lower=-0.16997120747990366, steepest=1.1289041451851548)


def _normal_tail(a: Array) -> Array:
    from scipy.special import ndtr  # slow to import, and not needed by most configs

    return np.asarray(ndtr(-a))


def _mills32(a: Array) -> Array:
    """Phi(-a) exp(a^2 / 2) for float32, from 0 to beyond where it underflows.

    A rational minimax fit, to a relative 6e-9 on [0, 14.5]; all its terms are positive, so it loses nothing
    in float32. It takes a quarter of the time of SciPy's ndtr, which works entry by entry.
    """
    top = _polynomial(a, _MILLS_TOP)
    top /= _polynomial(a, _MILLS_BOTTOM)
    return top


def _polynomial(a: Array, coefficients: tuple[float, ...]) -> Array:
    """From the highest power down."""
    total = a * coefficients[0]
    for coefficient in coefficients[1:-1]:
        total += coefficient
        total *= a
    total += coefficients[-1]
    return total


def gelu_tanh() -> Formula:
    """z (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (z + 0.044715 z^3): the gate is a sigmoid of 2 u."""
    rate = 2 * math.sqrt(2 / math.pi)

    def tail(a: Array) -> tuple[Array, Array]:
        square = a * a
        decay = np.exp(-rate * a * (1 + 0.044715 * square))
        upper = 1 / (1 + decay)
        h = decay * upper
        return h, h * upper * (rate + rate * 3 * 0.044715 * square)

    return _gated(tail, 100, lower=-0.17004075057125405, steepest=1.1289930686587718)


def mish() -> Formula:
    """z tanh(softplus(z)), with tanh(softplus(z)) = (n^2 + 2 n) / (n^2 + 2 n + 2), n = exp(z).

    Numerator and denominator are multiplied by q^2 with n = p / q and p, q <= 1, so that neither overflows.
    """

    def common(z: Array) -> tuple[Array, Array, Array, Array]:
        p = np.exp(np.minimum(z, 0))
        q = np.exp(-np.maximum(z, 0))
        over = p * (p + 2 * q)
        under = over + 2 * q * q
        return p, q, over / under, under

    def slope(z: Array, parts: tuple[Array, Array, Array, Array]) -> Array:
        p, q, gate, under = parts
        steepness = 4 * p * q * q * (p + q) / (under * under)
        slope: Array = gate + np.clip(z, -1000, 1000) * steepness
        return slope

    return formula(
        common,
        lambda z, parts: np.maximum(z, -1000) * parts[2],  # at -1000 the gate has long underflowed
        slope,
        lower=-0.30884341301725041,
        steepest=1.0884981612517179,
    )
