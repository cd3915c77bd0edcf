"""Which question every figure answers, and with which quantities."""

from __future__ import annotations

import numpy as np

from initbench.catalogue.metrics import COLUMNS, METRICS

from ..values import frozen
from .curves import Curves
from .panels import LOG_DECADES, Quantity


@frozen
class Group:
    """Quantities that share a panel while there is one cell to show; title and ylabel are of that panel."""

    title: str
    quantities: tuple[Quantity, ...]
    ylabel: str = ""


@frozen
class Plan:
    """A figure: the question it answers, and what it shows of it. shared: all panels have one y axis."""

    question: str
    groups: tuple[Group, ...]
    backward: bool = False
    shared: bool = False


_GRADIENTS = Quantity(
    "gradient_cosine", "gradients", "cosine between their gradients", "mean cosine of ∂L/∂z", "cosine"
)
_DEAD = Quantity("dead_fraction", "dead units", "dead units", "share of units", "share")
_INACTIVE = Quantity("inactive_fraction", "inactive entries", "inactive entries", "share of entries", "share")
_SATURATED = Quantity("saturated_fraction", "saturated entries", "saturated entries", "share of entries", "share")
_DISTINCT = Quantity("distinct_share", "distinct units", "distinct units", "share of units", "share")
_DISTINCT_COUNT = Quantity("distinct_count", "distinct units", "distinct units", "number of units", "count")

CUSTOM = "metrics"
"""The figure of what is measured only where it is asked for: Jacobians, and what plug-ins measure."""
MOST_CUSTOM = 6

_JACOBIANS = (
    Quantity("jacobian_m1", "mean square", "how the input is stretched: J = ∂h/∂x", "mean squared singular value"),
    Quantity("jacobian_var", "variance", "how unequally: spread of J's squares", "variance / mean²"),
    Quantity("jacobian_max", "largest", "largest singular value of J", "singular value"),
    Quantity("jacobian_min", "smallest", "smallest singular value of J", "singular value"),
    Quantity("jacobian_condition", "condition", "condition number of J", "largest / smallest"),
    Quantity("layer_jacobian_mean", "layer", "a layer's own Jacobian", "mean singular value"),
)
JACOBIANS = {quantity.metric: quantity for quantity in _JACOBIANS}

PLANS = {
    "variance": Plan(
        "Does the signal survive? Variance and mean square across layers",
        (
            Group(
                "preactivations z",
                (
                    Quantity("preact_var", "variance", "variance of preactivations", "variance of z"),
                    Quantity("preact_q", "mean square", "mean square of preactivations", "mean square of z"),
                ),
                "variance, mean square of z",
            ),
            Group(
                "activations h",
                (
                    Quantity("act_var", "variance", "variance of activations", "variance of h"),
                    Quantity("act_q", "mean square", "mean square of activations", "mean square of h"),
                ),
                "variance, mean square of h",
            ),
        ),
        shared=True,
    ),
    "gradients": Plan(
        "Does the gradient survive? Mean squares across layers",
        (
            Group("", (Quantity("grad_q", "∂L/∂z", "gradients of preactivations", "mean square of ∂L/∂z"),)),
            Group("", (Quantity("weight_grad_q", "∂L/∂W", "gradients of weights", "mean square of ∂L/∂W"),)),
        ),
        backward=True,
    ),
    "health": Plan(
        "Do the units work? Dead, inactive, saturated and distinct units",
        (
            Group("units of each layer", (_DEAD, _INACTIVE, _SATURATED, _DISTINCT), "share of units or entries"),
            Group("", (_DISTINCT_COUNT,)),
        ),
    ),
    "cosine": Plan(
        "Can inputs still be told apart? Their similarity across layers",
        (
            Group("", (Quantity("cosine", "cosine", "cosine between two inputs", "mean cosine of h", "cosine"),)),
            Group("", (_GRADIENTS,)),
            Group(
                "",
                (
                    Quantity(
                        "batch_share",
                        "due to the input",
                        "variance due to the input",
                        "share of the variance of h",
                        "ratio",
                    ),
                ),
            ),
        ),
    ),
}


def custom_plan(found: Curves) -> Plan:
    """The figure of Jacobians and of what plug-ins measured, a panel for each metric; of more than MOST_CUSTOM, the
    first."""
    ours = COLUMNS.union(record.name for record in METRICS)
    quantities = [JACOBIANS[name] for name in found if name in JACOBIANS]
    quantities += [Quantity(name, name, name, name, _kind(found, name)) for name in found if name not in ours]
    what = "Metrics of plug-ins" if len(quantities) > len(JACOBIANS.keys() & found) else "Jacobians"
    shown = f" (the first {MOST_CUSTOM} of {len(quantities)} metrics)" if len(quantities) > MOST_CUSTOM else ""
    groups = tuple(Group("", (quantity,)) for quantity in quantities[:MOST_CUSTOM])
    return Plan(f"What else was measured? {what} across layers{shown}", groups)


def _kind(found: Curves, name: str) -> str:
    """`size`, which may have a logarithmic axis, where every mean is positive and they are far apart."""
    means = np.concatenate([curve.mean[np.isfinite(curve.mean)] for curve in found[name].values()])
    apart = means.size and means.min() > 0 and np.log10(means.max() / means.min()) > LOG_DECADES
    return "size" if apart else "number"
