"""A stack of networks with their weights: forward, and backward to the gradients of every weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

import numpy as np

from ...catalogue.initializers.laws import Law, fill_stack
from ...spec import Cell
from ...streams import Purpose, stream
from ...values import frozen
from ..layers import activated
from ..workspace import Workspace

Array = np.ndarray[Any, Any]

LINE = 16
"""Every matrix starts at a multiple of so many numbers: at a line of the cache."""


@frozen
class Passed:
    """What a forward pass leaves: for every hidden layer its preactivations z (only where they are kept), activations
    h and slopes phi'(z) (in numbers or booleans), each (S, B, N), and the outputs (S, B, K). inputs: (S or 1, B, F).
    """

    inputs: Array
    outputs: Array
    z: list[Array] = field(default_factory=list)
    h: list[Array] = field(default_factory=list)
    slopes: list[Array] = field(default_factory=list)


class Stack:
    """S networks of one shape, hidden layers and a linear readout: a leaf, which an optimizer changes in place.

    parameters, gradients: (S, P), all numbers of a network in a row. weights: views, (S, N_in, N_out); biases:
    (S, 1, N_out), None for layers without. seeds: one for each network; networks of one seed start alike.
    """

    def __init__(self, cell: Cell, seeds: Sequence[int], workspace: Workspace) -> None:
        assert cell.training is not None
        self._layers, self._workspace = cell.network.layers, workspace
        last = self._layers[-1]
        shapes = [(layer.fan_in, layer.fan_out, layer.bias is not None) for layer in self._layers]
        shapes.append((last.fan_out, cell.training.data.shape.outputs, last.bias is not None))
        size = sum(_padded(rows * columns) + (_padded(columns) if biased else 0) for rows, columns, biased in shapes)
        self.parameters = workspace.array("parameters", (len(seeds), size), cell.dtype)
        self.gradients = workspace.array("gradients", (len(seeds), size), cell.dtype)
        self.parameters.fill(0)
        self.gradients.fill(0)
        self.weights, self.biases = _views(self.parameters, shapes)
        self._weight_gradients, self._bias_gradients = _views(self.gradients, shapes)
        self._draw(cell, seeds)

    def forward(self, x: Array, keep: bool = False) -> Passed:
        """The outputs for x, (S or 1, B, F), and what `backward` needs. keep: preactivations, too.

        What is given is overwritten by the next pass.
        """
        passed = Passed(x, self._array("outputs", x.shape[1], self.weights[-1].shape[2]))
        h = x
        for index, layer in enumerate(self._layers):
            z = self._array("z", x.shape[1], layer.fan_out, index if keep else 0)
            self._linear(index, h, z)
            h, slope = activated(layer, z)
            passed.h.append(h)
            passed.slopes.append(slope)
            if keep:
                passed.z.append(z)
        self._linear(-1, h, passed.outputs)
        return passed

    def evaluate(self, x: Array) -> Array:
        """The outputs alone for x, (1, B, F)."""
        outputs = self._array("outputs", x.shape[1], self.weights[-1].shape[2])
        h = x
        for index, layer in enumerate(self._layers):
            z = self._array("z", x.shape[1], layer.fan_out)
            self._linear(index, h, z)
            h = layer.activation.value(z)
        self._linear(-1, h, outputs)
        return outputs

    def backward(self, passed: Passed, d: Array) -> list[Array]:
        """Put dL/dW and dL/db of all layers into `gradients`, from d = dL/df, (S, B, K), which is used up.

        Returns dL/dz of every hidden layer, (S, B, N) each; they are overwritten by the next pass.
        """
        below = [passed.inputs, *passed.h]
        ones = np.ones((1, 1, d.shape[1]), d.dtype)
        found: list[Array] = []
        for index in reversed(range(len(below))):
            if index < len(self._layers):
                d *= passed.slopes[index]
                found.append(d)
            np.matmul(below[index].transpose(0, 2, 1), d, out=self._weight_gradients[index])
            bias = self._bias_gradients[index]
            if bias is not None:
                np.matmul(ones, d, out=bias)
            if index > 0:
                weights = self.weights[index]
                out = self._array("d", d.shape[1], weights.shape[1], index)
                d = np.matmul(d, weights.transpose(0, 2, 1), out=out)
        return found[::-1]

    def _linear(self, index: int, h: Array, out: Array) -> None:
        np.matmul(h, self.weights[index], out=out)
        bias = self.biases[index]
        if bias is not None:
            out += bias

    def _array(self, name: str, batch: int, units: int, slot: int = 0) -> Array:
        return self._workspace.array(name, (len(self.parameters), batch, units), self.parameters.dtype, slot)

    def _draw(self, cell: Cell, seeds: Sequence[int]) -> None:
        """The first weights: those of the networks that are measured as they start, and a readout of their own."""
        assert cell.training is not None
        different = list(dict.fromkeys(seeds))
        place = [different.index(seed) for seed in seeds]

        def draw(laws: Sequence[Law | None], out: Sequence[Array | None], purpose: Purpose) -> None:
            streams = [stream(cell.root_seed, seed, purpose) for seed in different]
            for law, array in zip(laws, out, strict=True):
                if law is not None and array is not None:
                    drawn = np.empty((len(different), *array.shape[1:]), array.dtype)
                    fill_stack(law, streams, drawn if purpose != Purpose.BIASES else drawn[:, 0])
                    array[:] = drawn[place]

        layers, last = self._layers, self._layers[-1]
        readout = cell.training.readout.law(last.fan_out, self.weights[-1].shape[2])
        laws = [layer.initializer.law(layer.fan_in, layer.fan_out) for layer in layers]
        biases = [None if layer.bias is None else layer.bias.law(layer.fan_in, layer.fan_out) for layer in layers]
        draw(laws, self.weights[:-1], Purpose.WEIGHTS)
        draw(biases, self.biases[:-1], Purpose.BIASES)
        draw([readout], self.weights[-1:], Purpose.READOUT)


def _padded(size: int) -> int:
    return -(-size // LINE) * LINE


def _views(numbers: Array, shapes: Sequence[tuple[int, int, bool]]) -> tuple[list[Array], list[Array | None]]:
    """Every layer's weights, (S, N_in, N_out), and biases, (S, 1, N_out) or None, in rows of numbers."""
    start = 0

    def take(rows: int, columns: int) -> Array:
        nonlocal start
        view = numbers[:, start : start + rows * columns].reshape(len(numbers), rows, columns)
        start += _padded(rows * columns)
        return view

    weights: list[Array] = []
    biases: list[Array | None] = []
    for fan_in, fan_out, biased in shapes:
        weights.append(take(fan_in, fan_out))
        biases.append(take(1, fan_out) if biased else None)
    return weights, biases
