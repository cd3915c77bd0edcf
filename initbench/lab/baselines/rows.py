"""Tables of training and histograms held against a baseline's row by row: for results of the same numerics.

A row that is on one side only is held against nothing, which is as far apart as numbers can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import StorageError
from ..comparing.measured import Measured
from .drift import ROUNDING, Held, distance
from .side import KEYS, Pair, Side
from .tolerances import allowed, allowed_column

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, Any]

LAYERED, COUNTED = "training_layers.csv", "histograms.csv"
SETTLED = frozenset({"fan_in", "fan_out"})
"""Columns that say nothing which the config does not."""


def by_row(here: Side, there: Side, pair: Pair, names: Sequence[str]) -> Iterator[Held]:
    """All that two cells have in some tables of KEYS. A table that is on one side only has no rows on the other."""
    for name in names:
        mine = here.rows(name, pair[0]) if here.has(name) else there.rows(name, pair[1]).iloc[:0]
        its = there.rows(name, pair[1]) if there.has(name) else mine.iloc[:0]
        if len(mine) or len(its):
            yield _held(name, pair[0], mine, its)


def _held(name: str, cell: Measured, mine: pd.DataFrame, its: pd.DataFrame) -> Held:
    keys, mine, its = _aligned(name, mine, its)
    names = tuple(column for column in mine.columns if column not in SETTLED)
    here, there = (frame[list(names)].to_numpy(np.float64) for frame in (mine, its))
    apart = np.where(np.isnan(here) & np.isnan(there), np.nan, distance(here, there))
    limits = _limits(name, names, keys, np.abs(there), cell.depth)
    return Held(cell.label, f"{{}} of {name}", names, here, there, apart, limits, ROUNDING, first=-1, keys=keys)


def _aligned(name: str, mine: pd.DataFrame, its: pd.DataFrame) -> tuple[dict[str, Array], pd.DataFrame, pd.DataFrame]:
    """What tells the rows apart, and the other columns of the two: the same rows in the same order."""
    keys = list(KEYS[name])
    columns = mine.columns.equals(its.columns)
    if not columns or not all(np.array_equal(mine[key].to_numpy(), its[key].to_numpy()) for key in keys):
        frames = [frame.set_index(keys) for frame in (mine, its)]
        if not all(frame.index.is_unique for frame in frames):
            raise StorageError(f"{name}: a row of {', '.join(keys)} stands in it twice; run the config again")
        mine, its = (frame.reset_index() for frame in frames[0].align(frames[1]))
    return {key: mine[key].to_numpy() for key in keys}, mine.drop(columns=keys), its.drop(columns=keys)


def _limits(name: str, names: tuple[str, ...], keys: dict[str, Array], size: Array, depth: int) -> Array:
    """What the numbers may differ by, (R, M); size: theirs."""
    if name == LAYERED:
        return allowed(names, size, keys["layer"], depth)
    if name == COUNTED:
        size = _entries(keys, size)
    return np.stack([allowed_column(column, size[:, place], depth) for place, column in enumerate(names)], -1)


def _entries(keys: dict[str, Array], counts: Array) -> Array:
    """How many entries there are in all bins of a layer, for every bin, (R, 1)."""
    kinds = np.stack([np.unique(keys[key], return_inverse=True)[1] for key in ("layer", "quantity")], -1)
    _, places = np.unique(kinds, axis=0, return_inverse=True)
    return np.bincount(places.ravel(), np.nan_to_num(counts[:, 0]))[places.ravel()][:, None]
