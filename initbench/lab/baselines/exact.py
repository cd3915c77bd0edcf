"""Results held against a baseline number by number: for results of the same numerics.

One config gives the same bytes wherever NumPy, BLAS and the processor's kind are the same: a seed's numbers depend on
nothing else. So whatever differs by more than rounding was changed by somebody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..columns import TEXT
from ..comparing.measured import Measured
from .drift import ROUNDING, WORD, Held, distance
from .tolerances import UNSTEADY, allowed, allowed_column

Array = np.ndarray[Any, Any]

STATISTICS = {
    "mean": "{}",
    "sd": "standard deviation of {}",
    "theory": "theory's {}",
    "theory_sd": "theory's spread of {}",
}
"""Columns of summary.csv, and what they are called. Quantiles say nothing that these do not."""
NETWORKS = {"n": "networks with a finite {}", "nonfinite": "networks without a finite {}"}
"""Columns that are counts: not one may differ."""


def by_number(here: Measured, there: Measured) -> Iterator[Held]:
    """All that two cells have in both tables, held against one another."""
    if len(here.rows) and len(there.rows):
        yield from _layers(here, there)
    yield from _row(here, there)


def _layers(here: Measured, there: Measured) -> Iterator[Held]:
    """Rows of summary.csv, layer by layer."""
    metrics = tuple(dict.fromkeys(here.rows["metric"]))
    columns = (*STATISTICS, *NETWORKS)
    both = (laid_out(cell, columns, metrics) for cell in (here, there))
    numbers = {name: pair for name, *pair in zip(columns, *both, strict=True)}
    size = np.abs(numbers["mean"][1])
    for name in ("sd", "theory"):
        size = np.fmax(size, np.abs(numbers[name][1]))
    limits = allowed(metrics, size)
    empty = np.all([np.nan_to_num(one) == 0 for name in NETWORKS for one in numbers[name]], axis=0)
    for name, what in (STATISTICS | NETWORKS).items():
        mine, its = numbers[name]
        apart = np.where(empty | (np.isnan(mine) & np.isnan(its)), np.nan, distance(mine, its))
        limit = np.zeros_like(limits) if name in NETWORKS else limits
        yield Held(here.label, what, metrics, mine, its, apart, limit, ROUNDING)


def laid_out(cell: Measured, columns: tuple[str, ...], metrics: tuple[str, ...]) -> Array:
    """Columns of summary.csv, (columns, L + 1, M); nan where they are blank or there is no row."""
    found = np.full((len(columns), cell.depth + 1, len(metrics)), np.nan)
    place_of = {metric: place for place, metric in enumerate(metrics)}
    places = np.array([place_of.get(metric, -1) for metric in cell.rows["metric"].tolist()], dtype=int)
    known, layers = places >= 0, cell.rows["layer"].to_numpy(np.int64)
    for place, column in enumerate(columns):
        found[place, layers[known], places[known]] = cell.rows[column].to_numpy(np.float64)[known]
    return found


def _row(here: Measured, there: Measured) -> Iterator[Held]:
    """Rows of cells.csv: numbers, then words."""
    columns = [name for name in here.row if name in there.row and name not in UNSTEADY | {"cell"}]
    words = tuple(name for name in columns if name in TEXT)
    mine, its = (np.array([[cell.row[name] for name in words]], dtype=object) for cell in (here, there))
    differ = np.where(mine == its, 0.0, np.inf)
    yield Held(here.label, "{}", words, mine, its, differ, np.zeros(mine.shape), WORD, first=-1)
    numbers = tuple(name for name in columns if isinstance(here.row[name], int | float))
    mine, its = (np.array([[cell.row[name] for name in numbers]], dtype=np.float64) for cell in (here, there))
    limits = np.array([[allowed_column(name, size, here.depth) for name, size in zip(numbers, its[0], strict=True)]])
    apart = np.where(np.isnan(mine) & np.isnan(its), np.nan, distance(mine, its))
    yield Held(here.label, "{}", numbers, mine, its, apart, limits, ROUNDING, first=-1)
