"""Which implementation of the weights a cell gets. A pure function of the cell: never of cores, seeds or the clock."""

from __future__ import annotations

from dataclasses import dataclass

from ..spec import Cell


@dataclass(frozen=True)
class Choice:
    """The engine of a cell and why it was chosen."""

    engine: str
    reason: str


def resolve(cell: Cell) -> Choice:
    """The engine that a cell runs on."""
    if cell.engine == "dense":
        return Choice("dense", "asked for")
    return Choice("dense", "auto: every weight matrix is drawn; it is the only engine in this version")
