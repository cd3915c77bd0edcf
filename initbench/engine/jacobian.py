"""Singular values of Jacobians: of dh_l/dx, from the input to a layer, and of dh_l/dh_{l-1}, a layer's own.

Every input x has its own: J_l = J_{l-1} W_l diag(phi'(z_l)), (N_0, N_l), with J_0 = 1, a dense product in float64
whatever the dtype of the network. With n = N_l outputs,
    m1 = tr(J^T J) / n                          the mean of the n eigenvalues of J^T J
    var = tr((J^T J - m1)^2) / (n m1^2)         their variance over m1^2
and the largest, the smallest and the condition number are those of the min(N_0, n) singular values. All are averaged
over the inputs of the batch; where J = 0, var and condition do not exist, and such inputs are left out.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from .measure import Part

Array = np.ndarray[Any, Any]

MOMENTS = frozenset({"jacobian_m1", "jacobian_var"})
EXTREMES = frozenset({"jacobian_max", "jacobian_min", "jacobian_condition"})
FROM_INPUT = MOMENTS | EXTREMES
OWN = frozenset({"layer_jacobian_mean"})
JACOBIAN = FROM_INPUT | OWN
"""The metrics that are made of the matrices themselves: weights have to be drawn for them."""


class Jacobians:
    """The Jacobians of S networks while a signal passes through them, layer by layer from the first.

    wanted: the names of all metrics of the cell; those that are none of JACOBIAN are ignored.
    """

    def __init__(self, wanted: Collection[str]) -> None:
        self._from_input, self._own = FROM_INPUT.intersection(wanted), OWN.intersection(wanted)
        self._through: Array | None = None  # J of the layer below, (S, B, N_0, N_in)

    def measure(self, weights: Array, slope: Array) -> Part:
        """The metrics of the next layer, `name` (S,), and `name?` where it exists: W (S, N_in, N_out), phi'(z)
        (S, B, N_out) in numbers or booleans.

        Networks with a J that is not finite are nan.
        """
        weights = weights.astype(np.float64, copy=False)
        part: Part = {}
        if self._own:
            means = [_mean_singular_value(w, s) for w, s in zip(weights, slope, strict=True)]
            part["layer_jacobian_mean"] = np.array(means)
        if self._from_input:
            self._through = _product(self._through, weights, slope[:, :, None, :])
            found = [over_inputs(j, self._from_input) for j in self._through]
            for name in sorted(self._from_input):
                values = [one[name] for one in found]
                part[name] = np.array([np.nan if value is None else value for value in values])
                part[f"{name}?"] = np.array([float(value is not None) for value in values])
        return part


def _product(below: Array | None, weights: Array, slope: Array) -> Array:
    """J of a layer, (S, B, N_0, N_out), from that of the layer below; of the first layer where there is none."""
    if below is None:
        return np.asarray(weights[:, None] * slope)
    networks, batch, features, units = below.shape
    j = np.matmul(below.reshape(networks, batch * features, units), weights)
    j = j.reshape(networks, batch, features, weights.shape[2])
    return np.multiply(j, slope, out=j)


def over_inputs(j: Array, wanted: Collection[str]) -> dict[str, float | None]:
    """The wanted metrics of FROM_INPUT of one network, from J of every input, (B, N_0, n) float64.

    nan where an input's J is not finite, None where the metric exists for no input.
    """
    with np.errstate(all="ignore"):
        return _over_inputs(j, wanted)


def _over_inputs(j: Array, wanted: Collection[str]) -> dict[str, float | None]:
    largest = np.abs(j).max(axis=(1, 2))
    if not np.isfinite(largest).all():
        return dict.fromkeys(wanted, np.nan)
    exponent = np.frexp(largest)[1]
    x = np.ldexp(j, -exponent[:, None, None])  # no digit changes, and squares of anything are in range
    found = _moments(x) if not MOMENTS.isdisjoint(wanted) else {}
    found |= _extremes(x) if not EXTREMES.isdisjoint(wanted) else {}
    powers = {"jacobian_m1": 2, "jacobian_max": 1, "jacobian_min": 1}
    values: dict[str, float | None] = {}
    for name in wanted:
        scaled = np.ldexp(found[name], exponent * powers.get(name, 0))
        used = scaled if name in powers else scaled[largest > 0]
        values[name] = float(used.mean()) if len(used) else None
    return values


def _moments(x: Array) -> dict[str, Array]:
    """m1 and var of matrices (B, N_0, n), (B,) each; nan for the var of zeros."""
    features, units = x.shape[1:]
    turned = x.transpose(0, 2, 1)
    gram = np.matmul(turned, x) if units <= features else np.matmul(x, turned)
    size = gram.shape[1]
    m1 = np.trace(gram, axis1=1, axis2=2) / units
    # |G - m1|^2 cancels nothing; the n - N_0 eigenvalues that a wide layer cannot have are 0
    gram[:, range(size), range(size)] -= m1[:, None]
    total = np.square(gram).sum(axis=(1, 2)) + (units - size) * m1**2
    return {"jacobian_m1": m1, "jacobian_var": total / (units * m1**2)}


def _extremes(x: Array) -> dict[str, Array]:
    """The largest and the smallest singular value of matrices (B, N_0, n), and their ratio, (B,) each.

    What is below the largest by more than float64 resolves is 0.
    """
    values = np.linalg.svd(x, compute_uv=False)
    largest, smallest = values[:, 0], values[:, -1].copy()
    smallest[smallest <= largest * max(x.shape[1:]) * np.finfo(np.float64).eps] = 0.0
    return {"jacobian_max": largest, "jacobian_min": smallest, "jacobian_condition": largest / smallest}


def _mean_singular_value(weights: Array, slope: Array) -> float:
    """Of W diag(phi') of one network, the mean over its min(N_in, N_out) singular values and over the inputs: W
    (N_in, N_out), phi' (B, N_out). By the eigenvalues of its square, which is good to 1e-8 of the largest and a third
    of the time. One input at a time: the matrices of all may be more than memory holds.
    """
    total = 0.0
    for own in slope:
        j = weights * own
        largest = np.abs(j).max()
        if not np.isfinite(largest):
            return np.nan
        exponent = np.frexp(largest)[1]
        x = np.ldexp(j if j.shape[0] <= j.shape[1] else j.T, -exponent)
        squares = np.linalg.eigvalsh(x @ x.T)
        total += float(np.ldexp(np.sqrt(np.maximum(squares, 0.0)).mean(), exponent))
    return total / len(slope)
