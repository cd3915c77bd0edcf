"""From an experiment to what has to be computed: cells with their engine and identity, in grid order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import config, engine
from ..engine import Choice
from ..spec import Cell, Experiment, GridCell, identity


@dataclass(frozen=True)
class Planned:
    """A cell that is ready to run. id: its identity, 16 hex digits."""

    id: str
    grid: GridCell
    choice: Choice

    @property
    def cell(self) -> Cell:
        return self.grid.cell


def open_experiment(source: str | Path | dict[str, Any], overrides: Sequence[str] = ()) -> Experiment:
    """The experiment of a file or of a mapping, checked against the config's rules and this machine's memory.

    Raises ConfigError with every problem, or StorageError.
    """
    if isinstance(source, dict):
        return config.from_mapping(source, overrides, engine.inspect)
    return config.load(source, overrides, engine.inspect)


def plan(experiment: Experiment) -> tuple[Planned, ...]:
    """The experiment's cells with their engines and identities.

    Cells that come to the same engine (`auto` beside `dense`) are one cell: the first of them stands.
    """
    choices = [(grid, engine.resolve(grid.cell)) for grid in experiment.cells]
    planned = [Planned(identity(grid.cell, choice.identity), grid, choice) for grid, choice in choices]
    return tuple({one.id: one for one in reversed(planned)}.values())[::-1]


def seconds(cell: Cell, networks: int) -> float:
    """A rough time for one core."""
    return networks * engine.nanoseconds(cell) / 1e9
