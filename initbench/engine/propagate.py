"""One chunk of seeds through one cell: signals forward, gradients backward, metrics on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..catalogue.initializers import Law
from ..catalogue.initializers.laws import Constant, Normal, fill_stack
from ..catalogue.initializers.matrices import Orthogonal
from ..spec import Cell, Layer
from ..streams import Purpose, fill_normals, stream
from . import histogram, measure, trace
from .custom import CustomMetrics
from .dense import DenseWeights
from .implicit import GaussianWeights, HaarWeights
from .jacobian import JACOBIAN, Jacobians
from .select import each, law_of, resolve
from .signal import Signal
from .sizes import BUDGET, keeps, kept_layers
from .trace import Trace
from .weights import Weights
from .workspace import Workspace

Array = np.ndarray[Any, Any]


BACKWARD = {"grad_q", "weight_grad_q", "grad_distinct_units", "gradient_cosine", "histograms"}
"""The metrics that a backward pass is for."""


@dataclass(frozen=True)
class _Passed:
    """What a layer leaves for the backward pass. slope: phi'(z), (S, B, N_out), in numbers or booleans."""

    weights: Weights
    slope: Array
    factor: measure.Factor | None


def propagate(cell: Cell, seeds: Sequence[int], workspace: Workspace | None = None, budget: int = BUDGET) -> Trace:
    """Measure the networks of `seeds` in one cell.

    budget: bytes for weights kept until the backward pass; the rest is drawn twice, to the same numbers.
    Overflow, nan and dead networks are results: nothing is raised or warned. Raises PluginError where a plug-in does.
    """
    with np.errstate(all="ignore"):
        return _Chunk(cell, seeds, workspace or Workspace(), budget).run()


class _Chunk:
    """The state of one chunk while it runs: a leaf, used once."""

    def __init__(self, cell: Cell, seeds: Sequence[int], workspace: Workspace, budget: int) -> None:
        self.cell, self.seeds, self.workspace = cell, seeds, workspace
        self.dtype = np.dtype(cell.dtype)
        self.choice = resolve(cell)
        self.wanted = frozenset(cell.metrics)
        self.custom = CustomMetrics(cell.metrics)
        self.laws = each(cell.network.layers, law_of)
        self.trace = trace.empty(
            seeds, cell.network.depth, tuple(name for name in cell.metrics if name != "histograms")
        )
        self.columns = {name: column for column, name in enumerate(self.trace.metrics)}
        self.backward = cell.backward and (bool(self.wanted & BACKWARD) or self.custom.need("gradient"))
        self.kept = kept_layers(cell, len(seeds), budget) if self.backward else 0
        self.jacobians = None if JACOBIAN.isdisjoint(self.wanted) else Jacobians(self.wanted)

    def run(self) -> Trace:
        h, passed = self._forward()
        if self.backward:
            self._backward(h, passed)
        return self.trace

    def _forward(self) -> tuple[Array, list[_Passed]]:
        weight_streams = self._streams(Purpose.WEIGHTS)
        bias_streams = self._streams(Purpose.BIASES)
        passed: list[_Passed] = []
        signal = Signal(self._inputs())
        part = measure.measure_activations(signal.rows, self.wanted, self._gram(signal))
        self._record(0, part | self.custom.measure("activation", signal.rows))
        for index, layer in enumerate(self.cell.network.layers):
            factor = self._factor(signal, layer)
            weights = self._weights(index, layer, weight_streams)
            z = weights.apply(signal, self._array("z", layer.fan_out))
            self._add_bias(z, layer, bias_streams)
            h, slope = _activated(layer, z)
            if np.may_share_memory(h, z):  # z's memory is used again by the next layer
                h = h.copy()
            signal = Signal(h)
            self._measure_layer(index + 1, layer, z, signal, slope)
            if self.jacobians is not None:
                self._record(index + 1, _whole(self.jacobians.measure(weights.as_array(), slope), z))
            if self.backward:
                passed.append(_Passed(weights, slope, factor))
        return signal.rows, passed

    def _backward(self, h: Array, passed: list[_Passed]) -> None:
        # dL/dz = dL/dh phi'(z);  dL/dh_below = dL/dz W^T
        d = self._cotangent(h)
        for index in reversed(range(self.cell.network.depth)):
            layer, below = self.cell.network.layers[index], passed.pop()  # what is not needed again is let go
            d *= below.slope
            signal = Signal(d)
            part = measure.measure_gradients(signal, below.factor, layer.fan_in, self.wanted)
            if "grad_distinct_units" in part:
                part["grad_distinct_units"][~np.isfinite(part["grad_q"])] = np.nan
            self._record(index + 1, part | self.custom.measure("gradient", d))
            if "histograms" in self.wanted:
                self._count(index + 1, "grad", histogram.GRADIENT_BINS, histogram.log_magnitude(d))
            if index > 0:
                out = self._array("d", layer.fan_in, slot=index % 2)
                d = below.weights.apply_transpose(signal, out)

    def _streams(self, purpose: Purpose) -> list[np.random.Generator]:
        return [stream(self.cell.root_seed, seed, purpose) for seed in self.seeds]

    def _array(self, name: str, units: int, slot: int = 0) -> Array:
        shape = (len(self.seeds), self.cell.batch.batch_size, units)
        return self.workspace.array(name, shape, self.dtype, slot)

    def _inputs(self) -> Array:
        batch = self.cell.batch
        size = (batch.batch_size, batch.features)
        if not batch.resample:
            shared = stream(self.cell.root_seed, 0, Purpose.SHARED_INPUTS)
            x = batch.inputs.draw(shared, *size)
            return np.repeat(x.astype(self.dtype)[None], len(self.seeds), axis=0)
        drawn = [batch.inputs.draw(generator, *size) for generator in self._streams(Purpose.INPUTS)]
        return np.stack(drawn).astype(self.dtype)

    def _weights(self, index: int, layer: Layer, streams: list[np.random.Generator]) -> Weights:
        law = self.laws[index]
        passing = self.jacobians is not None and not self.backward  # held until the layer's Jacobians are known
        if self.choice.implicit[index]:
            if isinstance(law, Normal):
                return GaussianWeights(law.stddev, layer.fan_in, layer.fan_out, streams)
            assert isinstance(law, Orthogonal)
            return HaarWeights(law.gain, layer.fan_in, layer.fan_out, streams)
        return DenseWeights(
            law=law,
            shape=(layer.fan_in, layer.fan_out),
            generators=streams,
            workspace=self.workspace,
            dtype=self.dtype,
            keep=passing or (index >= self.cell.network.depth - self.kept and keeps(layer)),
            slot=0 if passing else index,
        )

    def _add_bias(self, z: Array, layer: Layer, streams: list[np.random.Generator]) -> None:
        if layer.bias is None:
            return
        law: Law = layer.bias.law(layer.fan_in, layer.fan_out)
        if isinstance(law, Constant) and law.value == 0:
            return
        bias = self.workspace.array("bias", (len(self.seeds), layer.fan_out), self.dtype)
        fill_stack(law, streams, bias)
        z += bias[:, None, :]

    def _factor(self, h: Signal, layer: Layer) -> measure.Factor | None:
        if not self.backward or "weight_grad_q" not in self.wanted:
            return None
        return measure.gradient_factor(h, layer.fan_out)

    def _gram(self, h: Signal) -> Array | None:
        """The Gram matrix of a layer's activations, for its metrics; None where they cost less without it."""
        return None if measure.ACTIVATION.isdisjoint(self.wanted) or not measure.reads_gram(h.rows) else h.gram

    def _cotangent(self, h: Array) -> Array:
        """dL/dh of the last layer, (S, B, N); nan for networks that did not come through, which have no gradient."""
        d = self._array("cotangent", h.shape[2])
        if self.cell.gradient == "ones":
            d[:] = 1.0
        elif self.cell.gradient == "shared":
            shared = self.workspace.array("bias", (len(d), h.shape[2]), self.dtype)
            fill_normals(self._streams(Purpose.GRADIENT), shared)
            d[:] = shared[:, None, :]
        else:
            fill_normals(self._streams(Purpose.GRADIENT), d)
        d[~np.isfinite(h).all(axis=(1, 2))] = np.nan
        return d

    def _measure_layer(self, row: int, layer: Layer, z: Array, signal: Signal, slope: Array) -> None:
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
        custom = self.custom.measure("activation", h)
        if self.custom.need("preactivation"):
            custom |= self.custom.measure("preactivation", z, h, slope.astype(z.dtype, copy=False))
        self._record(row, part | activations | activity | custom)
        if "histograms" in self.wanted:
            self._count(row, "act", histogram.activation_bins(formula), h)

    def _record(self, row: int, part: measure.Part) -> None:
        for name, values in part.items():
            if (column := self.columns.get(name)) is not None:
                self.trace.values[:, row, column] = values
                self.trace.present[:, row, column] = part.get(f"{name}?", True)

    def _count(self, row: int, quantity: str, bins: histogram.Bins, x: Array) -> None:
        counts = self.trace.histograms.setdefault(
            quantity, np.zeros((self.cell.network.depth + 1, bins.number + 2), np.int64)
        )
        counts[row] += bins.count(x)


def _activated(layer: Layer, z: Array) -> tuple[Array, Array]:
    """phi(z) and phi'(z), as booleans where it is 1 or 0."""
    passes = layer.activation.formula.passes
    return layer.activation.both(z) if passes is None else (layer.activation.value(z), passes(z))


def _whole(part: measure.Part, z: Array) -> measure.Part:
    """The same with nan for networks that have a preactivation that is not finite."""
    broken = ~np.isfinite(z).all(axis=(1, 2))
    for name, values in part.items():
        values[broken] = 1.0 if name.endswith("?") else np.nan
    return part


def _broken(h: Array, act_q: Array | None) -> Array:
    """Which networks have an entry that is not finite, (S,) bool; a finite mean square spares the search."""
    doubtful = np.ones(len(h), bool) if act_q is None else ~np.isfinite(act_q)
    doubtful[doubtful] = ~np.isfinite(h[doubtful]).all(axis=(1, 2))
    return doubtful
