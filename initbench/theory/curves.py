"""The forward metrics of an infinitely wide network, layer by layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..values import frozen
from .kernel import Trajectory
from .shares import Where, share

Array = np.ndarray[Any, Any]

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
"""The relative difference under which distinct_units counts two units as one: a definition, shared with the metric."""

ROUNDED = 1e-10
"""A mean of cosines that is smaller is what is left of 0: they come from sums of numbers about 1, and from tables."""

NO_PREACTIVATION = "the input has no preactivations"
ONE_INPUT = "a single input has no pairs"
NO_NUMBER = "theory gives no number here"
ALL_ZERO = "activations are all 0"


@frozen
class Line:
    """One metric at infinite width, (L + 1,): nan is blank; reasons says why, empty where nothing is."""

    values: Array
    reasons: tuple[str, ...]


def line(values: Array, known: int, reason: str, top: str = "") -> Line:
    """A metric's values with the reasons for what is blank: `reason` above the known layers, `top` at the input."""
    blank, words = np.isnan(values), np.full(len(values), "", object)
    words[blank] = NO_NUMBER
    words[known + 1 :][blank[known + 1 :]] = reason
    if top and blank[0]:
        words[0] = top
    return Line(values, tuple(words.tolist()))


def blank(t: Trajectory, reason: str, top: str = "") -> Line:
    """A metric of which theory says nothing."""
    rest = (reason,) * t.known + (t.reason,) * (t.depth - t.known)
    return Line(np.full(t.depth + 1, np.nan), (top or reason, *rest))


def forward_lines(t: Trajectory, dtype: str, dead: Array) -> dict[str, Line]:
    """Every metric of preactivations and activations. dead: share of dead units, (L + 1,)."""
    preactivations = {
        "preact_mean": np.where(np.isnan(t.q), np.nan, 0.0) @ t.start.weight,
        "preact_var": t.over_batch(t.q),
        "preact_q": t.over_batch(t.q),
    }
    for values in preactivations.values():
        values[0] = np.nan
    activations = _activations(t)
    lines = {name: line(values, t.known, t.reason, NO_PREACTIVATION) for name, values in preactivations.items()}
    lines |= {name: line(values, t.known, t.reason) for name, values in activations.items()}
    lines["cosine"] = _cosine(t)
    lines["distinct_units"] = line(distinct_units(t, dtype), t.known, t.reason, NO_PREACTIVATION)
    lines["dead_fraction"] = line(dead, t.known, t.reason, NO_PREACTIVATION)
    inactive = t.over_batch(_shares(t, "inactive", dtype))
    lines["inactive_fraction"] = line(inactive, t.known, t.reason, NO_PREACTIVATION)
    lines["saturated_fraction"] = _saturated(t, dtype)
    return lines


def _activations(t: Trajectory) -> dict[str, Array]:
    batch = t.start.batch
    mean, square = t.over_batch(t.moments.mean), t.over_batch(t.moments.square)
    mean[0] = t.start.mean @ t.start.weight
    # mean over units of Var_a h = (1 - 1 / B) <(phi_a - phi_b)^2> / 2 over pairs
    over_batch = (1 - 1 / batch) * t.over_pairs(t.pairs.gap) if batch > 1 else np.where(np.isnan(square), np.nan, 0.0)
    values = {"act_mean": mean, "act_var": square - mean**2, "act_q": square, "act_var_batch": over_batch}
    for name, row in values.items():
        row[0] = t.start.measured.get(name, row[0])
    return values


def _cosine(t: Trajectory) -> Line:
    if t.start.batch == 1:
        return blank(t, ONE_INPUT)
    a, b = t.moments.square[:, t.start.a], t.moments.square[:, t.start.b]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        cosine = t.pairs.product / (np.sqrt(a) * np.sqrt(b))
    weight = np.where((a > 0) & (b > 0), t.start.pair_weight, 0.0)
    with np.errstate(invalid="ignore"):
        values = np.where(weight > 0, weight * cosine, 0.0).sum(axis=1) / weight.sum(axis=1)
    values = unrounded(values)
    values[t.known + 1 :] = np.nan
    values[0] = t.start.measured.get("cosine", values[0])
    words = np.array(line(values, t.known, t.reason).reasons, object)
    empty = np.asarray(~(weight > 0).any(axis=1))
    words[: t.known + 1][empty[: t.known + 1]] = ALL_ZERO
    return Line(values, tuple(words.tolist()))


def unrounded(cosine: Array) -> Array:
    """Cosines of any shape, with 0 for what is smaller than ROUNDED."""
    return np.where(np.abs(cosine) < ROUNDED, 0.0, cosine)


def distinct_units(t: Trajectory, dtype: str) -> Array:
    """How many columns of z differ, (L + 1,): all, but for pairs that fall together within the metric's tolerance.

    On a single input, two units of N(0, K) do so by chance with probability tol / pi; on several that differ, hardly
    ever.
    """
    units, tolerance = t.width, TOLERANCE[dtype]
    alone = ~(t.e > tolerance**2).any(axis=1)
    together = np.where(alone, units * (units - 1) / 2 * tolerance / math.pi, 0.0)
    values = np.where((t.q > 0).any(axis=1), np.maximum(units - together, 1.0), 1.0)
    values[0] = np.nan
    values[t.known + 1 :] = np.nan
    return values


def _saturated(t: Trajectory, dtype: str) -> Line:
    found = line(t.over_batch(_shares(t, "saturated", dtype)), t.known, t.reason, NO_PREACTIVATION)
    words = np.array(found.reasons, object)
    for activation, rows in t.by_activation():
        if not activation.formula.saturates:
            words[rows] = f"{activation.label} does not saturate"
    return Line(found.values, tuple(words.tolist()))


def _shares(t: Trajectory, where: Where, dtype: str) -> Array:
    """(L + 1, S); layers of one activation at a time."""
    values = np.full(t.q.shape, np.nan)
    for activation, rows in t.by_activation():
        values[rows] = share(activation, t.q[rows], where, dtype)
    return values
