"""What a layer of one network costs with and without its matrix, in nanoseconds of one core.

The constants were measured once (tests/benchmarks/engines.py) and ship with the code: the choice that they make is a
pure function of the config.
On another machine they may be off; their ratios less so.
"""

from __future__ import annotations

from ..catalogue.initializers.laws import Law, Uniform
from ..catalogue.initializers.matrices import Orthogonal
from ..spec import Cell, Layer
from .jacobian import EXTREMES, FROM_INPUT, JACOBIAN, OWN

NORMAL = {"float32": 2.1, "float64": 9.0}  # a random number
UNIFORM = 1.1  # one of a uniform law, which is drawn again for the backward pass
KEPT = {"float32": 0.6, "float64": 1.2}  # a number that is written far from the cache, and read again
PRODUCT = {"float32": 0.012, "float64": 0.025}  # a multiplication and an addition of a matrix product
GRAM = 0.022  # the same in a Gram matrix, which is float64 always
SOLVE = 0.18  # the same in the factors of a B x B matrix
QR = 0.25  # the same in the QR of a drawn orthogonal matrix
QR_CALL = 20_000.0  # what a QR costs, however small the matrix
SVD = 0.25  # the same in the singular values of a Jacobian
EIGEN = 0.12  # the same in the eigenvalues of its square
SVD_CALL = 50_000.0  # what a Jacobian costs, however small
ENTRY = 8.0  # an activation, its slope and their metrics
NETWORK = 6_000.0  # a layer of a network, however small
LAYER = 200_000.0  # the calls of a layer, shared by a chunk
FACTOR = 1_500.0  # what factoring costs a network, however small the batch
CALLS = 80_000.0  # what the implicit layer's many small calls cost beside a dense layer's two, for one chunk

STACK = 1 << 18
"""Entries of an (S, B, N) array that a chunk aims at: enough to hide the cost of a call."""
LARGEST_CHUNK = 128


def dense(layer: Layer, cell: Cell) -> float:
    """Drawing the matrix, and a product in each direction."""
    size = layer.fan_in * layer.fan_out
    passes = 2 if cell.backward else 1
    law = _law(layer)
    kept = KEPT[cell.dtype] * (passes - 1)
    drawn = size * (passes * UNIFORM if isinstance(law, Uniform) else NORMAL[cell.dtype] + kept)
    if isinstance(law, Orthogonal):
        drawn += QR * size * min(layer.fan_in, layer.fan_out) + QR_CALL
    return drawn + passes * PRODUCT[cell.dtype] * cell.batch.batch_size * size


def implicit(layer: Layer, cell: Cell) -> float:
    """Frames of B rows, a few products of B x B with B x N matrices, factors of B x B matrices."""
    batch, units = cell.batch.batch_size, layer.fan_in + layer.fan_out
    square = batch * batch
    passes = 2 if cell.backward else 1
    frames = 3 if isinstance(_law(layer), Orthogonal) else 1
    drawn = NORMAL[cell.dtype] * batch * units * passes / 2
    products = square * units * (GRAM * passes / 2 * frames + PRODUCT[cell.dtype] * (1 + 1.5 * (passes - 1)) * frames)
    return drawn + products + SOLVE * frames * square * batch + FACTOR * frames + CALLS * frames / _chunk(layer, cell)


def layer(layer: Layer, cell: Cell, undrawn: bool) -> float:
    """One layer of one network, its activation and metrics included. undrawn: whether its matrix is never drawn."""
    shared = ENTRY * cell.batch.batch_size * layer.fan_out + NETWORK
    return (implicit if undrawn else dense)(layer, cell) + shared + jacobian(layer, cell)


def jacobian(layer: Layer, cell: Cell) -> float:
    """The Jacobians of all inputs at a layer, and their singular values; 0 where none is asked for."""
    wanted = JACOBIAN.intersection(cell.metrics)
    if not wanted:
        return 0.0
    features, units = cell.network.features, layer.fan_out
    each = SVD_CALL
    if wanted & FROM_INPUT:
        product = features * units * (layer.fan_in + min(features, units))
        each += PRODUCT["float64"] * product
    if wanted & EXTREMES:
        each += SVD * features * units * min(features, units)
    if wanted & OWN:
        each += EIGEN * layer.fan_in * units * min(layer.fan_in, units)
    return cell.batch.batch_size * each


def calls(cell: Cell) -> float:
    """One network's share of the calls of its chunk."""
    return LAYER * cell.network.depth / _chunk(cell.network.layers[0], cell)


def _chunk(layer: Layer, cell: Cell) -> int:
    """Roughly how many networks share a call."""
    return max(1, min(LARGEST_CHUNK, STACK // (cell.batch.batch_size * max(layer.fan_in, layer.fan_out))))


def _law(layer: Layer) -> Law:
    return layer.initializer.law(layer.fan_in, layer.fan_out)
