"""The metrics once more, as plain loops over the definitions, and networks rebuilt from nothing but the streams'
contract.

Nothing here uses the engine: only the laws (to draw weights) and the activations (to apply them) are shared with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from initbench.catalogue.activations import activation
from initbench.catalogue.initializers import Initializer, initializer
from initbench.catalogue.initializers.laws import Normal
from initbench.catalogue.inputs import Inputs, inputs
from initbench.catalogue.metrics import DEFAULT_METRICS
from initbench.engine import Trace
from initbench.spec import Batch, Cell, Layer, Network

Array = np.ndarray[Any, Any]

INPUTS, WEIGHTS, BIASES, GRADIENT, SHARED_INPUTS = 1, 2, 3, 4, 5
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}  # of distinct_units
RECTANGULAR = (16, 8, 32, 16, 64, 8, 24)  # where fan_in and fan_out, or W and its transpose, cannot be confused


def chosen(factory: Any, choice: Any) -> Any:
    """`"relu"` or `("leaky_relu", {"negative_slope":
    0.1})` as the thing itself; parameters may also be a tuple of pairs.
    """
    return factory(choice) if isinstance(choice, str) else factory(choice[0], **dict(choice[1]))


def make_cell(
    widths: Sequence[int],
    activations: Any = "relu",
    initializers: Any = "he_normal",
    bias: Any = None,
    source: Inputs | None = None,
    batch_size: int = 5,
    **rest: Any,
) -> Cell:
    """A cell; widths start with the number of features.
    Activations and initializers: one choice, or a list of one a layer.

    Weights are drawn unless `engine` says otherwise: such networks can be rebuilt from their streams.
    """
    depth = len(widths) - 1
    acts = activations if isinstance(activations, list) else [activations] * depth
    inits = initializers if isinstance(initializers, list) else [initializers] * depth
    law: Initializer | None = None if bias is None else chosen(initializer, bias)
    layers = tuple(
        Layer(widths[k], widths[k + 1], chosen(activation, acts[k]), chosen(initializer, inits[k]), law)
        for k in range(depth)
    )
    settings: dict[str, Any] = {
        "gradient": "gaussian",
        "dtype": "float64",
        "engine": "dense",
        "metrics": DEFAULT_METRICS,
        "root_seed": 0,
    }
    resample = rest.pop("resample", True)
    batch = Batch(source or inputs("gaussian"), widths[0], batch_size, resample)
    return Cell(Network(layers), batch, **(settings | rest))


def generator(root_seed: int, seed: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(root_seed, spawn_key=(purpose, seed))))


@dataclass
class Net:
    """One network: x (B, N_0), its weights and biases (None where there are none), and dL/dh of the last layer."""

    cell: Cell
    x: Array
    weights: list[Array]
    biases: list[Array | None]
    cotangent: Array

    def forward(self) -> tuple[list[Array], list[Array]]:
        """(z of layers 1.., h of layers 0..)"""
        zs, hs = [], [self.x]
        for layer, weight, bias in zip(self.cell.network.layers, self.weights, self.biases, strict=True):
            z = hs[-1] @ weight
            if bias is not None:
                z = z + bias
            zs.append(z)
            hs.append(layer.activation.value(z))
        return zs, hs

    def loss_from(self, z: Array, index: int) -> float:
        """L = sum(cotangent h_L), from the preactivations of layer `index` (counted from 0) on."""
        layers = self.cell.network.layers
        h = layers[index].activation.value(z)
        for k in range(index + 1, len(layers)):
            z = h @ self.weights[k]
            bias = self.biases[k]
            h = layers[k].activation.value(z if bias is None else z + bias)
        return float((self.cotangent * h).sum())

    def backward(self, zs: list[Array]) -> list[Array]:
        """dL/dz of layers 1.., by the chain rule."""
        layers = self.cell.network.layers
        d = self.cotangent
        out: list[Array] = []
        for k in reversed(range(len(layers))):
            d = d * layers[k].activation.slope(zs[k])
            out.insert(0, d)
            d = d @ self.weights[k].T
        return out


def rebuild(cell: Cell, seed: int) -> Net:
    """The network of a seed, drawn here in the order that the streams' contract names:
    layer by layer, one stream a purpose.
    """
    dtype = np.dtype(cell.dtype)
    batch = cell.batch
    weights_stream = generator(cell.root_seed, seed, WEIGHTS)
    bias_stream = generator(cell.root_seed, seed, BIASES)
    gradient_stream = generator(cell.root_seed, seed, GRADIENT)
    source = generator(cell.root_seed, seed, INPUTS) if batch.resample else generator(cell.root_seed, 0, SHARED_INPUTS)
    x = batch.inputs.draw(source, batch.batch_size, batch.features).astype(dtype)
    weights: list[Array] = []
    biases: list[Array | None] = []
    for layer in cell.network.layers:
        weights.append(layer.initializer.sample(weights_stream, layer.fan_in, layer.fan_out, dtype))
        bias = None
        if layer.bias is not None:
            bias = np.empty(layer.fan_out, dtype)
            layer.bias.law(layer.fan_in, layer.fan_out).fill(bias_stream, bias)
        biases.append(bias)
    shape = (batch.batch_size, cell.network.layers[-1].fan_out)
    cotangent = np.ones(shape, dtype)
    if cell.gradient == "gaussian":
        Normal(0.0, 1.0).fill(gradient_stream, cotangent)
    elif cell.gradient == "shared":
        Normal(0.0, 1.0).fill(gradient_stream, cotangent[0])
        cotangent[:] = cotangent[0]
    return Net(cell, x, weights, biases, cotangent)


def reference(cell: Cell, seed: int) -> Iterator[tuple[int, str, float | None]]:
    """(layer, metric, value or None where absent) of every default metric of one network."""
    net = rebuild(cell, seed)
    zs, hs = net.forward()
    yield from ((0, name, value) for name, value in of_activations(hs[0]).items())
    ds = net.backward(zs) if cell.backward else None
    for row, layer in enumerate(cell.network.layers, start=1):
        z, h = zs[row - 1], hs[row]
        measured: dict[str, float | None] = of_preactivations(z, TOLERANCE[cell.dtype]) | of_activations(h)
        formula = layer.activation.formula
        measured |= of_activity(h, layer.activation.slope(z), formula.steepest if formula.saturates else None)
        if ds is not None:
            measured |= of_gradients(hs[row - 1], ds[row - 1])
        yield from ((row, name, value) for name, value in measured.items())


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def moments(x: Array) -> tuple[float, float, float]:
    """Mean, variance (ddof 0) and mean square of all entries."""
    entries = [float(value) for value in x.ravel()]
    m = mean(entries)
    return m, mean([(value - m) ** 2 for value in entries]), mean([value * value for value in entries])


def of_preactivations(z: Array, tolerance: float) -> dict[str, float | None]:
    m, variance, q = moments(z)
    return {
        "preact_mean": m,
        "preact_var": variance,
        "preact_q": q,
        "distinct_units": float(distinct(z, tolerance)),
    }


def of_activations(h: Array) -> dict[str, float | None]:
    m, variance, q = moments(h)
    units = [moments(h[:, i])[1] for i in range(h.shape[1])]
    return {
        "act_mean": m,
        "act_var": variance,
        "act_q": q,
        "act_var_batch": mean(units),
        "cosine": cosine(h),
    }


def of_activity(h: Array, slope: Array, steepest: float | None) -> dict[str, float | None]:
    batch, units = h.shape
    silent = [[h[b, i] == 0 and slope[b, i] == 0 for b in range(batch)] for i in range(units)]
    flat = None
    if steepest is not None:
        flat = mean([float(abs(value) < 0.01 * steepest) for value in slope.ravel()])
    return {
        "inactive_fraction": mean([float(entry) for unit in silent for entry in unit]),
        "dead_fraction": mean([float(all(unit)) for unit in silent]),
        "saturated_fraction": flat,
    }


def of_gradients(below: Array, d: Array) -> dict[str, float | None]:
    """grad_q, and weight_grad_q of dL/dW_ij = sum over inputs of h_i d_j."""
    below, d = below.astype(np.float64), d.astype(np.float64)
    total = [
        math.fsum(below[b, i] * d[b, j] for b in range(len(d))) ** 2
        for i in range(below.shape[1])
        for j in range(d.shape[1])
    ]
    return {"grad_q": moments(d)[2], "weight_grad_q": mean(total)}


def cosine(h: Array) -> float | None:
    """Mean over pairs of different inputs, rows of zeros left out; None without a pair."""
    rows = [row.astype(np.float64) for row in h if row.any()]
    pairs = [float(a @ b / math.sqrt(float(a @ a) * float(b @ b))) for k, a in enumerate(rows) for b in rows[k + 1 :]]
    return mean(pairs) if pairs else None


def distinct(z: Array, tolerance: float) -> int:
    """How many columns differ, by comparing each with every column already counted."""
    kept: list[Array] = []
    for column in z.T.astype(np.float64):
        size = np.linalg.norm(column)
        if not any(np.linalg.norm(column - other) <= tolerance * max(size, np.linalg.norm(other)) for other in kept):
            kept.append(column)
    return len(kept)


def same(a: Trace, b: Trace) -> bool:
    """Whether two traces are the same to the last bit."""
    return (
        a.seeds == b.seeds
        and a.metrics == b.metrics
        and np.array_equal(a.present, b.present)
        and np.array_equal(a.values, b.values, equal_nan=True)
        and a.histograms.keys() == b.histograms.keys()
        and all(np.array_equal(a.histograms[name], b.histograms[name]) for name in a.histograms)
    )
