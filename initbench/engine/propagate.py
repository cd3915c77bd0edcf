"""One chunk of seeds through one cell: signals forward, gradients backward, metrics on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..catalogue.initializers import Law
from ..catalogue.initializers.laws import Constant, Normal, fill_stack
from ..catalogue.initializers.matrices import Orthogonal
from ..spec import Cell, Layer
from ..streams import AHEAD, Ahead, Purpose, fill_normals, stream
from ..values import frozen
from . import histogram, measure, trace
from .dense import DenseWeights
from .implicit import GaussianWeights, HaarWeights
from .layers import LayerMetrics, activated
from .select import each, law_of, resolve
from .signal import Signal
from .sizes import BUDGET, keeps, kept_layers
from .trace import Trace
from .weights import Weights
from .workspace import Workspace

Array = np.ndarray[Any, Any]


@frozen
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
        self.metrics = LayerMetrics(cell.metrics)
        self.laws = each(cell.network.layers, law_of)
        self.trace = trace.empty(
            seeds, cell.network.depth, tuple(name for name in cell.metrics if name != "histograms")
        )
        self.columns = {name: column for column, name in enumerate(self.trace.metrics)}
        self.backward = cell.backward and self.metrics.backward
        self.kept = kept_layers(cell, len(seeds), budget) if self.backward else 0
        self.counting = "histograms" in cell.metrics
        self.jacobians = self.metrics.jacobians()

    def run(self) -> Trace:
        h, passed = self._forward()
        if self.backward:
            self._backward(h, passed)
        return self.trace

    def _forward(self) -> tuple[Array, list[_Passed]]:
        weight_streams = self._weight_streams()
        layers = self.cell.network.layers
        bias_laws = each(layers, _bias_law)
        bias_streams = self._streams(Purpose.BIASES) if any(bias_laws) else []
        passed: list[_Passed] = []
        signal = Signal(self._inputs())
        self._record(0, self.metrics.of_input(signal))
        for index, layer in enumerate(layers):
            factor = self.metrics.factor(signal, layer.fan_out) if self.backward else None
            weights = self._weights(index, layer, weight_streams)
            z = weights.apply(signal, self._array("z", layer.fan_out))
            if bias_law := bias_laws[index]:
                z += self._bias(bias_law, layer.fan_out, bias_streams)
            h, slope = activated(layer, z)
            signal = Signal(h)
            self._record(index + 1, self.metrics.forward(layer, z, signal, slope))
            if self.counting:
                self._count(index + 1, "act", histogram.activation_bins(layer.activation.formula), h)
            if self.jacobians is not None:
                self._record(index + 1, self.metrics.through(self.jacobians, weights.as_array(), slope, z))
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
            self._record(index + 1, self.metrics.of_gradient(signal, below.factor, layer.fan_in))
            if self.counting:
                self._count(index + 1, "grad", histogram.GRADIENT_BINS, histogram.log_magnitude(d))
            if index > 0:
                out = self._array("d", layer.fan_in, slot=index % 2)
                d = below.weights.apply_transpose(signal, out)

    def _streams(self, purpose: Purpose) -> list[np.random.Generator]:
        return [stream(self.cell.root_seed, seed, purpose) for seed in self.seeds]

    def _weight_streams(self) -> Sequence[np.random.Generator]:
        """Drawn ahead where nothing but small float32 arrays of normals is drawn from them."""
        streams = self._streams(Purpose.WEIGHTS)
        largest = self.cell.batch.batch_size * max(max(x.fan_in, x.fan_out) for x in self.cell.network.layers)
        normal = self.dtype == np.float32 and all(isinstance(law, Normal) for law in self.laws)
        small = normal and all(self.choice.implicit) and self.jacobians is None and largest <= AHEAD
        return Ahead(streams) if small else streams

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

    def _weights(self, index: int, layer: Layer, streams: Sequence[np.random.Generator]) -> Weights:
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

    def _bias(self, law: Law, units: int, streams: list[np.random.Generator]) -> Array:
        """Biases of a layer, (S, 1, N)."""
        bias = self.workspace.array("bias", (len(self.seeds), units), self.dtype)
        fill_stack(law, streams, bias)
        return bias[:, None, :]

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


def _bias_law(layer: Layer) -> Law | None:
    """None where there are no biases, or none but zeros."""
    law: Law | None = layer.bias.law(layer.fan_in, layer.fan_out) if layer.bias is not None else None
    return None if isinstance(law, Constant) and law.value == 0 else law
