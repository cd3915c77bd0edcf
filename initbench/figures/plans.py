"""Which question every figure answers, and with which quantities."""

from __future__ import annotations

from dataclasses import dataclass

from .panels import Quantity


@dataclass(frozen=True)
class Group:
    """Quantities that share a panel while there is one cell to show; title and ylabel are of that panel."""

    title: str
    quantities: tuple[Quantity, ...]
    ylabel: str = ""


@dataclass(frozen=True)
class Plan:
    """A figure: the question it answers, and what it shows of it. shared: all panels have one y axis."""

    question: str
    groups: tuple[Group, ...]
    backward: bool = False
    shared: bool = False


_DEAD = Quantity("dead_fraction", "dead units", "dead units", "share of units", "share")
_INACTIVE = Quantity("inactive_fraction", "inactive entries", "inactive entries", "share of entries", "share")
_SATURATED = Quantity("saturated_fraction", "saturated entries", "saturated entries", "share of entries", "share")
_DISTINCT = Quantity("distinct_share", "distinct units", "distinct units", "share of units", "share")
_DISTINCT_COUNT = Quantity("distinct_count", "distinct units", "distinct units", "number of units", "count")

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
