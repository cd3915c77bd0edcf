"""What training needs: memory, time, and how many networks are trained together."""

from __future__ import annotations

from ...spec import Cell
from .data import EVALUATED

STACK = 1 << 17
"""Weights of one layer that the networks of a chunk have together: with their gradients they fit the cache of a
core."""
LARGEST = 1 << 23
"""Parameters that they have together at most."""
AHEAD = 128
"""Examples that are evaluated together."""
MOST = 8
"""Networks that are trained together at most: beyond, the calls cost little, and blocks of seeds are for several
cores."""
PRODUCT = {"float32": 0.03, "float64": 0.06}
"""Nanoseconds of a multiplication and an addition, of small matrix products; the next are of a number."""
ENTRY = 2.5
UPDATE = {"sgd": 0.4, "momentum": 0.8, "adam": 2.5}
CALLS = 10_000.0
"""Of the calls that a layer costs in a step, shared by the networks of a chunk."""


def parameters(cell: Cell) -> int:
    """Numbers that one network learns, its readout among them."""
    assert cell.training is not None
    last = cell.network.layers[-1]
    return sum(layer.fan_in * layer.fan_out + layer.fan_out for layer in cell.network.layers) + (
        (last.fan_out + 1) * cell.training.data.shape.outputs
    )


def seeds_together(cell: Cell) -> int:
    """How many seeds are trained together, with all of their learning rates. Changes no result, only speed."""
    assert cell.training is not None
    matrix = max(layer.fan_in * layer.fan_out for layer in cell.network.layers)
    networks = min(MOST, STACK // matrix, LARGEST // parameters(cell))
    return max(1, networks // len(cell.training.learning_rates))


def needed_bytes(cell: Cell) -> int:
    """The least memory that training a seed needs: examples, parameters with what optimizers keep, activations, and
    what is recorded."""
    assert cell.training is not None
    training, size = cell.training, 4 if cell.dtype == "float32" else 8
    shape = training.data.shape
    examples = shape.examples * (shape.features + shape.outputs) * (8 + size)
    kept = {"sgd": 2, "momentum": 3, "adam": 4}[training.optimizer.name]
    units = sum(layer.fan_out for layer in cell.network.layers)
    batch = max(training.batch_size, AHEAD)
    told = 5 * (training.steps // training.record_every + 2) + len(cell.metrics) * (cell.network.depth + 1) * len(
        training.measure_at
    )
    network = size * (kept * parameters(cell) + 4 * batch * units) + 8 * told
    return examples + len(training.learning_rates) * network


def nanoseconds(cell: Cell) -> float:
    """A rough cost of training one seed, on one core."""
    assert cell.training is not None
    training, products = cell.training, parameters(cell)
    units = sum(layer.fan_out for layer in cell.network.layers)
    forward = PRODUCT[cell.dtype] * products + ENTRY * units  # of one example
    evaluated = min(EVALUATED, training.examples) + min(EVALUATED, training.test_examples)
    step = 3 * training.batch_size * forward + UPDATE[training.optimizer.name] * products
    calls = CALLS * (cell.network.depth + 2) / (seeds_together(cell) * len(training.learning_rates))
    moments = len(training.recorded) * evaluated * forward
    return len(training.learning_rates) * ((training.steps + 1) * (step + calls) + moments)
