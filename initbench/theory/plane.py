"""The plane of sigma_w and sigma_b: lengths, correlations and phases at many points at once.

What `predict` finds for one point to the last digits is read here from tables of the activation: lengths from
`length_table`, correlations from `chords`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..blas import alone
from ..catalogue.activations import Activation
from ..errors import ParameterError
from ..values import frozen
from .chords import chords
from .length_table import length_table
from .maps import checked, found, homogeneous
from .resting import CRITICAL, depth_scale, limit_of_correlation, phase_of
from .resting_lengths import resting_lengths

Array = np.ndarray[Any, Any]

_HALVINGS = 8


@frozen
class PhaseDiagram:
    """sigma_w (W,), sigma_b (B,); all else (B, W), as in MeanField, nan where it does not exist.

    xi_q and xi_c are inf where the approach is slower than exponential. phase: texts.
    """

    sigma_w: Array
    sigma_b: Array
    q_star: Array
    c_star: Array
    chi: Array
    xi_q: Array
    xi_c: Array
    phase: Array


@alone()
def phase_diagram(
    activation: str | Activation, sigma_w: ArrayLike, sigma_b: ArrayLike, q0: float = 1.0
) -> PhaseDiagram:
    """Every combination of sigma_w (W,) and sigma_b (B,), all >= 0; q0 > 0: the first layer's q.

    Relative accuracy 1e-4 and mostly far better; where c_star > 0.98 and phi has kinks or jumps, 1 - c_star and xi_c
    are good to a tenth.
    Raises UnknownNameError or ParameterError.
    """
    activation = found(activation)
    w, b = _axis("sigma_w", sigma_w), _axis("sigma_b", sigma_b)
    start = math.log(checked("q0", q0, above_zero=True))
    weights, biases = (np.ravel(a) for a in np.meshgrid(w**2, b**2))
    log_q = resting_lengths(activation, weights, biases, start)
    chi, slope = _slopes(activation, weights, log_q)
    c_star, closing = _correlations(activation, weights, biases, log_q, chi)
    stays = np.isnan(log_q)
    rows = (
        np.where(np.isposinf(log_q) | stays, np.nan, np.exp(np.minimum(log_q, 700))),
        c_star,
        chi,
        np.where(np.isposinf(log_q) | stays, np.nan, depth_scale(slope)),
        depth_scale(closing),
        np.where(np.isposinf(log_q), "diverges", phase_of(chi)),
    )
    return PhaseDiagram(w, b, *(row.reshape(b.size, w.size) for row in rows))


@alone()
def divergence(activation: str | Activation, diagram: PhaseDiagram, q0: float = 1.0) -> list[list[tuple[float, float]]]:
    """For every sigma_b of a diagram, the stretches of sigma_w in which signals diverge, to 1/500 of its step.

    q0: as of the diagram. A stretch that leaves the diagram ends with it.
    Raises UnknownNameError or ParameterError.
    """
    activation, start = found(activation), math.log(checked("q0", q0, above_zero=True))
    w, b, grows = diagram.sigma_w, diagram.sigma_b, diagram.phase == "diverges"
    row, column = np.nonzero(grows[:, 1:] != grows[:, :-1])
    low, high, first = w[column], w[column + 1], grows[row, column]
    for _ in range(_HALVINGS if row.size else 0):
        middle = (low + high) / 2
        same = np.isposinf(resting_lengths(activation, middle**2, b[row] ** 2, start)) == first
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    ends = [[*w[:1][line[:1]], *((low + high) / 2)[row == k], *w[-1:][line[-1:]]] for k, line in enumerate(grows)]
    return [[(float(one), float(other)) for one, other in zip(cuts[::2], cuts[1::2], strict=True)] for cuts in ends]


def _axis(name: str, values: ArrayLike) -> Array:
    axis = np.asarray(values, dtype=np.float64)
    if axis.ndim != 1 or not axis.size:
        raise ParameterError(name, f"{name} must be a list of numbers")
    return np.array([checked(name, value) for value in axis.tolist()])


def _slopes(activation: Activation, weights: Array, log_q: Array) -> tuple[Array, Array]:
    """chi and F' where q comes to rest, (P,) each; nan where it does not, but for chi of homogeneous activations."""
    table = length_table(activation)
    at = table.at(np.where(np.isfinite(log_q), log_q, 0))
    zero = table.at_zero
    dies = np.isneginf(log_q)
    with np.errstate(invalid="ignore"):
        chi = np.where(weights > 0, weights * np.where(dies, zero[1], at.slope_square), 0)
        slope = np.where(weights > 0, weights * np.where(dies, zero[0], at.slope), 0)
    unsettled = ~np.isfinite(log_q) & ~dies
    slope[unsettled] = np.nan
    if homogeneous(activation) is None:
        chi[unsettled] = np.nan
    return chi, slope


def _correlations(
    activation: Activation, weights: Array, biases: Array, log_q: Array, chi: Array
) -> tuple[Array, Array]:
    """Where correlations come to rest, and the slope of their map there, (P,) each; nan where they do not."""
    c, closing = np.ones_like(chi), np.array(chi)
    rests = np.isfinite(log_q)
    apart = rests & ((chi > 1 + CRITICAL) | bool(activation.formula.jumps))
    table = length_table(activation)
    if apart.any():
        share = weights[apart] * table.at(log_q[apart]).ratio
        c[apart], slope = chords(activation).rest(log_q[apart], share)
        closing[apart] = np.where(np.isnan(slope), chi[apart], slope)
    slow = weights <= (1 + CRITICAL) * table.q[-1] / table.square[-1]
    dies = np.isneginf(log_q)
    for mask, growing, adding_up in (
        (dies, False, False),
        (~rests & ~dies, True, False),
        (np.isposinf(log_q) & slow & (biases > 0), True, True),
    ):
        if mask.any():
            rest = limit_of_correlation(activation, growing, adding_up)
            c[mask], closing[mask] = (np.nan, np.nan) if rest is None else (rest.c, rest.slope)
    nothing = dies & (weights == 0)
    c[nothing] = closing[nothing] = np.nan
    return c, closing
