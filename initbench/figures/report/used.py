"""Everything that the config names, from the catalogue: its law, its numbers, what it is for and whose it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from initbench.catalogue.initializers import Initializer
from initbench.catalogue.initializers.explain import facts
from initbench.catalogue.metrics import METRICS
from initbench.spec import Experiment

from ...values import frozen


@frozen
class Used:
    """One entry of the catalogue, as the networks use it.

    kind: initializer | bias initializer | activation | input | data | loss | optimizer | metric.
    numbers: (what, how much), in words; empty where there is none.
    """

    kind: str
    label: str
    equation: str
    purpose: str
    source: str
    note: str
    numbers: tuple[tuple[str, str], ...]


def used(experiment: Experiment) -> tuple[Used, ...]:
    """Initializers of weights and biases, activations, inputs, what training takes, and metrics, each once, in the
    order of the grid.

    An initializer's numbers are those of the first layer inside of a network that it draws.
    """
    return tuple(dict.fromkeys(_entries(experiment)))


def _entries(experiment: Experiment) -> Iterator[Used]:
    cells = [grid.cell for grid in experiment.cells]
    seen: set[tuple[str, str]] = set()
    for network in {id(cell.network): cell.network for cell in cells}.values():
        for layer in (*network.layers[1:], network.layers[0]):
            for kind, one in (("initializer", layer.initializer), ("bias initializer", layer.bias)):
                if one is not None and (kind, one.label) not in seen:
                    seen.add((kind, one.label))
                    yield _initializer(kind, one, layer.fan_in, layer.fan_out)
    for activation in dict.fromkeys(layer.activation for cell in cells for layer in cell.network.layers):
        yield _entry("activation", activation.label, activation.record)
    for inputs in dict.fromkeys(cell.batch.inputs for cell in cells):
        yield _entry("input", inputs.label, inputs.record)
    for training in dict.fromkeys(cell.training for cell in cells if cell.training):
        yield _entry("data", training.data.label, training.data.record)
        yield _entry("loss", training.loss.label, training.loss.record)
        yield _entry("optimizer", training.optimizer.label, training.optimizer.record)
    for name in dict.fromkeys(name for cell in cells for name in cell.metrics):
        yield _entry("metric", name, METRICS.find(name))


def _initializer(kind: str, initializer: Initializer, fan_in: int, fan_out: int) -> Used:
    known = facts(initializer, fan_in, fan_out)
    moments = {"mean": known.mean, "standard deviation": known.stddev}
    if kind == "initializer":
        moments["σ_w = √(fan_in · variance)"] = known.sigma_w
    numbers = [(what, f"{value:.4g}") for what, value in moments.items() if value is not None]
    return _entry(
        kind, initializer.label, initializer.record, (("drawn for", f"fan_in {fan_in}, fan_out {fan_out}"), *numbers)
    )


def _entry(kind: str, label: str, record: Any, numbers: tuple[tuple[str, str], ...] = ()) -> Used:
    origin = getattr(record, "origin", "")
    source = "; ".join(filter(None, (record.source, f"plug-in of {origin}" if origin else "")))
    return Used(kind, label, record.equation, record.purpose, source, getattr(record, "note", ""), numbers)
