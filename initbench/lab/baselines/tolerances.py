"""What rounding may change: numbers that differ by no more are the same results, made by the same numerics.

Two runs on one machine agree to the last byte, so every tolerance is for what somebody changed without meaning to
change a number: sums in another order, a product cut into other blocks. Such changes are relative errors of float32
arithmetic, and every layer that a signal passes adds its own.

Of training, every number has the rounding of the one pass that measures it, at whichever step. What the steps before
make of rounding is not allowed for, as there is no bound to it: units that rounding alone tells apart are units of
their own after some hundred steps. So whoever sums in another order finds that training has drifted, and accepts it,
or has it judged as a sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...catalogue.metrics import METRICS
from ...values import frozen
from ..departure import ROUNDING, SQUARE_OF

Array = np.ndarray[Any, Any]

VARIANCE_OF = {"preact_var": "preact_q", "act_var": "act_q", "act_var_batch": "act_q"}
"""Metrics that are a mean square but for a mean that is taken away first."""
FRACTIONS = ("dead_fraction", "inactive_fraction", "saturated_fraction")
"""Shares of a layer's units, or of its entries."""
COUNTS = ("distinct_units", "grad_distinct_units")
"""Whole numbers of units."""


@frozen
class Tolerance:
    """What a number may differ by: `relative` of its size, plus `absolute`; for every layer passed, if `a_layer`.

    names: metrics, or columns of cells.csv. size: what counts as it.
    """

    names: tuple[str, ...]
    relative: float
    absolute: float
    a_layer: bool
    size: str
    reason: str


TOLERANCES = (
    Tolerance(
        ("preact_q", "act_q", "grad_q", "weight_grad_q"),
        *(ROUNDING, 0.0, True, "the mean square"),
        "float32 products, and sums that are blockwise to 1e-6",
    ),
    Tolerance(
        tuple(VARIANCE_OF),
        *(ROUNDING, 0.0, True, "sqrt(variance x mean square)"),
        "a variance is what is left of a mean square: it has the rounding of all that was taken away",
    ),
    Tolerance(
        tuple(SQUARE_OF),
        *(ROUNDING, 0.0, True, "the root of the mean square"),
        "a mean in which signs cancel has the rounding of what cancelled",
    ),
    Tolerance(
        ("cosine", "gradient_cosine"),
        *(0.0, ROUNDING, True, "1"),
        "a cosine is rounded as 1 is, however small it comes out",
    ),
    Tolerance(
        FRACTIONS,
        *(0.0, 1e-4, False, "1"),
        "rounding moves one entry in ten thousand across a kink or a limit, at most",
    ),
    Tolerance(
        COUNTS,
        *(0.0, 0.1, False, "a unit"),
        "a column of one network in ten may fall on the other side of the threshold",
    ),
    Tolerance(
        ("act_q_ratio", "act_q_ratio_median", "grad_q_ratio", "grad_q_ratio_median"),
        *(2 * ROUNDING, 0.0, True, "the ratio"),
        "both ends of the network are rounded",
    ),
    Tolerance(
        ("forward_rate", "backward_rate"),
        *(4 * ROUNDING, 0.0, False, "the rate"),
        "the error of a ratio, shared by its layers",
    ),
    Tolerance(
        ("count",),
        *(ROUNDING, 0.0, True, "the entries of the layer"),
        "an entry changes its bin where it is as near to an edge as its rounding, and few are",
    ),
    Tolerance(
        ("theory_z",),
        *(1e-3, 0.05, False, "the deviation"),
        "a standard error may be a thousandth of the mean: in standard errors, rounding is as much larger",
    ),
)
"""Every metric and column that has a reason of its own; the others have OTHER's."""
OTHER = Tolerance((), ROUNDING, 0.0, True, "the number", "float32 arithmetic")
UNSTEADY = frozenset({"theory_z_layer"})
"""Columns that are not compared: of two layers that are equally far off, rounding decides which one is named."""

_BY_NAME = {name: tolerance for tolerance in TOLERANCES for name in tolerance.names}


def tolerance(name: str) -> Tolerance:
    """That of a metric or a column of cells.csv."""
    return _BY_NAME.get(name, OTHER)


def allowed(metrics: tuple[str, ...], size: Array, layers: Array | None = None, depth: int = 0) -> Array:
    """What the numbers of a cell may differ by, (R, M), a row for every layer.

    size: of every metric, (R, M): its mean or its standard deviation over the networks, whichever is larger; nan
    where it was not measured. A mean or a variance of which the mean square was not measured counts for itself.
    layers: of every row, of a network of this depth; without them the rows are its layers, the input the first.
    """
    if layers is None:
        layers, depth = np.arange(len(size)), len(size) - 1
    limits = np.empty_like(size)
    for place, metric in enumerate(metrics):
        record, own = tolerance(metric), size[:, place]
        passed = _passed(metric, layers, depth) if record.a_layer else np.ones(len(size))
        share = record.relative * passed
        square = SQUARE_OF.get(metric) or VARIANCE_OF.get(metric)
        root = np.sqrt(size[:, metrics.index(square)]) if square in metrics else np.full(len(size), np.nan)
        of_root = share * np.fmax(root, own)
        if metric in VARIANCE_OF:  # (a + e)^2 - a^2, with a^2 the variance and e the rounding of the root
            of_root = share * root * np.sqrt(own) + (share * root) ** 2
        limits[:, place] = np.where(np.isnan(root), share * own, of_root) + record.absolute * passed
    return limits


def allowed_column(column: str, size: Array | float, depth: int) -> Any:
    """What numbers that belong to no layer may differ by, in the shape of `size`; depth: of the cell's network."""
    record = tolerance(column)
    return (record.relative * np.abs(size) + record.absolute) * (depth + 1 if record.a_layer else 1)


def _passed(metric: str, layers: Array, depth: int) -> Array:
    """The layers that are passed before a number is measured, the input among them, (R,)."""
    backward = metric in METRICS and METRICS.find(metric).needs == "gradient"
    return np.full(len(layers), depth + 1.0) if backward else layers + 1.0
