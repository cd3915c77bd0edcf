"""Results as they are compared: cells with their settings, and what was measured of every network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import StorageError
from ...spec import Experiment, GridCell
from ...values import frozen
from ..check import stored_experiment
from ..columns import LAYERS
from ..partial import kept_tables
from ..result import Result
from ..stored import verify
from .ends import Ends, ends, there
from .settings import cell_settings

if TYPE_CHECKING:
    import pandas as pd

    from ..tables import Tables

Array = np.ndarray[Any, Any]
Source = Result | str | PathLike[str]


@frozen
class Moments:
    """A metric at a layer over the seeds, as summary.csv has it.

    n: finite networks; nonfinite: those with inf or nan; mean, sd: of the finite ones, nan where there are too few.
    """

    n: int
    nonfinite: int
    mean: float
    sd: float


@frozen
class Measured:
    """One cell that was measured.

    label: its swept settings, empty where nothing is swept; settings: all of its settings by dotted key; fans: units of
    every layer, (L,); values: (S, L + 1, M) of layers.csv, nan where blank or not finite, None without layers.csv;
    seeds: (S,), one entry a network; row: its row of cells.csv; summary: (layer, metric) -> moments.
    trained: what there is of its networks after training; ends: that of every network, None without training.csv.
    """

    id: str
    label: str
    settings: Mapping[str, str]
    fans: Array
    metrics: tuple[str, ...]
    seeds: Array
    values: Array | None
    row: Mapping[str, Any]
    rows: pd.DataFrame
    trained: tuple[str, ...] = ()
    ends: Ends | None = None

    @property
    def depth(self) -> int:
        return len(self.fans)

    @cached_property
    def summary(self) -> dict[tuple[int, str], Moments]:
        """What summary.csv has of this cell, or would have where the folder does not keep it."""
        if self.values is not None and not len(self.rows):
            return _summarised(self.metrics, self.values)
        columns = (self.rows[name].tolist() for name in ("layer", "metric", "n", "nonfinite", "mean", "sd"))
        return {(layer, metric): Moments(*rest) for layer, metric, *rest in zip(*columns, strict=True)}

    def of(self, metric: str) -> Array:
        """A metric of every network and layer, (S, L + 1), nan where it is blank or not finite.

        Asked only where there is a layers.csv.
        """
        assert self.values is not None
        if metric not in self.metrics:
            return np.full(self.values.shape[:2], np.nan)
        of_metric: Array = self.values[:, :, self.metrics.index(metric)]
        return np.where(np.isfinite(of_metric), of_metric, np.nan)


@frozen
class Opened:
    """The results of one experiment. name: the experiment's; where: the folder, empty for results in memory.

    settings: of every cell of the config; failed: the labels of cells of which nothing could be measured;
    raw: whether there is a layers.csv; absent: tables that the run wrote and the folder does not keep.
    """

    name: str
    where: str
    experiment: Experiment
    manifest: Mapping[str, Any]
    settings: tuple[Mapping[str, str], ...]
    cells: tuple[Measured, ...]
    failed: tuple[str, ...]
    raw: bool
    absent: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """What tells it from others of the same name."""
        return self.where or self.name

    @property
    def by_network(self) -> bool:
        """Whether some table tells its networks apart."""
        return self.raw or any(cell.ends is not None for cell in self.cells)

    def is_also(self, other: Opened) -> bool:
        """Whether both are the same folder."""
        return bool(self.where and other.where) and Path(self.where).resolve() == Path(other.where).resolve()


def open_results(source: Source, partial: bool = False) -> Opened:
    """A results folder, or a result of a run, with its resolved config.

    partial: take a folder that keeps only some of its tables, too.
    Raises StorageError where the folder or a file of it is missing or damaged.
    """
    from ..tables import read_tables

    if isinstance(source, Result):
        return opened(source.experiment, source.frames, "" if source.out is None else str(source.out))
    folder = Path(source)
    tables, absent = kept_tables(folder, pictured=False) if partial else (read_tables(folder), frozenset())
    verify(folder, tables.manifest, "resolved.yaml")
    return opened(stored_experiment(folder), tables, str(source), absent)


def opened(experiment: Experiment, tables: Tables, where: str, absent: frozenset[str] = frozenset()) -> Opened:
    """The results that tables are of. A summary without rows leaves cells without moments, unless there are raw rows.

    Raises StorageError where they are not of this experiment.
    """
    grid = {tuple(text for _, text in cell.axes): cell for cell in experiment.cells}
    settings = {axes: cell_settings(cell.cell) for axes, cell in grid.items()}
    columns = {str(name): tables.cells[name].tolist() for name in tables.cells}
    frames = {"summary": tables.summary, "training": tables.training, "training_search": tables.training_search}
    slices = {name: _slices(frame) for name, frame in {**frames, "layers": tables.layers}.items()}
    raw = None if tables.layers is None else _Raw.of(tables.layers)
    cells, failed = [], []
    for place, cell in enumerate(columns["cell"]):
        row = {name: column[place] for name, column in columns.items()}
        axes = tuple(_as_written(row[key]) for key in tables.axes)
        if axes not in grid:
            raise StorageError(f"{where}: resolved.yaml is not the config of cells.csv; run the config again")
        if row["status"] == "failed":
            failed.append(grid[axes].label)
            continue
        parts = {name: found.get(cell, slice(0)) for name, found in slices.items()}
        own = {name: frame.iloc[parts[name]] for name, frame in frames.items() if frame is not None}
        cells.append(_cell(grid[axes], settings[axes], own, raw, parts["layers"], row))
    name = str(tables.manifest.get("name", experiment.name))
    all_settings = tuple(settings.values())
    found = (tuple(cells), tuple(failed), raw is not None)
    return Opened(name, where, experiment, tables.manifest, all_settings, *found, absent)


@frozen
class _Raw:
    """The numbers of layers.csv: seeds, layers (R,) and values (R, M)."""

    seeds: Array
    layers: Array
    values: Array
    metrics: tuple[str, ...]

    @staticmethod
    def of(frame: pd.DataFrame) -> _Raw:
        columns = list(frame.columns)
        metrics = tuple(columns[columns.index(LAYERS[-1]) + 1 :])
        values = (
            np.stack([frame[name].to_numpy(np.float64) for name in metrics], -1)
            if metrics
            else np.empty((len(frame), 0))
        )
        return _Raw(frame["seed"].to_numpy(), frame["layer"].to_numpy(), values, metrics)

    def cell(self, part: slice, depth: int) -> tuple[Array, Array]:
        """Seeds, (S,), and values, (S, L + 1, M), of one cell. Raises StorageError where rows are missing."""
        rows = part.stop - (part.start or 0)
        seeds = self.seeds[part][:: depth + 1]
        wanted = np.tile(np.arange(depth + 1), len(seeds))
        if rows % (depth + 1) or (self.layers[part] != wanted).any():
            raise StorageError(f"layers.csv: not {depth} layers in every seed of a cell; run the config again")
        return seeds, self.values[part].reshape(len(seeds), depth + 1, len(self.metrics))


def _cell(
    grid: GridCell,
    settings: Mapping[str, str],
    own: Mapping[str, pd.DataFrame],
    raw: _Raw | None,
    part: slice,
    row: dict[str, Any],
) -> Measured:
    """own: the cell's rows of the other tables that there are; part: where those of layers.csv are."""
    training, rows = grid.cell.training, own["summary"]
    fans = np.array([layer.fan_out for layer in grid.cell.network.layers])
    if raw is None:
        seeds, values, metrics = np.empty(0), None, tuple(dict.fromkeys(rows["metric"].tolist()))
    else:
        seeds, values = raw.cell(part, len(fans))
        metrics = raw.metrics
    end = None
    if training is not None and "training" in own:
        end = ends(training, own["training"], own.get("training_search"), int(row["n_seeds"]))
    measured = (fans, metrics, seeds, values, row, rows)
    return Measured(str(row["cell"]), grid.label, settings, *measured, there(training), end)


def _summarised(metrics: tuple[str, ...], values: Array) -> dict[tuple[int, str], Moments]:
    """(layer, metric) -> moments, of the rows of layers.csv, which do not tell a blank from a nan: what is a number in
    no network exists where the metric is one at some other layer, and was lost."""
    found = {}
    exists = np.any(np.isfinite(values[:, 1:]), axis=(0, 1))
    for layer, column in np.ndindex(values.shape[1:]):
        known = values[:, layer, column]
        finite = known[np.isfinite(known)]
        blank = np.isnan(known).all() and not (exists[column] and layer)
        mean = float(finite.mean()) if len(finite) else math.nan
        sd = float(np.std(finite, ddof=1)) if len(finite) > 1 else math.nan
        found[layer, metrics[column]] = Moments(len(finite), 0 if blank else len(known) - len(finite), mean, sd)
    return found


def _slices(frame: pd.DataFrame | None) -> dict[str, slice]:
    """Where the rows of every cell are: they stand together, in grid order."""
    return {} if frame is None else dict(_runs(frame["cell"].tolist()))


def _runs(cells: list[str]) -> Iterator[tuple[str, slice]]:
    start = 0
    for place in range(1, len(cells) + 1):
        if place == len(cells) or cells[place] != cells[start]:
            yield cells[start], slice(start, place)
            start = place


def _as_written(text: str) -> str:
    """A swept value without the mark that keeps spreadsheets from taking it for a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "@", "-") else text
