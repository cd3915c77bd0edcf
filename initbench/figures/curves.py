"""From summary.csv to curves over the layers, one per cell and metric."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from initbench.lab.tables import Tables

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """One metric of one cell across the layers where it was measured.

    n: the finite seeds. outside: where theory's numbers are beyond the range in which they are claimed to hold.
    """

    layer: NDArray[np.int64]
    n: NDArray[np.int64]
    nonfinite: NDArray[np.int64]
    mean: Floats
    median: Floats
    q05: Floats
    q95: Floats
    theory: Floats
    theory_sd: Floats
    outside: NDArray[np.bool_]

    def over(self, divisor: dict[int, float]) -> Curve:
        """The same curve as a share of a number that each layer has."""
        by = np.array([divisor.get(int(layer), math.nan) for layer in self.layer])
        columns = ("mean", "median", "q05", "q95", "theory", "theory_sd")
        return replace(self, **{name: getattr(self, name) / by for name in columns})


Curves = dict[str, Mapping[str, Curve]]  # metric -> cell -> curve


class _Stored(Mapping[str, Curve]):
    """The curves of one metric by cell, each made when it is asked for: of ten thousand cells few are drawn."""

    def __init__(self, columns: dict[str, NDArray[Any]], kept: NDArray[np.bool_]) -> None:
        self._columns, self._kept = columns, kept
        self.rows: dict[str, NDArray[np.intp]] = {}

    def __getitem__(self, cell: str) -> Curve:
        rows = self.rows[cell]
        rows = rows[self._kept[rows]]
        return Curve(**{name: column[rows] for name, column in self._columns.items()})

    def __contains__(self, cell: object) -> bool:
        return cell in self.rows

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def curves(tables: Tables) -> Curves:
    """Every metric and cell with something measured: finite or not, but not blank."""
    summary = tables.summary
    if summary.empty:
        return {}
    place, metrics, cells = _places(summary)
    columns = {field.name: summary[field.name].to_numpy() for field in fields(Curve) if field.name != "outside"}
    columns["outside"] = _outside(tables, summary, place, metrics, cells)
    measured = (columns["n"] > 0) | (columns["nonfinite"] > 0)
    kept = measured | ~np.isnan(columns["theory"])
    order = np.lexsort((columns["layer"], place))
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    some, first = np.logical_or.reduceat(measured[order], starts), order[starts]
    groups = np.split(order, starts[1:])
    found: Curves = {}
    for k in np.lexsort((first, columns["layer"][first])):
        if some[k]:
            metric, cell = divmod(int(place[first[k]]), len(cells))
            stored = found.setdefault(str(metrics[metric]), _Stored(columns, kept))
            assert isinstance(stored, _Stored)
            stored.rows[str(cells[cell])] = groups[k]
    return found


def _places(frame: pd.DataFrame) -> tuple[NDArray[np.int64], pd.Index[Any], pd.Index[Any]]:
    """Of every row, one number for its metric and cell; the metrics and the cells that these are made of."""
    metric, metrics = pd.factorize(frame["metric"])
    cell, cells = pd.factorize(frame["cell"])
    return metric * len(cells) + cell, pd.Index(metrics), pd.Index(cells)


def _outside(
    tables: Tables, summary: pd.DataFrame, place: NDArray[np.int64], metrics: pd.Index[Any], cells: pd.Index[Any]
) -> NDArray[np.bool_]:
    """Of every row of the summary, whether theory.csv says that theory is out of its range there."""
    if tables.theory is None:
        return np.zeros(len(summary), dtype=bool)
    beyond = tables.theory[tables.theory["within"] == "no"]
    metric = pd.Categorical(beyond["metric"], categories=metrics).codes.astype(np.int64)
    cell = pd.Categorical(beyond["cell"], categories=cells).codes
    there = (metric >= 0) & (cell >= 0)
    layer, layers = summary["layer"].to_numpy(), 1 + int(max(summary["layer"].max(), tables.theory["layer"].max()))
    where = (metric * len(cells) + cell) * layers + beyond["layer"].to_numpy()
    return np.isin(place * layers + layer, where[there])


def widths(tables: Tables) -> dict[str, dict[int, float]] | None:
    """cell -> layer -> how many units it has; None where the results were kept without their raw rows."""
    if tables.layers is None:
        return None
    rows = tables.layers[["cell", "layer", "fan_out"]].drop_duplicates()
    found: dict[str, dict[int, float]] = {}
    for cell, layer, units in zip(rows["cell"], rows["layer"], rows["fan_out"], strict=True):
        found.setdefault(str(cell), {})[int(layer)] = float(units)
    return found
