"""The mean singular value of one wide layer's Jacobian dh/dh_below = W D, D = diag(phi'(z)).

It is a mean of sqrt(lambda) over the eigenvalues of D W^T W D, (n, n) for n units over n', and
    sqrt(lambda) = 1/pi int_0^inf lambda / (lambda + t) dt / sqrt(t).
W and D are free, so that the mean g of lambda / (lambda + t) is that of tau / (tau + s) over tau = phi'^2, at another
place s: t(s) = s / S(-g(s)) with the S-transform of W^T W (Voiculescu 1987; for independent weights this is Marchenko
and Pastur's equation). With c = n / n',
    independent weights   t = s (1 - c g)
    Haar weights          t = s for c <= 1, and t = s (1/c - g) / (1 - g) above.
Nothing has to be solved: the integral is taken over s, from where t = 0 on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from .chebyshev import Cells
from .maps import homogeneous
from .quadrature import REACH, density, grid, merged, mesh, nodes

Array = np.ndarray[Any, Any]

_STEPS = np.arange(-46.0, 46.0, 0.25)  # of ln(s - s_0), in units of the mean tau: what is left out is 1e-10
_CELL, _NODES = 2.0, 24  # in ln q
_MANY = 24  # mean squares from which polynomials are used
_WITHIN = (1e-30, 1e30)  # mean squares that they follow
_HALVINGS = 200


def mean_singular_value(activation: Activation, q: Array, wider: float, haar: bool) -> Array:
    """Of W D with fan_in Var W = 1 and preactivations of mean square q, (N,) -> (N,): the mean over min(n', n) values.

    wider: n / n'. haar: whether W is a multiple of a semi-orthogonal matrix, else its entries are independent. nan
    where q is not finite.
    """
    different, place = np.unique(q, return_inverse=True)
    if homogeneous(activation) is not None:
        found = np.where(np.isfinite(different), _mean(activation, 1.0, wider, haar), np.nan)
    elif len(different) > _MANY and _WITHIN[0] < different[0] and different[-1] < _WITHIN[1]:
        found = _cells(activation, wider, haar)(np.log(different))[:, 0]
    else:
        found = np.array([_mean(activation, float(one), wider, haar) for one in different])
    return np.asarray(found[place])


@lru_cache(maxsize=32)
def _cells(activation: Activation, wider: float, haar: bool) -> Cells:
    def means(log_q: Array) -> Array:
        return np.array([[_mean(activation, float(q), wider, haar)] for q in np.exp(log_q)])

    return Cells(means, _CELL, _NODES)


@lru_cache(maxsize=4096)
def _mean(activation: Activation, q: float, wider: float, haar: bool) -> float:
    if not np.isfinite(q):
        return np.nan
    x, weight = nodes(merged(grid(), mesh(activation) / max(np.sqrt(q), 1e-150), REACH))
    weight = weight * density(x)
    tau = activation.slope(x * np.sqrt(q)) ** 2
    scale = float(tau @ weight)
    if not 0 < scale < np.inf:
        return 0.0 if scale == 0 else np.nan
    tau = tau / scale
    tau *= max(wider, 1.0) if haar else 1.0
    first = _beginning(tau, weight, wider)
    s = first + np.exp(_STEPS)
    part = tau / (tau + s[:, None])
    g = part @ weight
    falls = (part / (tau + s[:, None])) @ weight  # -dg/ds
    if not haar:
        factor, turn = 1 - wider * g, wider
    elif wider <= 1:
        factor, turn = np.ones_like(s), 0.0
    else:
        factor, turn = (1 / wider - g) / (1 - g), (1 - 1 / wider) / (1 - g) ** 2
    t, slope = s * factor, factor + s * turn * falls
    known = t > 0  # next to where t = 0, rounding may put it below
    rows = np.divide(
        g * slope * (s - first), np.sqrt(t, where=known, out=np.ones_like(t)), where=known, out=np.zeros_like(t)
    )
    step = _STEPS[1] - _STEPS[0]
    return float(rows.sum() * step / np.pi * max(wider, 1.0) * np.sqrt(scale))


def _beginning(tau: Array, weight: Array, wider: float) -> float:
    """The s at which g = 1 / wider, where t = 0; 0 where g is below that everywhere."""
    if wider * float(weight[tau > 0].sum()) <= 1 + 1e-12:
        return 0.0
    low, high = -300.0, 300.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        g = float((tau / (tau + np.exp(middle))) @ weight)
        low, high = (middle, high) if wider * g > 1 else (low, middle)
    return float(np.exp(high))
