"""What one infinitely wide layer does to a signal: the maps of its length, of its correlations and of its gradients.

z = h W + b with Var W = sigma_w^2 / fan_in and Var b = sigma_b^2, h = phi(z), q the mean square of z, c the correlation
of two inputs' z. Poole et al. 2016, Schoenholz et al. 2017.

Correlations are carried as e = 1 - c, which keeps its digits where c is all but 1. With the mean squared slope of the
chords of phi,
    chord(q, e) = <(phi_a - phi_b)^2> / <(z_a - z_b)^2>,   which tends to <phi'^2> as e -> 0,
a layer multiplies e by sigma_w^2 q chord(q, e) / F(q). A phi that jumps has no such limit: two inputs that are all but
equal may still stand on both sides of a jump, so chord -> inf and so does the slope of the correlation map at c = 1,
while gradients, which see the slope almost everywhere, keep their finite factor chi.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..catalogue.activations import Activation
from ..catalogue.activations import activation as named
from ..errors import ParameterError
from .chebyshev import points, transform
from .gaussian import moments
from .pairs import pair_moments

Array = np.ndarray[Any, Any]

_LARGEST = 1e10  # of a scale: its square is still well within the lengths that are looked at
_NODES = 16  # of the polynomial that follows the chord around an angle
_AROUND = 0.25  # relative reach of that polynomial, in the angle


def found(activation: str | Activation) -> Activation:
    """The activation of a name with its default parameters; an activation as it is.

    Raises UnknownNameError, or ParameterError where parameters have no default.
    """
    return named(activation) if isinstance(activation, str) else activation


def checked(name: str, value: float, above_zero: bool = False) -> float:
    """A number >= 0, or > 0, and below 1e10. Raises ParameterError."""
    fine = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not fine or not 0 <= value < _LARGEST or (above_zero and value == 0):
        bound = f"{'>' if above_zero else '>='} 0 and below {_LARGEST:g}"
        raise ParameterError(name, f"{name} must be a number {bound}, not {value!r}")
    return float(value)


@lru_cache(maxsize=256)
def homogeneous(activation: Activation) -> tuple[float, float] | None:
    """(slope left of 0, slope right of 0) of an activation with phi(s z) = s phi(z) for every s > 0, else None."""
    z = 2.0 ** np.arange(-40, 41)
    z = np.concatenate([-z, z])
    if not np.array_equal(activation.value(2 * z), 2 * activation.value(z)):
        return None
    left, right = activation.value(np.array([-1.0, 1.0]))
    return -float(left), float(right)


def length_map(activation: str | Activation, sigma_w: float, sigma_b: float, q: ArrayLike) -> Array:
    """F(q) = sigma_w^2 <phi^2> + sigma_b^2, the next layer's q; any shape, q >= 0. inf where it overflows."""
    return times(sigma_w**2, moments(found(activation), q).square) + sigma_b**2


def length_slope(activation: str | Activation, sigma_w: float, q: ArrayLike) -> Array:
    """F'(q) = sigma_w^2 d<phi^2>/dq; any shape, q > 0."""
    return times(sigma_w**2, moments(found(activation), q).d_square)


def gradient_map(
    activation: str | Activation, sigma_w: float, q: ArrayLike, fan_in: int = 1, fan_out: int = 1
) -> Array:
    """What the mean-square gradient is multiplied by on its way back through a layer; any shape, q >= 0.

    chi(q) fan_out / fan_in, with chi(q) = sigma_w^2 <phi'^2>: every unit below is reached from fan_out units above
    through weights of variance sigma_w^2 / fan_in.
    """
    return times(sigma_w**2 * fan_out / fan_in, moments(found(activation), q).slope_square)


def correlation_map(
    activation: str | Activation,
    sigma_w: float,
    sigma_b: float,
    e: ArrayLike,
    q_a: ArrayLike,
    q_b: ArrayLike | None = None,
) -> Array:
    """e = 1 - c of two inputs after the next layer; shapes broadcast, 0 <= e <= 2, q_b = q_a where it is not given.

    1 - (sigma_w^2 <phi_a phi_b> + sigma_b^2) / sqrt(F_a F_b), written so that nothing cancels for equal lengths.
    """
    activation = found(activation)
    lengths_a = length_map(activation, sigma_w, sigma_b, q_a)
    lengths_b = lengths_a if q_b is None else length_map(activation, sigma_w, sigma_b, q_b)
    gap = times(sigma_w**2, pair_moments(activation, q_a, q_a if q_b is None else q_b, e).gap)
    apart = (np.sqrt(lengths_a) - np.sqrt(lengths_b)) ** 2 / 2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray((gap - apart) / np.sqrt(lengths_a * lengths_b))


def correlation_slope(
    activation: str | Activation, sigma_w: float, sigma_b: float, e: ArrayLike, q: ArrayLike
) -> Array:
    """Slope of the correlation map of two inputs of equal length; shapes broadcast, 0 <= e < 2, q > 0.

    sigma_w^2 q <phi'_a phi'_b> / F(q) without jumps, and inf at e = 0 with them.
    """
    activation = found(activation)
    e, q = np.broadcast_arrays(np.asarray(e, dtype=np.float64), np.asarray(q, dtype=np.float64))
    expansion = times(sigma_w**2, q) / length_map(activation, sigma_w, sigma_b, q)
    if not activation.formula.jumps:
        return np.asarray(expansion * pair_moments(activation, q, q, e).slope_product)
    return np.asarray(expansion * chord_growth(activation, q, e))


def chord(activation: Activation, q: ArrayLike, e: ArrayLike) -> Array:
    """<(phi_a - phi_b)^2> / <(z_a - z_b)^2> = gap / (q e); shapes broadcast, q > 0, 0 < e <= 2."""
    q, e = np.asarray(q, dtype=np.float64), np.asarray(e, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(pair_moments(activation, q, q, e).gap / (q * e))


def chord_growth(activation: Activation, q: ArrayLike, e: ArrayLike) -> Array:
    """d(e chord)/de, jumps included; shapes broadcast, q > 0, 0 <= e < 2. inf at e = 0 where phi jumps.

    With e = 1 - cos(t), chord is smooth in t, and d(e chord)/de = chord + tan(t / 2) d chord/dt.
    """
    q, e = np.broadcast_arrays(np.asarray(q, dtype=np.float64), np.asarray(e, dtype=np.float64))
    angle = 2 * np.arcsin(np.sqrt(e / 2))
    reach = np.minimum(_AROUND * angle, np.pi - angle)
    around = angle[..., None] + reach[..., None] * points(_NODES)
    coefficients = chord(activation, q[..., None], 2 * np.sin(around / 2) ** 2) @ transform(_NODES).T
    orders = np.arange(_NODES)
    middle, change = np.cos(orders * np.pi / 2), orders * np.sin(orders * np.pi / 2)  # T_k and its slope at 0
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = coefficients @ middle + np.tan(angle / 2) * (coefficients @ change) / reach
    return np.where(e == 0, np.inf, grown)


def times(variance: float, average: Array) -> Array:
    """variance * average, where weights of 0 let nothing through, not even what overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(variance * average if variance else np.zeros_like(average))
