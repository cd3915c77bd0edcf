"""How far a cell's means are from what theory predicts: one number, and where.

Every predicted mean whose spread over seeds is predicted too is turned into a normal deviate, and the largest of them
is corrected for how many there are (Sidak 1967: never too little, however the layers depend on one another). So under
a true theory |theory_z| > 3 in at most 0.3 % of cells. What that promise needs:

- A mean of mean squares is far from normal: over networks, mean squares are nearly lognormal, and so is what else
  cannot be negative. So, for those, with
  r = theory_sd / (theory sqrt(n)), z = (ln(mean / theory) + ln(1 + r^2) / 2) / sqrt(ln(1 + r^2)), which for small r is
  (mean - theory) / (theory_sd / sqrt(n)) (Fenton 1960: means of lognormals are nearly lognormal).
- Even so, nothing is compared where the spread of one network's mean square, or of the mean of all, is too large a
  share of it; nor are the signed means of such a layer, whose size then differs too much from network to network.
- Theory has errors of its own, of second order in s, the sum of 1 / width over the layers that a signal has passed:
  ALLOWED s^2 of the mean is not counted as a departure, and the spread is taken as 1 + s times what is predicted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from ..catalogue.metrics import METRICS
from ..spec import Cell
from .summary import Summary
from .verdict import UNDERFLOW

if TYPE_CHECKING:
    from ..theory.prediction import Curve, Prediction

Array = np.ndarray[Any, Any]

SQUARES = ("preact_var", "preact_q", "act_var", "act_q", "act_var_batch", "grad_q", "weight_grad_q")
"""Metrics that are mean squares."""
SQUARE_OF = {"preact_mean": "preact_q", "act_mean": "act_q"}
"""Metrics that have a sign, and those that tell the size of what is averaged."""

WIDEST = 1.0
"""The largest spread of one network, as a share of the mean, at which means are compared."""
FEWEST = 0.15
"""The same of the mean over all networks."""
ALLOWED = 0.5
"""Times s^2: the relative error that a predicted mean may have."""
ROUNDING = 1e-6
"""Relative, for every layer: what float32 and the sums of the statistics may add."""


@dataclass(frozen=True)
class Departure:
    """The largest departure of a cell, corrected for `count` comparisons, of the means that are `predicted`.

    z: with its sign; 0 where all is as near as theory claims to be. stderr: theory_sd / sqrt(n).
    """

    z: float
    metric: str
    layer: int
    measured: float
    theory: float
    stderr: float
    count: int
    predicted: int


@dataclass(frozen=True)
class Comparison:
    """departure: None where nothing can be compared. skipped: (metric, layer) -> why that prediction was not."""

    departure: Departure | None
    skipped: Mapping[tuple[str, int], str]


def compare(cell: Cell, prediction: Prediction, summary: Summary) -> Comparison:
    """Hold the means of a cell against its prediction."""
    worst, count, predicted = None, 0, 0
    skipped: dict[tuple[str, int], str] = {}
    for metric, curve in prediction.curves.items():
        if metric not in summary.metrics:
            continue
        predicted += int(_predicted(curve, summary, metric).sum())
        obstacles = _obstacles(cell, prediction, summary, metric)
        skipped |= {(metric, layer): why for layer, why in obstacles.items()}
        known = _predicted(curve, summary, metric) & curve.within
        known[list(obstacles)] = False
        z = np.where(known, _deviates(cell, curve, summary, metric), 0.0)
        # A prediction without spread is met or is not: it is no draw from which one could be unlucky.
        count += int((known & ((curve.sd > 0) | (z != 0))).sum())
        layer = int(np.abs(z).argmax())
        if known.any() and (worst is None or abs(z[layer]) > abs(worst.z)):
            worst = _departure(curve, summary, metric, layer if z[layer] else int(known.argmax()), float(z[layer]))
    if worst is None:
        return Comparison(None, skipped)
    whole = replace(worst, z=corrected(worst.z, count), count=count, predicted=predicted)
    return Comparison(whole, skipped)


def _departure(curve: Curve, summary: Summary, metric: str, layer: int, z: float) -> Departure:
    mean, n = float(summary.of("mean", metric)[layer]), int(summary.of("n", metric)[layer])
    return Departure(z, metric, layer, mean, float(curve.mean[layer]), float(curve.sd[layer]) / math.sqrt(n), 0, 0)


def corrected(z: float, count: int) -> float:
    """The deviate that is as improbable as that the largest of `count` independent ones is |z| or more."""
    p = math.erfc(abs(z) / math.sqrt(2))
    if p < 1e-300:  # beyond the range of numbers the tail is exp(-z^2 / 2), and count times it
        return z * math.sqrt(1 - 2 * math.log(max(count, 1)) / z / z)
    of_any = -math.expm1(count * math.log1p(-p)) if p < 1 else 1.0
    size = -NormalDist().inv_cdf(of_any / 2)
    return math.copysign(size, z) if size > 0 else 0.0


def _passed(cell: Cell, metric: str) -> Array:
    """s of every layer, (L + 1,): forward the sum of 1 / width from the input up to it, backward over all layers."""
    widths = [cell.network.features, *(layer.fan_out for layer in cell.network.layers)]
    passed: Array = np.cumsum(1 / np.array(widths, np.float64))
    if METRICS.find(metric).needs == "gradient":
        passed[:] = passed[-1]
    return passed


def _deviates(cell: Cell, curve: Curve, summary: Summary, metric: str) -> Array:
    """z of every layer, (L + 1,), before any correction; nan where it does not exist."""
    mean, n, s = summary.of("mean", metric), summary.of("n", metric), _passed(cell, metric)
    rounding = ROUNDING * np.arange(1, len(s) + 1)
    allowed = ALLOWED * s**2 + rounding
    with np.errstate(all="ignore"):
        size = np.abs(curve.mean)
        stderr = np.maximum(curve.sd * (1 + s) / np.sqrt(n), rounding * size)
        away = mean - curve.mean
        z = _over(away, allowed * size, stderr)
        spread = np.log1p((stderr / size) ** 2)
        away = np.log(mean / size) + spread / 2
        logarithmic = _over(away, allowed, np.sqrt(spread))
        return np.where(_positive(cell, metric) & (mean > 0) & (curve.mean > 0), logarithmic, z)


def _positive(cell: Cell, metric: str) -> Array:
    """Where a metric cannot be negative, (L + 1,)."""
    if metric != "act_mean":
        return np.full(cell.network.depth + 1, metric in SQUARES)
    return np.array([False, *(layer.activation.formula.lower >= 0 for layer in cell.network.layers)])


def _over(away: Array, allowed: Array, stderr: Array) -> Array:
    """What is away by more than is allowed, in standard errors, with its sign; 0 otherwise."""
    beyond = np.abs(away) - allowed
    return np.where(beyond > 0, np.sign(away) * beyond / stderr, 0.0)


def _predicted(curve: Curve, summary: Summary, metric: str) -> Array:
    """Where a mean that was measured is predicted with its spread, (L + 1,). The input is none of the network's
    doing."""
    measured = summary.of("n", metric) + summary.of("nonfinite", metric) > 0
    known: Array = np.isfinite(curve.mean) & np.isfinite(curve.sd) & measured
    known[0] = False
    return known


def _obstacles(cell: Cell, prediction: Prediction, summary: Summary, metric: str) -> dict[int, str]:
    """Why a predicted mean with a predicted spread cannot be held against the measured one, by layer."""
    curve = prediction.curves[metric]
    n, bad = summary.of("n", metric), summary.of("nonfinite", metric)
    size = prediction.curves.get(SQUARE_OF.get(metric, metric))
    found = {}
    for layer in np.flatnonzero(_predicted(curve, summary, metric) & curve.within):
        if bad[layer]:
            found[int(layer)] = f"not compared: {bad[layer]} of {n[layer] + bad[layer]} networks are not finite here"
        elif size is not None and (why := _uncertain(cell, float(size.mean[layer]), float(size.sd[layer]), n[layer])):
            found[int(layer)] = f"not compared: {why}"
    return found


def _uncertain(cell: Cell, mean: float, sd: float, n: int) -> str:
    """Why n networks do not tell a mean square of this mean and spread; empty where they do."""
    if mean < UNDERFLOW[cell.dtype]:
        return "" if mean == sd == 0 else f"under the smallest numbers of {cell.dtype}"
    if sd > WIDEST * mean:
        return f"one network's mean square spreads by {sd / mean:.3g} times the mean, too much for a mean of a few"
    if sd > FEWEST * mean * math.sqrt(n):
        return f"{n} networks are too few where one's mean square spreads by {sd / mean:.2g} times the mean"
    return ""
