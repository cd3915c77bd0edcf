"""All that is to be told of a results folder: its tables, its config, what came out and what was expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..spec import Experiment
from .check import stored_experiment
from .columns import TABLES
from .csvtext import Row, Table, Value
from .expectations import Evidence, Outcome
from .partial import kept_tables
from .retold import retold
from .stored import header, stream, text_of, verify
from .tables import Tables

CELLS = "cells.csv"


@dataclass(frozen=True)
class Account:
    """A results folder, read and judged.

    tables: with the columns that pictures need. cells: cells.csv with its blanks. source, resolved: the config as it
    was written, and with every default. sentences: of the first cells, most important first, remarks indented; empty
    where the networks' own numbers are gone. absent: tables that the run wrote and the folder does not keep.
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
        cells=Table(header(folder / CELLS), list(_rows(folder / CELLS, tables))),
        experiment=experiment,
        source=text_of(folder / "config.yaml"),
        resolved=text_of(folder / "resolved.yaml"),
        sentences=retold(folder, experiment, tables, most),
        outcomes=_outcomes(folder, experiment, tables),
        absent=tuple(sorted(absent)),
    )


def _rows(path: Path, tables: Tables, wanted: frozenset[str] | None = None) -> Iterator[Row]:
    """The rows of a table, its swept keys as text."""
    cells = tables.cells
    texts: dict[Value, Row] = {row[0]: row for row in zip(*(cells[key] for key in ("cell", *tables.axes)), strict=True)}
    for row in stream(path, wanted):
        start = texts[row[0]]
        yield (*start, *row[len(start) :])


def _outcomes(folder: Path, experiment: Experiment, tables: Tables) -> tuple[Outcome, ...]:
    """What became of the expectations; of tables that may have millions of rows only those that they speak of are
    kept."""
    evidence = Evidence(experiment.expect)
    evidence.open("summary.csv", tuple(tables.summary.columns))  # where the folder does not keep it, it has no rows
    for name in TABLES if experiment.expect else ():
        path, wanted = folder / name, evidence.wanted(name)
        if path.exists():
            evidence.open(name, header(path))
            evidence.add(name, _rows(path, tables, wanted) if wanted is None or wanted else ())
    return evidence.outcomes()
