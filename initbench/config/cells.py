"""Settings that hold one by one, put together into a cell: lengths, fans, laws that depend on the fans."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from ..catalogue.initializers import Initializer
from ..catalogue.inputs import Inputs
from ..catalogue.training import Data
from ..errors import ParameterError, PluginError
from ..spec import Batch, Cell, Layer, Network, Training
from .document import Mapping, Node, Place, locate
from .messages import refused
from .schema import MAX_LAYERS
from .settings import BAD, Point, Settings
from .trained import training_of

Note = Callable[[Place, str, str], None]
"""(place, key, message) of a problem that belongs to one cell."""


class Assembler:
    """Builds cells, one object for each different network. `note` is told of every problem of a cell."""

    def __init__(self, settings: Settings, metrics: tuple[str, ...], root_seed: int, note: Note) -> None:
        self.settings = settings
        self.metrics = metrics
        self.root_seed = root_seed
        self.note = note
        self.layers = 0  # of all networks together
        self._layers: dict[tuple[int, ...], Layer] = {}
        self._networks: dict[tuple[Any, ...], Network] = {}
        self._runs: dict[tuple[tuple[int, int], ...], int] = {}  # equal networks, written down alike, by number
        self._numbers: dict[int, int] = {}
        self._laws: dict[tuple[int, int, int, bool], tuple[str, str] | None] = {}
        self._draws: dict[tuple[int, int], tuple[str, str] | None] = {}

    def build(self, point: Point) -> Cell | None:
        """The cell of a full set of settings; None where it does not hold."""
        values = {key: self.settings.value(key, node) for key, node in point.items()}
        batch = self._batch(point, values)
        network = self._network(point, values, batch[0]) if batch else self._lengths(point, values)
        training = self._training(point, values, network) if self.settings.trains else None
        if batch is None or not isinstance(network, Network) or any(value is BAD for value in values.values()):
            return None
        if self.settings.trains and training is None:
            return None
        return Cell(
            network=network,
            batch=Batch(values["input.distribution"], batch[0], batch[1], values["input.resample"]),
            gradient=values["gradient.source"],
            dtype=values["dtype"],
            engine=values["engine"],
            metrics=self.metrics,
            root_seed=self.root_seed,
            training=training,
        )

    def key(self, cell: Cell) -> tuple[Any, ...]:
        """Equal for cells of the same scientific content, as far as the config alone can tell."""
        batch = cell.batch
        inputs = (
            batch.inputs.name,
            repr(batch.inputs.identity),
            batch.features,
            batch.batch_size,
            batch.resample,
        )
        return self._numbers[id(cell.network)], inputs, cell.gradient, cell.dtype, cell.engine, cell.training

    def _batch(self, point: Point, values: dict[str, Any]) -> tuple[int, int] | None:
        """(features, batch_size), None where they do not hold or cannot be known."""
        inputs, features, size, width = (
            values.get(key, BAD)
            for key in ("input.distribution", "input.features", "input.batch_size", "network.width")
        )
        first = width[0] if isinstance(width, list) and width else width
        if inputs is BAD or features is BAD or size is BAD:
            return None
        assert isinstance(inputs, Inputs)
        learnt = values.get("training.data")
        if features is None:
            features = learnt.shape.features if isinstance(learnt, Data) else inputs.columns or first
        elif isinstance(learnt, Data) and features != learnt.shape.features:
            allowed = f"{learnt.name} has {learnt.shape.features} features to train on; leave features out"
            self.note(point["input.features"].place, "input.features", refused(point["input.features"], allowed))
            return None
        if not isinstance(features, int):
            return None
        if inputs.columns is not None and features != inputs.columns:
            node = point["input.features"]
            allowed = f"{inputs.name} has {inputs.columns} columns; leave features out"
            self.note(node.place, "input.features", refused(node, allowed))
            return None
        batch_size = self._batch_size(point, inputs, size)
        if batch_size is None or not self._draws_well(point, inputs, features):
            return None
        return features, batch_size

    def _batch_size(self, point: Point, inputs: Inputs, size: int) -> int | None:
        node, key = point["input.batch_size"], "input.batch_size"
        given = node is not self.settings.base[key] or key in self.settings.given
        dictated = inputs.record.batch_size
        if dictated is not None and not given:
            return dictated
        if dictated is not None and size != dictated:
            self.note(
                node.place,
                key,
                refused(node, f"{inputs.name} makes a batch of {dictated}; leave batch_size out"),
            )
            return None
        if inputs.rows is not None and size > inputs.rows:
            what = f"{inputs.name} has {inputs.rows} rows, batch_size is {size}; set it to {inputs.rows} or less"
            self.note(node.place if given else point["input.distribution"].place, key, what)
            return None
        return size

    def _draws_well(self, point: Point, inputs: Inputs, features: int) -> bool:
        """Whether inputs can be drawn: some parameters only hold together, or with enough features."""
        memory = (id(inputs), min(features, 2))
        if memory not in self._draws:
            self._draws[memory] = None
            if inputs.record.draw is not None:
                try:
                    inputs.draw(np.random.default_rng(0), inputs.record.batch_size or 1, memory[1])
                except ParameterError as error:
                    self._draws[memory] = (error.parameter, str(error))
        return self._note_parameter(point, "input.distribution", None, self._draws[memory])

    def _training(self, point: Point, values: dict[str, Any], network: Network | bool | None) -> Training | None:
        """How the network is trained; None where that does not hold. Its readout's law depends on the last fans."""
        training = training_of(self.settings, point, values, self.note)
        if training is None or not isinstance(network, Network):
            return None
        key, fans = "training.readout.initializer", (network.layers[-1].fan_out, training.data.shape.outputs)
        memory = (id(training.readout), *fans, False)
        if memory not in self._laws:
            self._laws[memory] = _try_law(training.readout, *fans, bias=False)
        return training if self._note_parameter(point, key, None, self._laws[memory]) else None

    def _lengths(self, point: Point, values: dict[str, Any]) -> bool:
        """Whether every list in the network has `depth` entries; problems are noted."""
        depth = values.get("network.depth", BAD)
        good = True
        if depth is BAD:
            return False
        for key in ("network.width", "network.activation", "network.initializer", "network.bias"):
            value = values.get(key, BAD)
            if isinstance(value, list | tuple) and len(value) != depth:
                what = "entry" if len(value) == 1 else "entries"
                self.note(point[key].place, key, f"has {len(value)} {what}, network.depth is {depth}")
                good = False
            good = good and value is not BAD
        return good

    def _network(self, point: Point, values: dict[str, Any], features: int) -> Network | None:
        if not self._lengths(point, values):
            return None
        depth = values["network.depth"]
        parts = tuple(values[f"network.{part}"] for part in ("activation", "initializer", "bias"))
        widths = values["network.width"]
        memory = (
            depth,
            (id(widths),) if isinstance(widths, list) else widths,
            features,
            *map(_identity, parts),
        )
        if memory in self._networks:
            return self._networks[memory]
        self.layers += depth
        if self.layers > MAX_LAYERS:
            if self.layers - depth <= MAX_LAYERS:
                what = f"the networks of the grid have more than {MAX_LAYERS} weight layers together"
                self.note(point["network.depth"].place, "network.depth", what)
            return None
        # Where nothing is a list, all layers but the first are the same one.
        listed = any(isinstance(part, list | tuple) for part in (widths, *parts))
        length = depth if listed else min(depth, 2)
        fans = [features, *(widths if isinstance(widths, list) else [widths] * length)]
        columns = [part if isinstance(part, tuple) else (part,) * length for part in parts]
        if not self._laws_hold(point, fans, columns[1], columns[2]):
            return None
        layers = tuple(map(self._layer, fans[:-1], fans[1:], *columns))
        network = Network(layers + layers[-1:] * (depth - length))
        runs = [(layer, len(list(same))) for layer, same in groupby(map(id, layers))]
        runs[-1] = (runs[-1][0], runs[-1][1] + depth - length)
        self._numbers[id(network)] = self._runs.setdefault(tuple(runs), len(self._runs))
        self._networks[memory] = network
        return network

    def _layer(
        self,
        fan_in: int,
        fan_out: int,
        activation: Activation,
        weights: Initializer,
        bias: Initializer | None,
    ) -> Layer:
        memory = (fan_in, fan_out, id(activation), id(weights), id(bias))
        if memory not in self._layers:
            self._layers[memory] = Layer(fan_in, fan_out, activation, weights, bias)
        return self._layers[memory]

    def _laws_hold(
        self,
        point: Point,
        fans: list[int],
        weights: tuple[Initializer, ...],
        biases: tuple[Initializer | None, ...],
    ) -> bool:
        """Whether every law can be made for its layer's fans; the first faults are noted."""
        good = True
        chosen: tuple[tuple[str, tuple[Initializer | None, ...]], ...]
        chosen = (("network.initializer", weights), ("network.bias", biases))
        for key, initializers in chosen:
            seen = set()
            for index, (fan_in, fan_out, initializer) in enumerate(zip(fans, fans[1:], initializers, strict=False)):
                memory = (id(initializer), fan_in, fan_out, key == "network.bias")
                if initializer is None or memory in seen:
                    continue
                seen.add(memory)
                if memory not in self._laws:
                    self._laws[memory] = _try_law(initializer, fan_in, fan_out, memory[3])
                if not self._note_parameter(point, key, index, self._laws[memory]):
                    good = False
                    break
        return good

    def _note_parameter(self, point: Point, key: str, index: int | None, fault: tuple[str, str] | None) -> bool:
        if fault is None:
            return True
        parameter, message = fault
        place, name = _where(point[key], key, index, parameter)
        self.note(place, name, message)
        return False


def _try_law(initializer: Initializer, fan_in: int, fan_out: int, bias: bool) -> tuple[str, str] | None:
    """(parameter, message) where a law cannot be made for these fans."""
    try:
        law = initializer.law(fan_in, fan_out)
    except ParameterError as error:
        return error.parameter, f"{error} (in a layer of {fan_in} inputs and {fan_out} units)"
    except PluginError as error:
        return "", str(error)
    if bias and not law.elementwise:
        return "", f"{initializer.name} is a law of whole matrices and cannot draw a bias"
    return None


def _where(node: Node, key: str, index: int | None, parameter: str) -> tuple[Place, str]:
    """The place and the key of a parameter of an entry, or of the entry of one layer."""
    items = getattr(node, "items", None)
    if index is not None and items is not None:
        node, key = items[index], f"{key}[{index}]"
    if isinstance(node, Mapping) and node.get(parameter) is not None:
        return locate(node, (parameter,))[0], f"{key}.{parameter}"
    return node.place, key


def _identity(part: Any) -> Any:
    """What tells one choice, or one list of choices, from another."""
    return tuple(map(id, part)) if isinstance(part, tuple) else id(part)
