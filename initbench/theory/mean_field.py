"""What infinitely deep, infinitely wide networks do to lengths, correlations and gradients: one point of the plane.

Poole et al. 2016, Schoenholz et al. 2017. z = h W + b, Var W = sigma_w^2 / fan_in, Var b = sigma_b^2, h = phi(z).
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ..blas import alone
from ..catalogue.activations import Activation
from ..values import frozen
from . import mean_field_notes
from .fixed_points import FixedPoint, fixed_points, reached
from .gaussian import moments
from .length_table import length_table
from .maps import checked, found, gradient_map, homogeneous
from .resting import CRITICAL, Rest, depth_scale, limit_of_correlation, phase_of, resting_correlation

Array = np.ndarray[Any, Any]


@frozen
class MeanField:
    """Where a network's signals end. What does not exist is None, and `notes` says why.

    q_star: the mean square of the preactivations that q0 reaches. fixed_points: all of F's, in rising q.
    c_star: the correlation that two inputs of any correlation from 0 up to 1 reach.
    chi: the factor of the mean-square gradient per layer, at q_star and c = 1 (at every q, for homogeneous
    activations). xi_q, xi_c: the depth scales of q at q_star and of c at c_star; inf where the approach is slower than
    exponential. phase: ordered | critical | chaotic for chi below, at (to 1e-8) and above 1 | diverges.
    """

    q_star: float | None
    fixed_points: tuple[FixedPoint, ...]
    c_star: float | None
    chi: float | None
    xi_q: float | None
    xi_c: float | None
    phase: str
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For JSON, which has no infinity: None in its place."""
        return {key: _plain(value) for key, value in asdict(self).items()}


@alone()
def predict(activation: str | Activation, sigma_w: float, sigma_b: float, q0: float = 1.0) -> MeanField:
    """The fixed points, depth scales and phase of networks with these weights and biases.

    activation: a name, or an activation with its parameters. sigma_w, sigma_b >= 0 and q0 > 0, the first layer's q, all
    below 1e10.
    Raises UnknownNameError or ParameterError.
    """
    activation = found(activation)
    sigma_w, sigma_b = checked("sigma_w", sigma_w), checked("sigma_b", sigma_b)
    q0 = checked("q0", q0, above_zero=True)
    points = fixed_points(activation, sigma_w, sigma_b)
    end = reached(activation, points, sigma_w, sigma_b, q0)
    chi = _chi(activation, sigma_w, end)
    rest = _rest(activation, sigma_w, sigma_b, end)
    field = MeanField(
        q_star=None if end is None else end.q,
        fixed_points=points,
        c_star=None if rest is None else rest.c,
        chi=chi,
        xi_q=None if end is None else _known(depth_scale(end.slope)),
        xi_c=None if rest is None else _known(depth_scale(rest.slope)),
        phase=_phase(chi, end, sigma_b),
    )
    return replace(field, notes=mean_field_notes.of(field, activation, sigma_w, sigma_b, q0))


def _known(number: Array) -> float | None:
    return None if np.isnan(number) else float(number)


def _chi(activation: Activation, sigma_w: float, end: FixedPoint | None) -> float | None:
    if end is not None:
        return end.chi
    return None if homogeneous(activation) is None else float(gradient_map(activation, sigma_w, 1.0))


def _phase(chi: float | None, end: FixedPoint | None, sigma_b: float) -> str:
    if chi is None or (end is None and (abs(chi - 1) > CRITICAL or sigma_b > 0)):
        return "diverges"
    return str(phase_of(chi))


def _rest(activation: Activation, sigma_w: float, sigma_b: float, end: FixedPoint | None) -> Rest | None:
    """Where correlations come to rest while q does, or while it goes to 0 or to infinity."""
    if end is not None and end.q > 0:
        square = float(moments(activation, end.q).square)
        return resting_correlation(activation, end.q, square, end.chi, sigma_w**2 * square / end.q)
    if sigma_w == 0:
        return None
    table = length_table(activation)
    slow = sigma_w**2 * table.square[-1] / table.q[-1] <= 1 + CRITICAL
    return limit_of_correlation(activation, growing=end is None, adding_up=end is None and sigma_b > 0 and slow)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
