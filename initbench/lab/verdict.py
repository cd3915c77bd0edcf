"""What a cell's numbers mean: the ratios, the verdict, and the sentences that a student can read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import Trace
from ..spec import Cell, VerdictRules
from ..values import frozen
from .summary import Summary

Array = np.ndarray[Any, Any]

ORDER = ("failed", "overflow", "symmetric", "dead", "exploding", "vanishing", "saturated", "stable")
"""The verdict is the first of these that holds."""


@frozen
class Drift:
    """How the mean square of a signal changes from its first to its last layer (forward: up the network; backward:
    down).

    ratio: of the means over seeds; median: of the medians; rate: ratio^(1/(L-1)). nan where it does not exist.
    spread: standard error of ln ratio over seeds; nan for one seed. state: stable | vanishing | exploding, or empty.
    """

    ratio: float
    median: float
    rate: float
    spread: float
    state: str

    @property
    def thousandfold(self) -> float:
        """The number of layers in which the signal changes a thousandfold."""
        if not (self.rate > 0) or math.isinf(self.rate):
            return math.nan
        return math.log(1000) / abs(math.log(self.rate)) if self.rate != 1 else math.inf


@frozen
class Verdict:
    """The judgement of one cell."""

    status: str
    forward: Drift
    backward: Drift
    flags: tuple[str, ...]
    verdict: str
    broken_layer: int | None
    broken_share: float
    seeds: int
    undecided: tuple[str, ...]
    """Directions whose ratio is too near the threshold for this many seeds."""


def judge(cell: Cell, trace: Trace, summary: Summary, rules: VerdictRules) -> Verdict:
    """The verdict of a cell that ran."""
    forward = _drift(trace, summary, "act_q", 1, cell.network.depth, rules.factor)
    backward = _drift(trace, summary, "grad_q", cell.network.depth, 1, rules.factor)
    broken_layer, broken_share = _first_broken(trace, summary)
    flags = tuple(_flags(cell, summary, rules, broken_layer))
    states = (forward.state, backward.state)
    # Where neither direction could be measured, nothing is stable: there is no verdict.
    holds = {name: name in states for name in ("exploding", "vanishing", "stable")}
    verdict = next((name for name in ORDER if name in flags or holds.get(name)), "")
    drifts = {"forward": forward, "backward": backward}
    undecided = tuple(name for name, drift in drifts.items() if _too_near(drift, rules.factor))
    status = "overflow" if "overflow" in flags else "ok"
    return Verdict(status, forward, backward, flags, verdict, broken_layer, broken_share, len(trace.seeds), undecided)


def _drift(trace: Trace, summary: Summary, metric: str, start: int, end: int, factor: float) -> Drift:
    """The drift of one metric from layer `start` to layer `end`."""
    steps = abs(end - start)
    ratio = _ratio(summary, "mean", metric, start, end)
    median = _ratio(summary, "median", metric, start, end)
    with np.errstate(all="ignore"):
        rate = float(np.float64(ratio) ** (1 / steps)) if steps else math.nan
    state = "" if math.isnan(ratio) else "stable"
    if ratio > factor:
        state = "exploding"
    elif ratio < 1 / factor:
        state = "vanishing"
    return Drift(ratio, median, rate, _log_spread(trace, metric, start, end), state)


def _ratio(summary: Summary, statistic: str, metric: str, start: int, end: int) -> float:
    """statistic[end] / statistic[start]; inf where every network overflowed on the way, nan for 0/0 or no
    measurement."""
    values = summary.of(statistic, metric)
    if metric in summary.metrics and summary.of("n", metric)[end] == 0 < summary.of("n", metric)[start]:
        return math.inf
    with np.errstate(all="ignore"):
        return float(values[end] / values[start])


def _log_spread(trace: Trace, metric: str, start: int, end: int) -> float:
    """Standard error of ln(mean a / mean b) over paired seeds, by the delta method: sd(a / mean a - b / mean b) /
    sqrt(S)."""
    if metric not in trace.metrics:
        return math.nan
    a, b = trace.of(metric)[:, end], trace.of(metric)[:, start]
    whole = np.isfinite(a) & np.isfinite(b)
    a, b = a[whole], b[whole]
    if len(a) < 2 or not a.any() or not b.any():
        return math.nan
    with np.errstate(all="ignore"):
        return float(np.std(a / a.mean() - b / b.mean(), ddof=1) / math.sqrt(len(a)))


def _too_near(drift: Drift, factor: float) -> bool:
    """Whether the threshold lies within two standard errors of the ratio, or there is a ratio but no error to tell
    by."""
    if not (0 < drift.ratio < math.inf):
        return False
    distance = abs(abs(math.log(drift.ratio)) - math.log(factor))
    return distance < 2 * drift.spread if not math.isnan(drift.spread) else distance < math.log(10)


def _first_broken(trace: Trace, summary: Summary) -> tuple[int | None, float]:
    """The first layer at which a network is not finite, and the share of networks that break anywhere."""
    columns = [
        summary.metrics.index(name)
        for name in ("preact_q", "act_q", "grad_q", "weight_grad_q")
        if name in summary.metrics
    ]
    if not columns:
        return None, 0.0
    broken = ~np.isfinite(trace.values[:, :, columns]) & trace.present[:, :, columns]
    forward = [k for k, column in enumerate(columns) if not summary.metrics[column].endswith("grad_q")]
    share = float(broken.any(axis=(1, 2)).mean())
    layers = np.flatnonzero(broken[:, :, forward].any(axis=(0, 2)))
    if len(layers):
        return int(layers[0]), share
    layers = np.flatnonzero(broken.any(axis=(0, 2)))
    return (int(layers[-1]), share) if len(layers) else (None, share)


def _flags(cell: Cell, summary: Summary, rules: VerdictRules, broken_layer: int | None) -> list[str]:
    """What else is to be said, in the order of the verdicts."""
    flags = ["overflow"] if broken_layer is not None else []
    units = np.array([np.nan, *(layer.fan_out for layer in cell.network.layers)])
    alive = ~underflowed(cell, summary)
    if ((summary.of("mean", "distinct_units") == 1) & (units > 1) & alive).any():
        flags.append("symmetric")
    # For a single input, silent and dead are the same thing: half of a healthy relu layer is both.
    several = cell.batch.batch_size > 1
    if several and ((summary.of("mean", "dead_fraction") >= rules.dead) & alive).any():
        flags.append("dead")
    if (summary.of("mean", "saturated_fraction") >= rules.saturated).any():
        flags.append("saturated")
    return flags


UNDERFLOW = {"float32": 1e-70, "float64": 1e-290}
"""Mean squares under which the next layer may be 0 for want of smaller numbers, not because of its weights."""


def underflowed(cell: Cell, summary: Summary) -> Array:
    """Which layers are 0 only because the signal became smaller than the smallest number, (L + 1,) bool.

    Their units are all alike and all silent, but that is the end of vanishing: neither broken symmetry nor dead units.
    """
    act_q = summary.of("mean", "act_q")
    lost = np.zeros(len(act_q), bool)
    for layer in range(1, len(act_q)):
        faint = lost[layer - 1] or 0 < act_q[layer - 1] < UNDERFLOW[cell.dtype]
        lost[layer] = faint and act_q[layer] < UNDERFLOW[cell.dtype]
    return lost
