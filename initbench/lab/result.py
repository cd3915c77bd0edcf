"""What a run gives: the tables, the verdicts and the outcome of the expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engine import Trace
from ..spec import Experiment
from ..values import frozen
from .cellstore import Damage
from .csvtext import Table, Value
from .executors import Failure
from .expectations import Outcome
from .plan import Planned
from .predicted import Beside
from .summary import Summary
from .trained import Ending
from .verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from .tables import Tables


@frozen
class CellResult:
    """One cell that was carried out: its measurements, or why there are none."""

    planned: Planned
    trace: Trace | None
    summary: Summary | None
    verdict: Verdict | None
    theory: Beside | None
    failure: Failure | None
    sentences: tuple[str, ...]
    ending: Ending | None = None  # of training

    @property
    def prefix(self) -> tuple[Value, ...]:
        """What every row of this cell starts with: its id and the values of the swept keys."""
        return self.planned.prefix

    @property
    def told(self) -> CellResult:
        """What is left to say once the tables hold the numbers: a sweep of many cells has no room for them all."""
        return replace(self, trace=None, summary=None, theory=self.theory and self.theory.told)


@frozen
class Result:
    """The results of an experiment. layers, summary, cells, theory are DataFrames; the same content is on disk where
    `out` was given.

    tables: by file name, those that have something to say; with `out`, cells.csv alone, since the rest is there.
    """

    experiment: Experiment
    results: Sequence[CellResult]
    tables: Mapping[str, Table]
    outcomes: tuple[Outcome, ...]
    manifest: dict[str, Any]
    absent: tuple[str, ...] = ()  # tables that have nothing to say
    damaged: tuple[Damage, ...] = ()  # stored files that could not be used, and were made again
    out: Path | None = None
    unchanged: bool = False  # the tables were there already, of exactly this config, code and store

    @property
    def config(self) -> str:
        """The config with every default written out, as YAML."""
        return self.experiment.resolved

    @property
    def failed(self) -> tuple[CellResult, ...]:
        """The cells that could not be computed."""
        if self.unchanged:
            return ()  # a run with failures has always something to do
        return tuple(cell for cell in self.results if cell.failure is not None)

    @property
    def theory_errors(self) -> tuple[Exception, ...]:
        """What broke inside theory, cell by cell."""
        if self.unchanged:
            return ()
        return tuple(cell.theory.error for cell in self.results if cell.theory and cell.theory.error)

    @cached_property
    def frames(self) -> Tables:
        """The tables as DataFrames, the same as `initbench.load` gives for a folder that holds them."""
        from .tables import read_tables, tables_from

        if self.out is not None:
            return read_tables(self.out)
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
    def training(self) -> pd.DataFrame | None:
        """One row per (cell, seed, recorded step), of the learning rate that is kept; None where nothing is trained."""
        return self.frames.training

    @property
    def theory(self) -> pd.DataFrame | None:
        """One row per (cell, layer, metric): what theory predicts, or why it does not; None where nothing is left to
        predict."""
        return self.frames.theory
