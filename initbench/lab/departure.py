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
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from ..catalogue.metrics import METRICS
from ..spec import Cell
from ..values import frozen
from .summary import Summary
from .verdict import UNDERFLOW

if TYPE_CHECKING:
    from ..theory.prediction import Prediction

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


@frozen
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


@frozen
class Comparison:
    """departure: None where nothing can be compared. skipped: (metric, layer) -> why that prediction was not."""

    departure: Departure | None
    skipped: Mapping[tuple[str, int], str]


@frozen
class _Held:
    """The metrics that were predicted and measured, M of them: all arrays are (M, L + 1).

    mean, sd, within: of their curves. measured, n, bad: of the networks. size, spread: mean and sd of the mean square
    that tells the size of what is averaged, nan where none does.
    """

    metrics: tuple[str, ...]
    mean: Array
    sd: Array
    within: Array
    measured: Array
    n: Array
    bad: Array
    size: Array
    spread: Array

    @property
    def predicted(self) -> Array:
        """Where a mean that was measured is predicted with its spread. The input is none of the network's doing."""
        known: Array = np.isfinite(self.mean) & np.isfinite(self.sd) & (self.n + self.bad > 0)
        known[:, 0] = False
        return known


def _held(prediction: Prediction, summary: Summary) -> _Held:
    curves = {metric: curve for metric, curve in prediction.curves.items() if metric in summary.metrics}
    sizes = [prediction.curves.get(SQUARE_OF.get(metric, metric)) for metric in curves]
    columns = [summary.metrics.index(metric) for metric in curves]
    none = np.full(len(summary.n), np.nan)
    return _Held(
        metrics=tuple(curves),
        mean=np.array([curve.mean for curve in curves.values()]),
        sd=np.array([curve.sd for curve in curves.values()]),
        within=np.array([curve.within for curve in curves.values()]),
        measured=np.ascontiguousarray(summary.mean[:, columns].T),
        n=summary.n[:, columns].T,
        bad=summary.nonfinite[:, columns].T,
        size=np.array([none if size is None else size.mean for size in sizes]),
        spread=np.array([none if size is None else size.sd for size in sizes]),
    )


def compare(cell: Cell, prediction: Prediction, summary: Summary) -> Comparison:
    """Hold the means of a cell against its prediction."""
    held = _held(prediction, summary)
    if not held.metrics:
        return Comparison(None, {})
    known = held.predicted
    predicted = int(known.sum())
    known &= held.within
    skipped = {}
    for row, layer, why in _obstacles(cell, held, known):
        skipped[held.metrics[row], layer] = why
        known[row, layer] = False
    if not known.any():
        return Comparison(None, skipped)
    z = np.where(known, _deviates(cell, held), 0.0)
    # A prediction without spread is met or is not: it is no draw from which one could be unlucky.
    count = int((known & ((held.sd > 0) | (z != 0))).sum())
    largest = np.where(known.any(axis=1), np.abs(z).max(axis=1), -1.0)
    row = int(largest.argmax())
    layer = int(np.abs(z[row]).argmax() if largest[row] else known[row].argmax())
    worst = corrected(float(z[row, layer]), count)
    return Comparison(_departure(held, row, layer, worst, count, predicted), skipped)


def _departure(held: _Held, row: int, layer: int, z: float, count: int, predicted: int) -> Departure:
    measured, theory, sd, n = (float(one[row, layer]) for one in (held.measured, held.mean, held.sd, held.n))
    return Departure(z, held.metrics[row], layer, measured, theory, sd / math.sqrt(n), count, predicted)


def corrected(z: float, count: int) -> float:
    """The deviate that is as improbable as that the largest of `count` independent ones is |z| or more."""
    p = math.erfc(abs(z) / math.sqrt(2))
    if p < 1e-300:  # beyond the range of numbers the tail is exp(-z^2 / 2), and count times it
        return z * math.sqrt(1 - 2 * math.log(max(count, 1)) / z / z)
    of_any = -math.expm1(count * math.log1p(-p)) if p < 1 else 1.0
    size = -NormalDist().inv_cdf(of_any / 2)
    return math.copysign(size, z) if size > 0 else 0.0


def _passed(cell: Cell, metrics: Sequence[str]) -> Array:
    """s of every layer, (M, L + 1): forward the sum of 1 / width from the input up to it, backward over all layers."""
    widths = [cell.network.features, *(layer.fan_out for layer in cell.network.layers)]
    passed: Array = np.cumsum(1 / np.array(widths, np.float64))
    back = np.array([METRICS.find(metric).needs == "gradient" for metric in metrics])
    return np.where(back[:, None], passed[-1], passed)


def _deviates(cell: Cell, held: _Held) -> Array:
    """z of every layer, (M, L + 1), before any correction; nan where it does not exist."""
    s = _passed(cell, held.metrics)
    rounding = ROUNDING * np.arange(1, s.shape[1] + 1)
    allowed = ALLOWED * s**2 + rounding
    with np.errstate(all="ignore"):
        size = np.abs(held.mean)
        stderr = np.maximum(held.sd * (1 + s) / np.sqrt(held.n), rounding * size)
        z = _over(held.measured - held.mean, allowed * size, stderr)
        spread = np.log1p((stderr / size) ** 2)
        logarithmic = _over(np.log(held.measured / size) + spread / 2, allowed, np.sqrt(spread))
        return np.where(_positive(cell, held.metrics) & (held.measured > 0) & (held.mean > 0), logarithmic, z)


def _positive(cell: Cell, metrics: Sequence[str]) -> Array:
    """Where a metric cannot be negative, (M, L + 1)."""
    positive = np.zeros((len(metrics), cell.network.depth + 1), bool)
    for row, metric in zip(positive, metrics, strict=True):
        if metric == "act_mean":
            row[1:] = [layer.activation.formula.lower >= 0 for layer in cell.network.layers]
        else:
            row[:] = metric in SQUARES
    return positive


def _over(away: Array, allowed: Array, stderr: Array) -> Array:
    """What is away by more than is allowed, in standard errors, with its sign; 0 otherwise."""
    beyond = np.abs(away) - allowed
    return np.where(beyond > 0, np.sign(away) * beyond / stderr, 0.0)


def _obstacles(cell: Cell, held: _Held, known: Array) -> Iterator[tuple[int, int, str]]:
    """Why means that are `known` to theory, (M, L + 1), cannot be held against the measured ones: (metric's place,
    layer, reason)."""
    with np.errstate(invalid="ignore"):
        faint = held.size < UNDERFLOW[cell.dtype]
        wide = held.spread > np.minimum(WIDEST, FEWEST * np.sqrt(held.n)) * held.size * (1 - ROUNDING)
    for row, layer in np.argwhere(known & ((held.bad > 0) | faint | wide)).tolist():
        n, bad = held.n[row, layer], held.bad[row, layer]
        if bad:
            yield row, layer, f"not compared: {bad} of {n + bad} networks are not finite here"
        elif why := _uncertain(cell, float(held.size[row, layer]), float(held.spread[row, layer]), n):
            yield row, layer, f"not compared: {why}"


def _uncertain(cell: Cell, mean: float, sd: float, n: int) -> str:
    """Why n networks do not tell a mean square of this mean and spread; empty where they do."""
    if mean < UNDERFLOW[cell.dtype]:
        return "" if mean == sd == 0 else f"under the smallest numbers of {cell.dtype}"
    if sd > WIDEST * mean:
        return f"one network's mean square spreads by {sd / mean:.3g} times the mean, too much for a mean of a few"
    if sd > FEWEST * mean * math.sqrt(n):
        return f"{n} networks are too few where one's mean square spreads by {sd / mean:.2g} times the mean"
    return ""
