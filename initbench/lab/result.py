"""What a run gives: the tables, the verdicts and the outcome of the expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import Trace
from ..engine.histogram import GRADIENT_BINS, activation_bins
from ..spec import Cell, Experiment
from . import columns
from .csvtext import Table, Value
from .executors import Failure
from .expectations import Outcome
from .plan import Planned
from .predicted import Beside, theory_rows
from .summary import Summary, layer_rows, summary_rows, value
from .verdict import Drift, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from .tables import Tables

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class CellResult:
    """One cell that was carried out: its measurements, or why there are none."""

    planned: Planned
    trace: Trace | None
    summary: Summary | None
    verdict: Verdict | None
    theory: Beside | None
    failure: Failure | None
    sentences: tuple[str, ...]

    @property
    def prefix(self) -> tuple[Value, ...]:
        """What every row of this cell starts with: its id and the values of the swept keys."""
        return (self.planned.id, *(text for _, text in self.planned.grid.axes))


@dataclass(frozen=True)
class Result:
    """The results of an experiment. layers, summary, cells, theory are DataFrames; the same content is on disk where
    `out` was given."""

    experiment: Experiment
    results: tuple[CellResult, ...]
    tables: Mapping[str, Table]  # by file name, those that have something to say
    outcomes: tuple[Outcome, ...]
    manifest: dict[str, Any]

    @property
    def config(self) -> str:
        """The config with every default written out, as YAML."""
        return self.experiment.resolved

    @property
    def failed(self) -> tuple[CellResult, ...]:
        """The cells that could not be computed."""
        return tuple(cell for cell in self.results if cell.failure is not None)

    @cached_property
    def frames(self) -> Tables:
        """The tables as DataFrames, the same as `initbench.load` gives for a folder that holds them."""
        from .tables import tables_from

        return tables_from({name: table.encode() for name, table in self.tables.items()}, self.manifest)

    @property
    def layers(self) -> pd.DataFrame | None:
        """One row per (cell, seed, layer); None where the config leaves them out."""
        return self.frames.layers

    @property
    def summary(self) -> pd.DataFrame:
        """One row per (cell, layer, metric)."""
        return self.frames.summary

    @property
    def cells(self) -> pd.DataFrame:
        """One row per cell."""
        return self.frames.cells

    @property
    def theory(self) -> pd.DataFrame | None:
        """One row per (cell, layer, metric): what theory predicts, or why it does not; None where nothing is left to
        predict."""
        return self.frames.theory


def build_tables(experiment: Experiment, results: Sequence[CellResult]) -> dict[str, Table]:
    """The tables of a run, by file name, in grid order."""
    head = ("cell", *experiment.axes)
    done = [cell for cell in results if cell.failure is None]
    metrics = next((cell.trace.metrics for cell in done if cell.trace), ())
    tables = {
        "summary.csv": Table((*head, *columns.SUMMARY), _rows(done, _summary_rows)),
        "cells.csv": Table((*head, *columns.CELLS), _rows(results, _cell_rows)),
    }
    if experiment.keep_layers:
        tables["layers.csv"] = Table((*head, *columns.LAYERS, *metrics), _rows(done, _layer_rows))
    if theory := _rows(done, _theory_rows):
        tables["theory.csv"] = Table((*head, *columns.THEORY), theory)
    if histograms := _rows(done, _histogram_rows):
        tables["histograms.csv"] = Table((*head, *columns.HISTOGRAMS), histograms)
    if len(done) < len(results):
        failures = [(*cell.prefix, cell.failure.reason) for cell in results if cell.failure is not None]
        tables["failures.csv"] = Table((*head, *columns.FAILURES), failures)
    return tables


def _rows(results: Sequence[CellResult], make: Any) -> list[tuple[Value, ...]]:
    return [row for result in results for row in make(result)]


def _summary_rows(result: CellResult) -> Any:
    assert result.summary is not None
    assert result.theory is not None
    return summary_rows(result.summary, result.theory.prediction, result.planned.cell, result.prefix)


def _theory_rows(result: CellResult) -> Any:
    assert result.theory is not None
    return theory_rows(result.theory, result.planned.cell, result.prefix)


def _layer_rows(result: CellResult) -> Any:
    assert result.trace is not None
    return layer_rows(result.trace, result.planned.cell, result.prefix)


def _cell_rows(result: CellResult) -> list[tuple[Value, ...]]:
    engine = result.planned.choice.engine
    if result.verdict is None or result.trace is None or result.theory is None:
        blank: tuple[Value, ...] = (None,) * 9
        return [(*result.prefix, 0, engine, "failed", *blank, "failed", None, None)]
    verdict = result.verdict
    forward, backward = verdict.forward, verdict.backward
    departure = result.theory.comparison.departure
    return [
        (
            *result.prefix,
            *(len(result.trace.seeds), engine, verdict.status),
            *_ratios(forward),
            *_ratios(backward),
            *(value(forward.rate), value(backward.rate)),
            *(forward.state or None, backward.state or None),
            *(" ".join(verdict.flags) or None, verdict.verdict or None),
            *((departure.z, departure.layer) if departure else (None, None)),
        )
    ]


def _ratios(drift: Drift) -> tuple[Value, Value]:
    return value(drift.ratio), value(drift.median)


def _histogram_rows(result: CellResult) -> list[tuple[Value, ...]]:
    assert result.trace is not None
    rows: list[tuple[Value, ...]] = []
    for quantity, counts in result.trace.histograms.items():
        for layer in range(1, len(counts)):
            edges = _edges(result.planned.cell, quantity, layer)
            bins = zip(edges[:-1], edges[1:], counts[layer].tolist(), strict=True)
            rows += [(*result.prefix, layer, quantity, low, high, count) for low, high, count in bins]
    return rows


def _edges(cell: Cell, quantity: str, layer: int) -> list[float]:
    bins = GRADIENT_BINS if quantity == "grad" else activation_bins(cell.network.layers[layer - 1].activation.formula)
    return bins.edges
