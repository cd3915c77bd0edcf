"""The frozen specs that all rooms share: what is to be measured, without arrays and without YAML.

Experiment
└── GridCell            one point of the grid: its axes
    └── Cell            one setting, complete: network, inputs, gradient, dtype, engine, metrics, root seed
        ├── Network
        │   └── Layer   fan_in, fan_out, activation, initializer, bias
        └── Training    data, loss, optimizer, learning rates, steps: where networks are trained
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from .catalogue.activations import Activation
from .catalogue.initializers import Initializer
from .catalogue.inputs import Inputs
from .catalogue.metrics import METRICS
from .catalogue.training import Data, Loss, Optimizer
from .values import frozen

NUMERICS_VERSION = 1
"""Raised whenever the same config gives other numbers. Part of every cell's identity."""


@frozen
class Layer:
    """One weight layer: z = h W + b, h = phi(z), W of shape (fan_in, fan_out)."""

    fan_in: int
    fan_out: int
    activation: Activation
    initializer: Initializer
    bias: Initializer | None  # drawn as (fan_out,) with its layer's fans


@frozen
class Network:
    """The layers from the input up; each fan_out is the next fan_in."""

    layers: tuple[Layer, ...]

    @property
    def depth(self) -> int:
        return len(self.layers)

    @property
    def features(self) -> int:
        return self.layers[0].fan_in


@frozen
class Batch:
    """What is fed to every network: batch_size inputs of `features` numbers.

    resample: every seed draws its own inputs; otherwise all seeds share one batch.
    """

    inputs: Inputs
    features: int
    batch_size: int
    resample: bool


@frozen
class Training:
    """How a cell's networks are trained, with a linear readout from the last layer to the outputs.

    learning_rates: each is tried with every seed. test_examples: those that are kept from training.
    readout: what the readout's weights are drawn from; its biases start at 0 and exist where the last layer has some.
    measure_at: the steps, in order, at which every layer is measured. record_every: steps between two recorded losses.
    """

    data: Data
    loss: Loss
    optimizer: Optimizer
    learning_rates: tuple[float, ...]
    steps: int
    batch_size: int
    test_examples: int
    readout: Initializer
    measure_at: tuple[int, ...]
    record_every: int

    @property
    def recorded(self) -> tuple[int, ...]:
        """The steps at which losses are recorded, the first and the last among them. Step k: after k updates."""
        return tuple(sorted({*range(0, self.steps, self.record_every), self.steps}))

    @property
    def examples(self) -> int:
        """How many examples are trained on."""
        return self.data.shape.examples - self.test_examples

    @property
    def labels(self) -> bool:
        """Whether what is learnt are classes, so that there is an accuracy, whatever the loss."""
        return self.data.record.classes


@frozen
class Cell:
    """One setting, complete. `seeds` is not part of it: a network depends on the cell and on its own seed alone.

    gradient: gaussian | shared | ones | none. dtype: float32 | float64. engine: auto | dense | implicit, as asked for.
    metrics: names, in the catalogue's order. training: None where networks are measured as they start, and no more.
    """

    network: Network
    batch: Batch
    gradient: str
    dtype: str
    engine: str
    metrics: tuple[str, ...]
    root_seed: int
    training: Training | None = None

    @property
    def backward(self) -> bool:
        """Whether gradients are sent back at all."""
        return self.gradient != "none"


@frozen
class GridCell:
    """A point of the grid. axes: (dotted key, its value as text), in the order of the file."""

    index: int
    axes: tuple[tuple[str, str], ...]
    cell: Cell

    @property
    def label(self) -> str:
        """`initializer=he_normal, depth=50`, empty where nothing is swept."""
        keys = [key for key, _ in self.axes]
        return ", ".join(f"{short(key, keys)}={value}" for key, value in self.axes)


def short(axis: str, axes: Sequence[str]) -> str:
    """The least of a key that tells it from the other axes: `initializer` for `network.initializer`, unless another
    axis ends the same."""
    for start in range(axis.count("."), -1, -1):
        tail = axis.split(".")[start:]
        if sum(other.split(".")[-len(tail) :] == tail for other in axes) == 1:
            return ".".join(tail)
    return axis


@frozen
class VerdictRules:
    """factor: the change over the depth that counts as vanishing or exploding; saturated, dead: the fractions that
    count."""

    factor: float = 100.0
    saturated: float = 0.5
    dead: float = 0.5


@frozen
class Expectation:
    """One claim about the results.

    where: (dotted key, value as text) pairs that choose cells; metric: a metric of layers.csv, or a column of cells.csv
    or, with a step, of training.csv.
    layer: a number, "first", "last" or "all". over: mean | median | min | max | sd, of the seeds.
    step: of training, a number, "first" or "last"; None: the network as it starts.
    test: between | at_least | at_most | equals | near | near_theory; target: its numbers or, for equals, a text.
    refuted: the claim is a popular one, shown here to fail. published: the number that a paper gives for it, if it
    does; of_root: that is one of the metric's square root, such as a standard deviation.
    line, column: where it stands in the file, 0 if unknown.
    """

    name: str
    where: tuple[tuple[str, str], ...]
    metric: str
    layer: int | str
    over: str
    test: str
    target: tuple[float | str, ...]
    refuted: bool = False
    published: float | None = None
    of_root: bool = False
    step: int | str | None = None
    line: int = 0
    column: int = 0


@frozen
class Experiment:
    """A whole config, validated: what the file asks for, with every default filled in."""

    name: str
    description: str
    cells: tuple[GridCell, ...]
    seeds: tuple[int, ...]
    verdict: VerdictRules
    keep_layers: bool
    expect: tuple[Expectation, ...]
    source: str  # the file's own text
    resolved: str  # the same config with every default and override written out, as YAML
    notes: tuple[str, ...] = ()  # what the reader of the config should be told, such as collapsed grid points

    @property
    def axes(self) -> tuple[str, ...]:
        """The swept keys, in the order of the file."""
        return tuple(key for key, _ in self.cells[0].axes)


def plugins_of(cell: Cell) -> dict[str, str]:
    """The plug-ins that a cell uses: `activation softclip` -> `mypackage 1.0`. Raises PluginError for a lost metric."""
    layers = {id(layer): layer for layer in cell.network.layers}.values()
    used = {f"activation {layer.activation.name}": layer.activation.record.origin for layer in layers}
    for layer in layers:
        drawn = (layer.initializer, *(() if layer.bias is None else (layer.bias,)))
        used |= {f"initializer {one.name}": one.record.origin for one in drawn}
    if cell.training is not None:
        readout = cell.training.readout
        used[f"initializer {readout.name}"] = readout.record.origin
    used |= {f"metric {name}": METRICS.find(name).origin for name in cell.metrics}
    return {name: origin for name, origin in sorted(used.items()) if origin}


def describe(cell: Cell, engine: str) -> dict[str, Any]:
    """The scientific content of a cell run by the resolved `engine`, as plain data: what its identity is the hash
    of."""
    plugins = plugins_of(cell)
    return {
        "numerics": NUMERICS_VERSION,
        "layers": _runs(cell.network.layers),
        "inputs": {"name": cell.batch.inputs.name, **dict(cell.batch.inputs.identity)},
        "batch": [cell.batch.batch_size, cell.batch.features, cell.batch.resample],
        "gradient": cell.gradient,
        "dtype": cell.dtype,
        "engine": engine,
        "metrics": list(cell.metrics),
        "root_seed": cell.root_seed,
        **({"training": _trained(cell.training)} if cell.training else {}),
        **({"plugins": plugins} if plugins else {}),
    }


def _trained(training: Training) -> dict[str, Any]:
    return {
        "data": training.data.description,
        "loss": training.loss.description,
        "optimizer": training.optimizer.description,
        "learning_rates": list(training.learning_rates),
        "steps": [training.steps, training.record_every, list(training.measure_at)],
        "examples": [training.batch_size, training.test_examples],
        "readout": _named(training.readout),
    }


def _named(choice: Activation | Initializer | None) -> Any:
    return None if choice is None else {"name": choice.name, **dict(choice.params)}


def _runs(layers: tuple[Layer, ...]) -> list[list[Any]]:
    """How often each layer stands there in a row, and the layer: grids have many cells, and most of their layers are
    alike."""

    runs: list[list[Any]] = []
    before = None
    for layer in layers:
        if layer is not before:
            parts = (layer.activation, layer.initializer, layer.bias)
            content = [layer.fan_in, layer.fan_out, *map(_named, parts)]
            before = layer
            if not runs or runs[-1][1:] != content:
                runs.append([0, *content])
        runs[-1][0] += 1
    return runs


def identity(cell: Cell, engine: str) -> str:
    """The first 16 hex digits of the SHA-256 of a cell's scientific content, as canonical JSON."""
    text = json.dumps(describe(cell, engine), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
