"""What a cell needs, counted in Python integers before anything is allocated."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..catalogue.initializers.laws import Uniform
from ..spec import Cell, Layer
from .costs import LARGEST_CHUNK, STACK
from .jacobian import FROM_INPUT, JACOBIAN
from .measure import gram_pays
from .select import each, law_of, refusals, resolve
from .training import costs as training

BUDGET = 1_500_000_000
"""Bytes that all workers together may use for weights kept between the two passes. What does not fit is drawn again."""
UNITS = 1 << 14
"""Units that the widest layer of a chunk's networks may have together: long rows hide the calls by themselves, and
what they leave behind is memory."""
KEPT = 1 << 27
"""Bytes of kept weights that a chunk aims at: memory costs time, most of all when it is touched first."""
JACOBIANS = 1 << 22
"""Entries of the Jacobians of a chunk's networks."""


def itemsize(cell: Cell) -> int:
    """Bytes of one number."""
    return 4 if cell.dtype == "float32" else 8


def chunk_size(cell: Cell) -> int:
    """How many networks are sent through together. Changes no result, only speed and memory."""
    widest = max(max(layer.fan_in, layer.fan_out) for layer in cell.network.layers)
    drawn = _largest_matrix(cell)
    by_signal = STACK // (cell.batch.batch_size * widest)
    by_weights = 8 * STACK // max(1, drawn)
    by_kept = KEPT // max(1, sum(_kept(cell)))
    by_jacobian = JACOBIANS // max(1, _jacobian_entries(cell))
    return max(1, min(by_signal, by_weights, by_kept, by_jacobian, UNITS // widest, LARGEST_CHUNK))


def kept_layers(cell: Cell, networks: int, budget: int) -> int:
    """How many of the last layers may keep their weights for the backward pass within `budget` bytes."""
    kept = 0
    for size in reversed(tuple(_kept(cell))):
        budget -= networks * size
        if budget < 0:
            break
        kept += 1
    return kept


def keeps(layer: Layer) -> bool:
    """Whether a layer that is drawn keeps its weights, where there is room: a uniform law costs less to draw again."""
    return not isinstance(law_of(layer), Uniform)


def _kept(cell: Cell) -> Iterator[int]:
    """Bytes that each layer keeps for the backward pass."""
    keeping = each(cell.network.layers, keeps)
    for layer, implicit, keep in zip(cell.network.layers, resolve(cell).implicit, keeping, strict=True):
        yield layer.fan_in * layer.fan_out * itemsize(cell) if cell.backward and keep and not implicit else 0


def needed_bytes(cell: Cell) -> int:
    """The least memory that one network needs: its largest matrix, and what the backward pass must find again."""
    size, batch = itemsize(cell), cell.batch.batch_size
    matrix = _largest_matrix(cell) * size
    signal = 4 * batch * max(max(layer.fan_in, layer.fan_out) for layer in cell.network.layers) * size
    measured = matrix + signal + jacobian_bytes(cell) + (sum(_remembered(cell)) if cell.backward else 0)
    return max(measured, training.needed_bytes(cell) if cell.training is not None else 0)


def jacobian_bytes(cell: Cell) -> int:
    """What one network's Jacobians need, 0 where none is asked for: those of a layer and of the layer below, a scaled
    copy and its square; and the layer's weights, its own Jacobian, a copy and its square, all in float64."""
    weights = _largest_matrix(cell) if JACOBIAN.intersection(cell.metrics) else 0
    return 8 * (4 * _jacobian_entries(cell) + 4 * weights)


def _jacobian_entries(cell: Cell) -> int:
    """Entries of the largest Jacobians from the input that one network has at a time, those of all inputs."""
    if not FROM_INPUT.intersection(cell.metrics):
        return 0
    return cell.batch.batch_size * cell.network.features * max(layer.fan_out for layer in cell.network.layers)


def _remembered(cell: Cell) -> Iterator[int]:
    """Bytes that each layer leaves for the backward pass: slopes, and a factor of its weight gradient."""
    batch = cell.batch.batch_size
    for layer, implicit in zip(cell.network.layers, resolve(cell).implicit, strict=True):
        if implicit:  # the frame that was revealed, and the input's directions
            yield batch * (layer.fan_in + layer.fan_out) * itemsize(cell)
        yield batch * layer.fan_out * itemsize(cell)
        yield (
            8 * batch * batch
            if gram_pays(batch, layer.fan_in, layer.fan_out)
            else batch * layer.fan_in * itemsize(cell)
        )


def _largest_matrix(cell: Cell) -> int:
    """Entries of the largest matrix that is drawn, 0 where none is."""
    layers = zip(cell.network.layers, resolve(cell).implicit, strict=True)
    return max((layer.fan_in * layer.fan_out for layer, implicit in layers if not implicit), default=0)


def inspect(cell: Cell) -> Iterator[tuple[str, str]]:
    """What of a cell cannot be done here: (key, message) pairs for the config's reader."""
    yield from refusals(cell)
    memory = physical_memory()
    drawn = zip(cell.network.layers, resolve(cell).implicit, strict=True)
    widest = max(
        (layer for layer, implicit in drawn if not implicit), key=lambda one: one.fan_in * one.fan_out, default=None
    )
    matrix = widest.fan_in * widest.fan_out * itemsize(cell) if widest else 0
    if widest and matrix > memory:
        key = "input.features" if widest.fan_in == cell.network.features > widest.fan_out else "network.width"
        yield (
            key,
            f"one dense {widest.fan_in} x {widest.fan_out} {cell.dtype} matrix takes {human(matrix)}; "
            f"this machine has {human(memory)} of memory",
        )
    elif cell.training is not None and training.needed_bytes(cell) > memory:
        yield (
            "training.data",
            f"training one network takes {human(training.needed_bytes(cell))}; this machine has {human(memory)} of "
            "memory: fewer or smaller examples, a smaller batch or a smaller network",
        )
    elif jacobian_bytes(cell) > memory:
        yield (
            "input.batch_size",
            f"the Jacobians of {cell.batch.batch_size} inputs of {cell.network.features} features take "
            f"{human(jacobian_bytes(cell))}; this machine has {human(memory)} of memory: every input has one of its "
            "own, and a batch_size of 1 to 4 tells the same",
        )
    elif needed_bytes(cell) > memory:
        yield (
            "input.batch_size",
            f"one network of depth {cell.network.depth} with a batch of {cell.batch.batch_size} takes "
            f"{human(needed_bytes(cell))}; this machine has {human(memory)} of memory",
        )


def physical_memory() -> int:
    """Bytes of memory in this machine; 8 GiB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 << 30


def human(size: int) -> str:
    """`3.6 TiB`"""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if value < 1024 or unit == "PiB":
            break
        value /= 1024
    return f"{value:.3g} {unit}" if value < 999.5 else f"{value:.0f} {unit}"
