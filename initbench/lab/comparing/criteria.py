"""By what initializers are ranked: one number of every network for each criterion, the smaller the better.

- lost: 1 where a network has overflowed, or has a signal of exactly 0, at the end of its way forward or backward, or
  where all units of a layer compute the same thing: such a network cannot learn.
- drift: log10 of the change of the mean square over the depth, forward (act_q) or backward (grad_q), whichever is
  further from 0 in the mean over the networks, with the sign that makes this mean positive.
- dead: the share of all units of the network that are dead.
- correlation depth: the first layer where the mean cosine between different inputs is ALIKE or more.

All are of networks as they start. What training came to is told beside, and ranks nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ...values import frozen
from .ends import DIVERGED
from .intervals import Interval, in_common, of_mean, of_pairs, of_samples
from .lots import lot
from .measured import Measured
from .quantities import BACKWARD, FORWARD, RATIOS, Quantity, moments, quantities, sample

Array = np.ndarray[Any, Any]

ALIKE = 0.99
"""The cosine from which on inputs count as one and the same."""
LOST, DRIFT, DEAD, ALIKE_AT = "lost", "drift", "dead", "correlation depth"
CRITERIA = (LOST, DRIFT, DEAD, ALIKE_AT)


@frozen
class Numbers:
    """One number of every network, nan where there is none. Without layers.csv: one number of all, and no seeds."""

    seeds: Array
    values: Array

    @cached_property
    def interval(self) -> Interval:
        """Their mean, with its interval."""
        return of_mean(self.values[np.isfinite(self.values)])

    @property
    def there(self) -> bool:
        """Whether there is any."""
        return bool(np.isfinite(self.values).any())


def same(one: Numbers, other: Numbers) -> bool:
    """Whether the numbers of two settings cannot be told apart: the interval of their difference, paired by seed where
    they have two in common, holds 0. Single numbers are the same where they are equal."""
    if not (one.there and other.there):
        return one.there == other.there
    x, y = in_common(one.seeds, one.values, other.seeds, other.values)
    if len(x) > 1:
        return not of_pairs(x, y).tells
    x, y = (numbers.values[np.isfinite(numbers.values)] for numbers in (one, other))
    if min(len(x), len(y)) > 1:
        return not of_samples(x, y).tells
    return one.interval.mean == other.interval.mean


def numbers(cells: Sequence[Measured]) -> list[dict[str, Numbers]]:
    """For every cell: the criteria, and the drifts in both directions with their signs. What a cell does not have is
    left out; a direction that some cell does not have counts in none.

    Cells without layers.csv make all of them be ranked by what summary.csv and cells.csv have. Cells that were trained
    have ENDS and DIVERGED, too.
    """
    raw = all(cell.values is not None for cell in cells)
    depth = min(cell.depth for cell in cells)
    drifts = [one for one in quantities(cells) if one.start]
    of: Callable[[Measured, Sequence[Quantity], int], dict[str, Numbers]] = _of_networks if raw else _of_lots
    found = [of(cell, drifts, depth) for cell in cells]
    for one, cell in zip(found, cells, strict=True):
        if wholly_lost(one):  # what a lost network does not have was not left unmeasured
            nothing = np.full(len(one[LOST].values), math.nan)
            one |= {name: Numbers(cell.seeds, nothing) for other in found for name in other if name not in one}
    ways = [name for name in (FORWARD, BACKWARD) if all(name in one for one in found)]
    return [_with_worst(one, ways) | _ends(cell) for one, cell in zip(found, cells, strict=True)]


def wholly_lost(found: Mapping[str, Numbers]) -> bool:
    """Whether no network of a setting came through."""
    return LOST in found and found[LOST].interval.mean == 1


def _with_worst(found: dict[str, Numbers], ways: Sequence[str]) -> dict[str, Numbers]:
    """With the drift that is further from 0, turned so that its mean is positive."""
    drifts = [found[name] for name in ways]
    known = [one for one in drifts if one.there] or drifts
    if known:
        worst = max(known, key=lambda one: abs(one.interval.mean))
        sign = -1.0 if worst.interval.mean < 0 else 1.0
        found[DRIFT] = Numbers(worst.seeds, sign * worst.values)
    return found


def _ends(cell: Measured) -> dict[str, Numbers]:
    """What training came to, of networks where the folder keeps it so."""
    if not cell.trained:
        return {}
    if cell.ends is not None:
        of_networks = {**cell.ends.values, DIVERGED: cell.ends.diverged.astype(np.float64)}
        return {name: Numbers(cell.ends.seeds, values) for name, values in of_networks.items()}
    return {name: Numbers(np.empty(0), np.array([float(cell.row[name])])) for name in (*cell.trained, DIVERGED)}


def _of_networks(cell: Measured, drifts: Sequence[Quantity], depth: int) -> dict[str, Numbers]:
    found = {}
    for drift in drifts:
        one = sample(drift, cell)
        if one.blank < len(one.seeds):
            found[drift.word] = one.values
    if (lost := _lost(cell)) is not None:
        found[LOST] = lost
    dead = cell.of("dead_fraction")[:, 1:]
    if np.isfinite(dead).any():
        found[DEAD] = dead @ (cell.fans / cell.fans.sum())
    cosine = cell.of("cosine")[:, 1 : depth + 1]
    if np.isfinite(cosine).any():
        found[ALIKE_AT] = -_first_alike(cosine)
    return {name: Numbers(cell.seeds, values) for name, values in found.items()}


def _lost(cell: Measured) -> Array | None:
    """1 for a network whose signal does not arrive or whose units are all alike, else 0; None where neither was
    measured."""
    ends = (Quantity("", "act_q", "last", factor=True), Quantity("", "grad_q", "first", factor=True))
    arrived = [sample(end, cell) for end in ends]
    faults = [np.isnan(one.values) for one in arrived if one.blank < len(one.seeds)]
    distinct = cell.of("distinct_units")[:, 1:]
    if np.isfinite(distinct).any():
        faults.append(((distinct == 1) & (cell.fans > 1)).any(axis=1))
    return np.any(faults, axis=0).astype(np.float64) if faults else None


def _first_alike(cosine: Array) -> Array:
    """The first layer, from 1, of every row where its inputs are alike, (S,); one beyond the last where they never are,
    nan where that cannot be known."""
    alike = cosine >= ALIKE
    first = np.where(alike.any(axis=1), alike.argmax(axis=1) + 1.0, cosine.shape[1] + 1.0)
    return np.where(alike.any(axis=1) | np.isfinite(cosine).all(axis=1), first, math.nan)


def _of_lots(cell: Measured, drifts: Sequence[Quantity], depth: int) -> dict[str, Numbers]:
    found = {}
    for drift in drifts:
        one = lot(drift, cell)
        if not one.blank:
            found[drift.word] = one.mean
    if (lost := _lost_of_lot(cell)) is not None:
        found[LOST] = lost
    layers = range(1, cell.depth + 1)
    dead = np.array([moments("dead_fraction", layer, cell).mean for layer in layers])
    if np.isfinite(dead).any():
        found[DEAD] = float(dead @ (cell.fans / cell.fans.sum()))
    cosine = np.array([[moments("cosine", layer, cell).mean for layer in layers[:depth]]])
    if np.isfinite(cosine).any():
        found[ALIKE_AT] = -float(_first_alike(cosine)[0])
    return {name: Numbers(np.empty(0), np.array([value])) for name, value in found.items()}


def _lost_of_lot(cell: Measured) -> float | None:
    """The share of networks that are lost, as far as all together tell; without a summary all or none, by the
    verdict."""
    if not len(cell.rows):
        gone = any(cell.row[name] in (0.0, math.inf) for name in RATIOS.values())
        return float(gone or cell.row["verdict"] in ("overflow", "symmetric")) if cell.row["verdict"] else None
    ends = [moments("act_q", cell.depth, cell), moments("grad_q", 1, cell)]
    shares = [
        1.0 if end.mean == 0 else end.nonfinite / (end.n + end.nonfinite) for end in ends if end.n + end.nonfinite
    ]
    distinct = np.array([moments("distinct_units", layer, cell).mean for layer in range(1, cell.depth + 1)])
    if np.isfinite(distinct).any():
        shares.append(float(((distinct == 1) & (cell.fans > 1)).any()))
    return max(shares, default=None)
