"""The layers of networks that are being trained, measured as at the start, with the gradient of the training loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...spec import Cell
from ..layers import LayerMetrics
from ..measure import Part
from ..signal import Signal
from .losses import Differentiate
from .network import Stack

Array = np.ndarray[Any, Any]


class Probe:
    """Measures with the same training examples at every step. metrics: the names of what is measured, in order.

    inputs: (1, B, F), targets as the loss takes them; the loss is their mean.
    """

    def __init__(self, cell: Cell, inputs: Array, targets: Array, loss: Differentiate) -> None:
        self.metrics = measured(cell)
        self._columns = {name: column for column, name in enumerate(self.metrics)}
        self._layers, self._measures = cell.network.layers, LayerMetrics(self.metrics)
        self._inputs, self._targets, self._loss = inputs, targets, loss

    def measure(self, stack: Stack, values: Array, present: Array) -> None:
        """Put the metrics of every network and layer, (S, L + 1, M), where they belong; nan where a network broke."""
        passed = stack.forward(self._inputs, keep=True)
        jacobians = self._measures.jacobians()
        inputs = np.repeat(self._inputs, len(values), axis=0)
        signals = [Signal(inputs), *map(Signal, passed.h)]
        self._put(values, present, 0, self._measures.of_input(signals[0]))
        for index, layer in enumerate(self._layers):
            z, slope = passed.z[index], passed.slopes[index]
            self._put(values, present, index + 1, self._measures.forward(layer, z, signals[index + 1], slope))
            if jacobians is not None:
                part = self._measures.through(jacobians, stack.weights[index], slope, z)
                self._put(values, present, index + 1, part)
        if self._measures.backward:
            self._loss(passed.outputs, self._targets)
            for index, d in enumerate(stack.backward(passed, passed.outputs)):
                layer = self._layers[index]
                factor = self._measures.factor(signals[index], layer.fan_out)
                self._put(values, present, index + 1, self._measures.of_gradient(Signal(d), factor, layer.fan_in))

    def _put(self, values: Array, present: Array, row: int, part: Part) -> None:
        for name, found in part.items():
            if (column := self._columns.get(name)) is not None:
                values[:, row, column] = found
                present[:, row, column] = part.get(f"{name}?", True)


def measured(cell: Cell) -> tuple[str, ...]:
    """The metrics that are measured while a cell is trained: one number a layer each."""
    return tuple(name for name in cell.metrics if name != "histograms")
