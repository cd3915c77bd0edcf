"""The lengths that many networks of one activation come to rest at, from its table."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..catalogue.activations import Activation
from .length_table import LengthTable, length_table
from .maps import homogeneous
from .resting import CRITICAL
from .roots import ROUNDING, bracketed

Array = np.ndarray[Any, Any]

_SETTLE = 32  # steps after which an orbit of a map that also falls is on its last side
_BLOCK = 2000  # networks at a time


def resting_lengths(activation: Activation, weights: Array, biases: Array, start: float) -> Array:
    """ln q_star of networks that start from ln q = start; (P,), from sigma_w^2 and sigma_b^2, (P,) each.

    -inf where q goes to 0, inf where it grows for ever, nan where every q stays (homogeneous activations).
    """
    slopes = homogeneous(activation)
    if slopes is not None:
        return _of_lines(weights * (slopes[0] ** 2 + slopes[1] ** 2) / 2, biases)
    table = length_table(activation)
    blocks = [
        _of_block(table, weights[i : i + _BLOCK], biases[i : i + _BLOCK], start) for i in range(0, weights.size, _BLOCK)
    ]
    return np.concatenate(blocks)


def settled(table: LengthTable, weights: Array, biases: Array, log_q: Array) -> Array:
    """Where orbits are after the steps at which they may pass a fixed point: at once, for a map that rises."""
    if not table.rising:
        for _ in range(_SETTLE):
            with np.errstate(divide="ignore"):
                log_q = log_q + np.log(_growth(table, weights, biases, log_q))
    return log_q


def _growth(table: LengthTable, weights: Array, biases: Array, log_q: Array) -> Array:
    """F(q) / q from the table; shapes broadcast."""
    with np.errstate(over="ignore", invalid="ignore"):
        from_weights = np.where(weights > 0, weights * table.at(log_q).ratio, 0)
        return np.asarray(from_weights + np.where(biases > 0, biases * np.exp(-log_q), 0))


def _of_lines(factor: Array, biases: Array) -> Array:
    """F(q) = factor q + sigma_b^2."""
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.log(biases / (1 - factor))
    at_one = np.where(biases > 0, np.inf, np.nan)
    return np.where(np.abs(factor - 1) <= CRITICAL, at_one, np.where(factor < 1, below, np.inf))


def _of_block(table: LengthTable, weights: Array, biases: Array, start: float) -> Array:
    """First the nodes on both sides of the fixed point, then the point between them."""
    begin = settled(table, weights, biases, np.full_like(weights, start))
    pull = _growth(table, weights, biases, begin) - 1
    heights = _growth(table, weights[:, None], biases[:, None], table.log_q) - 1
    places = np.arange(table.log_q.size)
    beyond = table.log_q > begin[:, None]
    falls, rises = heights < -ROUNDING, heights > ROUNDING

    # upwards: to the first node from which q falls, from the last one before it from which q rises
    falls_beyond = falls & beyond
    top = np.argmax(falls_beyond, axis=1)
    low_of_top = np.where(pull > ROUNDING, begin, table.log_q[_last(rises & (places < top[:, None]))])
    # downwards: to the next node from which q rises, if there is any; no q_star is below sigma_b^2
    rises_before = rises & ~beyond
    bottom = np.where(
        rises_before.any(axis=1), table.log_q[_last(rises_before)], np.log(np.maximum(biases, 1e-300)) - 1
    )

    down = pull < -ROUNDING
    dies = down & ~rises_before.any(axis=1) & (biases == 0)
    grows = ~down & ~falls_beyond.any(axis=1)
    low, high = np.where(down, bottom, low_of_top), np.where(down, begin, table.log_q[top])
    found = np.where(dies, -np.inf, np.inf)
    rests = ~(dies | grows)
    weights, biases = weights[rests], biases[rests]
    found[rests] = bracketed(lambda x: _growth(table, weights, biases, x) - 1, low[rests], high[rests])
    return found


def _last(mask: Array) -> Array:
    """The last place in every row where the mask holds, (P, N) -> (P,)."""
    return np.asarray(mask.shape[1] - 1 - np.argmax(mask[:, ::-1], axis=1))
