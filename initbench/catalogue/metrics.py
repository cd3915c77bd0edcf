"""Metrics: the names of what is measured at a layer, with their definitions. The engine computes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..values import frozen
from .adopt import a, number, record_of
from .plugins import Plugin
from .registry import Parameter, Registry

NEEDS = ("activation", "preactivation", "gradient")
COLUMNS = frozenset(
    {
        *("cell", "seed", "layer", "fan_in", "fan_out", "metric", "n", "mean", "sd", "stderr", "median", "q05", "q95"),
        *("nonfinite", "theory", "theory_sd", "theory_z", "theory_z_layer", "infinite_width", "within", "reason"),
        *("n_seeds", "engine_used", "status", "act_q_ratio", "act_q_ratio_median", "grad_q_ratio"),
        *("grad_q_ratio_median", "forward_rate", "backward_rate", "forward", "backward", "flags", "verdict"),
        *("step", "learning_rate", "loss", "accuracy", "test_loss", "test_accuracy", "gradient_norm", "diverged_at"),
        *("kept", "final_loss", "final_accuracy", "diverged", "disagreement", "xi_c"),
        *("quantity", "low", "high", "count", "act", "grad", "distinct_share", "distinct_count", "batch_share"),
    }
)
"""Names that mean something else in tables and pictures: no metric of a plug-in can have one."""

Measure = Callable[..., float | None]
"""What a plug-in's metric computes from the arrays of one layer of one network, (B, N) each, as `needs` says:

    activation      measure(h)              layer 0, the input, too
    preactivation   measure(z, h, slope)    h = phi(z), slope = phi'(z)
    gradient        measure(d)              d = dL/dz

All numbers are finite: networks that overflowed are nan without being asked. None: it does not exist here.
"""


@frozen
class MetricRecord:
    """A named quantity of one layer of one network.

    needs: "activation" (has a value at the input row, layer 0, too), "preactivation" or "gradient".
    default: measured when a config says `metrics: default`; a plug-in never is. scalar: one number a layer (histograms
    are not).
    measure: a plug-in's function; our own are the engine's. origin: the package and version of a plug-in, set when it
    is loaded.
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
    measure: Measure | None = None
    origin: str = ""


def adopt_metric(plugin: Plugin, loaded: Any) -> MetricRecord:
    """The record of a plug-in; every number that it measures is checked. Raises PluginError where it is no MetricRecord
    with a `measure`.
    """
    record = record_of(plugin, loaded, MetricRecord)
    if record.needs not in NEEDS:
        raise plugin.refused(f"needs {record.needs!r}, which is none of {', '.join(NEEDS)}")
    if not callable(record.measure):
        raise plugin.refused(f"has {a(record.measure)} for its measure, which is a function of a layer's arrays")
    if record.parameters or record.scalar is not True:
        raise plugin.refused("has parameters or is not scalar: a metric of a plug-in is one number a layer")
    measure = record.measure

    def watched(*arrays: Any) -> float | None:
        found: Any = plugin.call("measure", measure, *arrays)
        return None if found is None else number(plugin, "what measure gave", found)

    return replace(record, default=False, measure=watched)


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
            "gradient_cosine",
            "mean over pairs of different inputs of the cosine of their dL/dz; zero rows left out",
            "with gradient: shared, whether inputs ask for the same change (1) or gradients are shattered (0)",
            "gradient",
            default=False,
            source="Balduzzi et al. 2017",
        ),
        MetricRecord(
            "jacobian_m1",
            "sum of the squared singular values of J = dh/dx, over the layer's units; mean over inputs",
            "the mean eigenvalue of J J^T: how much an error at the input grows in mean square",
            "preactivation",
            default=False,
            source="Pennington, Schoenholz & Ganguli 2017",
        ),
        MetricRecord(
            "jacobian_var",
            "variance of the eigenvalues of J J^T, one a unit (ddof 0), over their squared mean; mean over inputs",
            "0 means that all directions are stretched alike: dynamical isometry",
            "preactivation",
            default=False,
            source="Pennington, Schoenholz & Ganguli 2017",
        ),
        MetricRecord(
            "jacobian_max",
            "largest singular value of J = dh/dx; mean over inputs",
            "how far the worst direction is stretched",
            "preactivation",
            default=False,
        ),
        MetricRecord(
            "jacobian_min",
            "smallest of the min(features, units) singular values of J = dh/dx; mean over inputs",
            "0 means that some direction of the input is lost",
            "preactivation",
            default=False,
        ),
        MetricRecord(
            "jacobian_condition",
            "jacobian_max over jacobian_min of each input's J = dh/dx; mean over inputs",
            "inf means that some direction of the input is lost",
            "preactivation",
            default=False,
        ),
        MetricRecord(
            "layer_jacobian_mean",
            "mean of the min(fan_in, fan_out) singular values of dh/dh_below = W diag(phi'(z)); mean over inputs",
            "how much one layer stretches a direction on average",
            "preactivation",
            default=False,
            source="Glorot & Bengio 2010",
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
    adopt_metric,
    COLUMNS,
)

DEFAULT_METRICS = tuple(record.name for record in METRICS if record.default)
