"""All that is to be told of a results folder: its tables, its config, what came out and what was expected."""

from __future__ import annotations

from pathlib import Path

from ..spec import Experiment
from ..values import frozen
from .check import Stored, judged, rows_of, stored_experiment
from .csvtext import Table
from .expectations import Outcome
from .partial import kept_tables
from .retold import retold
from .stored import header, text_of, verify
from .tables import Tables
from .words import in_turn

CELLS = "cells.csv"


@frozen
class Account:
    """A results folder, read and judged.

    tables: with the columns that pictures need. cells: cells.csv with its blanks. source, resolved: the config as it
    was written, and with every default. sentences: of the first cells, most important first, remarks indented, in
    full where they are new; empty where the networks' own numbers are gone. absent: tables that the run wrote and the
    folder does not keep.
    """

    tables: Tables
    cells: Table
    experiment: Experiment
    source: str
    resolved: str
    sentences: tuple[tuple[str, ...], ...]
    outcomes: tuple[Outcome, ...]
    absent: tuple[str, ...]


def account(folder: Path, most: int) -> Account:
    """Read a results folder; the first `most` cells are spelled out. Raises StorageError for what is missing or
    damaged."""
    tables, absent = kept_tables(folder)
    for name in ("config.yaml", "resolved.yaml"):
        verify(folder, tables.manifest, name)
    experiment = stored_experiment(folder)
    return Account(
        tables=tables,
        cells=Table(header(folder / CELLS), list(rows_of(folder / CELLS, tables))),
        experiment=experiment,
        source=text_of(folder / "config.yaml"),
        resolved=text_of(folder / "resolved.yaml"),
        sentences=tuple(in_turn(retold(folder, experiment, tables, most))),
        outcomes=judged(Stored(folder, experiment, tables, absent)),
        absent=tuple(sorted(absent)),
    )
