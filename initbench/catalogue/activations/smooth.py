"""Smooth activations: sigmoids, softplus and its kin, exponentials, waves.

Tails are computed from exp(-|z|), never as a difference with 1: tanh'(20) is 1.7e-17 in float32 too, because
vanishing gradients are what gets measured. Where the true result overflows (exp, a square) infinity is the
answer, without a warning.
"""

from __future__ import annotations

import math

import numpy as np

from .parts import formula, number, sigmoid_mirrored, step
from .record import Array, Formula


def tanh(height: float = 1.0, rate: float = 1.0) -> Formula:
    """height tanh(rate z), for a rate up to 1."""

    def value(z: Array) -> Array:
        return np.tanh(z) if height == rate == 1 else height * np.tanh(rate * z)

    def slope(z: Array) -> Array:
        a = np.abs(z)
        a *= -rate
        sech = np.exp(a)
        under = sech * sech
        under += 1
        sech /= under
        sech *= sech
        sech *= 4 * height * rate
        return sech

    return Formula(value, slope, lower=-height, upper=height, steepest=height * rate, saturates=True)


def lecun_tanh() -> Formula:
    """1.7159 tanh(2 z / 3)."""
    return tanh(1.7159, 2 / 3)


def tanhshrink() -> Formula:
    """z - tanh(z); near 0, where the difference cancels, by Lambert's continued fraction of tanh."""

    def value(z: Array) -> Array:
        near = np.clip(z, -1, 1)
        square = near * near
        rest = np.full_like(z, 17)
        for odd in (15, 13, 11, 9, 7, 5, 3):
            rest = odd + square / rest
        return np.where(np.abs(z) < 1, near * (square / (rest + square)), z - np.tanh(z))

    def slope(z: Array) -> Array:
        h = np.tanh(z)
        return h * h

    return Formula(value, slope)


def _decay(z: Array) -> Array:
    return np.exp(-np.abs(z))


def sigmoid() -> Formula:
    """1 / (1 + exp(-z))."""

    def common(z: Array) -> tuple[Array, Array]:
        decay = _decay(z)
        upper = 1 / (1 + decay)
        return decay * upper, upper

    return formula(
        common,
        lambda z, parts: sigmoid_mirrored(z, parts[0]),
        lambda z, parts: parts[0] * parts[1],
        lower=0.0,
        upper=1.0,
        steepest=0.25,
        saturates=True,
    )


def log_sigmoid() -> Formula:
    """log(sigmoid(z)) = -softplus(-z)."""
    return formula(
        _decay,
        lambda z, decay: np.minimum(z, 0) - np.log1p(decay),
        lambda z, decay: np.abs(number(z <= 0, z) - decay / (1 + decay)),
        upper=0.0,
    )


def softplus(beta: float = 1.0, threshold: float = math.inf) -> Formula:
    """log(1 + exp(beta z)) / beta, and z where beta z > threshold: the value jumps there, if little."""

    def decay(z: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.exp(-beta * np.abs(z))

    def linear(z: Array) -> Array:
        with np.errstate(over="ignore"):
            return beta * z > threshold

    def value(z: Array, decay: Array) -> Array:
        soft = np.maximum(z, 0) + np.log1p(decay) / beta
        return soft if math.isinf(threshold) else np.where(linear(z), z, soft)

    def slope(z: Array, decay: Array) -> Array:
        soft = sigmoid_mirrored(z, decay / (1 + decay))
        return soft if math.isinf(threshold) else np.where(linear(z), z.dtype.type(1), soft)

    seam = () if math.isinf(threshold) else (threshold / beta,)
    return formula(decay, value, slope, kinks=seam, jumps=seam, lower=min((0.0, *seam)))


def softsign() -> Formula:
    """z / (1 + |z|)."""

    def value(z: Array) -> Array:
        w: Array = np.clip(z, -1e30, 1e30)  # beyond, the value is 1 to the last digit; inf would give NaN
        w /= 1 + np.abs(w)
        return w

    def slope(z: Array) -> Array:
        root: Array = 1 / (1 + np.abs(z))
        return root * root

    return Formula(value, slope, lower=-1.0, upper=1.0, saturates=True)


def arctan() -> Formula:
    """arctan(z)."""

    def slope(z: Array) -> Array:
        with np.errstate(over="ignore"):
            slope: Array = 1 / (1 + z * z)
        return slope

    return Formula(np.arctan, slope, lower=-math.pi / 2, upper=math.pi / 2, saturates=True)


def erf() -> Formula:
    """erf(z) = 2 Phi(sqrt(2) z) - 1."""

    def value(z: Array) -> Array:
        from scipy.special import erf  # slow to import, and rarely needed

        return np.asarray(erf(z))

    def slope(z: Array) -> Array:
        a: Array = np.clip(z, -100, 100)  # exp(-a^2) is 0 long before
        bell: Array = (2 / math.sqrt(math.pi)) * np.exp(-(a * a))
        return bell

    return Formula(value, slope, lower=-1.0, upper=1.0, steepest=2 / math.sqrt(math.pi), saturates=True)


def exponential_linear(alpha: float = 1.0, width: float = 1.0, scale: float = 1.0) -> Formula:
    """scale z above 0, scale alpha (exp(z / width) - 1) below: elu, celu (width = alpha) and selu."""
    depth = scale * alpha
    steep = depth / width

    def value(z: Array) -> Array:
        with np.errstate(over="ignore"):
            return scale * np.maximum(z, 0) + depth * np.expm1(np.minimum(z, 0) / width)

    def slope(z: Array) -> Array:
        with np.errstate(over="ignore"):
            left = steep * np.exp(np.minimum(z, 0) / width)
        if steep == scale:
            return left
        up = step(z)
        return scale * up + (1 - up) * left

    return Formula(
        value,
        slope,
        kinks=() if steep == scale else (0.0,),
        lower=-depth,
        steepest=max(scale, steep),
        saturates=alpha > 0,
    )


def celu(alpha: float) -> Formula:
    """z above 0, alpha (exp(z / alpha) - 1) below: without a kink for every alpha."""
    return exponential_linear(alpha, width=alpha)


def selu() -> Formula:
    """elu with the alpha and the scale that keep mean 0 and variance 1 under LeCun's initializer."""
    return exponential_linear(1.6732632423543772848170429916717, scale=1.0507009873554804934193349852946)


def squareplus(b: float) -> Formula:
    """(z + sqrt(z^2 + b)) / 2."""

    def common(z: Array) -> tuple[Array, Array]:
        a = np.abs(z)
        core = np.minimum(a, 1e18)  # beyond, b adds nothing, and the square would overflow
        root = np.maximum(np.sqrt(core * core + b), a)
        return (b / 4) / (0.5 * root + 0.5 * a), root  # the value at -|z|, without cancellation

    return formula(
        common,
        lambda z, parts: np.maximum(z, 0) + parts[0],
        lambda z, parts: sigmoid_mirrored(z, parts[0] / parts[1]),
        lower=0.0,
    )


def exponential() -> Formula:
    """exp(z)."""

    def value(z: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.exp(z)

    return formula(value, lambda z, h: h, lambda z, h: np.copy(h), lower=0.0, steepest=math.inf)


def square() -> Formula:
    """z^2."""

    def value(z: Array) -> Array:
        with np.errstate(over="ignore"):
            return z * z

    def slope(z: Array) -> Array:
        with np.errstate(over="ignore"):
            return 2 * z

    return Formula(value, slope, lower=0.0, steepest=math.inf)


def sin() -> Formula:
    """sin(z); NaN at infinity, which has no limit."""
    return Formula(_sin, _cos, lower=-1.0, upper=1.0)


def cos() -> Formula:
    """cos(z); NaN at infinity, which has no limit."""
    return Formula(_cos, lambda z: -_sin(z), lower=-1.0, upper=1.0)


def _sin(z: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.sin(z)


def _cos(z: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.cos(z)
