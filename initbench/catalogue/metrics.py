"""Metrics: the names of what is measured at a layer, with their definitions. The engine computes them."""

from __future__ import annotations

from dataclasses import dataclass

from .registry import Parameter, Registry


@dataclass(frozen=True)
class MetricRecord:
    """A named quantity of one layer of one network.

    needs: "activation" (has a value at the input row, layer 0, too), "preactivation" or "gradient".
    default: measured when a config says `metrics: default`. scalar: one number a layer (histograms are not).
    """

    name: str
    equation: str
    purpose: str
    needs: str
    default: bool = True
    scalar: bool = True
    source: str = ""
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()


METRICS: Registry[MetricRecord] = Registry(
    "metric",
    (
        MetricRecord(
            "preact_mean", "mean of z over units and batch", "where the layer sits on its activation", "preactivation"
        ),
        MetricRecord(
            "preact_var", "variance of z over units and batch (ddof 0)", "the width of that spread", "preactivation"
        ),
        MetricRecord(
            "preact_q",
            "mean of z^2 over units and batch",
            "the length of the preactivation vector, q of mean-field theory",
            "preactivation",
        ),
        MetricRecord("act_mean", "mean of h over units and batch", "whether activations are centred", "activation"),
        MetricRecord(
            "act_var", "variance of h over units and batch (ddof 0)", "the spread of activations", "activation"
        ),
        MetricRecord("act_q", "mean of h^2 over units and batch", "the strength of the forward signal", "activation"),
        MetricRecord(
            "act_var_batch",
            "variance of h over the batch, averaged over units",
            "how much of the signal still tells inputs apart",
            "activation",
        ),
        MetricRecord(
            "cosine",
            "mean over pairs of different inputs of the cosine of their activations; zero rows left out",
            "whether inputs become alike (1) with depth",
            "activation",
        ),
        MetricRecord(
            "distinct_units",
            "number of columns of z that differ on the batch beyond a relative 1e-5 (float32) or 1e-12 (float64)",
            "1 means that the symmetry between units was never broken",
            "preactivation",
        ),
        MetricRecord(
            "dead_fraction",
            "share of units whose activation and slope are 0 for every input",
            "units that can neither speak nor learn",
            "preactivation",
        ),
        MetricRecord(
            "inactive_fraction",
            "share of entries whose activation and slope are both 0",
            "how sparse the layer is",
            "preactivation",
        ),
        MetricRecord(
            "saturated_fraction",
            "share of entries with |phi'(z)| under 1 % of phi's largest slope; for activations that saturate",
            "units stuck on the flat part of their activation",
            "preactivation",
        ),
        MetricRecord(
            "grad_q", "mean of (dL/dz)^2 over units and batch", "the strength of the backward signal", "gradient"
        ),
        MetricRecord(
            "weight_grad_q",
            "mean of (dL/dW)^2 over the weights, L summed over the batch",
            "how fast the layer's weights would move",
            "gradient",
        ),
        MetricRecord(
            "grad_distinct_units",
            "number of columns of dL/dz that differ on the batch, as in distinct_units",
            "1 means that all units are updated alike",
            "gradient",
            default=False,
        ),
        MetricRecord(
            "histograms",
            "counts of h, and of log10 |dL/dz|, in fixed bins (histograms.csv)",
            "the classic picture of activations layer by layer",
            "activation",
            default=False,
            scalar=False,
        ),
    ),
)

DEFAULT_METRICS = tuple(record.name for record in METRICS if record.default)
