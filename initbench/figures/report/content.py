"""What a report is made from, put together by whoever may ask the lab: the figures' room only shows it."""

from __future__ import annotations

from collections.abc import Sequence

from initbench.lab.tables import Tables
from initbench.spec import Experiment, short
from initbench.theory.points import Points

from ...values import frozen

EXPLAINED = 12
"""Settings whose verdict is spelled out, and points of theory's plane; of more, the tables say enough."""


@frozen
class Claim:
    """An expectation of the config and what became of it. status: passed | failed | unknown."""

    name: str
    status: str
    message: str


@frozen
class Content:
    """A results folder, read and judged.

    overview: header and rows of the table of all settings: swept values, ratios, verdict.
    source, resolved: the config as it was written, and with every default.
    sentences: of the first cells, most important first, remarks indented; empty where the networks' own numbers are
    gone. beside_theory: how many cells are as theory predicts, in a line.
    absent: tables that the run wrote and the folder does not keep.
    """

    tables: Tables
    experiment: Experiment
    overview: tuple[Sequence[str], Sequence[Sequence[str]]]
    source: str
    resolved: str
    sentences: tuple[tuple[str, ...], ...]
    claims: tuple[Claim, ...]
    beside_theory: str
    points: Points
    absent: tuple[str, ...]

    @property
    def labels(self) -> list[str]:
        """Every cell by the values of its swept keys, in the order of the grid: `initializer=he_normal, depth=50`;
        empty where nothing is swept."""
        axes, cells = self.tables.axes, self.tables.cells
        rows = zip(*(cells[axis] for axis in axes), strict=True) if axes else [()] * len(cells)
        names = [short(axis, axes) for axis in axes]
        return [", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True)) for row in rows]
