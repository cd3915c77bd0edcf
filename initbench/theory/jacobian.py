"""Singular values of the Jacobian J = dh_l/dx of an infinitely wide network: the first two moments of J J^T.

Between a layer of n units and the n' below, J' = D W^T J with D = diag(phi'(z)). In a wide network D, W and J are free
of one another (Pennington, Schoenholz & Ganguli 2017), so that the mean eigenvalue a of J J^T and k = <eigenvalue^2> /
a^2 = 1 + var go from layer to layer by
    a' = cw <phi'^2> a
    k' = <phi'^4> / <phi'^2>^2 + (n / n') k                    independent weights
    k' = <phi'^4> / <phi'^2>^2 + (n / n') k - min(1, n / n')   Haar weights
from a = k = 1 at the input. For L alike layers of one width that is their var = L (mu_2 / mu_1^2 - 1 - s_1), s_1 = -1
for independent weights and 0 for Haar ones, at any gain: for linear L and 0, for relu 2 L and L.

First D: for free A and X with normalised traces, tr AXAX = tr A^2 (tr X)^2 + (tr A)^2 tr X^2 - (tr A)^2 (tr X)^2. Then
W: of independent entries, tr (W^T M W)^2 = cw^2 (tr^2 M + (n / n') tr M^2); a semi-orthogonal W^T cuts n of the n'
dimensions out of a free M, or adds n - n' eigenvalues of 0.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from .bands import upwards
from .curves import Line, blank, line
from .kernel import Trajectory
from .layers import LayerLaw
from .singular import mean_singular_value

Array = np.ndarray[Any, Any]

NO_JACOBIAN = "the Jacobian begins above the input"
NO_EDGES = "the ends of the spectrum are not derived, only its mean and variance"
HEAVY = "layer {}: weights with so few that are not 0 have singular values of their own kind"

TAILS = 0.05
"""Excess kurtosis over fan_in above which independent weights are no Gaussian ones to their singular values."""


def jacobian_lines(t: Trajectory, wanted: Collection[str]) -> dict[str, Line]:
    """Every metric of Jacobians; layer_jacobian_mean, which takes its time, where it is wanted."""
    mean = np.full(t.q.shape, np.nan)
    mean[1:] = np.multiply.accumulate(t.cw[1:, None] * t.moments.slope_square[1:], axis=0)
    return {
        "jacobian_m1": line(t.over_batch(mean), t.known, t.reason, NO_JACOBIAN),
        "jacobian_var": _variance(t, mean),
        **{f"jacobian_{name}": blank(t, NO_EDGES, NO_JACOBIAN) for name in ("max", "min", "condition")},
        **({"layer_jacobian_mean": _own(t)} if "layer_jacobian_mean" in wanted else {}),
    }


def _variance(t: Trajectory, mean: Array) -> Line:
    """var, for the inputs of which anything passes. mean: a, (L + 1, S)."""
    wider = np.append(np.nan, t.of_laws(lambda law: law.fan_out / law.fan_in))[:, None]
    haar = np.append(np.nan, t.of_laws(lambda law: law.haar))[:, None]
    slopes = t.moments.slope_fourth / t.moments.slope_square**2
    k = upwards(np.broadcast_to(wider, slopes.shape), slopes - haar * np.minimum(wider, 1.0), 1.0)
    known = next((n for n, law in enumerate(t.laws) if _heavy(law)), t.depth)
    passing = (mean > 0) & (np.arange(t.depth + 1)[:, None] <= known)
    share = t.over_batch(passing)
    values = np.full(t.depth + 1, np.nan)
    np.divide(t.over_batch(np.where(passing, k - 1, 0.0)), share, out=values, where=share > 0)
    if known < t.known:
        return line(values, known, HEAVY.format(known + 1), NO_JACOBIAN)
    return line(values, t.known, t.reason, NO_JACOBIAN)


def _own(t: Trajectory) -> Line:
    """The mean singular value of every layer's W D."""
    means = np.full(t.q.shape, np.nan)
    for activation, rows in t.by_activation():
        kinds = [(t.laws[k - 1].fan_out / t.laws[k - 1].fan_in, t.laws[k - 1].haar) for k in rows]
        for kind in dict.fromkeys(kinds):
            own = rows[[one == kind for one in kinds]]
            means[own] = mean_singular_value(activation, t.q[own].ravel(), *kind).reshape(len(own), -1)
    values = t.over_batch(np.sqrt(t.cw)[:, None] * means)
    heavy = [k for k in t.layers if _heavy(t.laws[k - 1])]
    values[heavy] = np.nan
    words = list(line(values, t.known, t.reason, NO_JACOBIAN).reasons)
    for k in heavy:
        words[k] = HEAVY.format(k)
    return Line(values, tuple(words))


def _heavy(law: LayerLaw) -> bool:
    """Whether so few weights are not 0 that their singular values are not those of a full matrix."""
    return law.kurtosis - 3 > TAILS * law.fan_in
