"""All metrics of one layer, from what passes through it: for networks as they start, and while they are trained."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ..spec import Layer
from . import measure
from .custom import CustomMetrics
from .jacobian import JACOBIAN, Jacobians
from .measure import Factor, Part
from .signal import Signal

Array = np.ndarray[Any, Any]

BACKWARD = frozenset({"grad_q", "weight_grad_q", "grad_distinct_units", "gradient_cosine", "histograms"})
"""The metrics that a backward pass is for."""


class LayerMetrics:
    """The metrics of `names`, our own and those of plug-ins. Each method gives a Part: `name` (S,), and `name?` where
    it exists. Raises PluginError where a plug-in does.
    """

    def __init__(self, names: Collection[str]) -> None:
        self.wanted = frozenset(names)
        self._custom = CustomMetrics(names)

    @property
    def backward(self) -> bool:
        """Whether any of them needs gradients."""
        return bool(self.wanted & BACKWARD) or self._custom.need("gradient")

    def jacobians(self) -> Jacobians | None:
        """A measure of Jacobians for one forward pass; None where nobody asks for them."""
        return None if JACOBIAN.isdisjoint(self.wanted) else Jacobians(self.wanted)

    def of_input(self, signal: Signal) -> Part:
        """Those of the input."""
        part = measure.measure_activations(signal.rows, self.wanted, self._gram(signal))
        return part | self._custom.measure("activation", signal.rows)

    def forward(self, layer: Layer, z: Array, signal: Signal, slope: Array) -> Part:
        """Those of z, h = phi(z) and phi'(z) (in numbers or booleans), (S, B, N) each."""
        formula, h = layer.activation.formula, signal.rows
        part = measure.measure_preactivations(z, self.wanted)
        activations = measure.measure_activations(h, self.wanted, self._gram(signal))
        steepest = formula.steepest if formula.saturates else None
        activity = measure.measure_activity(h, slope, steepest, self.wanted)
        if activity:
            broken = _broken(h, activations.get("act_q"))
            for name in activity:
                activity[name][broken] = np.nan
        if "distinct_units" in part:
            part["distinct_units"][~np.isfinite(part["preact_q"])] = np.nan
        custom = self._custom.measure("activation", h)
        if self._custom.need("preactivation"):
            custom |= self._custom.measure("preactivation", z, h, slope.astype(z.dtype, copy=False))
        return part | activations | activity | custom

    def through(self, jacobians: Jacobians, weights: Array, slope: Array, z: Array) -> Part:
        """Those of Jacobians: nan for networks that have a preactivation that is not finite."""
        part = jacobians.measure(weights, slope)
        broken = ~np.isfinite(z).all(axis=(1, 2))
        for name, values in part.items():
            values[broken] = 1.0 if name.endswith("?") else np.nan
        return part

    def factor(self, signal: Signal, fan_out: int) -> Factor | None:
        """What is to be kept of a layer's input for `of_gradient`."""
        return measure.gradient_factor(signal, fan_out) if "weight_grad_q" in self.wanted else None

    def of_gradient(self, signal: Signal, factor: Factor | None, fan_in: int) -> Part:
        """Those of dL/dz, (S, B, N)."""
        part = measure.measure_gradients(signal, factor, fan_in, self.wanted)
        if "grad_distinct_units" in part:
            part["grad_distinct_units"][~np.isfinite(part["grad_q"])] = np.nan
        return part | self._custom.measure("gradient", signal.rows)

    def _gram(self, h: Signal) -> Array | None:
        """The Gram matrix of a layer's activations, for its metrics; None where they cost less without it."""
        return None if measure.ACTIVATION.isdisjoint(self.wanted) or not measure.reads_gram(h.rows) else h.gram


def activated(layer: Layer, z: Array) -> tuple[Array, Array]:
    """phi(z), an array of its own, and phi'(z), as booleans where it is 1 or 0."""
    passes = layer.activation.formula.passes
    h, slope = layer.activation.both(z) if passes is None else (layer.activation.value(z), passes(z))
    return (h.copy() if np.may_share_memory(h, z) else h), slope  # z's memory is used again by the next layer


def _broken(h: Array, act_q: Array | None) -> Array:
    """Which networks have an entry that is not finite, (S,) bool; a finite mean square spares the search."""
    doubtful = np.ones(len(h), bool) if act_q is None else ~np.isfinite(act_q)
    doubtful[doubtful] = ~np.isfinite(h[doubtful]).all(axis=(1, 2))
    return doubtful
