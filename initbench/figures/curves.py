"""From summary.csv to curves over the layers, one per cell and metric."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from initbench.lab.tables import Tables

from ..values import frozen

Floats = NDArray[np.float64]


@frozen
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
    """The curves of one metric by cell, each made when it is asked for: of ten thousand cells few are drawn.

    rows: those of all curves, one after the other; starts: where each begins, and where the last one ends; places: by
    cell, which of them is its curve.
    """

    def __init__(
        self,
        columns: Mapping[str, NDArray[Any]],
        rows: NDArray[np.intp],
        starts: NDArray[np.intp],
        places: dict[str, int],
    ) -> None:
        self._columns, self._rows, self._starts, self._places = columns, rows, starts, places

    def __getitem__(self, cell: str) -> Curve:
        place = self._places[cell]
        rows = self._rows[self._starts[place] : self._starts[place + 1]]
        return Curve(**{name: column[rows] for name, column in self._columns.items()})

    def __contains__(self, cell: object) -> bool:
        return cell in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def curves(tables: Tables) -> Curves:
    """Every metric and cell with something measured: finite or not, but not blank. Metrics, and the cells of each, by
    the layer where they begin, then by row."""
    summary = tables.summary
    if summary.empty:
        return {}
    columns = {field.name: summary[field.name].to_numpy() for field in fields(Curve) if field.name != "outside"}
    columns["outside"] = np.zeros(len(summary), dtype=bool)
    measured = (columns["n"] > 0) | (columns["nonfinite"] > 0)
    kept = measured | ~np.isnan(columns["theory"])
    cell, known = pd.factorize(summary["cell"])
    names, layer = known.tolist(), columns["layer"]
    beyond, layers = _beyond(tables, known)
    found: dict[str, tuple[tuple[int, int], _Stored]] = {}
    for metric, rows in _by_metric(summary):  # one by one: a large table is never sorted as a whole
        rows = rows[np.lexsort((layer[rows], cell[rows]))]
        columns["outside"][rows] = np.isin(cell[rows] * layers + layer[rows], beyond.get(metric, ()))
        starts = np.flatnonzero(np.diff(cell[rows], prepend=-1))
        first = rows[starts]
        shown = np.lexsort((first, layer[first]))
        shown = shown[np.logical_or.reduceat(measured[rows], starts)[shown]]
        if shown.size:
            ends = np.cumsum(np.add.reduceat(kept[rows], starts, dtype=np.intp))
            places = {names[cell[first[place]]]: place for place in shown.tolist()}
            begin = first[shown[0]]
            stored = _Stored(columns, rows[kept[rows]], np.append(0, ends), places)
            found[metric] = (int(layer[begin]), int(begin)), stored
    return {metric: found[metric][1] for metric in sorted(found, key=lambda name: found[name][0])}


def _by_metric(frame: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Of every metric the rows of a table that it has."""
    code, metrics = pd.factorize(frame["metric"])
    for number, metric in enumerate(metrics.tolist()):
        yield metric, np.flatnonzero(code == number)


def _beyond(tables: Tables, cells: Any) -> tuple[dict[str, NDArray[np.int64]], int]:
    """Where theory.csv says that theory is out of its range: metric -> (number of the cell among `cells`) * layers +
    layer; and `layers`, more than any layer's number."""
    theory, top = tables.theory, tables.summary["layer"].max()
    if theory is None:
        return {}, 1 + int(top)
    layer, layers = theory["layer"].to_numpy(), 1 + int(max(top, theory["layer"].max()))
    cell = pd.Categorical(theory["cell"], categories=cells).codes
    outside = (theory["within"] == "no").to_numpy() & (cell >= 0)
    found = {}
    for metric, rows in _by_metric(theory):
        rows = rows[outside[rows]]
        found[metric] = cell[rows].astype(np.int64) * layers + layer[rows]
    return found, layers


def widths(tables: Tables) -> dict[str, dict[int, float]] | None:
    """cell -> layer -> how many units it has; None where the results were kept without their raw rows."""
    if tables.layers is None:
        return None
    rows = tables.layers[["cell", "layer", "fan_out"]].drop_duplicates()
    found: dict[str, dict[int, float]] = {}
    for cell, layer, units in zip(rows["cell"], rows["layer"], rows["fan_out"], strict=True):
        found.setdefault(str(cell), {})[int(layer)] = float(units)
    return found
