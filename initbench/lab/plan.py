"""From an experiment to what has to be computed: cells with their engine and identity, in grid order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import config, engine
from ..catalogue.metrics import METRICS
from ..engine import Choice
from ..spec import Cell, Experiment, GridCell, identity
from ..values import frozen
from .csvtext import Value

CONCLUDING = 0.005
"""Seconds that a cell takes beside its networks, roughly: its statistics, theory, and the rows of its tables."""

SUMMARY_ROW, THEORY_ROW, NUMBER, BLOCK_NUMBER = 190, 90, 20, 8
"""Bytes of a row of summary.csv and theory.csv, of a number in layers.csv and in a block: roughly."""


@frozen
class Planned:
    """A cell that is ready to run. id: its identity, 16 hex digits."""

    id: str
    grid: GridCell
    choice: Choice

    @property
    def cell(self) -> Cell:
        return self.grid.cell

    @property
    def prefix(self) -> tuple[Value, ...]:
        """What every row of this cell starts with: its id and the values of the swept keys."""
        return (self.id, *(text for _, text in self.grid.axes))


def open_experiment(
    source: str | Path | dict[str, Any], overrides: Sequence[str] = (), grid: Mapping[str, Any] | None = None
) -> Experiment:
    """The experiment of a file or of a mapping, checked against the config's rules and this machine's memory.

    grid: axes for its sweep, as for config.load.

    Cells that come to the same engine (`auto` beside `dense`) are one cell: the first stands, with a note.
    Raises ConfigError with every problem, or StorageError.
    """
    if isinstance(source, dict):
        experiment = config.from_mapping(source, overrides, engine.inspect, grid=grid)
    else:
        experiment = config.load(source, overrides, engine.inspect, grid=grid)
    first: dict[str, Planned] = {}
    notes = []
    for planned in plan(experiment):
        if planned.id in first:
            notes.append(f"{planned.grid.label} is the same cell as {first[planned.id].grid.label}: measured once")
        else:
            first[planned.id] = planned
    cells = tuple(planned.grid for planned in first.values())
    return replace(experiment, cells=cells, notes=(*experiment.notes, *notes))


def plan(experiment: Experiment) -> tuple[Planned, ...]:
    """The experiment's cells with their engines and identities."""
    choices = [(grid, engine.resolve(grid.cell)) for grid in experiment.cells]
    return tuple(Planned(identity(grid.cell, choice.identity), grid, choice) for grid, choice in choices)


def seconds(cell: Cell, networks: int) -> float:
    """A rough time for one core."""
    return networks * engine.nanoseconds(cell) / 1e9


def stored_bytes(cell: Cell, networks: int, keep_layers: bool) -> int:
    """Roughly what a cell takes on disk: its blocks and its rows of the tables."""
    metrics = sum(METRICS.find(name).scalar for name in cell.metrics)
    numbers = (cell.network.depth + 1) * metrics
    rows = numbers * (SUMMARY_ROW + THEORY_ROW) + (networks * numbers * NUMBER if keep_layers else 0)
    return networks * numbers * BLOCK_NUMBER + rows + _trained_bytes(cell, networks, metrics)


def _trained_bytes(cell: Cell, networks: int, metrics: int) -> int:
    """As stored_bytes, of training: every learning rate in the blocks, the one that is kept in the tables."""
    training = cell.training
    if training is None:
        return 0
    curves = len(training.recorded) * len(engine.CURVES)
    layers = len(training.measure_at) * (cell.network.depth + 1) * metrics
    tables = networks * NUMBER * (curves + layers)
    return tables + networks * len(training.learning_rates) * BLOCK_NUMBER * (curves + layers)
