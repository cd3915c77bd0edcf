"""The metrics of one layer from its arrays, for S networks at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ..values import frozen
from .distinct import TOLERANCE, distinct_units
from .signal import Signal
from .statistics import (
    batch_variance_of_gram,
    cosine_of_gram,
    diagonal,
    in_scale,
    mean_and_variance,
    mean_cosine,
    out_of_scale,
    row_squares,
    true_in_columns,
    variance_over_batch,
)

Array = np.ndarray[Any, Any]
Part = dict[str, Array]  # metric -> values (S,); absent metrics are left out, or nan with `<metric>?` False

PREACTIVATION = frozenset({"preact_mean", "preact_var", "preact_q", "distinct_units"})
ACTIVATION = frozenset({"act_mean", "act_var", "act_q", "act_var_batch", "cosine"})


def measure_preactivations(z: Array, wanted: Collection[str]) -> Part:
    """preact_* and distinct_units of z, (S, B, N)."""
    if PREACTIVATION.isdisjoint(wanted):
        return {}
    tolerance = TOLERANCE[z.dtype]

    def statistics(x: Array, squares: Array) -> Part:
        mean, variance, q = mean_and_variance(x, squares)
        part = {"preact_mean": mean, "preact_var": variance, "preact_q": q}
        if "distinct_units" in wanted:
            part["distinct_units"] = distinct_units(x, squares, tolerance)
        return part

    return _in_scale(z, statistics)


def measure_activations(h: Array, wanted: Collection[str], gram: Array | None = None) -> Part:
    """act_* and cosine of h, (S, B, N). `cosine?` says where there is a pair of inputs to compare.

    gram: h h^T, (S, B, B) float64, of a float32 h, where it is known already: it saves most passes over h.
    """
    if ACTIVATION.isdisjoint(wanted):
        return {}

    def pooled(x: Array, squares: Array) -> Part:
        mean, variance, q = mean_and_variance(x, squares)
        return {"act_mean": mean, "act_var": variance, "act_q": q}

    def everything(x: Array, squares: Array) -> Part:
        cosine, exists = mean_cosine(x, squares)
        over_batch = variance_over_batch(x, squares)
        return pooled(x, squares) | _paired(over_batch, cosine, exists)

    if gram is None:
        return _in_scale(h, everything)
    squares = diagonal(gram)
    return _in_scale(h, pooled, squares) | _paired(batch_variance_of_gram(h, gram), *cosine_of_gram(gram))


def _paired(over_batch: Array, cosine: Array, exists: Array) -> Part:
    return {"act_var_batch": over_batch, "cosine": cosine, "cosine?": exists.astype(np.float64)}


def measure_activity(h: Array, slope: Array, steepest: float | None, wanted: Collection[str]) -> Part:
    """Dead, inactive and saturated fractions from values and slopes (in numbers or booleans), (S, B, N) each.

    steepest: phi's largest slope, None for an activation that does not saturate.
    """
    part: Part = {}
    size = h.shape[1] * h.shape[2]
    if "dead_fraction" in wanted or "inactive_fraction" in wanted:
        flat = ~slope if slope.dtype == np.bool_ else slope == 0
        inactive = true_in_columns((h == 0) & flat)
        part["inactive_fraction"] = inactive.sum(axis=1, dtype=np.float64) / size
        part["dead_fraction"] = (inactive == h.shape[1]).sum(axis=1, dtype=np.float64) / h.shape[2]
    if steepest is not None and "saturated_fraction" in wanted:
        flat = true_in_columns(np.abs(slope) < h.dtype.type(0.01 * steepest))
        part["saturated_fraction"] = flat.sum(axis=1, dtype=np.float64) / size
    return part


@frozen
class Factor:
    """What a layer's input leaves behind for its weight gradient: dL/dW = H^T D.

    Either its Gram matrix H H^T, (S, B, B) float64, or, where that would cost more, H itself, (S, B, N_in).
    """

    gram: Array | None
    rows: Array | None


def gram_pays(batch: int, fan_in: int, fan_out: int) -> bool:
    """Whether |H^T D|^2 costs less by two B x B Gram matrices than by the N_in x N_out product."""
    return batch * (fan_in + fan_out) <= fan_in * fan_out


def reads_gram(x: Array) -> bool:
    """Whether the metrics of a layer's rows, (S, B, N), are taken from their Gram matrix.

    Weight gradients and implicit weights need it anyway, and it saves most passes over the rows. Other metrics and the
    layers above make no difference: a metric alone is the metric among all, and a deeper network has the same digits.
    """
    batch, units = x.shape[1:]
    return x.dtype == np.float32 and gram_pays(batch, units, units)


def gradient_factor(h: Signal, fan_out: int) -> Factor:
    """What to keep of a layer's input h, (S, B, N_in)."""
    if gram_pays(h.rows.shape[1], h.rows.shape[2], fan_out):
        return Factor(h.gram, None)
    return Factor(None, h.rows.copy())


def measure_gradients(signal: Signal, factor: Factor | None, fan_in: int, wanted: Collection[str]) -> Part:
    """grad_q, grad_distinct_units and gradient_cosine of D = dL/dz, (S, B, N_out), and, with the layer's input factor,
    weight_grad_q.
    """
    d = signal.rows
    tolerance = TOLERANCE[d.dtype]

    def statistics(x: Array, squares: Array) -> Part:
        part = {"grad_q": _mean(squares, x.shape[2])}
        if "grad_distinct_units" in wanted:
            part["grad_distinct_units"] = distinct_units(x, squares, tolerance)
        if "gradient_cosine" in wanted:
            cosine, exists = mean_cosine(x, squares)
            part |= {"gradient_cosine": cosine, "gradient_cosine?": exists.astype(np.float64)}
        return part

    part = _in_scale(d, statistics, diagonal(signal.gram) if reads_gram(d) else None)
    size = fan_in * d.shape[2]
    if factor is not None and factor.gram is not None:
        # |H^T D|^2 = sum_ab (H H^T)_ab (D D^T)_ab
        total = (factor.gram * signal.gram).reshape(len(d), -1).sum(axis=1)
        part["weight_grad_q"] = np.maximum(total, 0.0) / size  # rounding alone could put a sum that cancels below 0
    elif factor is not None and factor.rows is not None:
        rows = factor.rows.astype(np.float64)
        product = np.matmul(rows.transpose(0, 2, 1), d.astype(np.float64))
        part["weight_grad_q"] = row_squares(product).sum(axis=1) / size
    return part


def _mean(squares: Array, units: int) -> Array:
    """Mean square over units and batch from squared row lengths, (S, B) -> (S,)."""
    return np.asarray(squares.sum(axis=1) / (squares.shape[1] * units))


def _in_scale(x: Array, statistics: Callable[[Array, Array], Part], squares: Array | None = None) -> Part:
    """Statistics of x, in float64 for the networks whose squares float32 cannot hold.

    squares: squared lengths of the rows, (S, B), where they are known.
    """
    squares = row_squares(x) if squares is None else squares
    if in_scale(squares, x.shape[2], x.dtype):
        return statistics(x, squares)
    far = out_of_scale(squares, x.shape[2], x.dtype)
    wide = x[far].astype(np.float64)
    exact = statistics(wide, row_squares(wide))
    if far.all():
        return exact
    part = {name: np.empty((len(x), *values.shape[1:])) for name, values in exact.items()}
    for name, values in statistics(x[~far], squares[~far]).items():
        part[name][far] = exact[name]
        part[name][~far] = values
    return part
