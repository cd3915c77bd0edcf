"""One side of a comparison with a baseline: cells as they are measured, and the tables that they stand in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...spec import Training
from ...values import frozen
from ..check import Stored
from ..comparing.measured import Measured, Opened, opened
from ..tables import Tables

if TYPE_CHECKING:
    import pandas as pd

Pair = tuple[Measured, Measured]
"""Two cells that belong together."""
KEYS: Mapping[str, tuple[str, ...]] = {
    "training.csv": ("seed", "step"),
    "training_layers.csv": ("seed", "step", "layer"),
    "training_search.csv": ("seed", "learning_rate"),
    "histograms.csv": ("layer", "quantity", "low", "high"),
}
"""Tables that are read row by row, and the columns that tell the rows of a cell apart."""


@frozen
class Side:
    """Results with their tables, of which some may be missing."""

    results: Opened
    tables: Tables

    def has(self, name: str) -> bool:
        """Whether a table of KEYS is there."""
        return name in self._frames

    def lost(self, name: str) -> bool:
        """Whether the run wrote a table that is not there."""
        return name in self.results.absent

    def rows(self, name: str, cell: Measured) -> pd.DataFrame:
        """What a table of KEYS that is there has of a cell, after the swept keys."""
        frame = self._frames[name]
        columns = [column for column in frame.columns if column not in ("cell", *self.tables.axes)]
        return frame.take(self._places[name].get(cell.id, []))[columns]

    def training(self, cell: Measured) -> Training | None:
        """How a cell's networks are trained."""
        return self._trainings[cell.label]

    @cached_property
    def _frames(self) -> dict[str, pd.DataFrame]:
        frames = {name: getattr(self.tables, name.removesuffix(".csv")) for name in KEYS}
        return {name: frame for name, frame in frames.items() if frame is not None}

    @cached_property
    def _places(self) -> dict[str, dict[Any, Any]]:
        """Where the rows of every cell are."""
        return {name: frame.groupby("cell", sort=False).indices for name, frame in self._frames.items()}

    @cached_property
    def _trainings(self) -> dict[str, Training | None]:
        return {one.label: one.cell.training for one in self.results.experiment.cells}


def side(stored: Stored) -> Side:
    """A results folder that was read, as one side. Raises StorageError where its files do not belong together."""
    results = opened(stored.experiment, stored.tables, str(stored.folder), stored.absent)
    return Side(results, stored.tables)
